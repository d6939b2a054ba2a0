// SPDX-License-Identifier: GPL-2.0-only
/*
 * meter_read.c - the kernel's rows, added up over the CPUs, into a snapshot. Nothing is stopped: a
 * request that is booked meanwhile may be in one counter of its row and not yet in the next.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "measure/figures.h"
#include "measure/hist.h"
#include "measure/meter/meter_impl.h"
#include "util/cleanup.h"
#include "util/clock.h"

_Static_assert((int)METER_AS_SERVER == (int)FL_AS_SERVER && (int)METER_AS_CLIENT == (int)FL_AS_CLIENT, "vantages");
_Static_assert((int)METER_HTTP == (int)FL_SPOKEN_HTTP && (int)METER_DNS == (int)FL_SPOKEN_DNS &&
		       (int)METER_TURNS == (int)FL_SPOKEN_TURNS && (int)METER_OPAQUE == (int)FL_SPOKEN_OPAQUE,
	       "protocols");

/* Another CPU's part of the row. */
static void add_cpu(struct meter_row *to, uint32_t *port, const struct fl_row *from)
{
	uint32_t i;

	if (!from->first_ns)
		return;
	for (i = 0; i < 6; i++)
		to->status[i] += from->status[i];
	to->resets += from->resets;
	to->timeouts += from->timeouts;
	to->refused += from->refused;
	to->bytes_to_server += from->bytes_to_server;
	to->bytes_to_client += from->bytes_to_client;
	to->connects += from->connects;
	to->retransmits += from->retransmits;
	if (!to->first_ns || from->first_ns < to->first_ns)
		to->first_ns = from->first_ns;
	if (from->last_ns > to->last_ns)
		to->last_ns = from->last_ns;
	hist_add(&to->latency, &from->latency);
	*port = *port && *port != from->port ? FL_PORTS_MANY : from->port;
}

/* The edges of which the kernel counted something. */
struct edges {
	struct fl_edge *v;
	uint32_t n, room;
};

/* As meter_row_order() has the rows that are made of them. */
static int edge_order(const void *a, const void *b)
{
	const struct fl_edge *x = a, *y = b;
	const int d[] = { x->client - y->client, x->server - y->server, x->vantage - y->vantage, x->spoken - y->spoken,
			  x->method - y->method, x->path - y->path,     x->group - y->group };
	size_t i;

	for (i = 0; i < sizeof(d) / sizeof(*d); i++)
		if (d[i])
			return d[i];
	return 0;
}

/* Add the keys of the map @fd. */
static int edges_add(struct edges *e, int fd, struct fl_error *err)
{
	struct fl_edge edge, *previous = NULL;

	while (!bpf_map_get_next_key(fd, previous, &edge)) {
		if (e->n == e->room) {
			uint32_t room = e->room ? e->room * 2 : 128;
			void *more = reallocarray(e->v, room, sizeof(*e->v));

			if (!more)
				return error_sys(err, ENOMEM, "meter: out of memory");
			e->v = more;
			e->room = room;
		}
		e->v[e->n++] = edge;
		previous = &edge;
	}
	return 0;
}

/* In order, and each once. */
static void edges_sort(struct edges *e)
{
	uint32_t n = 0, i;

	if (e->n)
		qsort(e->v, e->n, sizeof(*e->v), edge_order);
	for (i = 0; i < e->n; i++)
		if (!n || edge_order(&e->v[n - 1], &e->v[i]))
			e->v[n++] = e->v[i];
	e->n = n;
}

/* @cpus: room for a row of each CPU. Returns 0, or negative when nothing is known of @edge. */
static int read_row(struct meter *m, const struct fl_edge *edge, struct fl_row *cpus, int n_cpus, struct meter_row *ret)
{
	uint32_t port = 0, number;
	struct fl_path path;
	int i, r;

	*ret = (struct meter_row){
		.client = edge->client,
		.server = edge->server,
		.vantage = (enum meter_vantage)edge->vantage,
		.protocol = (enum meter_protocol)edge->spoken,
		.method = edge->method,
		.path = edge->path,
		.group = edge->group,
	};
	r = bpf_map_lookup_elem(bpf_map__fd(m->skel->maps.edges), edge, &number);
	if (!r)
		r = bpf_map_lookup_elem(bpf_map__fd(m->skel->maps.rows), &number, cpus);
	for (i = 0; !r && i < n_cpus; i++)
		add_cpu(ret, &port, &cpus[i]);
	ret->port = port == FL_PORTS_MANY ? 0 : (uint16_t)port;
	ret->requests = ret->latency.count;
	if (edge->method || edge->path || edge->group ||
	    bpf_map_lookup_elem(bpf_map__fd(m->skel->maps.paths), edge, &path))
		return r;
	ret->connect = path.connect;
	ret->rtt = path.rtt;
	return 0;
}

/*
 * Times of connections and of round trips are of no request: they belong to the row without method and
 * path, the first one of its edge. Where nothing else was counted in it yet, it is made for them: were they
 * given to another row now, and to that one later, a difference would fall below 0.
 */
static int read_rows(struct meter *m, struct meter_snapshot *s, const struct edges *e, bool groups,
		     struct fl_error *err)
{
	int n_cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct fl_row *cpus = NULL;
	uint32_t i;

	cpus = n_cpus > 0 ? calloc((size_t)n_cpus, sizeof(*cpus)) : NULL;
	s->rows = reallocarray(NULL, e->n + 1, sizeof(*s->rows));
	if (!cpus || !s->rows)
		return error_sys(err, ENOMEM, "meter: out of memory");
	for (i = 0; i < e->n; i++) {
		struct meter_row *row = &s->rows[s->n_rows];

		if ((groups && !e->v[i].group) || read_row(m, &e->v[i], cpus, n_cpus, row))
			continue;
		row->group = groups ? row->group : 0;
		/* The groups of a trial come behind the row of what is in none. */
		if (s->n_rows && !meter_row_order(row - 1, row))
			row_add(row - 1, row);
		else
			s->n_rows++;
	}
	return 0;
}

static int read_edges(struct meter *m, struct meter_snapshot *s, bool groups, struct fl_error *err)
{
	struct edges e = {};
	int r = edges_add(&e, bpf_map__fd(m->skel->maps.edges), err);

	if (!r)
		r = edges_add(&e, bpf_map__fd(m->skel->maps.paths), err);
	edges_sort(&e);
	if (!r)
		r = read_rows(m, s, &e, groups, err);
	free(e.v);
	return r;
}

static int read_services(struct meter *m, struct meter_snapshot *s, struct fl_error *err)
{
	uint32_t i;

	s->services = calloc(m->n_services, sizeof(*s->services));
	if (!s->services)
		return error_sys(err, ENOMEM, "meter: out of memory");
	for (i = 0; i < m->n_services; i++)
		memcpy(s->services[i], m->services[i].name, sizeof(s->services[i]));
	s->n_services = m->n_services;
	return 0;
}

/* The sum over the CPUs of one of the kernel's counters. */
static uint64_t read_loss(struct meter *m, uint32_t which)
{
	int n_cpus = libbpf_num_possible_cpus(), i;
	_cleanup_free_ uint64_t *cpus = NULL;
	uint64_t sum = 0;

	cpus = n_cpus > 0 ? calloc((size_t)n_cpus, sizeof(*cpus)) : NULL;
	if (!cpus || bpf_map_lookup_elem(bpf_map__fd(m->skel->maps.losses), &which, cpus))
		return 0;
	for (i = 0; i < n_cpus; i++)
		sum += cpus[i];
	return sum;
}

/* How long an answer is awaited when nothing ends the connection. */
#define IDLE_NS         (30 * NS_PER_SEC)
#define DNS_IDLE_NS     (5 * NS_PER_SEC)
#define CONNECT_IDLE_NS (5 * NS_PER_SEC)

/* A sweep walks through all flows in one go, in which its CPU does nothing else: one part in so many. */
#define SWEEP_SHARE     1000
#define SWEEP_PAUSE_MAX (5 * NS_PER_SEC)

/*
 * Book what waits in vain, and see what was evicted; now and then, if there are many flows. A flow that
 * comes or goes meanwhile makes the number of evictions too small, never too large: made is read before,
 * ended behind the count.
 */
static int sweep(struct meter *m, struct fl_error *err)
{
	uint64_t begin_ns = clock_mono_ns();
	struct fl_sweep args = {
		.idle_ns = IDLE_NS,
		.dns_idle_ns = DNS_IDLE_NS,
		.connect_idle_ns = CONNECT_IDLE_NS,
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &args, .ctx_size_in = sizeof(args));
	uint64_t made, gone, now_ns, pause_ns;
	int r;

	if (begin_ns < m->sweep_ns)
		return 0;
	made = read_loss(m, FL_MEASURE_FLOWS_MADE);
	r = bpf_prog_test_run_opts(bpf_program__fd(m->skel->progs.fl_sweep), &opts);
	if (r)
		return error_sys(err, -r, "sweep the table of flows: %s", strerror(-r));
	now_ns = clock_mono_ns();
	pause_ns = (now_ns - begin_ns) * SWEEP_SHARE;
	m->sweep_ns = now_ns + (pause_ns < SWEEP_PAUSE_MAX ? pause_ns : SWEEP_PAUSE_MAX);
	gone = read_loss(m, FL_MEASURE_FLOWS_ENDED) + args.alive;
	if (made > gone + m->flows_evicted)
		m->flows_evicted = made - gone;
	return 0;
}

static int read_some(struct meter *m, bool groups, struct meter_snapshot *ret, struct fl_error *err)
{
	struct meter_snapshot s = { .taken_ns = clock_mono_ns(), .paths = m->paths };
	int r = sweep(m, err);

	if (!r)
		r = read_services(m, &s, err);
	if (!r)
		r = read_edges(m, &s, groups, err);
	if (r) {
		meter_snapshot_free(&s);
		return r;
	}
	s.flows_evicted = m->flows_evicted;
	s.events_lost = read_loss(m, FL_MEASURE_EVENTS_LOST);
	s.requests_unpaired = read_loss(m, FL_MEASURE_UNPAIRED) + read_loss(m, FL_MEASURE_NO_ROW);
	*ret = s;
	return 0;
}

int meter_read(struct meter *m, struct meter_snapshot *ret, struct fl_error *err)
{
	return read_some(m, false, ret, err);
}

int meter_read_groups(struct meter *m, struct meter_snapshot *ret, struct fl_error *err)
{
	return read_some(m, true, ret, err);
}

uint64_t meter_ungrouped(struct meter *m)
{
	return read_loss(m, FL_MEASURE_NO_GROUP);
}
