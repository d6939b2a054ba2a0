/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report.h - what a person hands in after a run: chaos_report.md, SUBMIT.md and report.html, each
 * made from the folder of the run alone. Every number in them is in that folder; what is not there is
 * named as missing or left as a question to the author.
 */
#ifndef FL_REPORT_H
#define FL_REPORT_H

#include "report/folder.h"
#include "report/words/words.h"

/* How long the analysis of one experiment has to be, in words. */
#define ANALYSIS_MIN 80
#define ANALYSIS_MAX 150

void report_markdown(const struct folder *f, const struct words *w, struct text *out);
void report_submit(const struct folder *f, const struct words *w, struct text *out);
void report_html(const struct folder *f, const struct words *w, struct text *out);

/* Two runs on one page, experiment by experiment. */
void report_beside(const struct folder *a, const struct folder *b, const struct words *w, struct text *out);

#define HYPOTHESIS_WORDS 40 /* of it that the paragraph quotes */

/* The paragraph on one experiment: ANALYSIS_MIN..ANALYSIS_MAX words. */
void report_analysis(const struct folder *f, const struct result *r, const struct words *w, struct text *out);

/* A paragraph on each edge that had a control group; nothing where none had (effect.c). */
void report_effects(const struct result *r, const struct words *w, struct text *out);

/* Symptom and cause of a gap in the report's language, appended. */
void report_gap(const struct folder *f, const struct gap *gap, const struct words *w, struct text *ret_symptom,
		struct text *ret_cause);

/* That there is no gap, in the figures that say so; or that nothing was scored. Appended. */
void report_no_gaps(const struct folder *f, const struct words *w, struct text *out);

#define REPORT_FILES  3
#define REPORT_BESIDE "beside.html"

/*
 * Write all three into the folder, each whole or not at all. A Markdown file that its author has
 * edited since (its last line carries a digest of what was generated) is kept unless @force;
 * ret_kept[i] says so, ret_name[i] which file that is; NULL: a sweep has no such file.
 */
int report_write(const struct folder *f, const struct words *w, bool force, const char *ret_name[REPORT_FILES],
		 bool ret_kept[REPORT_FILES], struct fl_error *err);

/* Write beside.html: the run in @f and the one in @other, side by side. */
int report_write_beside(const struct folder *f, const struct folder *other, const struct words *w,
			struct fl_error *err);

/* --- forms shared by them; each returns @buf ------------------------------------------------- */

/* "0.89", "n/a" */
const char *report_ratio(double v, char *buf, size_t size);
/* "98.3 %", "n/a" */
const char *report_percent(double v, char *buf, size_t size);
/* "2024-05-01 10:00:00Z", "n/a" */
const char *report_time(double epoch_s, char *buf, size_t size);
/* "42 ms", "n/a" */
const char *report_ms(double ms, char *buf, size_t size);
/* A number of the result's detail, NaN when it is not there. */
double report_number(const struct result *r, const char *path);

/* Text from outside into Markdown: one line, and no markup of its own. */
void markdown_escape(struct text *out, const char *s);
/* ... into HTML and SVG, as text or in a quoted attribute. */
void html_escape(struct text *out, const char *s);

#endif
