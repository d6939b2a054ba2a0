// SPDX-License-Identifier: GPL-2.0-only
/*
 * plan.c - faultline plan: look at a running stack for a while, and write a suite for it. No fault is made; what is at
 * the interfaces meanwhile counts packets.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "cmd/plan/plan_cmd.h"
#include "cmd/suite/suite_file.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/http/http.h"
#include "util/json/yaml.h"
#include "util/text/units.h"

enum { OPT_WATCH = 256, OPT_PROJECT, OPT_PROBE, OPT_PIPELINE, OPT_ADAPTER, OPT_DURATION, OPT_BUDGET, OPT_ALL };

static const struct argp_option option_table[] = {
	{ "output", 'o', "FILE|json", 0, "Write the suite there (standard output); json: all of it as JSON", 0 },
	{ "watch", OPT_WATCH, "TIME", 0, "How long to look (60s)", 0 },
	{ "project", OPT_PROJECT, "NAME", 0, "The services of this Compose project", 0 },
	{ "probe", OPT_PROBE, "URL", 0, "The URL that users call", 0 },
	{ "pipeline", OPT_PIPELINE, "URL", 0, "The pipeline to be scored; it is asked", 0 },
	{ "adapter", OPT_ADAPTER, SUITE_ADAPTERS, 0, "What kind of pipeline it is", 0 },
	{ "duration", OPT_DURATION, "TIME", 0, "How long each fault is on (20s; the lab: 12s)", 0 },
	{ "budget", OPT_BUDGET, "TIME", 0,
	  "As many experiments as fit into it (10min, and more where that does not "
	  "touch every service, edge and kind)",
	  0 },
	{ "all", OPT_ALL, NULL, 0, "Every experiment that makes sense", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse_time(struct plan_command *o, uint64_t *to, const char *arg)
{
	if (units_duration_ns(arg, to, &o->err))
		return EINVAL;
	if (*to >= NS_PER_SEC || to == &o->watch_ns)
		return 0;
	error_usage(&o->err, "'%s' is less than a second", arg);
	return EINVAL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct plan_command *o = state->input;

	switch (key) {
	case 'o':
		o->json = !strcmp(arg, "json");
		o->out = o->json ? NULL : arg;
		return 0;
	case OPT_WATCH: return parse_time(o, &o->watch_ns, arg);
	case OPT_DURATION: return parse_time(o, &o->options.duration_ns, arg);
	case OPT_BUDGET: return parse_time(o, &o->options.budget_ns, arg);
	case OPT_PROJECT: o->project = arg; return 0;
	case OPT_PROBE: o->probe = arg; return http_check_url(arg, &o->err) ? EINVAL : 0;
	case OPT_PIPELINE: o->options.pipeline_url = arg; return http_check_url(arg, &o->err) ? EINVAL : 0;
	case OPT_ADAPTER: o->options.adapter = suite_file_adapter(arg, state); return 0;
	case OPT_ALL: o->options.all = true; return 0;
	case ARGP_KEY_ARGS: o->words = state->argv + state->next; return 0;
	case ARGP_KEY_END:
		if (o->options.all && o->options.budget_ns)
			argp_error(state, "either --all or --budget");
		if (o->options.adapter && !o->options.pipeline_url)
			argp_error(state, "--adapter is the pipeline's: give --pipeline URL as well");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

const struct argp cmd_plan_argp = {
	option_table,
	parse,
	"[TARGET...]\nFILE",
	"Look at a running stack and write a suite for it: the faults that make sense for each service and each edge "
	"between them, by what the kernel measured, with hypotheses whose limits come out of the measured baseline, "
	"ordered by what they are worth.\v"
	"Several TARGETs: with blanks or commas between them; or the compose FILE of a project that runs. Without one: "
	"the "
	"services of /etc/faultline/stack.yaml, else the lab's and all that Docker runs. Nothing is broken: programs "
	"that count packets are at the services' "
	"interfaces while it watches, and URLs are asked some times. Who would be hit by each experiment is printed. A "
	"signal ends the watch early; the plan is made of what was seen until then.",
	NULL,
	NULL,
	NULL
};

/* --- whom -------------------------------------------------------------------------------------- */

static bool is_compose_file(const char *word)
{
	const char *dot = strrchr(word, '.');
	struct stat st;

	return dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml") || !strcmp(dot, ".json")) &&
	       (strchr(word, '/') || !stat(word, &st));
}

static int find_words(const struct plan_command *o, char ***ret, struct fl_error *err)
{
	_cleanup_free_ char **words = cmd_targets(o->words, err);
	char **w;

	*ret = NULL;
	for (w = words; w && *w; w++) {
		char *spec;

		if (!**w)
			continue;
		spec = plan_find_one(*w, err);
		if (!spec)
			return err->code ? err->code : -EINVAL;
		if (words_add(ret, spec))
			return error_sys(err, ENOMEM, "plan: out of memory");
	}
	return words ? 0 : -ENOMEM;
}

static int find_specs(struct plan_command *o, char ***ret, struct fl_error *err)
{
	if (o->words && o->words[0] && !o->words[1] && is_compose_file(o->words[0]))
		return plan_find_compose(o->words[0], o->project, ret, &o->plan.facts.note, err);
	if (o->words && o->words[0] && o->project)
		return error_usage(err, "either TARGETs or --project");
	if (o->project)
		return plan_find_project(o->project, ret, err);
	o->named = o->words && o->words[0];
	return o->named ? find_words(o, ret, err) : plan_find_all(ret, &o->plan.facts.note, err);
}

/* A target that was named has to be there. */
static int check_named(const struct plan_command *o, struct fl_error *err)
{
	uint32_t i, there = 0;

	for (i = 1; i < o->plan.facts.n; i++) {
		const struct plan_service *s = &o->plan.facts.services[i];

		there += !s->missing;
		if (o->named && s->missing)
			return error_env(err, ESRCH, "%s", s->not_measured);
	}
	return there ? 0
		     : error_env(err, ESRCH, "none of the services can be found: %s",
				 o->plan.facts.services[1].not_measured);
}

/* --- the whole --------------------------------------------------------------------------------- */

static void set_times(struct plan_options *o, bool lab)
{
	if (!o->duration_ns)
		o->duration_ns = (lab ? 12 : 20) * NS_PER_SEC;
	o->baseline_ns = (lab ? 5 : 10) * NS_PER_SEC;
	o->cooldown_ns = (lab ? 1 : 2) * NS_PER_SEC;
	o->grace_ns = (lab ? 5 : 10) * NS_PER_SEC;
	/* What takes a while to be noticed takes a while to be over. */
	if (o->duration_ns > 60 * NS_PER_SEC) {
		o->baseline_ns = o->duration_ns / 2;
		o->cooldown_ns = o->grace_ns = o->duration_ns / 4;
	}
}

/* What cannot be kept is said before anybody has waited for it. */
static int check_times(const struct plan_options *o, struct fl_error *err)
{
	const struct plan each = { .options = *o };
	char budget[32], takes[32];

	if (!o->budget_ns || plan_seconds(&each, 1) <= (double)o->budget_ns / 1e9)
		return 0;
	error_usage(err, "--budget %s is less than one experiment takes (%s)",
		    units_format_ns(o->budget_ns, budget, sizeof(budget)),
		    units_format_ns((uint64_t)(plan_seconds(&each, 1) * 1e9), takes, sizeof(takes)));
	error_hint(err, "--duration TIME makes each of them shorter; without --budget it is 10min at least");
	return -EINVAL;
}

/* There is not one experiment to write. */
static int refuse_empty(const struct plan *p, struct fl_error *err)
{
	if (p->n) /* each is refused, and its reason says what to do */
		return error_env(err, ENODATA, "every fault would be refused here: %s", plan_cmd_reason(p));
	error_env(err, ENODATA, "no fault makes sense here: %s", plan_cmd_reason(p));
	error_hint(err, "start some load, or name services with processes of their own");
	return -ENODATA;
}

static int make(struct plan_command *o, struct fl_error *err)
{
	char **specs = NULL;
	int r = o->out ? file_may_write(o->out, err) : 0;

	if (!r)
		r = find_specs(o, &specs, err);
	if (!r && !(specs && specs[0]))
		r = error_usage(err, "which TARGET? A service, netns:NAME, pid:N, unit:NAME or docker:NAME");
	if (!r)
		r = plan_name_services(&o->plan.facts, specs, err);
	words_free(specs);
	if (o->plan.facts.note)
		fprintf(stderr, "note: %s\n", o->plan.facts.note);
	if (!r)
		r = plan_cmd_describe(o, err);
	if (!r)
		r = plan_look(&o->plan.facts, err);
	if (!r)
		r = check_named(o, err);
	set_times(&o->options, o->plan.facts.lab);
	if (!r)
		r = check_times(&o->options, err);
	if (r)
		return r;
	r = plan_cmd_watch(o, err);
	if (!r)
		r = plan_cmd_ask(o, err);
	o->plan.options = o->options;
	if (!r)
		r = plan_choose(&o->plan, err);
	if (!r)
		r = plan_refuse(&o->plan, o->has_seen ? &o->seen : NULL, err);
	if (!r)
		plan_select(&o->plan);
	if (!r && !o->plan.n_chosen)
		r = refuse_empty(&o->plan, err);
	return r;
}

int cmd_plan(int argc, char **argv)
{
	struct plan_command o = { .watch_ns = 60 * NS_PER_SEC };
	struct text suite = {};
	int r;

	if (cmd_parse(&cmd_plan_argp, argc, argv, &o))
		return o.err.exit ? cmd_fail(&o.err) : FL_EXIT_USAGE;
	r = make(&o, &o.err);
	if (!r)
		r = plan_write(&o.plan, &suite, &o.err);
	if (!r)
		r = plan_cmd_hand_out(&o, &suite, &o.err);
	text_free(&suite);
	meter_snapshot_free(&o.seen);
	json_decref(o.described);
	plan_free(&o.plan);
	return r ? cmd_fail(&o.err) : FL_EXIT_OK;
}
