/* SPDX-License-Identifier: GPL-2.0-only */
/* accept_private.h - between the parts of accept; nobody else includes it. */
#ifndef FL_ACCEPT_PRIVATE_H
#define FL_ACCEPT_PRIVATE_H

#include "run/accept/accept.h"
#include "model/experiment.h"
#include "report/report.h"

struct judge {
	struct accept_line *v;
	uint32_t n;
	struct folder f;
	char file[256];
	struct suite *s; /* NULL: it cannot be read, and why */
	struct fl_error why;
	struct finding *findings;
	uint32_t n_findings;
};

void accept_add(struct judge *j, bool pattern, enum accept_answer answer, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* chaos_report.md and SUBMIT.md, when they are not there. */
int accept_write_documents(struct judge *j, const struct words *w, struct fl_error *err);
void accept_scoreboard(struct judge *j);
void accept_documents(struct judge *j);

#endif
