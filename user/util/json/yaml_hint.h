/* SPDX-License-Identifier: GPL-2.0-only */
/* yaml_hint.h - what to do about a line that is no YAML. */
#ifndef FL_YAML_HINT_H
#define FL_YAML_HINT_H

#include <stddef.h>

/* By the line that a parser gave up at (from 1), and its neighbours. NULL: none of the usual slips. */
const char *yaml_hint(const char *text, size_t len, int line);

/* The line above @line that has the key which stands there at @column (both from 1), in the same column and with no line
 * further to the left between the two. 0: none is found. */
int yaml_first_of(const char *text, size_t len, int line, int column);

#endif
