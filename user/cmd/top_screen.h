/* SPDX-License-Identifier: GPL-2.0-only */
/* top_screen.h - `top` on a terminal: the alternate screen, keys, colours (not with NO_COLOR). */
#ifndef FL_TOP_SCREEN_H
#define FL_TOP_SCREEN_H

#include <stdbool.h>
#include <termios.h>

#include "measure/table.h"

struct top_screen {
	bool on;   /* standard output is a terminal */
	bool keys; /* so is standard input, and it is ours: `saved` is to be restored */
	bool colour;
	bool help;                   /* instead of the table */
	bool typing;                 /* the filter is being typed */
	char filter[64], before[64]; /* as it is; as it was before it was typed */
	struct termios saved;
};

enum top_key { TOP_NOTHING, TOP_REDRAW, TOP_QUIT };

/* @s->on says whether there is a screen at all. Takes it over. */
void top_screen_open(struct top_screen *s, const struct table_options *o);
void top_screen_close(struct top_screen *s);

/* A key was hit: what to do, after @o was changed. */
enum top_key top_screen_key(struct top_screen *s, char key, struct table_options *o);

/* The table and lines @below it; or, while there is none (NULL), what a person waits for. */
void top_screen_draw(const struct top_screen *s, const struct table *t, const struct table_options *o,
		     const char *below);

#endif
