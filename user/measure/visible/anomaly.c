// SPDX-License-Identifier: GPL-2.0-only
/* anomaly.c - see anomaly.h */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/visible/anomaly.h"
#include "measure/visible/symptom.h"
#include "util/clock.h"
#include "util/percentile.h"
#include "util/text/text.h"

#define CERTAIN          1e-5   /* of one figure */
#define MAD_TO_SPREAD    1.4826 /* of a normal distribution */
#define ALIKE_MAX        0.9
#define SILENT_MAX       0.01 /* own false rate */
#define CONTROL_TIMES    2.0
#define SHORT_BASELINE_S 20.0
#define MIN_S_OF_WINDOW  0.5 /* of its length; what is shorter lies at a border */

/* --- one figure ------------------------------------------------------------------------------ */

static double median_of(double *sorted, const double *v, uint32_t n)
{
	memcpy(sorted, v, n * sizeof(*v));
	return percentile(sorted, n, 0.5);
}

/*
 * Correlation of each window with the next one. Few windows show less of it than there is, by
 * (1 + 3r) / n (Kendall 1954, Marriott & Pope 1954).
 */
static double alike(const double *v, uint32_t n)
{
	double mean = 0, squares = 0, products = 0, r;
	uint32_t i;

	for (i = 0; i < n; i++)
		mean += v[i] / n;
	for (i = 0; i < n; i++) {
		squares += (v[i] - mean) * (v[i] - mean);
		if (i)
			products += (v[i] - mean) * (v[i - 1] - mean);
	}
	r = squares > 0 ? products / squares : 0;
	return fmin(fmax(r + (1 + 3 * r) / n, 0), ALIKE_MAX);
}

static uint32_t count_outside(const double *v, uint32_t n, double middle, double limit, int sign)
{
	uint32_t i, count = 0;

	for (i = 0; i < n; i++)
		count += sign * (v[i] - middle) > limit;
	return count;
}

static double median_outside(double *room, const struct anomaly_values *v, double middle, double limit, int sign)
{
	uint32_t i, n = 0;

	for (i = 0; i < v->m; i++)
		if (sign * (v->fault[i] - middle) > limit)
			room[n++] = v->fault[i];
	return percentile(room, n, 0.5);
}

static void judge_side(const struct anomaly_values *v, double *room, double middle, double spread, int sign,
		       struct anomaly_verdict *ret)
{
	double limit = fmax(ANOMALY_SPREADS * spread, v->floor);
	double r = alike(v->baseline, v->n), share = (1 - r) / (1 + r), log_p;
	uint32_t outside = count_outside(v->fault, v->m, middle, limit, sign);
	double before = count_outside(v->baseline, v->n, middle, limit, sign);

	if (outside * v->window_s < ANOMALY_LASTS_S || outside * 4 < v->m)
		return;
	log_p = log(v->side ? 1 : 2) + beta_binomial_log_tail((uint32_t)(outside * share), (uint32_t)ceil(v->m * share),
							      before * share + 0.5, (v->n - before) * share + 4.5);
	if (log_p >= ret->log_p)
		return;
	*ret = (struct anomaly_verdict){ .log_p = log_p,
					 .before = middle,
					 .spread = spread,
					 .limit = limit,
					 .outside = outside,
					 .during = median_outside(room, v, middle, limit, sign) };
}

bool anomaly_judge(const struct anomaly_values *v, struct anomaly_verdict *ret)
{
	uint32_t larger = v->n > v->m ? v->n : v->m, i;
	double *room, middle, spread;

	*ret = (struct anomaly_verdict){};
	if (v->n < ANOMALY_BASELINE_MIN || v->m < 3 || v->m > ANOMALY_FAULT_MAX)
		return false;
	room = calloc(larger, sizeof(*room));
	if (!room)
		return false;
	middle = median_of(room, v->baseline, v->n);
	for (i = 0; i < v->n; i++)
		room[i] = fabs(v->baseline[i] - middle);
	spread = fmax(MAD_TO_SPREAD * percentile(room, v->n, 0.5), v->spread_floor);
	ret->before = middle;
	ret->during = median_of(room, v->fault, v->m);
	ret->spread = spread;
	if (v->side >= 0)
		judge_side(v, room, middle, spread, 1, ret);
	if (v->side <= 0)
		judge_side(v, room, middle, spread, -1, ret);
	free(room);
	return true;
}

/* --- the columns of an edge ------------------------------------------------------------------ */

enum column { LATENCY, RATE, ERRORS, RETRANSMITS, RESETS, COLUMNS };

static const struct {
	const char *name, *unit;
	double floor, share; /* what people notice: so much, and so much of what it was */
} columns[COLUMNS] = {
	[LATENCY] = { "latency", "ms", 1, 1 },    [RATE] = { "rate", "/s", 1, 0.5 },
	[ERRORS] = { "error_rate", "", 0.02, 0 }, [RETRANSMITS] = { "retransmits", "/s", 1, 0.5 },
	[RESETS] = { "resets", "/s", 0.5, 0.5 },
};

/* One edge in windows of equal length. */
struct windows {
	struct series_counts sum; /* of the window that is being filled */
	double *v[COLUMNS];       /* v[0] is owned */
	uint32_t n[COLUMNS];
	double tries; /* all */
};

static void end_window(struct windows *w, uint32_t size, double s)
{
	const struct series_counts *c = &w->sum;
	double tries = (double)c->tries;
	const double values[COLUMNS] = {
		[LATENCY] = c->requests ? (double)c->sum_ns / 1e6 / (double)c->requests : NAN,
		[RATE] = tries / s,
		[ERRORS] = tries > 0 ? (double)c->errors / tries : NAN,
		[RETRANSMITS] = (double)c->retransmits / s,
		[RESETS] = (double)c->resets / s,
	};
	int i;

	for (i = 0; i < COLUMNS; i++)
		if (!isnan(values[i]) && w->n[i] < size)
			w->v[i][w->n[i]++] = values[i];
	w->tries += tries;
	memset(&w->sum, 0, sizeof(w->sum));
}

/* All edges from one border to another; each has its windows, and all end together. */
struct cutting {
	const struct series_edge *edges;
	struct windows *w;
	const uint32_t *index; /* (client, server) -> number of the edge + 1 */
	uint32_t n_edges, n_services, size;
	double length_s, filled_s;
};

static void end_windows(struct cutting *c)
{
	uint32_t i;

	for (i = 0; i < c->n_edges; i++)
		end_window(&c->w[i], c->size, c->filled_s);
	c->filled_s = 0;
}

static void take_row(void *ctx, const struct series_counts *row, double seconds)
{
	struct cutting *c = ctx;
	struct series_counts *to;
	uint32_t i;

	if (!row) {
		c->filled_s += seconds;
		if (c->filled_s >= c->length_s - 0.1)
			end_windows(c);
		return;
	}
	i = c->index[(size_t)row->client * c->n_services + row->server];
	if (!i || row->vantage != (c->edges[i - 1].as_client ? METER_AS_CLIENT : METER_AS_SERVER))
		return;
	to = &c->w[i - 1].sum;
	to->requests += row->requests;
	to->sum_ns += row->sum_ns;
	to->tries += row->tries;
	to->errors += row->errors;
	to->retransmits += row->retransmits;
	to->resets += row->resets;
}

static int cut(struct cutting *c, const struct series *s, uint64_t from_ns, uint64_t to_ns)
{
	uint32_t i;
	int k;

	c->size = (uint32_t)((double)(to_ns - from_ns) / 1e9 / c->length_s) + 2;
	c->filled_s = 0;
	for (i = 0; i < c->n_edges; i++) {
		c->w[i].v[0] = calloc(c->size, COLUMNS * sizeof(double));
		if (!c->w[i].v[0])
			return -ENOMEM;
		for (k = 1; k < COLUMNS; k++)
			c->w[i].v[k] = c->w[i].v[0] + (size_t)k * c->size;
	}
	series_scan(s, from_ns, to_ns, take_row, c);
	if (c->filled_s > MIN_S_OF_WINDOW * c->length_s)
		end_windows(c);
	return 0;
}

static void windows_free(struct windows *w, uint32_t n)
{
	uint32_t i;

	for (i = 0; w && i < n; i++)
		free(w[i].v[0]);
	free(w);
}

/* What counting so few leaves open: n of something are known to sqrt(n + 1). */
static double resolution(enum column c, double middle, double tries_a_window, double length_s)
{
	double p = fmax(middle, 1 / (tries_a_window + 2));

	switch (c) {
	case LATENCY: return middle / 16;
	case ERRORS: return tries_a_window > 0 ? sqrt(p * fmax(1 - p, 0) / tries_a_window) : 1;
	default: return sqrt(middle * length_s + 1) / length_s;
	}
}

/* --- the search ------------------------------------------------------------------------------ */

struct search {
	struct anomaly *best;
	const struct series_edge *edges;
	struct windows *base, *fault; /* of each edge */
	uint32_t n_edges;
	double best_log_p, best_spreads;
	double moved[COLUMNS]; /* spreads of the controls that moved */
	double window_s;
	const char (*names)[128];
};

static struct anomaly_values values_of(const struct search *q, enum column c, const struct windows *base,
				       const struct windows *fault, double *room)
{
	double middle = base->n[c] ? median_of(room, base->v[c], base->n[c]) : 0;
	double tries = base->n[RATE] ? base->tries / base->n[RATE] : 0;

	return (struct anomaly_values){
		.baseline = base->v[c],
		.n = base->n[c],
		.fault = fault->v[c],
		.m = fault->n[c] > ANOMALY_FAULT_MAX ? ANOMALY_FAULT_MAX : fault->n[c],
		.window_s = q->window_s,
		.floor = fmax(columns[c].floor, columns[c].share * middle),
		.spread_floor = resolution(c, middle, tries, q->window_s),
	};
}

static double spreads_of(const struct anomaly_verdict *v)
{
	return v->spread > 0 ? fabs(v->during - v->before) / v->spread : 0;
}

/* Of those that chance explains one is nearer to a claim by its p; of others the larger change says more. */
static bool is_stronger(const struct search *q, double log_p, double spreads)
{
	bool was = q->best_log_p < log(CERTAIN), is = log_p < log(CERTAIN);

	if (was != is)
		return is;
	return is ? spreads > q->best_spreads : log_p < q->best_log_p;
}

static void take_candidate(struct search *q, enum column c, const struct series_edge *e, const struct anomaly_values *v,
			   const struct anomaly_verdict *verdict)
{
	struct anomaly *a = q->best;
	double spreads = spreads_of(verdict);

	a->looked_at++;
	if (a->metric && !is_stronger(q, verdict->log_p, spreads))
		return;
	q->best_log_p = verdict->log_p;
	q->best_spreads = spreads;
	text_copy(a->client, sizeof(a->client), q->names[e->client]);
	text_copy(a->server, sizeof(a->server), q->names[e->server]);
	a->metric = columns[c].name;
	a->unit = columns[c].unit;
	a->before = verdict->before;
	a->during = verdict->during;
	a->spread = verdict->spread;
	a->spreads = spreads;
	a->lasted_s = verdict->outside * v->window_s;
	a->baseline_windows = v->n;
	a->window_s = v->window_s;
}

/* Pieces of the baseline as if each were a fault, with the rest of it as their baseline. */
static void try_baseline(struct search *q, const struct anomaly_values *v, uint32_t figures, double *room)
{
	uint32_t m = v->m < v->n / 3 ? v->m : v->n / 3, at;
	struct anomaly_verdict verdict;

	if (m < 3 || v->n - m < ANOMALY_BASELINE_MIN)
		return;
	for (at = 0; at + m <= v->n; at += m) {
		struct anomaly_values piece = *v;

		memcpy(room, v->baseline, at * sizeof(*room));
		memcpy(room + at, v->baseline + at + m, (v->n - at - m) * sizeof(*room));
		piece.baseline = room;
		piece.n = v->n - m;
		piece.fault = v->baseline + at;
		piece.m = m;
		if (!anomaly_judge(&piece, &verdict))
			continue;
		q->best->tried++;
		q->best->spoke += verdict.log_p + log(figures) < log(ANOMALY_ALPHA);
	}
}

enum pass { LOOK, CHECK }; /* the second knows how many figures there are */

static void look_at_edge(struct search *q, uint32_t i, bool candidate, enum pass pass, double *room)
{
	struct anomaly_verdict verdict;
	int c;

	for (c = 0; c < COLUMNS; c++) {
		struct anomaly_values v = values_of(q, (enum column)c, &q->base[i], &q->fault[i], room);

		if (!anomaly_judge(&v, &verdict))
			continue;
		if (pass == CHECK) {
			try_baseline(q, &v, q->best->looked_at, room);
		} else if (candidate) {
			take_candidate(q, (enum column)c, &q->edges[i], &v, &verdict);
		} else {
			q->best->controls++;
			if (verdict.log_p >= log(ANOMALY_ALPHA))
				continue;
			q->best->controls_moved++;
			q->moved[c] = fmax(q->moved[c], spreads_of(&verdict));
		}
	}
}

static void conclude(struct search *q)
{
	struct anomaly *a = q->best;
	double moved = 0;
	int c;

	if (!a->metric)
		return;
	for (c = 0; c < COLUMNS; c++)
		if (!strcmp(columns[c].name, a->metric))
			moved = q->moved[c];
	a->p = fmin(exp(q->best_log_p) * a->looked_at, 1);
	a->found = a->p < ANOMALY_ALPHA && a->spoke <= SILENT_MAX * a->tried && a->spreads >= CONTROL_TIMES * moved;
}

/* A second; half of one where the baseline has so few; longer ones for a long fault. */
static double window_length(double fault_s, double baseline_s)
{
	double enough = baseline_s < SHORT_BASELINE_S ? 0.5 : 1;

	return fault_s <= enough * ANOMALY_FAULT_MAX ? enough : ceil(fault_s / ANOMALY_FAULT_MAX);
}

static uint32_t *index_edges(const struct series_edge *edges, uint32_t n, uint32_t n_services)
{
	uint32_t *index = calloc((size_t)n_services * n_services + 1, sizeof(*index)), i;

	for (i = 0; index && i < n; i++)
		index[(size_t)edges[i].client * n_services + edges[i].server] = i + 1;
	return index;
}

static int cut_both(struct search *q, const struct series *s, const struct anomaly_times *t, uint32_t n_services,
		    double **ret_room)
{
	uint32_t *index = index_edges(q->edges, q->n_edges, n_services);
	struct cutting c = { .edges = q->edges,
			     .index = index,
			     .n_edges = q->n_edges,
			     .n_services = n_services,
			     .length_s = q->window_s };
	int r = -ENOMEM;

	q->base = calloc(q->n_edges + 1u, sizeof(*q->base));
	q->fault = calloc(q->n_edges + 1u, sizeof(*q->fault));
	if (index && q->base && q->fault) {
		c.w = q->base;
		r = cut(&c, s, t->baseline_ns, t->inject_ns);
		*ret_room = calloc(c.size, sizeof(**ret_room));
		c.w = q->fault;
		if (!r)
			r = *ret_room ? cut(&c, s, t->inject_ns, t->end_ns) : -ENOMEM;
	}
	free(index);
	return r;
}

int anomaly_find(const struct series *s, const struct scope *scope, const struct anomaly_times *t, struct anomaly *ret)
{
	struct series_edge *edges = NULL;
	struct search q = { .best = ret, .n_edges = series_edges(s, &edges) };
	double fault_s = ((double)t->end_ns - (double)t->inject_ns) / 1e9, *room = NULL;
	uint32_t n_services = series_services(s, &q.names), i;
	int pass, r;

	*ret = (struct anomaly){};
	q.edges = edges;
	q.window_s = window_length(fault_s, ((double)t->inject_ns - (double)t->baseline_ns) / 1e9);
	r = edges ? cut_both(&q, s, t, n_services, &room) : -ENOMEM;
	for (pass = LOOK; !r && pass <= CHECK; pass++)
		for (i = 0; i < q.n_edges; i++) {
			bool candidate = scope_shows(scope, edges[i].client, edges[i].server);

			if (pass == LOOK || candidate)
				look_at_edge(&q, i, candidate, (enum pass)pass, room);
		}
	free(room);
	windows_free(q.base, q.n_edges);
	windows_free(q.fault, q.n_edges);
	free(edges);
	conclude(&q);
	return r;
}
