// SPDX-License-Identifier: GPL-2.0-only
/*
 * stop.c - faultline stop ID|--all|--everyone. A whole session is ended by its owner and awaited
 * (policy/end.h); one fault of a longer session is switched off by the owner; where the owner is dead,
 * what it left is cleaned up.
 */
#include <argp.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "fault/life/owner.h"
#include "fault/life/record.h"
#include "measure/meter/meter.h"
#include "policy/end.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

enum { OPT_EVERYONE = 256, OPT_YES };

struct options {
	char **ids;
	int n_ids;
	bool all, everyone, yes, json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'a': o->all = true; return 0;
	case OPT_EVERYONE: o->everyone = true; return 0;
	case OPT_YES: o->yes = true; return 0;
	case 'o': o->json = cmd_output_json(arg, state); return 0;
	case ARGP_KEY_ARGS:
		o->ids = state->argv + state->next;
		o->n_ids = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		if ((o->all || o->everyone) == (o->n_ids > 0))
			argp_error(state, "either ID... or --all");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option option_table[] = {
	{ "all", 'a', NULL, 0, "All of your own sessions on this host, runs too", 0 },
	{ "everyone", OPT_EVERYONE, NULL, 0, "Those of others as well: says whose, and asks", 0 },
	{ "yes", OPT_YES, NULL, 0, "Do not ask", 0 },
	{ "output", 'o', "json", 0, "Print JSON", 0 },
	{}
};

const struct argp cmd_stop_argp = {
	option_table,
	parse,
	"ID...\n--all\n--everyone [--yes]",
	"End faults and roll them back; returns when that is done.\v"
	"ID is SESSION.N as `faultline list` shows it, or SESSION for all of its faults. Your own are "
	"those that were begun by the same user, also through sudo.",
	NULL,
	NULL,
	NULL
};

static struct ended by_me(void)
{
	struct ended e = { .when = clock_wall_s() };

	caller_find(&e.by);
	return e;
}

static int end_session(const struct session_info *s, struct fl_error *err)
{
	const struct ended e = by_me();
	int r = end_ask(s, &e, err);

	return r ? r : end_wait(s, err);
}

/* What came of it: the ids that have ended, those that have not, and why the first of these has not. */
struct outcome {
	json_t *done, *open;
	struct fl_error err;
};

/* The others' errors are printed here, the first one at the end. */
static void note(struct outcome *o, const char *id, int r, const struct fl_error *why)
{
	if (!r) {
		json_array_append_new(o->done, json_string(id));
		return;
	}
	if (why->exit != FL_EXIT_USAGE) /* there is such a one */
		json_array_append_new(o->open, json_pack("{s:s, s:s}", "id", id, "error", why->message));
	if (o->err.exit)
		error_print(why, stderr);
	else
		o->err = *why;
}

/* --- all of them ------------------------------------------------------------------------------- */

static bool has_faults(const struct session_info *s)
{
	return !s->alive || strcmp(s->purpose, METER_PURPOSE);
}

/* "k3x9aa  latency on payment-svc; alice (pts/3) since 2026-11-30 12:00:01, run /srv/results/x" */
static void print_session(const struct session_info *s, FILE *out)
{
	time_t t = (time_t)s->started_wall;
	json_t *faults = NULL, *f;
	char who[128], at[32] = "";
	struct tm tm;
	size_t i;

	if (localtime_r(&t, &tm))
		strftime(at, sizeof(at), "%F %T", &tm);
	fprintf(out, "  %s  %s since %s%s%s", s->name, caller_text(&s->by, who, sizeof(who)), at,
		s->results[0] ? ", run " : "", s->results);
	if (!record_read(s->name, &faults, NULL))
		json_array_foreach(faults, i, f) {
			const char *target = json_string_value(json_array_get(json_object_get(f, "targets"), 0));

			fprintf(out, "%s%s on %s%s", i ? ", " : ": ", json_string_value(json_object_get(f, "kind")),
				target ?: "?", json_array_size(json_object_get(f, "targets")) > 1 ? ", ..." : "");
		}
	json_decref(faults);
	fprintf(out, "%s\n", s->alive ? "" : " (its owner is dead)");
}

/* The ones of @v that are others'; to @out, with what ends them. */
static uint32_t print_others(const struct session_info *v, uint32_t n, const struct caller *me)
{
	uint32_t i, others = 0;

	for (i = 0; i < n; i++)
		others += has_faults(&v[i]) && !caller_same(&v[i].by, me);
	if (!others)
		return 0;
	fprintf(stderr, "%u session%s of others left on:\n", others, others == 1 ? "" : "s");
	for (i = 0; i < n; i++)
		if (has_faults(&v[i]) && !caller_same(&v[i].by, me))
			print_session(&v[i], stderr);
	fputs("  stop ID ends one, stop --everyone all of them\n", stderr);
	return others;
}

/* Say whose they are; go on? */
static int confirm(const struct session_info *v, uint32_t n, bool yes, struct fl_error *err)
{
	uint32_t i, count = 0;
	char answer[16];

	for (i = 0; i < n; i++)
		count += has_faults(&v[i]);
	if (!count)
		return 0;
	fprintf(stderr, "%u session%s to end:\n", count, count == 1 ? "" : "s");
	for (i = 0; i < n; i++)
		if (has_faults(&v[i]))
			print_session(&v[i], stderr);
	if (yes)
		return 0;
	if (!isatty(STDIN_FILENO)) {
		error_usage(err, "refused: --everyone asks first, and there is no terminal to ask on");
		error_hint(err, "--yes ends them without a question; nothing was ended");
		return -ENOTTY;
	}
	fputs("End all of these? [y/N] ", stderr);
	if (fgets(answer, sizeof(answer), stdin) && (!strcmp(answer, "y\n") || !strcmp(answer, "yes\n")))
		return 0;
	return error_set(err, FL_EXIT_ABORTED, ECANCELED, "nothing was ended");
}

/* All are asked before the first is waited for. */
static void stop_all(const struct options *o, struct outcome *out)
{
	_cleanup_free_ struct session_info *all = NULL;
	const struct ended e = by_me();
	uint32_t n = 0, i;

	if (session_list(&all, &n, &out->err) || (o->everyone && confirm(all, n, o->yes, &out->err)))
		return;
	for (i = 0; i < n; i++)
		if (has_faults(&all[i]) && (o->everyone || caller_same(&all[i].by, &e.by)))
			end_ask(&all[i], &e, NULL);
	for (i = 0; i < n; i++) {
		struct fl_error why = {};
		int r;

		if (!has_faults(&all[i]) || (!o->everyone && !caller_same(&all[i].by, &e.by)))
			continue;
		r = end_wait(&all[i], &why);
		note(out, all[i].name, r, &why);
	}
	if (!o->everyone)
		print_others(all, n, &e.by);
}

/* --- one ----------------------------------------------------------------------------------------- */

static int find_session(const char *name, struct session_info *ret, struct fl_error *err)
{
	_cleanup_free_ struct session_info *all = NULL;
	uint32_t n = 0, i;
	int r = session_list(&all, &n, err);

	for (i = 0; i < n; i++)
		if (!strcmp(all[i].name, name)) {
			*ret = all[i];
			return 0;
		}
	if (r)
		return r;
	error_usage(err, "no session '%.40s'", name);
	error_hint(err, "faultline list shows those that are there");
	return -ENOENT;
}

static int stop_one(const char *id, struct fl_error *err)
{
	_cleanup_free_ char *name = strndup(id, strcspn(id, "."));
	struct session_info s;
	json_t *fault = NULL, *order;
	char session[16];
	int r = name ? find_session(name, &s, err) : -ENOMEM;

	if (!r && strchr(id, '.'))
		r = record_find(id, session, &fault, err);
	if (r)
		return r;
	if (fault && s.alive && strcmp(s.purpose, "inject")) {
		const struct ended e = by_me();

		order = json_pack("{s:s, s:s, s:o}", "op", "stop", "id", id, "by", caller_json(&e.by));
		r = owner_order(session, order, err);
		json_decref(order);
	} else {
		r = end_session(&s, err);
	}
	json_decref(fault);
	return r;
}

int cmd_stop(int argc, char **argv)
{
	struct outcome out = { .done = json_array(), .open = json_array() };
	struct options o = {};
	json_t *id;
	size_t k;
	int i;

	cmd_parse(&cmd_stop_argp, argc, argv, &o);
	if (o.all || o.everyone)
		stop_all(&o, &out);
	/* One that cannot be ended is no reason to leave the others on. */
	for (i = 0; i < o.n_ids; i++) {
		struct fl_error why = {};
		int r = stop_one(o.ids[i], &why);

		note(&out, o.ids[i], r, &why);
	}
	if (o.json) {
		cmd_print_json(json_pack("{s:O, s:O, s:o}", "stopped", out.done, "open", out.open, "error",
					 cmd_error_json(&out.err)));
	} else {
		json_array_foreach(out.done, k, id) {
			printf("%s stopped\n", json_string_value(id));
		}
		if (!out.err.exit && !json_array_size(out.done))
			puts("nothing to stop");
	}
	json_decref(out.done);
	json_decref(out.open);
	return out.err.exit ? cmd_fail(&out.err) : FL_EXIT_OK;
}
