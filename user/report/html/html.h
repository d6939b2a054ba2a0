/* SPDX-License-Identifier: GPL-2.0-only */
/* html.h - what the pages of a run and of two runs side by side have in common. */
#ifndef FL_HTML_H
#define FL_HTML_H

#include "report/report.h"

/* All of the page up to <main>: it asks the network for nothing and runs no script. */
void html_begin(const char *lang, const char *title, struct text *out);
void html_end(struct text *out);

/* " · 2026-11-30 18:26:53Z · Linux 6.18 · embedded lab 0.1.0": when, where and what was run. */
void html_when(const struct folder *f, struct text *out);

/* The figures of a run as a row of cards. */
void html_cards(const struct folder *f, const struct words *w, struct text *out);

#endif
