// SPDX-License-Identifier: GPL-2.0-only
/*
 * choose.c - the candidates: every rule on every service or edge that it fits, with a hypothesis whose limits come out
 * of the baseline. A limit is what was measured, with a margin for chance, and what the fault itself may cost:
 *
 *     latency   max(1.5 p99, p99 + 5 ms), and the delays that the rule grants
 *     errors    the upper end of the 95 % interval of their share (Wilson 1927), and the share that the rule grants
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plan/rules.h"
#include "util/cleanup.h"
#include "util/text/units.h"
#include "util/wilson.h"

/* Of a share of errors beyond which the fault is taken back, and the run of the experiment given up. */
#define TRIGGER_SHARE 0.8
#define ABORT_SHARE   0.95
/* Where nothing was measured. */
#define GUESSED_SHARE 0.05

/* --- numbers ---------------------------------------------------------------------------------- */

/* Upper end of the 95 % score interval of @errors among @tries. */
static double upper_share(uint64_t errors, uint64_t tries)
{
	double n = (double)tries, low, high;

	wilson((double)errors / n, n, NORMAL_Z95, &low, &high);
	return high;
}

/* Two digits, never below @s. */
static void put_seconds(double s, char *buf, size_t size)
{
	double ms = s * 1e3, step = 1;

	while (ms / step >= 100)
		step *= 10;
	while (ms / step < 10 && step > 0.01)
		step /= 10;
	ms = ceil(ms / step - 1e-9) * step;
	if (ms >= 10000)
		snprintf(buf, size, "%.10gs", ms / 1e3);
	else
		snprintf(buf, size, "%.10gms", ms);
}

static void put_share(double share, char *buf, size_t size)
{
	snprintf(buf, size, "%.10g%%", ceil(share * 1000 - 1e-9) / 10);
}

static uint64_t delay_of(const struct plan_fault *f)
{
	uint64_t ns = 0;
	uint32_t i;

	for (i = 0; i < f->n_params; i++)
		if (!strcmp(f->params[i].name, "delay"))
			units_duration_ns(f->params[i].value, &ns, NULL);
	return ns;
}

/* --- words ------------------------------------------------------------------------------------ */

/* '@' is the target, '&' the other end. */
static void put_claim(const struct plan_facts *f, const struct plan_fault *fault, const char *claim, struct text *out)
{
	for (; *claim; claim++)
		if (*claim == '@')
			text_append(out, "%s", f->services[fault->target].name);
		else if (*claim == '&')
			text_append(out, "%s", f->services[fault->peer].name);
		else
			text_append_bytes(out, claim, 1);
}

static const char *protocol_words(uint32_t protocols, uint16_t port)
{
	if (protocols & 1u << METER_HTTP)
		return "HTTP/1";
	if (protocols & 1u << METER_DNS)
		return "DNS";
	if (protocols & 1u << METER_TURNS)
		return port == 6379 ? "the Redis protocol" : "a protocol of turns";
	return "TLS or HTTP/2";
}

static void put_figures(const struct plan_figures *g, struct text *out)
{
	text_append(out, "%.1f/s over %s", g->rate, protocol_words(g->protocols, g->port));
	if (g->port)
		text_append(out, ", port %u", g->port);
	if (!isnan(g->p99_s))
		text_append(out, ", p99 %.3g ms", g->p99_s * 1e3);
	text_append(out, ", %.3g %% errors", isnan(g->error_rate) ? 0 : 100 * g->error_rate);
}

/* What was seen of the service or edge. */
static void say_why(const struct plan_facts *f, const struct plan_fault *fault, const struct plan_edge *e, char *ret,
		    size_t size)
{
	const struct plan_service *s = &f->services[fault->target];
	struct text t = {};

	if (e) {
		text_append(&t, "%s asks %s ", f->services[e->client].name, s->name);
		put_figures(&e->seen, &t);
	} else if (s->not_measured[0]) {
		text_append(&t, "%s is not measured: %s", s->name, s->not_measured);
	} else if (s->served.tries) {
		text_append(&t, "%s answers ", s->name);
		put_figures(&s->served, &t);
	} else {
		text_append(&t, "nobody asked %s for anything", s->name);
	}
	text_copy(ret, size, t.s ? t.s : "");
	text_free(&t);
}

/* --- the hypothesis --------------------------------------------------------------------------- */

/* What it costs may add up over the faults of an experiment. */
struct cost {
	double delay_s, seconds, errors;
};

static struct cost cost_of(const struct plan_rule *rule, const struct plan_fault *fault)
{
	return (struct cost){ rule->delays * (double)delay_of(fault) / 1e9, rule->seconds, rule->errors };
}

static void put_probe(const struct plan_facts *f, const struct cost *c, bool *first, struct text *out)
{
	double passed = f->probe_tries ? (double)f->probe_passed / f->probe_tries : 0;
	double limit = floor(100 * (passed - c->errors - 0.05));

	/* (A probe is slow where users are: each late answer counts against it.) */
	if (c->delay_s + c->seconds > 0.2)
		limit -= 50;
	if (!f->probe_url || !f->probe_tries || limit < 1)
		return;
	text_append(out, "%ssuccess_rate >= %.0f%%", *first ? "" : ", ", limit);
	*first = false;
}

static void put_limits(const struct plan_view *v, const struct cost *c, bool *first, struct text *out)
{
	char text[32];
	double share = v->base.tries ? upper_share(v->base.errors, v->base.tries) + c->errors : 1;

	if (!isnan(v->base.p99_s)) {
		put_seconds(fmax(1.5 * v->base.p99_s, v->base.p99_s + 0.005) + c->delay_s + c->seconds, text,
			    sizeof(text));
		text_append(out, "%s%s <= %s", *first ? "" : ", ", v->latency, text);
		*first = false;
	}
	if (share < 1) {
		put_share(share, text, sizeof(text));
		text_append(out, "%s%s <= %s", *first ? "" : ", ", v->errors, text);
		*first = false;
	}
}

/* How it ends early: when hardly anything succeeds any more for most of its time. */
static void put_bounds(const struct plan *p, struct plan_experiment *x, const char *errors)
{
	uint64_t most = p->options.duration_ns / 4 * 3 / 1000000000ull;

	most = most ? most : 1;
	if (p->facts.probe_url && p->facts.probe_tries) {
		snprintf(x->trigger, sizeof(x->trigger), "success_rate < %.0f%% AND %s > %.0f%% for %llus",
			 100 * (1 - TRIGGER_SHARE), errors, 100 * TRIGGER_SHARE, (unsigned long long)most);
		text_copy(x->metrics[2], sizeof(x->metrics[2]), "success_rate");
	} else {
		snprintf(x->trigger, sizeof(x->trigger), "%s > %.0f%% for %llus", errors, 100 * TRIGGER_SHARE,
			 (unsigned long long)most);
	}
	snprintf(x->abort, sizeof(x->abort), "%s > %.0f%% for %llus", errors, 100 * ABORT_SHARE,
		 (unsigned long long)(p->options.duration_ns / 1000000000ull + 1));
}

/* Where it is noticed is @v; NULL: nowhere that was measured. */
static void put_hypothesis(const struct plan *p, struct plan_experiment *x, const struct plan_view *v,
			   const struct cost *c)
{
	const struct plan_service *s = &p->facts.services[x->faults[0].target];
	char guessed[160], share[32];
	struct text t = {};
	bool first = true;

	put_claim(&p->facts, &x->faults[0], x->rule->claim, &t);
	text_append(&t, "\n");
	snprintf(guessed, sizeof(guessed), "error_rate{service=%s}", s->name);
	if (v)
		put_limits(v, c, &first, &t);
	put_probe(&p->facts, c, &first, &t);
	x->measured = !first;
	if (first) {
		put_share(GUESSED_SHARE + c->errors, share, sizeof(share));
		text_append(&t, "%s <= %s", guessed, share);
	}
	text_append(&t, ".");
	text_copy(x->hypothesis, sizeof(x->hypothesis), t.s ? t.s : "");
	text_free(&t);
	text_copy(x->metrics[0], sizeof(x->metrics[0]), v ? v->latency : "");
	text_copy(x->metrics[1], sizeof(x->metrics[1]), v ? v->errors : guessed);
	put_bounds(p, x, x->metrics[1]);
}

void plan_promise_both(const struct plan *p, struct plan_experiment *x, const struct plan_rule *second)
{
	struct cost a = cost_of(x->rule, &x->faults[0]), b = cost_of(second, &x->faults[1]);
	struct cost both = { a.delay_s + b.delay_s, a.seconds + b.seconds, a.errors + b.errors };
	struct plan_view view;
	bool seen = plan_find_view(&p->facts, x->faults[0].target, 0, true, &view);

	put_hypothesis(p, x, seen ? &view : NULL, &both);
}

/* --- worth ------------------------------------------------------------------------------------ */

/* How much of the stack depends on it, and how busy it is: 0..1. */
static double importance(const struct plan_facts *f, uint32_t service)
{
	_cleanup_free_ bool *depends = calloc(f->n, sizeof(*depends));
	double most = 0;
	uint32_t i, n = 0;

	if (!depends || f->n < 2)
		return 0;
	plan_dependents(f, service, depends);
	for (i = 1; i < f->n; i++) {
		n += depends[i];
		most = fmax(most, f->services[i].served.rate);
	}
	return 0.5 * n / (f->n - 1) + (most > 0 ? 0.5 * f->services[service].served.rate / most : 0);
}

/* --- candidates ------------------------------------------------------------------------------- */

static struct plan_experiment *append(struct plan *p)
{
	struct plan_experiment *grown = reallocarray(p->v, p->n + 1, sizeof(*grown));

	if (!grown) {
		p->failed = true;
		return NULL;
	}
	p->v = grown;
	grown[p->n] = (struct plan_experiment){};
	return &grown[p->n++];
}

static void name_it(const struct plan *p, struct plan_experiment *x)
{
	const struct plan_fault *f = &x->faults[0];
	const char *target = p->facts.services[f->target].name;
	char base[sizeof(x->name) - 8];
	uint32_t i, k;

	if (x->rule->of_edge)
		snprintf(base, sizeof(base), "%s-%s-%s", p->facts.services[f->peer].name, target, x->rule->kind);
	else
		snprintf(base, sizeof(base), "%s-%s", target, x->rule->kind);
	text_copy(x->name, sizeof(x->name), base);
	for (k = 2, i = 0; i < p->n; i++)
		if (&p->v[i] != x && !strcmp(p->v[i].name, x->name)) {
			snprintf(x->name, sizeof(x->name), "%s-%u", base, k++);
			i = UINT32_MAX; /* look again */
		}
}

/* One candidate; or what is wrong with it, in words. */
static const char *offer(struct plan *p, const struct plan_rule *rule, uint32_t i, const char *volume)
{
	const struct plan_edge *e = rule->of_edge ? &p->facts.edges[i] : NULL;
	struct plan_fault fault = { .kind = rule->kind, .target = e ? e->server : i, .peer = e ? e->client : 0 };
	const char *no = rule->fits(&p->facts, i, &fault);
	struct plan_experiment *x;
	struct plan_view view;
	struct cost cost;
	bool seen;

	if (no)
		return no;
	seen = plan_find_view(&p->facts, fault.target, fault.peer, rule->packets, &view);
	if (!seen && rule->packets && !p->facts.probe_tries)
		return "whoever asks it is not measured, and there is no probe, so nobody would notice";
	x = append(p);
	if (!x)
		return NULL;
	if (volume)
		plan_use_volume(&fault, volume);
	x->rule = rule;
	x->faults[0] = fault;
	x->n_faults = 1;
	x->roots[x->n_roots++] = fault.target;
	if (!strcmp(rule->kind, "network_partition"))
		x->roots[x->n_roots++] = fault.peer;
	x->worth = rule->weight * (0.3 + importance(&p->facts, fault.target));
	say_why(&p->facts, &fault, e, x->why, sizeof(x->why));
	name_it(p, x);
	cost = cost_of(rule, &fault);
	put_hypothesis(p, x, seen ? &view : NULL, &cost);
	return NULL;
}

static const char *offer_service(struct plan *p, const struct plan_rule *rule, uint32_t i)
{
	const struct plan_service *s = &p->facts.services[i];
	const char *no = NULL;
	uint32_t k;

	if (strcmp(rule->kind, "disk_fill") || !s->n_volumes)
		return offer(p, rule, i, NULL);
	for (k = 0; !no && k < s->n_volumes; k++)
		no = offer(p, rule, i, s->volumes[k]);
	return no;
}

static void omit(struct plan *p, const char *kind, const char *why, const char *instead)
{
	json_array_append_new(p->omissions, json_pack("{s:s, s:s, s:s}", "kind", kind, "why", why, "instead", instead));
}

/* The reason that goes for the last one that does not fit stands for all. */
static void offer_rule(struct plan *p, const struct plan_rule *rule)
{
	const char *impossible = json_string_value(json_object_get(p->facts.unsupported, rule->kind));
	const char *why = NULL, *no;
	uint32_t before = p->n, i;

	if (impossible) {
		omit(p, rule->kind, impossible, "faultline doctor says what this kernel lacks");
		return;
	}
	for (i = 0; rule->of_edge && i < p->facts.n_edges; i++) {
		if (!p->facts.edges[i].client || !p->facts.edges[i].server)
			continue;
		no = offer(p, rule, i, NULL);
		why = no ? no : why;
	}
	for (i = 1; !rule->of_edge && i < p->facts.n; i++) {
		no = offer_service(p, rule, i);
		why = no ? no : why;
	}
	if (p->n == before)
		omit(p, rule->kind, why ? why : "no service was seen asking another one", rule->instead);
}

int plan_choose(struct plan *p, struct fl_error *err)
{
	const struct plan_left_out *left;
	const struct plan_rule *rule;

	p->omissions = json_array();
	for (rule = plan_rules; rule->kind; rule++)
		offer_rule(p, rule);
	for (left = plan_left_out; left->kind; left++) {
		const char *impossible = json_string_value(json_object_get(p->facts.unsupported, left->kind));

		if (impossible)
			omit(p, left->kind, impossible, "faultline doctor says what this kernel lacks");
		else
			omit(p, left->kind, left->why, left->instead);
	}
	return p->failed || !p->omissions ? error_sys(err, ENOMEM, "plan: out of memory") : 0;
}
