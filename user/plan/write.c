// SPDX-License-Identifier: GPL-2.0-only
/*
 * write.c - the suite of a plan, as text for the sake of its comments: what was seen, where the numbers come from, what
 * was left out and why. Names in it are words (names.c); all else goes through yaml_write.h.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "plan/rules.h"
#include "util/cleanup.h"
#include "util/json/yaml_write.h"
#include "util/text/units.h"

static void put_time(struct text *out, const char *key, uint64_t ns)
{
	char text[32];

	text_append(out, "%s%s\n", key, units_format_ns(ns, text, sizeof(text)));
}

static void put_comment(struct text *out, const char *before, const char *text, const char *behind)
{
	text_append(out, "%s", before);
	yaml_put_comment(out, text);
	text_append(out, "%s\n", behind);
}

void plan_put_duration(struct text *out, double s)
{
	if (s < 120)
		text_append(out, "%.0f s", s);
	else
		text_append(out, "%.0f min", ceil(s / 60));
}

/* --- the head --------------------------------------------------------------------------------- */

static void put_head(const struct plan *p, struct text *out)
{
	const struct plan_facts *f = &p->facts;
	uint32_t i;

	put_comment(out, "# ", p->options.made, "");
	text_append(out,
		    "#\n# Every number in it is a measurement with a margin, every choice a proposal: change what you "
		    "know better.\n"
		    "#   faultline check FILE          what is wrong with it; --host asks this host as well\n"
		    "#   faultline run FILE            carries it out: %u experiment%s, about ",
		    p->n_chosen, p->n_chosen == 1 ? "" : "s");
	plan_put_duration(out, plan_seconds(p, p->n_chosen));
	text_append(out, "\n#   faultline run FILE --only 1,2,3   those that are worth most come first\n");
	if (f->unmeasured)
		put_comment(out, "#\n# NOTHING WAS MEASURED: ", f->unmeasured,
			    ". What follows needs no measurement, and its numbers are "
			    "nobody's.");
	else if (!plan_has_traffic(f))
		text_append(out,
			    "#\n# NO TRAFFIC: in %.0f s nobody asked any of these services for anything. Faults of "
			    "packets would hit "
			    "nothing\n# and are left out; the numbers of the others are nobody's measurement. Start "
			    "some load and plan "
			    "again.\n",
			    f->seconds);
	else
		text_append(out, "#\n# Watched for %.0f s, without a fault.\n", f->seconds);
	if (f->note)
		put_comment(out, "# NOTE: ", f->note, "");
	for (i = 1; i < f->n; i++)
		if (f->services[i].not_measured[0] && !f->unmeasured) {
			text_append(out, "# Not measured: %s (", f->services[i].name);
			yaml_put_comment(out, f->services[i].not_measured);
			text_append(out, ")\n");
		}
}

static void put_omissions(const struct plan *p, struct text *out)
{
	json_t *o;
	size_t i;

	if (json_array_size(p->omissions))
		text_append(out, "#\n# Kinds that are not in it:\n");
	json_array_foreach(p->omissions, i, o) {
		text_append(out, "#   %s: ", json_string_value(json_object_get(o, "kind")));
		yaml_put_comment(out, json_string_value(json_object_get(o, "why")));
		put_comment(out, ". Instead: ", json_string_value(json_object_get(o, "instead")), "");
	}
}

/* "web", "web > api" */
static void put_place(const struct plan *p, const struct plan_experiment *x, struct text *out)
{
	if (x->rule->of_edge)
		text_append(out, "%s > ", p->facts.services[x->faults[0].peer].name);
	text_append(out, "%s", p->facts.services[x->faults[0].target].name);
}

/* A reason without the name of the service, to see that two are the same. */
static char *reason_of(const struct plan *p, const struct plan_experiment *x)
{
	const char *name = p->facts.services[x->faults[0].target].name, *at = x->refused, *next;
	struct text t = {};

	for (; (next = strstr(at, name)); at = next + strlen(name))
		text_append(&t, "%.*s@", (int)(next - at), at);
	text_append(&t, "%s", at);
	return t.s;
}

static bool same_refusal(const struct plan *p, const struct plan_experiment *a, const struct plan_experiment *b)
{
	_cleanup_free_ char *one = NULL, *other = NULL;

	if (!a->refused || !b->refused || a->rule != b->rule)
		return false;
	one = reason_of(p, a);
	other = reason_of(p, b);
	return one && other && !strcmp(one, other);
}

/* Those that are refused for the same reason, as one. */
static void put_refusal(const struct plan *p, uint32_t first, struct text *out)
{
	const char *between = "";
	uint32_t i;

	for (i = 0; i < first; i++)
		if (same_refusal(p, &p->v[i], &p->v[first]))
			return;
	text_append(out, "#   %s on ", p->v[first].rule->kind);
	for (i = first; i < p->n; i++)
		if (i == first || same_refusal(p, &p->v[i], &p->v[first])) {
			text_append(out, "%s", between);
			put_place(p, &p->v[i], out);
			between = ", ";
		}
	put_comment(out, ": ", p->v[first].refused, "");
}

static void put_refused(const struct plan *p, struct text *out)
{
	bool any = false;
	uint32_t i;

	for (i = 0; i < p->n; i++) {
		if (!p->v[i].refused)
			continue;
		if (!any)
			text_append(out, "#\n# Refused here, or nobody would notice:\n");
		any = true;
		put_refusal(p, i, out);
	}
}

/* A line a kind. */
static void put_left_out(const struct plan *p, struct text *out)
{
	const struct plan_rule *rule;
	bool any = false;
	uint32_t i;

	for (rule = plan_rules; rule->kind; rule++) {
		bool of_kind = false;

		for (i = p->n_chosen; i < p->n; i++) {
			if (p->v[i].refused || p->v[i].rule != rule)
				continue;
			if (!any)
				text_append(out, "#\n# Worth less, left out for time (--all writes them, up to %d):\n",
					    PLAN_MAX);
			if (of_kind)
				text_append(out, ", ");
			else
				text_append(out, "#   %s on ", rule->kind);
			put_place(p, &p->v[i], out);
			any = of_kind = true;
		}
		if (of_kind)
			text_append(out, "\n");
	}
}

/* --- suite ------------------------------------------------------------------------------------ */

static void put_services(const struct plan *p, struct text *out)
{
	const struct plan_facts *f = &p->facts;
	bool any = false;
	uint32_t i;

	for (i = 1; i < f->n; i++) {
		if (!f->services[i].spec[0])
			continue;
		if (!any)
			text_append(out, "  services:\n");
		any = true;
		text_append(out, "    ");
		yaml_put_scalar(out, f->services[i].name);
		text_append(out, ": ");
		yaml_put_scalar(out, f->services[i].spec);
		text_append(out, "\n");
	}
	if (f->lab)
		text_append(out, "  stack: lab # URLs and the dependency graph come from the running lab\n");
}

/* What the pipeline is judged by: who depends on whom, as measured. The lab has its own. */
static void put_graph(const struct plan_facts *f, struct text *out)
{
	bool any = false;
	uint32_t i;

	if (f->lab)
		return;
	text_append(out, "  graph: # as measured: [who asks, who answers]\n    services: [");
	for (i = 1; i < f->n; i++) {
		text_append(out, "%s", i > 1 ? ", " : "");
		yaml_put_scalar(out, f->services[i].name);
	}
	text_append(out, "]\n");
	for (i = 0; i < f->n_edges; i++) {
		const struct plan_edge *e = &f->edges[i];

		if (!e->client || !e->server)
			continue;
		text_append(out, "%s      - [", any ? "" : "    edges:\n");
		any = true;
		yaml_put_scalar(out, f->services[e->client].name);
		text_append(out, ", ");
		yaml_put_scalar(out, f->services[e->server].name);
		text_append(out, "]\n");
	}
	if (!any)
		text_append(out, "    edges: []\n");
}

/* Answers that users wait for today pass; twice the slowest one that was seen is too slow. */
static void put_probe(const struct plan *p, struct text *out)
{
	const struct plan_facts *f = &p->facts;
	double slow = fmax(0.5, 2 * f->probe_slowest_s);

	if (!f->probe_url) {
		text_append(out, "  # No URL was found that users call: without one the hypotheses are judged by the "
				 "kernel's figures alone.\n"
				 "  # faultline plan --probe URL, or here:\n"
				 "  # probe: { url: 'http://127.0.0.1:8080/', interval: 500ms, steady_window: 5s, "
				 "recover_within: 1min }\n");
		return;
	}
	if (f->probe_tries)
		text_append(out, "  # Asked %u times while nothing was wrong: %u passed, the slowest took %.3g ms.\n",
			    f->probe_tries, f->probe_passed, 1e3 * f->probe_slowest_s);
	text_append(out, "  probe:\n");
	if (!f->lab) {
		text_append(out, "    url: ");
		yaml_put_scalar(out, f->probe_url);
		text_append(out, "\n");
	}
	text_append(out,
		    "    interval: %s\n    timeout: %.0fms\n    slow: %.0fms\n    steady_window: %s\n    "
		    "recover_within: 1min\n",
		    f->lab ? "200ms" : "500ms", fmax(5000, 2e3 * slow), ceil(slow * 100) * 10, f->lab ? "3s" : "5s");
}

static void put_pipeline(const struct plan *p, struct text *out)
{
	const struct plan_options *o = &p->options;

	if (!o->pipeline_url) {
		text_append(out, "%s",
			    p->facts.lab ? "  # The lab brings its reference pipeline; for your own:\n"
					 : "  # The AIOps pipeline to be scored: faultline plan --pipeline URL, or "
					   "here (docs/pipeline.md). Until then\n"
					   "  # nothing is detected and nothing scored.\n");
		text_append(out, "  # pipeline: { url: 'http://127.0.0.1:8000', adapter: faultline }\n");
		return;
	}
	if (o->pipeline_said)
		put_comment(out, "  # ", o->pipeline_said, "");
	text_append(out, "  pipeline:\n    url: ");
	yaml_put_scalar(out, o->pipeline_url);
	text_append(out, "\n");
	if (o->adapter) {
		text_append(out, "    adapter: ");
		yaml_put_scalar(out, o->adapter);
		text_append(out, "\n");
	}
}

/* Warnings of check that a new file cannot do without; each is said in words somewhere above. */
static void put_accepted(const struct plan *p, struct text *out)
{
	bool combined = false;
	uint32_t i;

	for (i = 0; i < p->n_chosen; i++)
		combined |= p->v[i].n_faults > 1;
	text_append(out, "  # What check would remark of a new file; take a word out once it is mended. (Commit it: "
			 "results name its version.)\n"
			 "  accept: [unversioned-config");
	if (!combined)
		text_append(out, ", single-fault-suite");
	if (!p->facts.probe_url && !p->facts.lab)
		text_append(out, ", no-external-probe");
	if (!p->options.pipeline_url && !p->facts.lab)
		text_append(out, ", no-pipeline");
	text_append(out, "]\n");
}

static void put_suite(const struct plan *p, struct text *out)
{
	const struct plan_options *o = &p->options;

	text_append(out, "suite:\n  name: ");
	yaml_put_scalar(out, o->title);
	text_append(out, "\n");
	put_services(p, out);
	put_probe(p, out);
	put_pipeline(p, out);
	put_accepted(p, out);
	text_append(out, "  # Rules that look at minutes need longer faults: faultline plan --duration 5min.\n");
	put_time(out, "  baseline: ", o->baseline_ns);
	put_time(out, "  cooldown: ", o->cooldown_ns);
	put_time(out, "  grace: ", o->grace_ns);
	put_graph(&p->facts, out);
}

/* --- experiments ------------------------------------------------------------------------------ */

static void put_params(const struct plan_fault *f, struct text *out)
{
	uint32_t i;

	text_append(out, "{");
	for (i = 0; i < f->n_params; i++) {
		text_append(out, "%s %s: ", i ? "," : "", f->params[i].name);
		yaml_put_scalar(out, f->params[i].value);
	}
	text_append(out, " }");
}

/* With the edge's other end as the fault's peer, where it is on one edge. A partition says it by its target. */
static struct plan_fault with_peer(const struct plan *p, const struct plan_fault *f)
{
	struct plan_fault g = *f;

	if (f->peer && strcmp(f->kind, "network_partition") && g.n_params < PLAN_PARAMS) {
		g.params[g.n_params].name = "peer";
		text_copy(g.params[g.n_params].value, sizeof(g.params[0].value), p->facts.services[f->peer].name);
		g.n_params++;
	}
	return g;
}

static void put_faults(const struct plan *p, const struct plan_experiment *x, struct text *out)
{
	char text[32];
	uint32_t i;

	if (x->n_faults == 1) {
		const struct plan_fault f = with_peer(p, &x->faults[0]);

		text_append(out, "    fault_type: %s\n", f.kind);
		if (f.n_params) {
			text_append(out, "    params: ");
			put_params(&f, out);
			text_append(out, "\n");
		}
		return;
	}
	text_append(out, "    faults:\n");
	for (i = 0; i < x->n_faults; i++) {
		const struct plan_fault f = with_peer(p, &x->faults[i]);

		text_append(out, "      - { type: %s", f.kind);
		if (f.n_params) {
			text_append(out, ", params: ");
			put_params(&f, out);
		}
		if (f.offset_ns)
			text_append(out, ", offset: %s", units_format_ns(f.offset_ns, text, sizeof(text)));
		text_append(out, " }\n");
	}
}

static void put_target(const struct plan *p, const struct plan_experiment *x, struct text *out)
{
	const struct plan_fault *f = &x->faults[0];
	_cleanup_free_ char *text = NULL;

	if (!strcmp(f->kind, "network_partition"))
		text = text_format("%s <-> %s", p->facts.services[f->peer].name, p->facts.services[f->target].name);
	else
		text = text_format("1 instance of %s", p->facts.services[f->target].name);
	text_append(out, "    blast_radius:\n      target: ");
	yaml_put_scalar(out, text ? text : "");
	text_append(out, "\n      traffic: 0%% (synthetic) # say what share is your users', and the stage follows\n"
			 "      stage: dev\n");
	put_time(out, "      duration: ", p->options.duration_ns);
}

static void put_lines(struct text *out, const char *indent, const char *lines)
{
	while (*lines) {
		size_t n = strcspn(lines, "\n");

		text_append(out, "%s%.*s\n", indent, (int)n, lines);
		lines += n + (lines[n] == '\n');
	}
}

static void put_measurement(const struct plan *p, const struct plan_experiment *x, struct text *out)
{
	const struct plan_options *o = &p->options;
	char before[32], after[32];
	const char *between = "";
	uint32_t i;

	text_append(out, "    measurement:\n      metrics: [");
	for (i = 0; i < ARRAY_SIZE(x->metrics); i++)
		if (x->metrics[i][0]) {
			text_append(out, "%s", between);
			yaml_put_scalar(out, x->metrics[i]);
			between = ", ";
		}
	text_append(out, "]\n      capture_window: t-%s to t+%s\n",
		    units_format_ns(o->baseline_ns, before, sizeof(before)),
		    units_format_ns(o->duration_ns + o->grace_ns, after, sizeof(after)));
}

static void put_truth(const struct plan *p, const struct plan_experiment *x, struct text *out)
{
	uint32_t i;

	text_append(out, "    ground_truth: { root_service: %s", x->n_roots > 1 ? "[" : "");
	for (i = 0; i < x->n_roots; i++) {
		text_append(out, "%s", i ? ", " : "");
		yaml_put_scalar(out, p->facts.services[x->roots[i]].name);
	}
	text_append(out, "%s, symptom: ", x->n_roots > 1 ? "]" : "");
	yaml_put_scalar(out, x->rule->symptom);
	text_append(out, " }\n");
}

static void put_experiment(const struct plan *p, uint32_t i, struct text *out)
{
	const struct plan_experiment *x = &p->v[i];

	put_comment(out, "\n  # ", x->why, ".");
	if (!x->measured)
		text_append(out, "  # Its numbers are a guess: nothing was measured that they could come from.\n");
	text_append(out, "  - id: %u\n    name: ", i + 1);
	yaml_put_scalar(out, x->name);
	text_append(out, "\n    hypothesis: |\n");
	put_lines(out, "      ", x->hypothesis);
	put_faults(p, x, out);
	put_target(p, x, out);
	text_append(out, "    rollback:\n      automatic: true\n      trigger_when: ");
	yaml_put_scalar(out, x->trigger);
	text_append(out, "\n      method: faultline stop --all\n");
	put_measurement(p, x, out);
	text_append(out, "    abort_conditions:\n      - ");
	yaml_put_scalar(out, x->abort);
	text_append(out, "\n");
	put_truth(p, x, out);
}

int plan_write(const struct plan *p, struct text *out, struct fl_error *err)
{
	uint32_t i;

	put_head(p, out);
	put_omissions(p, out);
	put_refused(p, out);
	put_left_out(p, out);
	put_suite(p, out);
	text_append(out, "\nexperiments:");
	for (i = 0; i < p->n_chosen; i++)
		put_experiment(p, i, out);
	return !out->s || out->failed ? error_sys(err, ENOMEM, "plan: out of memory") : 0;
}
