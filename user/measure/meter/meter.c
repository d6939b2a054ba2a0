// SPDX-License-Identifier: GPL-2.0-only
/*
 * meter.c - see meter.h
 *
 * The programs (bpf/measure.bpf.c) are loaded once and attached to the veths of every service; who a
 * packet's ends are, they find by address. So an address may belong to one service only.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/random.h>

#include "bpf/net/share.h"
#include "measure/meter/meter_impl.h"
#include "os/bpf_load.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

/*
 * How many rows: what ROWS_BYTES hold over all CPUs, within reason. A stack of 50 services, each called
 * by three others, has 300 edges' ends; with two methods each, and what is of no request, 900 rows.
 */
#define ROWS_BYTES  (16u << 20)
#define ROWS_MIN    1024u
#define ROWS_MAX    4096u

#define CONNECTIONS 32768u
#define KEEP_BYTES  (32 << 20) /* the most that glibc takes */

static uint32_t rows_that_fit(void)
{
	int n_cpus = libbpf_num_possible_cpus();
	uint32_t fit = ROWS_BYTES / (uint32_t)sizeof(struct fl_row) / (n_cpus > 0 ? (uint32_t)n_cpus : 1);

	return fit < ROWS_MIN ? ROWS_MIN : fit > ROWS_MAX ? ROWS_MAX : fit;
}

/* The kernel takes the first prefix that fits: meter_paths has the longest first. */
static int set_paths(struct meter *m, const struct meter_paths *paths, struct fl_error *err)
{
	int fd = bpf_map__fd(m->skel->maps.prefixes), r;
	uint32_t i;

	for (i = 0; i < paths->n; i++) {
		struct fl_prefix prefix = {};
		size_t len = strlen(paths->v[i]);

		memcpy(prefix.text, paths->v[i], len);
		memset(prefix.mask, 0xff, len);
		r = bpf_map_update_elem(fd, &i, &prefix, BPF_ANY);
		if (r)
			return error_sys(err, -r, "path prefix %s: %s", paths->v[i], strerror(-r));
	}
	m->skel->bss->n_prefixes = paths->n;
	m->paths = *paths;
	return 0;
}

void meter_set_connections(struct measure_bpf *skel, uint32_t n)
{
	uint32_t ways = bpf_map__max_entries(skel->maps.flows); /* of the one set that it has by itself */
	uint32_t sets = 1;

	while (2 * sets * ways <= n)
		sets *= 2;
	bpf_map__set_max_entries(skel->maps.flow_sets, sets);
	bpf_map__set_max_entries(skel->maps.flow_locks, sets);
	bpf_map__set_max_entries(skel->maps.flows, sets * ways);
	skel->bss->n_flow_sets = sets;
	/* (Early in a boot there may be none: then the time is as good.) */
	if (getrandom(&skel->bss->flow_seed, sizeof(skel->bss->flow_seed), 0) < 0)
		skel->bss->flow_seed = clock_mono_ns();
}

void meter_set_reader(struct measure_bpf *skel)
{
	const char *asked = getenv("FAULTLINE_HTTP_READER");

	skel->rodata->http_bytewise = asked && !strcmp(asked, "bytes");
}

/* How many edges there may be. */
static void set_rows(struct measure_bpf *skel, uint32_t n)
{
	skel->rodata->max_rows = n;
	bpf_map__set_max_entries(skel->maps.rows, n);
	bpf_map__set_max_entries(skel->maps.edges, n);
	bpf_map__set_max_entries(skel->maps.paths, n);
}

static int load(struct meter *m, const struct meter_options *options, struct fl_error *err)
{
	int r;

	bpf_load_begin();
	m->skel = measure_bpf__open();
	if (!m->skel)
		return bpf_load_error(-errno, "the measuring programs", err);
	meter_set_connections(m->skel, options && options->max_connections ? options->max_connections : CONNECTIONS);
	meter_set_reader(m->skel);
	set_rows(m->skel, rows_that_fit());
	r = measure_bpf__load(m->skel);
	if (r)
		return bpf_load_error(r, "the measuring programs", err);
	return options && options->paths ? set_paths(m, options->paths, err) : 0;
}

int meter_open(const struct meter_options *options, struct meter **ret, struct fl_error *err)
{
	struct meter *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return error_sys(err, ENOMEM, "meter: out of memory");
	/*
	 * Snapshots of a megabyte come and go with each reading. Their memory stays with the process: to give it back
	 * and have each page of it faulted in again takes longer than the reading.
	 */
	mallopt(M_MMAP_THRESHOLD, KEEP_BYTES);
	mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
	m->max_services = FL_MEASURE_SERVICES;
	if (options && options->max_services && options->max_services < FL_MEASURE_SERVICES)
		m->max_services = options->max_services + 1;
	m->services = calloc(m->max_services, sizeof(*m->services));
	r = m->services ? load(m, options, err) : error_sys(err, ENOMEM, "meter: out of memory");
	if (r) {
		meter_close(m);
		return r;
	}
	text_copy(m->services[0].name, sizeof(m->services[0].name), "outside");
	m->n_services = 1;
	*ret = m;
	return 0;
}

void meter_close(struct meter *m)
{
	if (!m)
		return;
	meter_detach_all(m);
	if (m->session)
		session_end(m->session, NULL);
	ring_buffer__free(m->ring);
	measure_bpf__destroy(m->skel);
	free(m->services);
	free(m->hooks);
	free(m);
}

/* --- services -------------------------------------------------------------------------------- */

static uint32_t find(const struct meter *m, const char *name)
{
	uint32_t i;

	for (i = 1; i < m->n_services; i++)
		if (!strcmp(m->services[i].name, name))
			return i;
	return 0;
}

/* Whose address it is; 0: nobody's. */
static uint32_t owner_of(const struct meter *m, const struct in6_addr *addr)
{
	uint32_t i, k;

	for (i = 1; i < m->n_services; i++)
		for (k = 0; k < m->services[i].n_addrs; k++)
			if (!memcmp(&m->services[i].addrs[k], addr, sizeof(*addr)))
				return i;
	return 0;
}

static bool has_addr(const struct target *t, const struct in6_addr *addr)
{
	uint32_t i;

	for (i = 0; i < t->n_addrs; i++)
		if (!memcmp(&t->addrs[i].addr, addr, sizeof(*addr)))
			return true;
	return false;
}

/* The kernel's table of addresses has those of @t for the service, and no earlier ones. */
static int set_addrs(struct meter *m, uint32_t id, const struct target *t, struct fl_error *err)
{
	int fd = bpf_map__fd(m->skel->maps.services), r;
	struct meter_service *s = &m->services[id];
	uint32_t i;

	for (i = 0; i < t->n_addrs; i++) {
		uint32_t owner = owner_of(m, &t->addrs[i].addr);

		if (owner && owner != id)
			return error_usage(err, "%s has an address of %s: they cannot be told apart", t->name,
					   m->services[owner].name);
	}
	for (i = 0; i < s->n_addrs; i++)
		if (!has_addr(t, &s->addrs[i]))
			bpf_map_delete_elem(fd, &s->addrs[i]);
	for (i = 0; i < t->n_addrs; i++) {
		s->addrs[i] = t->addrs[i].addr;
		r = bpf_map_update_elem(fd, &s->addrs[i], &id, BPF_ANY);
		if (r)
			return error_sys(err, -r, "an address of %s: %s", t->name, strerror(-r));
		s->n_addrs = i + 1;
	}
	s->n_addrs = t->n_addrs;
	return 0;
}

int meter_name(struct meter *m, const struct target *t, struct fl_error *err)
{
	uint32_t id = find(m, t->name);

	if (!t->n_veths || !t->n_addrs)
		return error_env(err, ENODEV, "measure %s: it has no %s", t->name, t->n_veths ? "address" : "veth");
	if (!id) {
		if (m->n_services == m->max_services)
			return error_usage(err, "measure %s: more than %u services", t->name, m->max_services - 1);
		id = m->n_services++;
		text_copy(m->services[id].name, sizeof(m->services[id].name), t->name);
	}
	return set_addrs(m, id, t, err);
}

int meter_add(struct meter *m, const struct target *t, struct fl_error *err)
{
	int r = meter_name(m, t, err);

	return r ? r : meter_attach(m, find(m, t->name), t, err);
}

/* --- trials ---------------------------------------------------------------------------------- */

int meter_trial(struct meter *m, const char *service, const struct fl_trial *trial, struct fl_error *err)
{
	int fd = bpf_map__fd(m->skel->maps.trials), r;
	const struct fl_trial none = {};
	uint32_t id = find(m, service);

	if (!id)
		return error_usage(err, "keep the flows of %s apart: it is not measured", service);
	r = bpf_map_update_elem(fd, &id, trial ? trial : &none, BPF_ANY);
	if (r)
		return error_sys(err, -r, "keep the flows of %s apart: %s", service, strerror(-r));
	/* Connections that are there look for their row anew. */
	m->skel->bss->trial_stamp += FL_TRIAL_STAMP;
	return 0;
}

static bool is_among(const struct in6_addr *addr, const struct in6_addr *v, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (!memcmp(&v[i], addr, sizeof(*addr)))
			return true;
	return false;
}

int meter_trial_of(struct meter *m, const char *service, const struct fl_trial *trial, const struct in6_addr *hit,
		   uint32_t n_hit, struct fl_error *err)
{
	int fd = bpf_map__fd(m->skel->maps.instances), r = 0;
	uint32_t id = find(m, service), of[2] = {}, i;
	struct fl_trial t = *trial;

	for (i = 0; i < m->services[id].n_addrs; i++)
		of[is_among(&m->services[id].addrs[i], hit, n_hit)]++;
	if (!id || !of[1])
		return error_usage(err, "compare instances of %s: they are not measured", service);
	if (!of[0])
		return -ENODATA;
	t.by = t.share_ppm < FL_PPM ? FL_TRIAL_FLOWS_OF_INSTANCES : FL_TRIAL_INSTANCES;
	memset(of, 0, sizeof(of));
	for (i = 0; !r && i < m->services[id].n_addrs; i++) {
		bool treated = is_among(&m->services[id].addrs[i], hit, n_hit);
		struct fl_instance instance = { id, 0 };
		uint32_t addr[4];
		__u8 group;

		memcpy(addr, &m->services[id].addrs[i], sizeof(addr));
		instance.end = flow_word(addr);
		group = (__u8)(1 + of[treated]++ % FL_TRIAL_GROUPS + (treated ? FL_TRIAL_GROUPS : 0));
		if (!treated && t.by == FL_TRIAL_FLOWS_OF_INSTANCES)
			group = 0;
		r = bpf_map_update_elem(fd, &instance, &group, BPF_ANY);
	}
	if (r)
		return error_sys(err, -r, "compare instances of %s: %s", service, strerror(-r));
	return meter_trial(m, service, &t, err);
}

/* --- what it costs --------------------------------------------------------------------------- */

static int add_cost(const struct bpf_program *prog, struct meter_cost *cost)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
		return -errno;
	cost->runs += info.run_cnt;
	cost->ns += info.run_time_ns;
	return 0;
}

int meter_cost(struct meter *m, struct meter_cost *ret)
{
	int r;

	*ret = (struct meter_cost){};
	r = add_cost(m->skel->progs.fl_measure_from, ret);
	return r ? r : add_cost(m->skel->progs.fl_measure_to, ret);
}

/* --- events ---------------------------------------------------------------------------------- */

static int on_event(void *ctx, void *data, size_t size)
{
	const struct fl_measure_event *from = data;
	struct meter *m = ctx;
	struct meter_event event;

	if (size < sizeof(*from) || !m->callback)
		return 0;
	event = (struct meter_event){
		.at_ns = from->at_ns,
		.client = from->client,
		.server = from->server,
		.vantage = (enum meter_vantage)from->vantage,
		.latency_ns = from->latency_ns,
		.status = from->status,
	};
	m->callback(m->callback_ctx, &event);
	return 0;
}

int meter_watch(struct meter *m, const char *service, uint64_t slow_ns, struct fl_error *err)
{
	struct fl_watch watch = { .slow_ns = slow_ns, .on = 1 };
	uint32_t id = find(m, service);
	int r;

	if (!id)
		return error_usage(err, "watch %s: it is not measured", service);
	if (!m->ring)
		m->ring = ring_buffer__new(bpf_map__fd(m->skel->maps.events), on_event, m, NULL);
	if (!m->ring)
		return error_sys(err, errno, "watch %s: %s", service, strerror(errno));
	r = bpf_map_update_elem(bpf_map__fd(m->skel->maps.watches), &id, &watch, BPF_ANY);
	if (r)
		return error_sys(err, -r, "watch %s: %s", service, strerror(-r));
	m->skel->bss->watching = 1;
	return 0;
}

int meter_poll_fd(const struct meter *m)
{
	return m->ring ? ring_buffer__epoll_fd(m->ring) : -1;
}

int meter_poll(struct meter *m, meter_callback cb, void *ctx)
{
	int n;

	if (!m->ring)
		return 0;
	m->callback = cb;
	m->callback_ctx = ctx;
	n = ring_buffer__consume(m->ring);
	m->callback = NULL;
	return n;
}
