/* SPDX-License-Identifier: GPL-2.0-only */
/* cmd.h - one file a command, one line of main.c's table each. Only this folder prints. */
#ifndef FL_CMD_H
#define FL_CMD_H

#include <argp.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

struct command {
	const char *name;
	const char *summary;               /* one line for --help; NULL: it is not listed */
	bool needs_root;                   /* main says what is missing and exits 3 before it runs */
	int (*run)(int argc, char **argv); /* argv[0] is "faultline NAME"; returns enum fl_exit */
	const struct argp *argp;           /* its options and arguments, for completion; NULL: inject has one a kind */
};

/* All of them (main.c), ended by a NULL name. What has no summary is not for people. */
extern const struct command cmd_table[];

int cmd_run(int argc, char **argv);
int cmd_sweep(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_inject(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_stop(int argc, char **argv);
int cmd_halt(int argc, char **argv);
int cmd_allow(int argc, char **argv);
int cmd_recover(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_probe(int argc, char **argv);
int cmd_baseline(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_graph(int argc, char **argv);
int cmd_score(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_history(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_lab(int argc, char **argv);
int cmd_accept(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_serve_front(int argc, char **argv);
int cmd_complete(int argc, char **argv);

extern const struct argp cmd_accept_argp, cmd_allow_argp, cmd_baseline_argp, cmd_check_argp, cmd_compare_argp,
	cmd_doctor_argp, cmd_graph_argp, cmd_halt_argp, cmd_history_argp, cmd_import_argp, cmd_lab_argp, cmd_list_argp,
	cmd_plan_argp, cmd_probe_argp, cmd_recover_argp, cmd_report_argp, cmd_run_argp, cmd_score_argp, cmd_serve_argp,
	cmd_set_argp, cmd_stop_argp, cmd_sweep_argp, cmd_top_argp;

/* Before anything else: is it JSON that @argv asks for? */
void cmd_output_begin(char *const *argv);

/* argp_parse(); what is wrong with the command line is told in the form that was asked for. */
int cmd_parse(const struct argp *argp, int argc, char **argv, void *input);

/* Print the error, also as JSON where that was asked for and no document is out; returns its exit status. */
int cmd_fail(const struct fl_error *err);
/* The same for a wrong command line. */
int cmd_usage(const char *message, const char *hint);

/* {"message", "hint", "exit_status", "file", "line", "column"}, or null for none; a new reference. */
json_t *cmd_error_json(const struct fl_error *err);

/* The exit status of a command that would end with @status: a result that could not be told is no success. */
int cmd_status(int status);

/* Print @o (stolen) to stdout, indented, with a newline: the one document of a command. */
void cmd_print_json(json_t *o);
/* One of many, in a line of its own. */
void cmd_print_json_line(json_t *o);

/*
 * Print a scoreboard. Its form is read by scripts, so it is as it is, but on a terminal: there a line that is too long is
 * broken between words, and goes on two columns further in. Rows of the table are left whole.
 */
void cmd_print_board(const char *text);

/* Print @text in columns @from to @width, words whole, and a newline; begins where the line is. */
void cmd_print_wrapped(const char *text, int from, int width);

/*
 * The targets that @words (NULL-terminated; NULL: none) name, separated by blanks or commas: one allocation, ended by
 * NULL, the caller's to free. NULL: out of memory.
 */
char **cmd_targets(char *const *words, struct fl_error *err);

/* False: SIGINT or SIGTERM ended the wait. */
bool cmd_wait_ns(uint64_t ns);

/* For the argp parser of a command: the argument of -o, which can only be json. */
bool cmd_output_json(const char *arg, const struct argp_state *state);

/*
 * "DIR [-o json]": what score, report and accept have in common, as the argp child of their own options. At
 * ARGP_KEY_INIT the parent sets state->child_inputs[0] to its struct cmd_folder.
 */
struct cmd_folder {
	const char *path;
	bool json;
};
extern const struct argp_child cmd_folder_child[];

#endif
