/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * yaml_write.h - pieces of a YAML file that is written as text, for the sake of its comments. Scalars are plain
 * where no YAML reader could take them for anything else, and JSON strings, which YAML 1.2 reads, elsewhere.
 */
#ifndef FL_YAML_WRITE_H
#define FL_YAML_WRITE_H

#include "util/text/text.h"

void yaml_put_scalar(struct text *out, const char *s);

/* @s as part of a comment: whatever would end the line for some reader becomes a blank. */
void yaml_put_comment(struct text *out, const char *s);

#endif
