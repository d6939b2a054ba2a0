// SPDX-License-Identifier: GPL-2.0-only
/* accept_documents.c - chaos_report.md and SUBMIT.md: sections, the scoreboard, questions that are still open. */
#include <string.h>
#include <unistd.h>

#include "run/accept/accept_private.h"
#include "util/cleanup.h"

#define DOCUMENT_MAX (8u << 20)

int accept_write_documents(struct judge *j, const struct words *w, struct fl_error *err)
{
	_cleanup_free_ char *report = folder_file(&j->f, "chaos_report.md"), *submit = folder_file(&j->f, "SUBMIT.md");
	const char *name[REPORT_FILES];
	bool kept[REPORT_FILES];
	struct fl_error why = {};
	int r;

	if (report && submit && !access(report, F_OK) && !access(submit, F_OK))
		return 0;
	r = report_write(&j->f, w, false, name, kept, &why); /* what its author has edited is kept */
	if (r == -EACCES || r == -EROFS)
		return 0; /* somebody else's folder: they are missing, and the checklist says that */
	if (r && err)
		*err = why;
	return r;
}

static char *read_document(const struct judge *j, const char *name)
{
	_cleanup_free_ char *path = folder_file(&j->f, name);
	char *text = NULL;
	size_t len;

	return path && !file_read(path, DOCUMENT_MAX, &text, &len, NULL) ? text : NULL;
}

/* The line number of the first line that begins with @start; 0: there is none. */
static int line_of(const char *text, const char *start)
{
	int n = 1;

	for (; text && *text; text += strcspn(text, "\n"), text += *text == '\n', n++)
		if (!strncmp(text, start, strlen(start)))
			return n;
	return 0;
}

void accept_scoreboard(struct judge *j)
{
	static const char *const lines[] = { "==== Chaos Run ====",
					     "Total: ",
					     "Detected: ",
					     "RCA correct: ",
					     "False alarms in baseline windows: ",
					     "Precision: ",
					     "Recall: ",
					     "MTTD p50: ",
					     "Per-experiment:",
					     "| # | name ",
					     "Gaps identified:" };
	_cleanup_free_ char *text = read_document(j, "chaos_report.md");
	size_t i;
	int before = 0, line;

	for (i = 0; i < ARRAY_SIZE(lines); i++, before = line) {
		line = line_of(text, lines[i]);
		if (line > before)
			continue;
		accept_add(j, false, ACCEPT_NO, "the scoreboard has the form that is asked for",
			   "%s/chaos_report.md: no line '%s' in its place; faultline score prints it", j->f.path,
			   lines[i]);
		return;
	}
	accept_add(j, false, ACCEPT_YES, "the scoreboard has the form that is asked for", "%s/chaos_report.md:%d",
		   j->f.path, line_of(text, lines[0]));
}

/* "## 1. Setup": sections by their numbers, whatever the language. */
static void judge_report(struct judge *j, const char *text)
{
	char start[16];
	int i;

	for (i = 1; i <= 4; i++) {
		snprintf(start, sizeof(start), "## %d", i);
		if (line_of(text, start))
			continue;
		accept_add(j, false, ACCEPT_NO, "chaos_report.md has its 4 sections",
			   "%s/chaos_report.md: no section '%s'", j->f.path, start);
		return;
	}
	accept_add(j, false, ACCEPT_YES, "chaos_report.md has its 4 sections", "%s/chaos_report.md:%d, %d, %d, %d",
		   j->f.path, line_of(text, "## 1"), line_of(text, "## 2"), line_of(text, "## 3"),
		   line_of(text, "## 4"));
}

static void judge_submit(struct judge *j, const char *text)
{
	const char *at = text;
	unsigned int n = 0;

	for (; at && *at; at += strcspn(at, "\n"), at += *at == '\n')
		n += !strncmp(at, "## ", 3);
	accept_add(j, false, n >= 4 ? ACCEPT_YES : ACCEPT_NO, "SUBMIT.md has its 4 sections",
		   "%s/SUBMIT.md: %u sections", j->f.path, n);
}

/* What only the author can say, and has not said yet. */
static unsigned int count_open(const char *text, int *ret_first)
{
	static const char *const marks[] = { "**[Author:",     "**[Tác giả:",     "(author: fill in)",
					     "(tác giả điền)", "\\<your name\\>", "\\<tên của bạn\\>" };
	unsigned int n = 0;
	int line = 1;
	size_t i;

	*ret_first = 0;
	for (; text && *text; text++) {
		line += *text == '\n';
		for (i = 0; i < ARRAY_SIZE(marks); i++)
			if (!strncmp(text, marks[i], strlen(marks[i]))) {
				*ret_first = n++ ? *ret_first : line;
				break;
			}
	}
	return n;
}

void accept_documents(struct judge *j)
{
	_cleanup_free_ char *report = read_document(j, "chaos_report.md"), *submit = read_document(j, "SUBMIT.md");
	int in_report, in_submit;
	unsigned int a = count_open(report, &in_report), b = count_open(submit, &in_submit);

	judge_report(j, report);
	judge_submit(j, submit);
	if (!report || !submit)
		accept_add(j, false, ACCEPT_NO, "what only the author can say is said", "%s/%s is missing", j->f.path,
			   report ? "SUBMIT.md" : "chaos_report.md");
	else if (!a && !b)
		accept_add(j, false, ACCEPT_YES, "what only the author can say is said", "no marked question is left");
	else
		accept_add(j, false, ACCEPT_NO, "what only the author can say is said",
			   "%u marked in chaos_report.md (first at line %d), %u in SUBMIT.md (first at line %d)", a,
			   in_report, b, in_submit);
}
