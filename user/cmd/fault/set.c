// SPDX-License-Identifier: GPL-2.0-only
/*
 * set.c - faultline set ID KEY=VALUE...: change a fault while it is on. A kind with rules is
 * changed by one write to its session's pinned map, which the next packet obeys; then the owner
 * is told, so that it knows what its fault does now. Other kinds are changed by their owner.
 */
#include <argp.h>
#include <errno.h>
#include <string.h>

#include "bpf/abi/abi.h"
#include "cmd/cmd.h"
#include "fault/life/course.h"
#include "fault/stress/limits.h"
#include "fault/life/owner.h"
#include "fault/life/record.h"
#include "net/pins.h"
#include "policy/gate.h"
#include "util/caller.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/schedule/schedule.h"
#include "util/text/text.h"

struct options {
	const char *id;
	char **changes;
	int n_changes;
	bool json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'o': o->json = cmd_output_json(arg, state); return 0;
	case ARGP_KEY_ARGS:
		o->id = state->argv[state->next];
		o->changes = state->argv + state->next + 1;
		o->n_changes = state->argc - state->next - 1;
		if (!o->n_changes)
			argp_error(state, "what to change? For example delay=300ms");
		return 0;
	case ARGP_KEY_NO_ARGS: argp_error(state, "which fault? 'faultline list' shows the ids"); return EINVAL;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option option_table[] = { { "output", 'o', "json", 0, "Print JSON", 0 }, {} };

const struct argp cmd_set_argp = { option_table,
				   parse,
				   "ID KEY=VALUE...",
				   "Change parameters of a fault while it is on.\v"
				   "The keys are the options of `faultline inject KIND`, without the dashes.",
				   NULL,
				   NULL,
				   NULL };

/* As the owner is to read it. It has a working directory of its own, so the file of a replay goes by its whole path. */
static char *wanted_text(const struct param_value *v, const char *text)
{
	struct schedule *s = v->schedule;
	char *whole = s && s->file ? realpath(s->file, NULL) : NULL;

	if (whole) {
		free(s->file);
		s->file = whole;
	}
	return s ? schedule_text(v->param, s) : strdup(text);
}

/* Apply KEY=VALUE to @p, and collect them as {"key": "value"}. */
static int apply(struct params *p, const struct options *o, json_t *changes, struct fl_error *err)
{
	int i, r;

	for (i = 0; i < o->n_changes; i++) {
		const char *equals = strchr(o->changes[i], '=');
		_cleanup_free_ char *key = NULL, *text = NULL;

		if (!equals || equals == o->changes[i])
			return error_usage(err, "'%.60s' is not KEY=VALUE", o->changes[i]);
		key = strndup(o->changes[i], (size_t)(equals - o->changes[i]));
		if (!key)
			return error_sys(err, ENOMEM, "parameters: out of memory");
		r = params_set(p, key, equals + 1, err);
		if (r)
			return r;
		if (!params_get(p, key)->param->live) {
			error_usage(err, "'%s' cannot be changed while the fault is on", key);
			error_hint(err, "stop the fault and inject it again");
			return -EINVAL;
		}
		text = wanted_text(params_get(p, key), equals + 1);
		json_object_set_new(changes, params_get(p, key)->param->name, json_string(text ? text : equals + 1));
	}
	return 0;
}

/* The rules as they are, with what @p means in them; then all at once. *ret_ns: the writing. */
static int write_rules(const char *session, const json_t *rules, const struct fault_ops *ops, const struct params *p,
		       uint64_t *ret_ns, struct fl_error *err)
{
	size_t n = json_array_size(rules), i;
	_cleanup_free_ struct fl_rule *values = calloc(n + 1, sizeof(*values));
	struct pins pins;
	uint64_t begin;
	int r = values ? pins_open(session, &pins, err) : -ENOMEM;

	if (r)
		return r;
	for (i = 0; !r && i < n; i++) {
		uint32_t rule = (uint32_t)json_integer_value(json_array_get(rules, i));

		r = pins_get_rule(&pins, rule, &values[i], err);
		if (!r)
			r = ops->compile(p, &values[i], err);
	}
	begin = clock_mono_ns();
	for (i = 0; !r && i < n; i++)
		r = pins_set_rule(&pins, (uint32_t)json_integer_value(json_array_get(rules, i)), &values[i], err);
	*ret_ns = clock_mono_ns() - begin;
	pins_close(&pins);
	return r;
}

static bool follows_schedule(const json_t *fault, const struct params *p)
{
	const json_t *c;
	size_t i;

	json_array_foreach(json_object_get(fault, "courses"), i, c) {
		if (json_is_null(json_object_get(c, "ended_by")))
			return true;
	}
	return params_scheduled(p) > 0;
}

/* Which schedules have ended by that, and which have begun. */
static void tell_schedules(const json_t *fault, const struct params *p, const json_t *changes)
{
	const json_t *courses = json_object_get(fault, "courses");
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)changes, name, value) {
		const struct param_value *v = params_get(p, name);
		_cleanup_free_ char *words = v->schedule ? schedule_words(v->param, v->schedule) : NULL;

		if (*course_words(courses, name))
			fprintf(stderr, "note: that ended the schedule of %s: %s\n", name, course_words(courses, name));
		if (words)
			fprintf(stderr, "note: %s follows from now on %s\n", name, words);
	}
}

static int change(const char *session, const json_t *fault, const struct options *o, uint64_t *ret_write_ns,
		  uint64_t *ret_wall_ns, struct fl_error *err)
{
	const struct fault_ops *ops = fault_find(fault_table, json_string_value(json_object_get(fault, "kind")), err);
	json_t *rules = json_object_get(fault, "rules"), *changes = json_object(), *order;
	struct caller by;
	struct params p = {};
	char note[400];
	int r = ops ? record_params(fault, ops, &p, err) : -EINVAL;

	if (!r)
		r = gate_check(err);
	if (!r)
		r = apply(&p, o, changes, err);
	if (!r)
		r = fault_validate_params(ops, &p, err);
	if (!r)
		r = limits_check_params(ops, &p, err);
	/* With a schedule the owner alone knows what each number is at this moment. */
	if (!r && json_array_size(rules) && ops->compile && !follows_schedule(fault, &p))
		r = write_rules(session, rules, ops, &p, ret_write_ns, err);
	*ret_wall_ns = clock_wall_ns();
	if (!r && limits_warn_delay(ops, &p, note, sizeof(note)))
		fprintf(stderr, "note: %s\n", note);
	if (!r) {
		caller_find(&by);
		order = json_pack("{s:s, s:O, s:o, s:O}", "op", "set", "id", json_object_get(fault, "id"), "by",
				  caller_json(&by), "params", changes);
		r = owner_order(session, order, err);
		json_decref(order);
		if (!*ret_write_ns)
			*ret_wall_ns = clock_wall_ns();
	}
	if (!r)
		tell_schedules(fault, &p, changes);
	json_decref(changes);
	params_free(&p);
	return r;
}

int cmd_set(int argc, char **argv)
{
	struct fl_error err = {};
	struct options o = {};
	uint64_t write_ns = 0, wall_ns = 0;
	json_t *fault = NULL;
	char session[16];
	int r;

	cmd_parse(&cmd_set_argp, argc, argv, &o);
	r = record_find(o.id, session, &fault, &err);
	if (!r)
		r = change(session, fault, &o, &write_ns, &wall_ns, &err);
	if (!r && o.json)
		cmd_print_json(json_pack("{s:O, s:f, s:o}", "id", json_object_get(fault, "id"), "written_wall",
					 (double)wall_ns / 1e9, "map_write_us",
					 write_ns ? json_real((double)write_ns / 1e3) : json_null()));
	else if (!r && write_ns)
		printf("%s changed, by a map write of %.0f us\n", o.id, (double)write_ns / 1e3);
	else if (!r)
		printf("%s changed\n", o.id);
	json_decref(fault);
	return r ? cmd_fail(&err) : FL_EXIT_OK;
}
