/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * exercise.h - experiment files as the class of the chaos exercise writes them, into our own form.
 *
 * Such a file renames keys (duration_seconds, expected_root_service), puts them on other levels, says
 * targets in words, has no params, and triggers in prose. exercise_complete() makes a file in our own
 * form out of it, as text, with the line of the source behind every line; load.c reads that text. What
 * the file does not say is filled in by complete.c and nowhere else, and each such value is a finding.
 *
 *     document.c  what stands around the YAML: several documents, the fence of a Markdown answer
 *     foreign.c   what is neither YAML nor JSON, and tables
 *     names.c     the table of keys, kinds and parameters
 *     fold.c      how a spelling is folded
 *     wrap.c      where in the file the entries are
 *     phrase.c    services in a phrase: "1 instance of X", "link A <-> B", English or Vietnamese
 *     measure.c   metric names, clauses and triggers that faultline can measure
 *     condition.c prose, lists and mappings as one text
 *     truth.c     who is to be named as the root cause, and who is not
 *     fault.c     kind, targets and peer of a fault
 *     params.c    its parameters
 *     command.c   a fault in a command line: tc, pumba, docker, stress-ng, iptables, toxiproxy
 *     node.c      values of the file as text
 *     read.c      an entry of the file into its slots
 *     complete.c  every value that is invented
 *     write.c     our own form
 */
#ifndef FL_EXERCISE_H
#define FL_EXERCISE_H

#include "model/experiment.h"
#include "util/json/yaml.h"
#include "fault/fault.h"
#include "util/text/text.h"

struct exercise {
	struct text text; /* in our own form */
	int *lines;       /* the line of the source behind each line of it, from index 1 */
	size_t n_lines;
	char **services;          /* those of the exercise and of the file: names of metrics may be about them */
	struct finding *findings; /* what was invented, what was left out */
	uint32_t n_findings;
};

/*
 * Open @text as @y. Into @plain, which stays empty when @text is well as it is: the text that is parsed instead, with the
 * same lines, without a %YAML directive and the fence of a Markdown answer; several documents become the items of one
 * list. *@ret_moved: by how many columns it was moved to the right, which only several documents are. What is
 * neither YAML nor JSON (TOML, CSV, Python, ...) is refused with what to do about it. Release with yaml_close() and
 * text_free(), also after an error.
 */
int exercise_open(struct yaml *y, struct text *plain, const char *name, const char *text, size_t len, int *ret_moved,
		  struct fl_error *err);

/* What is wrong with an entry that is a text. */
const char *exercise_item(struct fy_node *node);

/* Is the document written in this form? False: it is our own, to be read strictly. */
bool exercise_recognise(struct yaml *y);

/* Write it in our own form. @clean: for a file of its own, which `check --strict` has nothing to say
 * against. -EINVAL: it cannot be understood. Release with exercise_free(), also after an error. */
int exercise_complete(struct yaml *y, const struct fault_ops *const *table, bool clean, struct exercise *ret);
void exercise_free(struct exercise *e);

/* The line of the source behind line @line of the text. */
int exercise_line(const struct exercise *e, int line);

/* "NOT checkout-svc", "!checkout-svc", "không phải checkout-svc": behind the word; NULL: it is none. */
const char *exercise_not(const char *text);

#endif
