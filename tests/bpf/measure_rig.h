/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * measure_rig.h - the real measuring programs, fed frame by frame by bpf_prog_test_run: what a veth
 * would see goes in, rows and counters come out. The service under test is number SHOP, at the
 * container's end of each frame.
 */
#ifndef TEST_MEASURE_RIG_H
#define TEST_MEASURE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdlib.h>

#include "bpf/abi/abi.h"
#include "bpf/measure.skel.h"
#include "frame.h"
#include "measure/hist.h"
#include "measure/meter/meter_impl.h"

#define SHOP     1u
#define USER     2u

#define RIG_NEXT 0xffffffffu /* TC_ACT_UNSPEC */

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

struct measure_rig {
	struct measure_bpf *skel;
	uint32_t mark;
	uint32_t ifindex; /* of the frames to come */
	uint64_t ns;      /* run time of all frames so far, as the kernel says */
};

/* Is interface @ifindex one of the service's? */
static inline void rig_place(struct measure_rig *r, uint32_t service, uint32_t ifindex, bool on)
{
	struct fl_place place = { service, ifindex };
	int fd = bpf_map__fd(r->skel->maps.places);
	uint8_t yes = 1;

	if (on)
		assert_int_equal(bpf_map_update_elem(fd, &place, &yes, 0), 0);
	else
		bpf_map_delete_elem(fd, &place);
}

static inline void rig_service(struct measure_rig *r, const char *addr, uint32_t service)
{
	uint8_t key[16];

	assert_int_equal(inet_pton(AF_INET6, addr, key), 1);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(r->skel->maps.services), key, &service, 0), 0);
	rig_place(r, service, r->ifindex, true);
}

static inline int rig_setup(void **state)
{
	struct measure_rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->ifindex = 1;
	r->skel = measure_bpf__open();
	assert_non_null(r->skel);
	meter_set_connections(r->skel, 1024);
	meter_set_reader(r->skel);
	r->skel->bss->flow_seed = 0x243f6a8885a308d3; /* each run like the one before */
	assert_int_equal(measure_bpf__load(r->skel), 0);
	rig_service(r, "::ffff:10.9.0.5", SHOP);
	rig_service(r, "fd00::5", SHOP);
	rig_service(r, "::ffff:10.8.1.2", USER);
	rig_service(r, "fd00:8::2", USER);
	*state = r;
	return 0;
}

static inline int rig_teardown(void **state)
{
	struct measure_rig *r = *state;

	measure_bpf__destroy(r->skel);
	free(r);
	return 0;
}

#define rig_test(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

/* The container sends (@from) or gets the frame; it must pass, unchanged. */
static inline void rig_run(struct measure_rig *r, bool from, const struct frame *f)
{
	static uint8_t out[FRAME_MAX];
	struct __sk_buff ctx = { .mark = r->mark, .ifindex = r->ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->bytes, .data_size_in = f->len, .data_out = out,
		    .data_size_out = sizeof(out), .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .ctx_out = &ctx,
		    .ctx_size_out = sizeof(ctx));
	struct bpf_program *p = from ? r->skel->progs.fl_measure_from : r->skel->progs.fl_measure_to;

	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(p), &opts), 0);
	assert_int_equal(opts.retval, RIG_NEXT);
	assert_int_equal(opts.data_size_out, f->len);
	assert_memory_equal(out, f->bytes, f->len);
	assert_int_equal(ctx.mark, r->mark);
	r->ns += opts.duration;
}

static inline void rig_add(struct measure_rig *r, const struct fl_edge *edge, struct fl_row *sum)
{
	int i, k, n = libbpf_num_possible_cpus();
	struct fl_row *cpus = calloc((size_t)n, sizeof(*cpus));
	uint32_t number;

	assert_non_null(cpus);
	if (!bpf_map_lookup_elem(bpf_map__fd(r->skel->maps.edges), edge, &number))
		bpf_map_lookup_elem(bpf_map__fd(r->skel->maps.rows), &number, cpus);
	for (i = 0; i < n; i++) {
		hist_add(&sum->latency, &cpus[i].latency);
		for (k = 0; k < 6; k++)
			sum->status[k] += cpus[i].status[k];
		sum->resets += cpus[i].resets;
		sum->refused += cpus[i].refused;
		sum->timeouts += cpus[i].timeouts;
		sum->bytes_to_server += cpus[i].bytes_to_server;
		sum->bytes_to_client += cpus[i].bytes_to_client;
		sum->connects += cpus[i].connects;
		sum->retransmits += cpus[i].retransmits;
		if (cpus[i].port)
			sum->port = cpus[i].port;
	}
	free(cpus);
}

/* The row of requests of that group of a trial, method and path class, added up over CPUs; zeros when there is none. */
static inline struct fl_row rig_requests_of(struct measure_rig *r, uint8_t group, uint8_t method, uint8_t path)
{
	struct fl_edge edge = { .client = USER,
				.server = SHOP,
				.vantage = FL_AS_SERVER,
				.spoken = FL_SPOKEN_HTTP,
				.group = group,
				.method = method,
				.path = path };
	struct fl_row sum = {};

	rig_add(r, &edge, &sum);
	return sum;
}

static inline struct fl_row rig_requests(struct measure_rig *r, uint8_t method, uint8_t path)
{
	return rig_requests_of(r, 0, method, path);
}

/* The rows of an edge, of all methods and paths. */
static inline struct fl_row rig_row(struct measure_rig *r, uint16_t client, uint16_t server, enum fl_vantage vantage,
				    enum fl_spoken spoken)
{
	struct fl_edge edge, *before = NULL;
	struct fl_row sum = {};

	while (!bpf_map_get_next_key(bpf_map__fd(r->skel->maps.edges), before, &edge)) {
		before = &edge;
		if (edge.client == client && edge.server == server && edge.vantage == vantage && edge.spoken == spoken)
			rig_add(r, &edge, &sum);
	}
	return sum;
}

static inline uint64_t rig_loss(struct measure_rig *r, uint32_t which)
{
	uint64_t cpus[256] = {}, sum = 0;
	int i;

	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(r->skel->maps.losses), &which, cpus), 0);
	for (i = 0; i < libbpf_num_possible_cpus(); i++)
		sum += cpus[i];
	return sum;
}

/* Walk through all flows, as user space makes it do. Returns how many there are. */
static inline uint64_t sweep(struct measure_rig *r, uint64_t idle_ns)
{
	struct fl_sweep args = { idle_ns, idle_ns, idle_ns, 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &args, .ctx_size_in = sizeof(args));

	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(r->skel->progs.fl_sweep), &opts), 0);
	return args.alive;
}

/* Paths are told apart by these prefixes, of which the first that is met counts; NULL ends them. */
static inline void rig_prefixes(struct measure_rig *r, const char *const *prefixes)
{
	uint32_t i;

	for (i = 0; prefixes[i]; i++) {
		struct fl_prefix p = {};

		memcpy(p.text, prefixes[i], strlen(prefixes[i]));
		memset(p.mask, 0xff, strlen(prefixes[i]));
		assert_int_equal(bpf_map_update_elem(bpf_map__fd(r->skel->maps.prefixes), &i, &p, 0), 0);
	}
	r->skel->bss->n_prefixes = i;
}

/* --- a connection ---------------------------------------------------------------------------- */

static const struct flow shop4 = { "10.9.0.5", "10.8.1.2", 80, 40000 };
static const struct flow shop6 = { "fd00::5", "fd00:8::2", 80, 40000 };

struct conn {
	struct measure_rig *rig;
	struct flow flow;
	bool local_is_client;
	uint32_t req, resp; /* where the two streams stand */
};

static inline struct conn conn_open(struct measure_rig *r, const struct flow *flow)
{
	return (struct conn){ .rig = r, .flow = *flow, .req = 1000, .resp = 5000 };
}

/* One segment of the client's or the server's stream, at @seq. */
static inline void segment(struct conn *c, bool request, uint32_t seq, uint8_t flags, const void *data, size_t n)
{
	bool from = request == c->local_is_client;
	struct frame f;

	frame_tcp(&f, &c->flow, from, seq, request ? c->resp : c->req, data, (uint32_t)n);
	f.bytes[f.l4 + 13] = flags;
	rig_run(c->rig, from, &f);
}

static inline void handshake(struct conn *c)
{
	segment(c, true, c->req++, SYN, "", 0);
	segment(c, false, c->resp++, SYN | ACK, "", 0);
	segment(c, true, c->req, ACK, "", 0);
}

static inline void request_bytes(struct conn *c, const void *data, size_t n)
{
	segment(c, true, c->req, ACK, data, n);
	c->req += (uint32_t)n;
}

static inline void response_bytes(struct conn *c, const void *data, size_t n)
{
	segment(c, false, c->resp, ACK, data, n);
	c->resp += (uint32_t)n;
}

static inline void request(struct conn *c, const char *text)
{
	request_bytes(c, text, strlen(text));
}

static inline void response(struct conn *c, const char *text)
{
	response_bytes(c, text, strlen(text));
}

/* --- requests to the shop, as its veth sees them --------------------------------------------- */

#define GET    "GET /pay HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK_200 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

static inline struct fl_row http_row(struct measure_rig *r)
{
	return rig_row(r, USER, SHOP, FL_AS_SERVER, FL_SPOKEN_HTTP);
}

/* So many requests of each class, and nothing lost. */
static inline void assert_classes(struct measure_rig *r, uint64_t c2, uint64_t c4, uint64_t c5)
{
	struct fl_row row = http_row(r);

	assert_int_equal(row.status[2], c2);
	assert_int_equal(row.status[4], c4);
	assert_int_equal(row.status[5], c5);
	assert_int_equal(row.latency.count, c2 + row.status[1] + row.status[3] + c4 + c5);
	assert_int_equal(rig_loss(r, FL_MEASURE_UNPAIRED), 0);
}

#endif
