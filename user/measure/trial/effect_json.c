// SPDX-License-Identifier: GPL-2.0-only
/* effect_json.c - see effect_json.h */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/figures.h"
#include "measure/hist.h"
#include "measure/trial/effect_json.h"
#include "util/cleanup.h"
#include "util/json/json_path.h"

#define ANY_CLIENT UINT32_MAX

/* The sides of one edge. */
struct sides {
	struct effect_group v[EFFECT_SIDES][FL_TRIAL_GROUPS];
};

static void add_row(struct sides *s, const struct meter_row *row)
{
	uint32_t number = row->group - 1u;
	struct effect_group *g = &s->v[number / FL_TRIAL_GROUPS % EFFECT_SIDES][number % FL_TRIAL_GROUPS];

	g->tries += row_tries(row);
	g->errors += row_errors(row);
	g->retransmits += row->retransmits;
	hist_add(&g->latency, &row->latency);
}

static json_t *figure_json(const struct effect_figure *f, double scale)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "treated", json_six_digits(f->value[EFFECT_TREATED] * scale),
			 "control", json_six_digits(f->value[EFFECT_CONTROL] * scale), "difference",
			 json_six_digits(f->difference * scale), "low", json_six_digits(f->low * scale), "high",
			 json_six_digits(f->high * scale), "p", json_six_digits(f->p));
}

static json_t *side_json(const struct effect *e, enum effect_side side)
{
	return json_pack("{s:I, s:I, s:I, s:i}", "requests", (json_int_t)e->requests[side], "tries",
			 (json_int_t)e->tries[side], "errors", (json_int_t)e->errors[side], "groups",
			 (int)e->groups[side]);
}

static json_t *effect_json(const struct effect *e)
{
	return json_pack("{s:o, s:o, s:{s:o, s:o, s:o, s:o}, s:o, s:o}", "treated", side_json(e, EFFECT_TREATED),
			 "control", side_json(e, EFFECT_CONTROL), "latency_ms", "mean",
			 figure_json(&e->v[EFFECT_MEAN], 1e3), "p50", figure_json(&e->v[EFFECT_P50], 1e3), "p95",
			 figure_json(&e->v[EFFECT_P95], 1e3), "p99", figure_json(&e->v[EFFECT_P99], 1e3), "error_rate",
			 figure_json(&e->v[EFFECT_ERRORS], 1), "retransmits_per_try",
			 figure_json(&e->v[EFFECT_RETRANSMITS], 1));
}

static bool is_meant(const struct meter_snapshot *s, uint32_t other, const char *const *peers)
{
	for (; peers && *peers; peers++)
		if (!strcmp(*peers, s->services[other]))
			return true;
	return !peers;
}

struct looked {
	const struct meter_snapshot *d;
	uint32_t service;
	const char *const *peers;
	struct sides *room;
	json_t *list;
	bool failed;
};

/* Does the row belong to the edge, or (@client ANY_CLIENT) to the calls of the service? */
static bool is_of(const struct looked *l, const struct meter_row *row, uint32_t client, uint32_t server)
{
	return row->group && row->vantage == METER_AS_CLIENT && row->server == server &&
	       (client == ANY_CLIENT ? is_meant(l->d, row->client, l->peers) : row->client == client);
}

static void add_entry(struct looked *l, uint32_t client, uint32_t server)
{
	struct effect e;
	uint32_t i;
	json_t *o;

	memset(l->room, 0, sizeof(*l->room));
	for (i = 0; i < l->d->n_rows; i++)
		if (is_of(l, &l->d->rows[i], client, server))
			add_row(l->room, &l->d->rows[i]);
	if (effect_of(l->room->v[EFFECT_CONTROL], l->room->v[EFFECT_TREATED], &e)) {
		l->failed = true;
		return;
	}
	if (!e.tries[EFFECT_CONTROL] && !e.tries[EFFECT_TREATED])
		return;
	o = effect_json(&e);
	json_object_set_new(o, "service", json_string(l->d->services[server]));
	if (client != ANY_CLIENT)
		json_object_set_new(o, "client", json_string(l->d->services[client]));
	json_array_append_new(l->list, o);
}

static void add_edges(struct looked *l)
{
	const struct meter_row *last = NULL;
	uint32_t i;

	add_entry(l, ANY_CLIENT, l->service);
	/* (They are in the order of client and server.) */
	for (i = 0; i < l->d->n_rows; i++) {
		const struct meter_row *row = &l->d->rows[i];
		bool calls = row->client == l->service, called = row->server == l->service;

		if (!row->group || row->vantage != METER_AS_CLIENT || !(calls || called) ||
		    !is_meant(l->d, calls ? row->server : row->client, l->peers) ||
		    (last && last->client == row->client && last->server == row->server))
			continue;
		last = row;
		add_entry(l, row->client, row->server);
	}
}

json_t *effect_edges(const struct meter_snapshot *was, const struct meter_snapshot *is, const char *service,
		     const char *const *peers)
{
	struct looked l = { .peers = peers, .list = json_array() };
	struct meter_snapshot d;

	if (meter_subtract(is, was, &d, NULL)) {
		json_decref(l.list);
		return NULL;
	}
	l.d = &d;
	l.room = malloc(sizeof(*l.room));
	for (l.service = d.n_services; l.service && strcmp(d.services[l.service - 1], service) != 0; l.service--)
		;
	if (l.room && l.service--)
		add_edges(&l);
	if (l.failed || !l.room || !l.list) {
		json_decref(l.list);
		l.list = NULL;
	}
	free(l.room);
	meter_snapshot_free(&d);
	return l.list;
}
