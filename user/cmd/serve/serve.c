// SPDX-License-Identifier: GPL-2.0-only
/* serve.c - faultline serve [token ...]: the REST API and the dashboard (control/control.h). */
#include <argp.h>
#include <errno.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/serve/token.h"
#include "control/control.h"
#include "serve/front/front.h"

enum { OPT_SOCKET = 256, OPT_LISTEN, OPT_RUNS, OPT_HOST_NAME, OPT_OTHERS, OPT_ROLE, OPT_FOR, OPT_KINDS, OPT_TARGETS };

struct options {
	struct control_options control;
	struct token_ask token;
	char *words[4]; /* "token", "add", NAME */
	int n_words;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case OPT_SOCKET: o->control.socket = arg; return 0;
	case 'l': o->control.listen = arg; return 0;
	case OPT_RUNS: o->control.runs = arg; return 0;
	case OPT_HOST_NAME: o->control.host_name = arg; return 0;
	case OPT_OTHERS: o->control.others_look = true; return 0;
	case OPT_ROLE: o->token.role = arg; return 0;
	case OPT_FOR: o->token.valid_for = arg; return 0;
	case OPT_KINDS: o->token.kinds = arg; return 0;
	case OPT_TARGETS: o->token.targets = arg; return 0;
	case ARGP_KEY_ARG:
		if (o->n_words == 3)
			argp_error(state, "serve takes nothing, or token add|remove NAME, or token list");
		o->words[o->n_words++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (o->n_words && (strcmp(o->words[0], "token") != 0 || o->n_words < 2))
			argp_error(state, "serve takes nothing, or token add|remove NAME, or token list");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option option_table[] = {
	{ "listen", 'l', "PORT", 0, "Also at 127.0.0.1:PORT (or [::1]:PORT), for those with a token", 1 },
	{ "socket", OPT_SOCKET, "PATH", 0, "The Unix socket (" CONTROL_SOCKET ")", 1 },
	{ "others-look", OPT_OTHERS, NULL, 0, "Every user of this host may look, by the Unix socket", 1 },
	{ "runs", OPT_RUNS, "DIR", 0, "Where the folders of runs are (/var/lib/faultline/runs)", 1 },
	{ "host-name", OPT_HOST_NAME, "NAME", 0, "A name that a reverse proxy calls this server by", 1 },
	{ "role", OPT_ROLE, "look|operate|administer", 0, "token add: what it may", 2 },
	{ "for", OPT_FOR, "TIME", 0, "token add: it expires after TIME", 2 },
	{ "kinds", OPT_KINDS, "KIND,...", 0, "token add: it may inject these kinds only", 2 },
	{ "targets", OPT_TARGETS, "GLOB,...", 0, "token add: it may name such targets only", 2 },
	{}
};

const struct argp cmd_serve_argp = { option_table,
				     parse,
				     "\ntoken add NAME --role ROLE\ntoken list\ntoken remove NAME",
				     "Serve a REST API and a dashboard, until a signal. Faults go on without it.\v"
				     "By the Unix socket root administers and members of the group faultline operate. "
				     "By --listen a token is needed: "
				     "`token add` prints it once, and keeps its hash in /etc/faultline/tokens. A token "
				     "that is removed is refused at "
				     "once. Only the loopback is listened at, without TLS: docs/serve.md has what to "
				     "do from elsewhere. What changes "
				     "something is written to /var/lib/faultline/audit.jsonl.",
				     NULL,
				     NULL,
				     NULL };

int cmd_serve(int argc, char **argv)
{
	struct options o = { .control = { .socket = CONTROL_SOCKET, .runs = "/var/lib/faultline/runs" } };
	struct fl_error err = {};
	int r;

	cmd_parse(&cmd_serve_argp, argc, argv, &o);
	if (o.n_words) {
		o.token.name = o.words[2];
		r = token_command(o.words[1], &o.token, &err);
	} else if (o.token.role || o.token.valid_for || o.token.kinds || o.token.targets) {
		r = error_usage(&err, "--role, --for, --kinds and --targets are of `faultline serve token add NAME`");
	} else {
		r = control_run(&o.control, &err);
	}
	return r ? cmd_fail(&err) : FL_EXIT_OK;
}

int cmd_serve_front(int argc, char **argv)
{
	return front_main(argc > 1 ? argv[1] : NULL);
}
