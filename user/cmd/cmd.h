/* SPDX-License-Identifier: GPL-2.0-only */
/* cmd.h - one file a command, one line of main.c's table each. Only this folder prints. */
#ifndef FL_CMD_H
#define FL_CMD_H

#include <jansson.h>
#include <stdbool.h>

#include "util/error.h"

struct command {
	const char *name;
	const char *summary;  /* one line for --help */
	bool needs_root;      /* main says what is missing and exits 3 before it runs */
	int (*run)(int argc, char **argv); /* argv[0] is "faultline NAME"; returns enum fl_exit */
};

int cmd_run(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_inject(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_stop(int argc, char **argv);
int cmd_halt(int argc, char **argv);
int cmd_allow(int argc, char **argv);
int cmd_recover(int argc, char **argv);
int cmd_probe(int argc, char **argv);
int cmd_baseline(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_graph(int argc, char **argv);
int cmd_score(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_history(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_lab(int argc, char **argv);
int cmd_accept(int argc, char **argv);
int cmd_import(int argc, char **argv);

/* Print the error and return its exit status. */
int cmd_fail(const struct fl_error *err);

/* Print @o (stolen) to stdout, indented, with a newline. */
void cmd_print_json(json_t *o);

/* Print @text in columns @from to @width, words whole, and a newline; begins where the line is. */
void cmd_print_wrapped(const char *text, int from, int width);

/* For the argp parser of a command: the argument of -o, which can only be json. */
struct argp_state;
bool cmd_output_json(const char *arg, const struct argp_state *state);

#endif
