// SPDX-License-Identifier: GPL-2.0-only
/* Which packets a rule sees: peers, ports, protocols, fragments, tags; and while it may act. */
#include "os/socket_cgroup.h"
#include "rig.h"
#include "bpf/net/hash.h"
#include "util/cleanup.h"

static const struct flow flow4 = { "10.9.0.5", "10.8.1.2", 8080, 40000 };
static const struct flow flow6 = { "fd00::5", "fd00:8::2", 8080, 40000 };

static uint32_t run_udp(struct rig *r, enum fl_direction dir, const struct flow *flow)
{
	struct frame f;

	frame_udp(&f, flow, dir == FL_DIR_FROM, "hello", 5);
	return rig_run(r, dir, &f);
}

static void nothing_matches(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_PARTITION);
	struct rig *r = *state;
	struct frame f;

	frame_tcp(&f, &flow4, true, 1, 1, "x", 1);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	assert_memory_equal(r->out.bytes, f.bytes, f.len);
	/* It was at the hook: the same frame, once a rule is for it. */
	rig_only(r, &rule);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), TC_SHOT);
}

static void both_directions_and_versions(void **state)
{
	struct rig *r = *state;
	struct fl_rule rule = rig_rule(FL_KIND_PARTITION);
	struct fl_proof proof;
	uint64_t before = clock_mono_ns();

	rig_only(r, &rule);
	assert_int_equal(run_udp(r, FL_DIR_FROM, &flow4), TC_SHOT);
	assert_int_equal(run_udp(r, FL_DIR_FROM, &flow6), TC_SHOT);
	/* Towards the target a drop must look like success to a local sender: see hold_drop(). */
	assert_int_equal(run_udp(r, FL_DIR_TO, &flow4), TC_REDIRECT);
	assert_int_equal(run_udp(r, FL_DIR_TO, &flow6), TC_REDIRECT);
	proof = rig_proof(r, 0);
	assert_int_equal(proof.matched, 4);
	assert_int_equal(proof.injected, 4);
	assert_int_equal(proof.skipped, 0);
	assert_int_equal(proof.bytes, 2 * (14 + 20 + 8 + 5) + 2 * (14 + 40 + 8 + 5));
	assert_in_range(proof.first_hit_ns, before, proof.last_hit_ns);
	assert_in_range(proof.last_hit_ns, proof.first_hit_ns, clock_mono_ns());
}

/* One look-up per length in use; the longest prefix has the complete set. */
static void peers_by_prefix(void **state)
{
	static const struct {
		const char *local, *peer;
		bool hit;
	} cases[] = {
		{ "10.9.0.5", "10.8.1.2", true },   { "10.9.0.5", "10.8.1.3", true },
		{ "10.9.0.5", "10.8.2.2", false },  { "10.9.0.5", "11.8.1.2", false },
		{ "fd00::5", "fd00:8:1::9", true }, { "fd00::5", "fd00:9::9", false },
		{ "10.9.0.5", "10.8.7.77", true },
	};
	static const struct fl_hook hook = { .n_lens = 3, .lens = { 128, 120, 35 } };
	struct fl_ruleset set = { .count = 1, .rules = { 7 } };
	struct fl_rule rule = rig_rule(FL_KIND_PARTITION);
	struct rig *r = *state;
	size_t i;

	rig_hook(r, FL_DIR_FROM, &hook);
	rig_hook(r, FL_DIR_TO, &hook);
	rig_set(r, 7, &rule);
	rig_peer_prefix(r, FL_DIR_FROM, "::ffff:10.8.1.0", 120, &set);
	rig_peer_prefix(r, FL_DIR_FROM, "::ffff:10.8.7.77", 128, &set);
	rig_peer_prefix(r, FL_DIR_FROM, "fd00:8::", 35, &set);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct flow flow = { cases[i].local, cases[i].peer, 1, 2 };

		assert_int_equal(run_udp(r, FL_DIR_FROM, &flow), cases[i].hit ? TC_SHOT : VERDICT_PASS);
		/* The peer is the source of what comes to the target; no rule there. */
		assert_int_equal(run_udp(r, FL_DIR_TO, &flow), VERDICT_PASS);
	}
}

static void ports_and_protocol(void **state)
{
	struct rig *r = *state;
	struct fl_rule rule = rig_rule(FL_KIND_PARTITION);
	struct frame tcp;

	frame_tcp(&tcp, &flow4, true, 1, 1, "", 0);
	rule.local_port = (struct fl_port_range){ 8080, 8081 };
	rig_only(r, &rule);
	assert_int_equal(run_udp(r, FL_DIR_FROM, &flow4), TC_SHOT);
	assert_int_equal(run_udp(r, FL_DIR_TO, &flow4), TC_REDIRECT);
	rule.local_port = (struct fl_port_range){ 40000, 40000 };
	rig_set(r, 0, &rule);
	assert_int_equal(run_udp(r, FL_DIR_FROM, &flow4), VERDICT_PASS);
	rule = rig_rule(FL_KIND_PARTITION);
	rule.peer_port = (struct fl_port_range){ 40000, 40000 };
	rig_set(r, 0, &rule);
	assert_int_equal(run_udp(r, FL_DIR_TO, &flow4), TC_REDIRECT);
	rule = rig_rule(FL_KIND_PARTITION);
	rule.port = (struct fl_port_range){ 40000, 40000 };
	rule.protocol = IPPROTO_UDP;
	rig_set(r, 0, &rule);
	assert_int_equal(run_udp(r, FL_DIR_TO, &flow4), TC_REDIRECT);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &tcp), VERDICT_PASS);
	rule.protocol = IPPROTO_TCP;
	rig_set(r, 0, &rule);
	assert_int_equal(run_udp(r, FL_DIR_TO, &flow4), VERDICT_PASS);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &tcp), TC_SHOT);
}

/* A later fragment has no ports: what lies there is payload, and only port-less rules match. */
static void fragments(void **state)
{
	struct rig *r = *state;
	struct fl_rule rule = rig_rule(FL_KIND_PARTITION);
	struct frame f;

	frame_udp(&f, &flow4, true, "hello", 5);
	f.bytes[ETH_HLEN + 7] = 100; /* fragment offset 800 */
	rule.local_port = (struct fl_port_range){ 8080, 8080 };
	rig_only(r, &rule);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	f.bytes[ETH_HLEN + 7] = 0;
	f.bytes[ETH_HLEN + 6] = 0x20; /* the first one: more fragments */
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), TC_SHOT);
	rule = rig_rule(FL_KIND_PARTITION);
	rig_set(r, 0, &rule);
	f.bytes[ETH_HLEN + 7] = 100;
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), TC_SHOT);
}

/* All the fragments of a datagram are in the share of flows, or none is. */
static void fragments_share(void **state)
{
	struct rig *r = *state;
	struct fl_rule rule = rig_rule(FL_KIND_PARTITION);
	struct frame first, later;
	int i, shot = 0;

	rule.flow_share_ppm = FL_PPM / 2;
	rig_only(r, &rule);
	for (i = 0; i < 64; i++) {
		rule.seed = (uint64_t)i;
		rig_set(r, 0, &rule);
		frame_udp(&first, &flow4, true, "hello", 5);
		first.bytes[ETH_HLEN + 6] = 0x20;
		later = first;
		later.bytes[ETH_HLEN + 7] = 100;
		memset(later.bytes + later.l4, i, 8);
		assert_int_equal(rig_run(r, FL_DIR_FROM, &first), rig_run(r, FL_DIR_FROM, &later));
		shot += rig_run(r, FL_DIR_FROM, &first) == TC_SHOT;
	}
	assert_in_range(shot, 12, 52); /* binomial(64, 1/2), 1 in 10^6 */
}

/* Hop-by-hop, routing, destination options, fragment header, AH before UDP. */
static void ipv6_extensions(void **state)
{
	struct rig *r = *state;
	struct fl_rule rule = rig_rule(FL_KIND_PARTITION);
	static const uint8_t chain[] = {
		43, 0, 1, 4, 0, 0, 0, 0,                         /* hop-by-hop, then routing */
		60, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 16 bytes */
		51, 0, 1, 4, 0, 0, 0, 0,                         /* destination options */
		17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,             /* AH: (1 + 2) * 4 bytes */
	};
	struct frame f, udp;
	uint16_t len;

	rule.local_port = (struct fl_port_range){ 8080, 8080 };
	rule.protocol = IPPROTO_UDP;
	rig_only(r, &rule);
	frame_udp(&udp, &flow6, true, "hello", 5);
	f = udp;
	memcpy(f.bytes + f.l4, chain, sizeof(chain));
	memcpy(f.bytes + f.l4 + sizeof(chain), udp.bytes + udp.l4, 13);
	f.bytes[ETH_HLEN + 6] = 0;
	len = htons(sizeof(chain) + 13);
	memcpy(f.bytes + ETH_HLEN + 4, &len, 2);
	f.len = f.l4 + sizeof(chain) + 13;
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), TC_SHOT);
	rule.local_port = (struct fl_port_range){ 8081, 8081 };
	rig_set(r, 0, &rule);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);

	/* A later fragment: nexthdr 44, offset 8; what lies where ports would be are none. */
	f = udp;
	f.bytes[ETH_HLEN + 6] = 44;
	memcpy(f.bytes + f.l4, "\x11\0\0\x08\0\0\0\1\x1f\x91", 10);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	f.bytes[f.l4 + 3] = 1; /* the first one */
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), TC_SHOT);
	f.bytes[f.l4 + 3] = 8;
	rule = rig_rule(FL_KIND_PARTITION);
	rule.protocol = IPPROTO_UDP;
	rig_set(r, 0, &rule);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), TC_SHOT);
	/* A chain without end is no loop. */
	memset(f.bytes + f.l4, 0, 1000);
	f.bytes[ETH_HLEN + 6] = 0;
	f.len = f.l4 + 1000;
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
}

static void ipv4_options(void **state)
{
	struct rig *r = *state;
	struct fl_rule rule = rig_rule(FL_KIND_PARTITION);
	struct frame f;

	rule.local_port = (struct fl_port_range){ 8080, 8080 };
	rig_only(r, &rule);
	frame_udp(&f, &flow4, true, "hello", 5);
	memmove(f.bytes + f.l4 + 8, f.bytes + f.l4, 13);
	memset(f.bytes + f.l4, 1, 8);
	f.bytes[ETH_HLEN] = 0x47;
	f.len += 8;
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), TC_SHOT);
}

/* VLAN-tagged, ARP, an impossible header: they pass as they came. */
static void others_pass(void **state)
{
	struct rig *r = *state;
	struct fl_rule rule = rig_rule(FL_KIND_PARTITION);
	struct frame f;

	rig_only(r, &rule);
	frame_udp(&f, &flow4, true, "hello", 5);
	memcpy(f.bytes + 12, "\x08\x06", 2);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	memmove(f.bytes + 16, f.bytes + 12, f.len - 12);
	memcpy(f.bytes + 12, "\x81\x00\x00\x07\x08\x00", 6);
	f.len += 4;
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	assert_memory_equal(r->out.bytes, f.bytes, f.len);
	assert_int_equal(rig_stat(r, FL_STAT_NOT_IP), 2);
	frame_udp(&f, &flow4, true, "hello", 5);
	f.bytes[ETH_HLEN] = 0x44; /* a header of 16 bytes */
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	assert_int_equal(rig_stat(r, FL_STAT_MALFORMED), 1);
	assert_int_equal(rig_proof(r, 0).matched, 0);
}

static void alive_only(void **state)
{
	struct rig *r = *state;
	struct fl_rule rule = rig_rule(FL_KIND_PARTITION);

	rig_only(r, &rule);
	rig_lease(r, clock_mono_ns() - 1);
	assert_int_equal(run_udp(r, FL_DIR_FROM, &flow4), VERDICT_PASS);
	assert_int_equal(rig_stat(r, FL_STAT_LEASE_EXPIRED), 1);
	rig_lease(r, clock_mono_ns() + NS_PER_SEC * 60);
	assert_int_equal(run_udp(r, FL_DIR_FROM, &flow4), TC_SHOT);
	rule.enabled = 0;
	rig_set(r, 0, &rule);
	assert_int_equal(run_udp(r, FL_DIR_FROM, &flow4), VERDICT_PASS);
	rule.enabled = 1;
	rule.expires_ns = clock_mono_ns();
	rig_set(r, 0, &rule);
	assert_int_equal(run_udp(r, FL_DIR_FROM, &flow4), VERDICT_PASS);
	rule.expires_ns = clock_mono_ns() + NS_PER_SEC * 60;
	rig_set(r, 0, &rule);
	assert_int_equal(run_udp(r, FL_DIR_FROM, &flow4), TC_SHOT);
	assert_int_equal(rig_proof(r, 0).matched, 2);
}

static void max_hits(void **state)
{
	struct rig *r = *state;
	struct fl_rule rule = rig_rule(FL_KIND_PARTITION);
	int i, shot = 0;

	rule.max_hits = 3;
	rig_only(r, &rule);
	for (i = 0; i < 10; i++)
		shot += run_udp(r, FL_DIR_FROM, &flow4) == TC_SHOT;
	assert_int_equal(shot, 3);
	assert_int_equal(rig_proof(r, 0).injected, 3);
	assert_int_equal(rig_proof(r, 0).matched, 3);
}

/* The share of flows: the same answer for all packets of a flow in both directions. */
static void flow_share(void **state)
{
	struct rig *r = *state;
	struct fl_rule rule = rig_rule(FL_KIND_PARTITION);
	int i, hit = 0;

	rule.flow_share_ppm = 300000;
	rig_only(r, &rule);
	for (i = 0; i < 2000; i++) {
		struct flow flow = { "10.9.0.5", "10.8.1.2", 8080, (uint16_t)(20000 + i) };
		bool from = run_udp(r, FL_DIR_FROM, &flow) == TC_SHOT;

		assert_int_equal(run_udp(r, FL_DIR_TO, &flow) == TC_REDIRECT, from);
		hit += from;
	}
	assert_in_range(hit, 600 - 68, 600 + 68); /* 99.9 % of binomial(2000, 0.3) */
}

/* The n-th packet hits iff hash(seed, n) says so, and user space can say it as well. */
static void replayable(void **state)
{
	struct rig *r = *state;
	struct fl_rule rule = rig_rule(FL_KIND_PARTITION);
	uint64_t n;

	rule.probability_ppm = 250000;
	rule.seed = 0x123456789abcdefull;
	rig_only(r, &rule);
	for (n = 0; n < 500; n++) {
		bool hit = hash_chance(hash_draw(rule.seed, HASH_DECIDE, n), rule.probability_ppm);

		assert_int_equal(run_udp(r, FL_DIR_FROM, &flow4) == TC_SHOT, hit);
	}
}

/* The verifier's work, per program: the limit that we set is a tenth of the kernel's. */
static void verified(const struct net_bpf *skel, const char *where)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, skel->obj) {
		struct bpf_prog_info info = {};
		uint32_t len = sizeof(info);

		assert_int_equal(bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len), 0);
		print_message("# FIGURE %s%s: %u instructions verified, %u bytes of code\n", bpf_program__name(prog),
			      where, info.verified_insns, info.jited_prog_len);
		/* (Before 5.16 the kernel does not tell; test_verified reads it in the log.) */
		assert_in_range(info.verified_insns, bpf_load_plain() ? 0 : 1, 100000);
	}
}

static void verifier_cost(void **state)
{
	struct rig *r = *state;

	verified(r->skel, "");
}

/* The same for the host's own interfaces, where the kernel can tell packets by their cgroup. */
static void verifier_cost_host(void **state)
{
	struct net_bpf *skel = bpf_load_open(net);
	struct fl_error err = {};

	(void)state;
	assert_non_null(skel);
	if (owner_supported(&err)) {
		print_message("# not told by cgroup here: %s\n", err.message);
		net_bpf__destroy(skel);
		return;
	}
	skel->rodata->host_side = true;
	assert_int_equal(owner_offsets((struct fl_owner_offsets *)(uintptr_t)&skel->rodata->offsets, &err), 0);
	assert_int_equal(net_bpf__load(skel), 0);
	verified(skel, " at the host's own interface");
	net_bpf__destroy(skel);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		rig_test(nothing_matches),    rig_test(both_directions_and_versions),
		rig_test(peers_by_prefix),    rig_test(ports_and_protocol),
		rig_test(fragments),          rig_test(fragments_share),
		rig_test(ipv6_extensions),    rig_test(ipv4_options),
		rig_test(others_pass),        rig_test(alive_only),
		rig_test(max_hits),           rig_test(flow_share),
		rig_test(replayable),         rig_test(verifier_cost),
		rig_test(verifier_cost_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
