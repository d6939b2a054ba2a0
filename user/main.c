// SPDX-License-Identifier: GPL-2.0-only
/* main.c - the command table and nothing else. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "fault/undo.h"
#include "os/caps.h"
#include "util/cleanup.h"
#include "util/text/printable.h"
#include "util/text/text.h"
#include "util/text/url.h"

#ifndef FL_VERSION
#define FL_VERSION "0"
#endif

const struct command cmd_table[] = {
	{ "inject", "break one thing now: a fault on a target", true, cmd_inject, NULL },
	{ "list", "the faults that are there, with their hits", true, cmd_list, &cmd_list_argp },
	{ "set", "change a fault while it is on", true, cmd_set, &cmd_set_argp },
	{ "stop", "end a fault and roll it back", true, cmd_stop, &cmd_stop_argp },
	{ "halt", "end everything on this host and refuse new faults", true, cmd_halt, &cmd_halt_argp },
	{ "allow", "allow faults again after halt", true, cmd_allow, &cmd_allow_argp },
	{ "recover", "clean up after faultline processes that died", true, cmd_recover, &cmd_recover_argp },
	{ "doctor", "what works on this host, what does not, and what to do", false, cmd_doctor, &cmd_doctor_argp },
	{ "plan", "look at a running stack and write a suite for it", true, cmd_plan, &cmd_plan_argp },
	{ "run", "carry out an experiment file and score the pipeline", true, cmd_run, &cmd_run_argp },
	{ "sweep", "find from which size of a fault on users feel it, and the pipeline sees it", true, cmd_sweep,
	  &cmd_sweep_argp },
	{ "check", "judge an experiment file without running it", false, cmd_check, &cmd_check_argp },
	{ "import", "make an experiment file from another tool's", false, cmd_import, &cmd_import_argp },
	{ "baseline", "how each service is when nothing is wrong", true, cmd_baseline, &cmd_baseline_argp },
	{ "probe", "call a URL at regular times from outside and log pass or fail", false, cmd_probe, &cmd_probe_argp },
	{ "top", "what the kernel measures of each service and edge, live", true, cmd_top, &cmd_top_argp },
	{ "graph", "who calls whom, as seen on the wire", true, cmd_graph, &cmd_graph_argp },
	{ "lab", "bring up, take down or show the embedded lab", true, cmd_lab, &cmd_lab_argp },
	{ "score", "print the scoreboard of a finished run", false, cmd_score, &cmd_score_argp },
	{ "history", "compare finished runs: scores, and what regressed", false, cmd_history, &cmd_history_argp },
	{ "compare", "two runs of a suite: what differs, and whether chance explains it", false, cmd_compare,
	  &cmd_compare_argp },
	{ "report", "write chaos_report.md, SUBMIT.md and report.html of a run", false, cmd_report, &cmd_report_argp },
	{ "accept", "the exercise's checklist and anti-patterns, line by line, for a run", false, cmd_accept,
	  &cmd_accept_argp },
	{ "serve", "a REST API and a dashboard for faults and runs of this host", true, cmd_serve, &cmd_serve_argp },
	{ "serve-front", NULL, false, cmd_serve_front, NULL }, /* the half of serve without rights */
	{ "complete", NULL, false, cmd_complete, NULL },       /* what the shells' completions ask */
	{ NULL, NULL, false, NULL, NULL },                     /* ends the table */
};

static void usage(FILE *out)
{
	const struct command *c;

	fputs("Usage: faultline COMMAND [OPTION...]\n\nCommands:\n", out);
	for (c = cmd_table; c->summary; c++)
		fprintf(out, "  %-10s %s\n", c->name, c->summary);
	fputs("\nEvery command takes --docker-socket PATH; the default is that of DOCKER_HOST, else what is\n"
	      "there of /var/run/docker.sock, the rootless one and Podman's. And --btf FILE: the BTF of a kernel\n"
	      "that has none of its own (docs/kernels.md).\n"
	      "\n'faultline COMMAND --help' explains one command.\n",
	      out);
}

static int unknown(const char *word)
{
	const char *names[ARRAY_SIZE(cmd_table) + 1];
	struct fl_error err = {};
	const char *near;
	size_t i;

	for (i = 0; cmd_table[i].summary; i++)
		names[i] = cmd_table[i].name;
	names[i] = NULL;
	near = text_nearest(word, names);
	error_usage(&err, "no command '%.60s'%s%s%s", word, near ? ", did you mean '" : "", near ?: "",
		    near ? "'?" : "");
	error_hint(&err, "faultline --help lists the commands");
	return cmd_fail(&err);
}

/*
 * An @option of all commands, as "--docker-socket PATH": taken out of @argv, with @prefix before it into the
 * environment's @variable, which the guardian and other children inherit. False: no PATH.
 */
static bool take_option(int *argc, char **argv, const char *option, const char *variable, const char *prefix)
{
	size_t len = strlen(option);
	int i, used;

	for (i = 1; i < *argc && strcmp(argv[i], "--"); i++) {
		_cleanup_free_ char *value = NULL;
		const char *path;

		if (strncmp(argv[i], option, len) || (argv[i][len] && argv[i][len] != '='))
			continue;
		used = argv[i][len] ? 1 : 2;
		path = used == 1 ? argv[i] + len + 1 : argv[i + 1];
		value = path && *path ? text_format("%s%s", prefix, path) : NULL;
		if (!value || setenv(variable, value, 1))
			return false;
		memmove(argv + i, argv + i + used, (size_t)(*argc - i - used + 1) * sizeof(*argv));
		*argc -= used;
		i--;
	}
	return true;
}

/* The BTF file that --btf or FAULTLINE_BTF names can be read, or an exit status. */
static int check_btf(void)
{
	const char *path = getenv("FAULTLINE_BTF");
	_cleanup_free_ char *message = NULL;

	if (!path || !*path || !access(path, R_OK))
		return FL_EXIT_OK;
	message = text_format("cannot read the BTF file '%s': %s", path, strerror(errno));
	return cmd_usage(message ? message : "cannot read the BTF file",
			 "--btf and FAULTLINE_BTF name it; docs/kernels.md tells how to make one");
}

/* Help is for everybody. */
static bool asks_for_help(char **argv)
{
	for (; *argv; argv++)
		if (!strcmp(*argv, "--help") || !strcmp(*argv, "-?") || !strcmp(*argv, "--usage"))
			return true;
	return false;
}

static int run(const struct command *c, int argc, char **argv)
{
	_cleanup_free_ char *name = text_format("faultline %s", c->name);
	struct fl_error err = {};

	if (c->needs_root && !asks_for_help(argv) && caps_need(&err))
		return cmd_fail(&err);
	/* What argp prints in usage and errors. */
	if (name)
		argv[0] = name;
	argp_err_exit_status = FL_EXIT_USAGE;
	/* Results are for others to read, whatever root's umask is; what is not has a mode that says so. */
	if (!geteuid())
		umask(022);
	return cmd_status(c->run(argc, argv));
}

int main(int argc, char **argv)
{
	const struct command *c;

	printable_streams();
	journal_know(undo_families);
	argv = url_hide_arguments(argc, argv);
	cmd_output_begin(argv);
	if (!take_option(&argc, argv, "--docker-socket", "DOCKER_HOST", "unix://"))
		return cmd_usage("--docker-socket: a PATH is missing", "for example --docker-socket /run/docker.sock");
	if (!take_option(&argc, argv, "--btf", "FAULTLINE_BTF", ""))
		return cmd_usage("--btf: a FILE is missing", "docs/kernels.md tells how to make one");
	if (check_btf())
		return FL_EXIT_USAGE;
	if (argc < 2) {
		usage(stderr);
		return FL_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return FL_EXIT_OK;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("faultline " FL_VERSION);
		return FL_EXIT_OK;
	}
	for (c = cmd_table; c->name; c++)
		if (!strcmp(c->name, argv[1]))
			return run(c, argc - 1, argv + 1);
	return unknown(argv[1]);
}
