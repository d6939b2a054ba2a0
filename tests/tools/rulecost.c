// SPDX-License-Identifier: GPL-2.0-only
/*
 * rulecost.c - what does a packet cost that no rule wants, with few rules and with many?
 *
 *   rulecost FEW MANY ROUNDS TARGET_A ADDRESS_A TARGET_B ADDRESS_B
 *
 * Two sessions, each with its own maps: FEW rules on A's hooks, MANY on B's, all for other peers.
 * Packets are sent to A and to B in turn, and the kernel's own accounting (run_time_ns / run_cnt of
 * the program, BPF_ENABLE_STATS) is read around each turn. An empty program on A's interface sees
 * the same packets: what the accounting itself costs. Prints as JSON the medians over the rounds,
 * that floor, and the median of the ratios, which no drift of the machine is part of.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <math.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fault/undo.h"
#include "net/engine.h"
#include "net/tcx.h"
#include "os/netns.h"
#include "session/session.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/units.h"

#define PACKETS    20000 /* in one turn */
#define MAX_ROUNDS 200

struct side {
	struct session *session;
	struct engine *engine;
	struct target target;
	int tx;
	uint32_t prog; /* id of fl_egress */
	double ns[MAX_ROUNDS];
};

static __attribute__((noreturn)) void die(const char *what, const struct fl_error *err)
{
	if (err)
		error_print(err, stderr);
	fprintf(stderr, "rulecost: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* Rules for addresses of 10.128.0.0/9, which nobody here has. */
static void add_rules(struct side *s, uint32_t n)
{
	struct fl_rule rule = { .kind = FL_KIND_LOSS,
				.enabled = 1,
				.expires_ns = ~0ull,
				.probability_ppm = FL_PPM,
				.flow_share_ppm = FL_PPM,
				.port = { 0, 65535 },
				.local_port = { 0, 65535 },
				.peer_port = { 0, 65535 } };
	struct engine_peer peer = { .addr.s6_addr = { [10] = 0xff, [11] = 0xff }, .prefix_len = 128 };
	struct fl_error err = {};
	uint32_t i, index;

	for (i = 0; i < n; i++) {
		uint32_t addr = htonl(0x0a800000u + i);

		memcpy(&peer.addr.s6_addr[12], &addr, 4);
		if (engine_add(s->engine, &s->target.veths[0], FL_DIR_TO, &rule, &peer, 1, &index, &err))
			die("add a rule", &err);
	}
}

/* The program of that name that was loaded last. */
static uint32_t newest_program(const char *name)
{
	uint32_t id = 0, found = 0;

	while (!bpf_prog_get_next_id(id, &id)) {
		_cleanup_fd_ int fd = bpf_prog_get_fd_by_id(id);
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) && !strcmp(info.name, name))
			found = id;
	}
	return found;
}

static void open_side(struct side *s, const char *target, const char *address, uint32_t rules)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct target_options options = { .need_veth = true };
	struct fl_error err = {};

	if (session_begin("bench", &s->session, &err) || engine_open(s->session, rules + 1, &err) ||
	    target_resolve(target, &options, &s->target, &err))
		die(target, &err);
	s->engine = s->session->engine;
	add_rules(s, rules);
	s->prog = newest_program("fl_egress");
	s->tx = socket(AF_INET, SOCK_DGRAM, 0);
	if (inet_pton(AF_INET, address, &addr.sin_addr) != 1 || connect(s->tx, (struct sockaddr *)&addr, sizeof(addr)))
		die(address, NULL);
}

static void read_stats(uint32_t prog, uint64_t *ns, uint64_t *runs)
{
	_cleanup_fd_ int fd = bpf_prog_get_fd_by_id(prog);
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		die("program statistics", NULL);
	*ns = info.run_time_ns;
	*runs = info.run_cnt;
}

/* A program that does nothing, behind ours. Returns its id; 0 where there is no tcx. */
static uint32_t attach_empty(const struct side *s)
{
	static const struct bpf_insn next[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = -1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int prog = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "empty", "GPL", next, 2, NULL), old, link;
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (prog < 0 || netns_enter(s->target.veths[0].netns_fd, &old, NULL))
		die("an empty program", NULL);
	link = tcx_attach(s->target.veths[0].ifindex, true, prog, 1, 0);
	netns_leave(old);
	if (link < 0 || bpf_obj_get_info_by_fd(prog, &info, &len))
		return 0;
	return info.id; /* link and program live as long as this process */
}

static void send_packets(const struct side *s)
{
	char payload[64] = {};
	int i;

	for (i = 0; i < PACKETS; i++)
		if (send(s->tx, payload, sizeof(payload), 0) < 0 && errno != ECONNREFUSED)
			die("send", NULL);
}

static double turn(struct side *s)
{
	uint64_t ns0, runs0, ns1, runs1;

	session_heartbeat(s->session);
	read_stats(s->prog, &ns0, &runs0);
	send_packets(s);
	read_stats(s->prog, &ns1, &runs1);
	if (runs1 - runs0 < PACKETS / 2)
		die("the program did not see the packets", NULL);
	return (double)(ns1 - ns0) / (double)(runs1 - runs0);
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double *v, int64_t n)
{
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return v[n / 2];
}

int main(int argc, char **argv)
{
	static struct side a, b;
	static double ratio[MAX_ROUNDS];
	struct fl_error err = {};
	static double floor_ns[MAX_ROUNDS];
	uint64_t ns0 = 0, runs0 = 0, ns1 = 0, runs1 = 1;
	int64_t few, many, rounds, i;
	uint32_t empty;
	int stats;

	journal_know(undo_families);
	if (argc != 8 || units_int(argv[1], 1, 60000, &few, &err) || units_int(argv[2], 1, 60000, &many, &err) ||
	    units_int(argv[3], 1, MAX_ROUNDS, &rounds, &err))
		die("usage: FEW MANY ROUNDS TARGET_A ADDRESS_A TARGET_B ADDRESS_B", &err);
	open_side(&a, argv[4], argv[5], (uint32_t)few);
	open_side(&b, argv[6], argv[7], (uint32_t)many);
	empty = attach_empty(&a);
	stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (stats < 0)
		die("BPF statistics", NULL);
	turn(&a);
	turn(&b);
	for (i = 0; i < rounds; i++) {
		if (empty)
			read_stats(empty, &ns0, &runs0);
		a.ns[i] = turn(&a);
		if (empty)
			read_stats(empty, &ns1, &runs1);
		floor_ns[i] = (double)(ns1 - ns0) / (double)(runs1 - runs0);
		b.ns[i] = turn(&b);
		ratio[i] = b.ns[i] / a.ns[i];
	}
	printf("{\"few_ns\":%.1f,\"many_ns\":%.1f,\"empty_ns\":%.1f,\"ratio\":%.3f}\n", median(a.ns, rounds),
	       median(b.ns, rounds), median(floor_ns, rounds), median(ratio, rounds));
	close(stats);
	target_free(&a.target);
	target_free(&b.target);
	if (session_end(a.session, &err) || session_end(b.session, &err))
		die("end", &err);
	return 0;
}
