/* SPDX-License-Identifier: GPL-2.0-only */
/* preview_show.h - what --dry-run prints of a fault. */
#ifndef FL_PREVIEW_SHOW_H
#define FL_PREVIEW_SHOW_H

#include <jansson.h>

/* @o as preview_of() made it. */
void preview_print(const json_t *o);

#endif
