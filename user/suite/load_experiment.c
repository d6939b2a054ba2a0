// SPDX-License-Identifier: GPL-2.0-only
/*
 * load_experiment.c - one experiment from its mapping. Values that people write in words are
 * understood here: "1 instance of payment-svc", "10% of production traffic (canary cell)",
 * "t-5min to t+10min".
 */
#include <errno.h>
#include <strings.h>

#include "suite/exercise/exercise.h"
#include "suite/load.h"
#include "suite/load_draft.h"
#include "util/cleanup.h"
#include "util/text/text.h"
#include "util/text/units.h"

/* --- blast_radius ---------------------------------------------------------------------------- */

/* "3 instances of X": behind the words, and the number; else @text itself. */
static const char *skip_count(const char *text, uint32_t *ret_n)
{
	static const char *const words[] = { " instances of ", " instance of ", " containers of ", " container of " };
	size_t digits = strspn(text, "0123456789"), i;
	_cleanup_free_ char *number = strndup(text, digits);
	int64_t n;

	for (i = 0; digits && number && i < ARRAY_SIZE(words); i++)
		if (!strncasecmp(text + digits, words[i], strlen(words[i])) && !units_int(number, 1, 10000, &n, NULL)) {
			*ret_n = (uint32_t)n;
			return text + digits + strlen(words[i]);
		}
	return text;
}

/* "50% of X" -> "X@50%"; NULL: it is not that. */
static char *percent_of(const char *text)
{
	static const char of[] = "% of ";
	size_t digits = strspn(text, "0123456789.");
	const char *name = text + digits + strlen(of);

	if (!digits || strncmp(text + digits, of, strlen(of)) || strchr(name, ' '))
		return NULL;
	return text_format("%s@%.*s%%", name, (int)digits, text);
}

int load_target_words(struct yaml *y, struct fy_node *node, const char *text, char ***ret, uint32_t *ret_n)
{
	static const char *const arrows[] = { "<->", "↔" };
	_cleanup_free_ char *percent = percent_of(text);
	const char *spec = percent ? percent : skip_count(text, ret_n), *arrow = NULL;
	size_t i, len = 0;
	int r = 0;

	for (i = 0; i < ARRAY_SIZE(arrows) && !arrow; i++) {
		arrow = strstr(spec, arrows[i]);
		len = strlen(arrows[i]);
	}
	if (arrow) {
		size_t left = (size_t)(arrow - spec);
		const char *right = arrow + len;

		while (left && spec[left - 1] == ' ')
			left--;
		right += strspn(right, " ");
		if (!left || !*right)
			return yaml_error(y, node, "'%.80s' is not SERVICE <-> SERVICE", text);
		if (strcspn(spec, " ") < left || strchr(right, ' '))
			return yaml_error(y, node, "'%.80s' is not SERVICE <-> SERVICE", text);
		r = words_add(ret, strndup(spec, left));
		if (!r)
			r = words_add(ret, strdup(EDGE_MARK));
		if (!r)
			r = words_add(ret, strdup(right));
	} else {
		if (!*spec || strchr(spec, ' '))
			return yaml_error(y, node,
					  "'%.80s' is not a target: netns:NAME, pid:N, "
					  "cgroup:PATH, unit:NAME, docker:NAME, a service, or N instances of one",
					  text);
		r = words_add(ret, strdup(spec));
	}
	return r ? error_sys(y->err, ENOMEM, "%s: out of memory", y->name) : 0;
}

static int read_target(struct yaml *y, struct fy_node *node, void *out)
{
	struct draft *d = out;
	_cleanup_free_ char *text = NULL, *joined = NULL;
	int r = yaml_word(y, node, &text);

	if (r)
		return r;
	joined = text_format("%s%s%s", d->x.target_text ? d->x.target_text : "", d->x.target_text ? ", " : "", text);
	free(d->x.target_text);
	d->x.target_text = take_ptr(joined);
	return load_target_words(y, node, text, &d->x.targets, &d->x.instances);
}

static int read_traffic(struct yaml *y, struct fy_node *node, void *out)
{
	struct draft *d = out;
	_cleanup_free_ char *share = NULL;
	const char *percent;
	int r = yaml_word(y, node, &d->x.traffic_text);

	d->traffic = node;
	if (r)
		return r;
	percent = strchr(d->x.traffic_text, '%');
	if (!percent)
		return yaml_error(y, node,
				  "traffic: '%.80s' says no percentage, for example "
				  "'10%% of production traffic' or '0%% (synthetic)'",
				  d->x.traffic_text);
	share = strndup(d->x.traffic_text, (size_t)(percent + 1 - d->x.traffic_text));
	r = yaml_at(y, node, units_percent_ppm(share, &d->x.traffic_ppm, y->err));
	d->x.synthetic = !d->x.traffic_ppm || strcasestr(percent, "synthetic") || strcasestr(percent, "load test");
	return r;
}

static const char *const stage_names[] = { "none", "dev", "staging", "canary", "region", "global", NULL };

const char *stage_text(enum experiment_stage stage)
{
	return (unsigned int)stage <= STAGE_GLOBAL ? stage_names[stage] : "none";
}

static int read_stage(struct yaml *y, struct fy_node *node, void *out)
{
	struct draft *d = out;
	_cleanup_free_ char *text = NULL;
	const char *near;
	int i, r = yaml_word(y, node, &text);

	for (i = STAGE_DEV; !r && i <= STAGE_GLOBAL; i++)
		if (!strcasecmp(text, stage_names[i])) {
			d->x.stage = (enum experiment_stage)i;
			return 0;
		}
	if (r)
		return r;
	near = text_nearest(text, stage_names + 1);
	r = yaml_error(y, node, "no stage '%.40s': dev, staging, canary, region or global", text);
	if (near)
		error_hint(y->err, "did you mean '%s'?", near);
	return r;
}

/*
 * The stage that the traffic implies (seed section 5.2); 0 where it falls between two. An edge is
 * touched at one of its ends, so it is one container as well.
 */
static enum experiment_stage implied_stage(const struct experiment *x)
{
	size_t n = words_count(x->targets);
	bool edge = n == 3 && !strcmp(x->targets[1], EDGE_MARK);

	if (x->synthetic)
		return (n == 1 || edge) && x->instances <= 1 ? STAGE_DEV : STAGE_STAGING;
	if (x->traffic_ppm >= 10000 && x->traffic_ppm <= 100000)
		return STAGE_CANARY;
	if (x->traffic_ppm == 1000000)
		return STAGE_GLOBAL;
	return x->traffic_ppm >= 250000 ? STAGE_REGION : (enum experiment_stage)0;
}

static int read_targets(struct yaml *y, struct fy_node *node, void *out)
{
	return yaml_each(y, node, read_target, out);
}

static const struct yaml_field blast_fields[] = {
	{ "target", read_targets, 0, true },
	{ "traffic", read_traffic, 0, true },
	{ "duration", yaml_duration, offsetof(struct draft, x.duration_ns), true },
	{ "stage", read_stage, 0, false },
	{},
};

static const struct yaml_field control_blast_fields[] = {
	{ "target", read_targets, 0, false },
	{ "traffic", read_traffic, 0, false },
	{ "duration", yaml_duration, offsetof(struct draft, x.duration_ns), true },
	{ "stage", read_stage, 0, false },
	{},
};

static int read_blast(struct yaml *y, struct fy_node *node, void *out)
{
	struct draft *d = out;
	int r = yaml_map(y, node, "blast_radius", d->x.control ? control_blast_fields : blast_fields, out);

	if (!r && d->x.control) {
		d->x.synthetic = true;
		d->x.stage = STAGE_DEV;
	}
	if (!r && !d->x.stage)
		d->x.stage = implied_stage(&d->x);
	if (!r && !d->x.duration_ns)
		r = yaml_error(y, node, "blast_radius: a duration of 0 injects nothing");
	if (!r && d->x.duration_ns > 86400000000000ull)
		r = yaml_error(y, node, "blast_radius: a duration of more than a day");
	return r;
}

/* --- ground truth ---------------------------------------------------------------------------- */

/* A root cause; "NOT x" is a service that it must not be. */
static int add_root(struct yaml *y, struct fy_node *node, void *out)
{
	struct draft *d = out;
	_cleanup_free_ char *text = NULL;
	const char *wrong;
	int r = yaml_word(y, node, &text);

	if (r)
		return r;
	wrong = exercise_not(text);
	r = wrong ? words_add(&d->x.truth.not_services, strdup(wrong))
		  : words_add(&d->x.truth.root_services, take_ptr(text));
	return r ? error_sys(y->err, ENOMEM, "%s: out of memory", y->name) : 0;
}

static int read_roots(struct yaml *y, struct fy_node *node, void *out)
{
	return yaml_each(y, node, add_root, out);
}

static const struct yaml_field truth_fields[] = {
	{ "root_service", read_roots, 0, false },
	{ "not_service", yaml_words, offsetof(struct draft, x.truth.not_services), false },
	{ "must_detect", yaml_bool, offsetof(struct draft, x.truth.must_detect), false },
	{ "symptom", yaml_string, offsetof(struct draft, x.truth.symptom), false },
	{ "reason", yaml_string, offsetof(struct draft, x.truth.reason), false },
	{},
};

static int read_truth(struct yaml *y, struct fy_node *node, void *out)
{
	struct draft *d = out;
	struct fy_node *value = yaml_deref(node);

	d->x.truth.must_detect = true;
	if (value && fy_node_is_mapping(value))
		return yaml_map(y, node, "ground_truth", truth_fields, out);
	return read_roots(y, node, out);
}

/* --- sweep ------------------------------------------------------------------------------------- */

/* Sizes are spread by their logarithm: a tenth more is as much of a step at 5 ms as at 500. */
static int read_scale(struct yaml *y, struct fy_node *node, void *out)
{
	_cleanup_free_ char *text = NULL;
	int r = yaml_word(y, node, &text);

	(void)out;
	if (!r && strcasecmp(text, "log") != 0)
		r = yaml_error(y, node, "sweep: no scale '%.40s': sizes are spread by their logarithm, which is 'log'",
			       text);
	return r;
}

static const struct yaml_field sweep_fields[] = {
	{ "param", yaml_word, offsetof(struct draft, x.sweep.param), false },
	{ "from", yaml_word, offsetof(struct draft, x.sweep.from), false },
	{ "to", yaml_word, offsetof(struct draft, x.sweep.to), false },
	{ "scale", read_scale, 0, false },
	{},
};

static int read_sweep(struct yaml *y, struct fy_node *node, void *out)
{
	struct draft *d = out;

	d->x.sweep.given = true;
	yaml_place(node, &d->x.sweep.line, &d->x.sweep.column);
	return yaml_map(y, node, "sweep", sweep_fields, out);
}

/* --- the whole ------------------------------------------------------------------------------- */

static int read_id(struct yaml *y, struct fy_node *node, void *out)
{
	struct draft *d = out;
	int64_t n;
	int r = yaml_word(y, node, &d->x.id);

	d->id = node;
	if (!r && !units_int(d->x.id, 1, 100000, &n, NULL))
		d->x.number = (int)n;
	return r;
}

static int read_within(struct yaml *y, struct fy_node *node, void *out)
{
	struct draft *d = out;

	d->within = node;
	return yaml_duration(y, node, &d->x.within_ns);
}

static const struct yaml_field experiment_fields[] = {
	{ "id", read_id, 0, false },
	{ "name", yaml_word, offsetof(struct draft, x.name), true },
	{ "description", yaml_string, offsetof(struct draft, x.description), false },
	{ "tags", yaml_words, offsetof(struct draft, x.tags), false },
	{ "hypothesis", yaml_string, offsetof(struct draft, x.hypothesis), false }, /* see finish() */
	{ "steady_state", yaml_words, offsetof(struct draft, x.steady_state), false },
	{ "fault_type", yaml_keep, offsetof(struct draft, fault_type), false },
	{ "params", yaml_keep, offsetof(struct draft, params), false },
	{ "faults", yaml_keep, offsetof(struct draft, faults), false },
	{ "blast_radius", read_blast, 0, true },
	{ "rollback", load_rollback, 0, true },
	{ "measurement", load_measurement, 0, true },
	{ "abort_conditions", load_aborts, 0, false },
	{ "ground_truth", read_truth, 0, true },
	{ "sweep", read_sweep, 0, false },
	{ "when", load_when, 0, false },
	{ "at", load_at, 0, false },
	{ "within", read_within, 0, false },
	{ "after", load_after, 0, false },
	{ "with", load_with, 0, false },
	{ "control", yaml_bool, offsetof(struct draft, x.control), false },
	{},
};

/* What is left when nothing is injected; the rest is kept to say that it does not belong there. */
static const struct yaml_field control_fields[] = {
	{ "id", read_id, 0, false },
	{ "name", yaml_word, offsetof(struct draft, x.name), true },
	{ "description", yaml_string, offsetof(struct draft, x.description), false },
	{ "tags", yaml_words, offsetof(struct draft, x.tags), false },
	{ "control", yaml_bool, offsetof(struct draft, x.control), true },
	{ "hypothesis", yaml_string, offsetof(struct draft, x.hypothesis), false },
	{ "steady_state", yaml_words, offsetof(struct draft, x.steady_state), false },
	{ "blast_radius", read_blast, 0, true },
	{ "rollback", load_rollback, 0, false },
	{ "measurement", load_measurement, 0, false },
	{ "abort_conditions", load_aborts, 0, false },
	{ "fault_type", yaml_keep, offsetof(struct draft, fault_type), false },
	{ "params", yaml_keep, offsetof(struct draft, params), false },
	{ "faults", yaml_keep, offsetof(struct draft, faults), false },
	{ "ground_truth", yaml_keep, offsetof(struct draft, truth), false },
	{},
};

/* Is it one with `control: true`? */
static bool is_control(struct yaml *y, struct fy_node *map)
{
	struct fy_node *node =
		map && fy_node_is_mapping(map) ? fy_node_mapping_lookup_by_string(map, "control", FY_NT) : NULL;
	struct fl_error ignored = {}, *err = y->err;
	bool yes = false;

	/* What is wrong with it is said when its turn comes. */
	y->err = &ignored;
	if (node && yaml_bool(y, node, &yes))
		yes = false;
	y->err = err;
	return yes;
}

/* What a file may leave out of an experiment that does nothing. */
static int complete_control(struct yaml *y, struct draft *d)
{
	struct fy_node *wrong = d->fault_type ?: d->faults ?: d->params ?: d->truth;
	struct experiment *x = &d->x;

	if (wrong) {
		yaml_error(y, wrong, "control: true injects nothing and expects nothing: %s does not belong here",
			   wrong == d->truth ? "a ground_truth" : "a fault");
		error_hint(y->err, "leave one of the two out");
		return -EINVAL;
	}
	if (!x->hypothesis)
		x->hypothesis = strdup("Nothing is injected, so nothing changes.");
	if (!x->rollback_method) {
		x->rollback_automatic = true;
		x->rollback_method = strdup("there is nothing to take back");
	}
	return x->hypothesis && x->rollback_method ? 0 : error_sys(y->err, ENOMEM, "%s: out of memory", y->name);
}

static int read_faults(struct yaml *y, struct draft *d)
{
	if (d->faults && (d->fault_type || d->params))
		return yaml_error(y, d->faults, "either fault_type and params, or a list of faults");
	if (d->faults)
		return yaml_each(y, d->faults, load_fault, &d->x);
	if (!d->fault_type && d->params)
		return yaml_error(y, d->params, "params without fault_type");
	if (!d->fault_type) /* the seed's own example has none: check says so */
		return 0;
	return load_single_fault(y, d->fault_type, d->params, &d->x);
}

static int is_unique(struct yaml *y, struct fy_node *node, const struct suite *s, const struct experiment *x)
{
	uint32_t i;

	for (i = 0; i < s->n; i++) {
		const struct experiment *o = &s->experiments[i];

		if (!strcmp(o->id, x->id))
			return yaml_error(y, node, "duplicate id '%.60s', first used at line %d", x->id, o->line);
		if (!strcmp(o->name, x->name))
			return yaml_error(y, node, "duplicate name '%.60s', first used at line %d", x->name, o->line);
		if (o->number == x->number)
			return yaml_error(y, node, "duplicate number %d, first used at line %d", x->number, o->line);
	}
	return 0;
}

/* The faults have taken their peers; what stays is the list of services. */
static void drop_edge_mark(char **targets)
{
	char **to = targets;

	for (; targets && *targets; targets++)
		if (strcmp(*targets, EDGE_MARK))
			*to++ = *targets;
		else
			free(*targets);
	if (to)
		*to = NULL;
}

static int no_hypothesis(struct yaml *y, struct fy_node *node)
{
	yaml_error(y, node,
		   "no-hypothesis: 'hypothesis' is missing: without one there is nothing to hold or "
		   "to refute");
	error_hint(y->err, "say what users still get while the fault is on: 'success_rate >= 99%%'");
	return -EINVAL;
}

/* An experiment with errors is left out; what else is wrong with it is said all the same. */
static void finish_broken(struct yaml *y, struct fy_node *node, struct draft *d, struct suite *s)
{
	char **t;

	if (!d->x.hypothesis) {
		no_hypothesis(y, node);
		yaml_goes_on(y);
	}
	for (t = d->x.targets; t && *t; t++)
		words_add(&s->mentioned, strdup(*t));
	if (d->x.duration_ns && d->x.targets && read_faults(y, d) < 0)
		yaml_goes_on(y);
}

/* Of steady_state when it is given, else those that stand in the hypothesis. */
static uint32_t find_clauses(struct experiment *x)
{
	struct text joined = {};
	uint32_t n;
	char **w;

	for (w = x->steady_state; w && *w; w++)
		text_append(&joined, "%s\n", *w);
	n = expr_find_clauses(joined.s ? joined.s : x->hypothesis, &x->clauses);
	text_free(&joined);
	return n;
}

static int finish(struct yaml *y, struct fy_node *node, struct draft *d, struct suite *s)
{
	struct experiment *x = &d->x, *grown;
	int r;

	yaml_place(node, &x->line, &x->column);
	if (!x->hypothesis)
		return no_hypothesis(y, node);
	if (!x->number)
		x->number = (int)s->n + 1;
	if (!x->id)
		x->id = strdup(x->name);
	if (!x->id)
		return error_sys(y->err, ENOMEM, "%s: out of memory", y->name);
	r = is_unique(y, d->id ? d->id : node, s, x);
	if (!r)
		r = read_faults(y, d);
	if (!r)
		r = load_begin(y, d, s);
	if (r)
		return r;
	drop_edge_mark(x->targets);
	x->n_clauses = find_clauses(x);
	grown = reallocarray(s->experiments, s->n + 1, sizeof(*grown));
	if (!grown)
		return error_sys(y->err, ENOMEM, "%s: out of memory", y->name);
	s->experiments = grown;
	grown[s->n++] = *x;
	memset(x, 0, sizeof(*x));
	return 0;
}

static int read_experiment(struct yaml *y, struct fy_node *node, struct draft *d)
{
	int r;

	d->x.control = is_control(y, yaml_deref(node));
	if (!d->x.control)
		return yaml_map(y, node, "an experiment", experiment_fields, d);
	r = yaml_map(y, node, "a control", control_fields, d);
	return r ? r : complete_control(y, d);
}

int load_experiment(struct yaml *y, struct fy_node *node, void *suite)
{
	static const struct yaml_field wrapped[] = { { "experiment", yaml_keep, 0, true }, {} };
	struct fy_node *inner = yaml_deref(node);
	struct draft d = {};
	int r = 0;

	if (inner && fy_node_is_mapping(inner) && fy_node_mapping_lookup_by_string(inner, "experiment", FY_NT)) {
		r = yaml_map(y, node, "an experiment", wrapped, &inner);
		node = inner;
	}
	if (!r)
		r = read_experiment(y, node, &d);
	if (!r)
		r = finish(y, node, &d, suite);
	else if (yaml_goes_on(y))
		finish_broken(y, node, &d, suite);
	experiment_release(&d.x);
	return r;
}
