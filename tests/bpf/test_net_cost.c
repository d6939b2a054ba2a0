// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a packet pays. Times are the kernel's own for many runs on one frame; the least of several
 * rounds is the program's, the rest is what else the machine did. Rounds are interleaved.
 * lane: alone
 */
#include "rig.h"
#include "util/cleanup.h"

#define ROUNDS   25
#define RUNS     4000
#define MANY     10000
#define MANY_LEN 128

/* A machine that needs this long for no more than a look-up is emulated: it has no nanoseconds. */
#define EMULATED_NS 80

static const struct flow flow = { "10.9.0.5", "10.8.1.2", 8080, 40000 };

static uint32_t run_ns(struct rig *r, const struct frame *f)
{
	struct __sk_buff ctx = { .ifindex = RIG_IFINDEX };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->bytes, .data_size_in = f->len, .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = RUNS);

	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(r->skel->progs.fl_ingress), &opts), 0);
	assert_int_equal(opts.retval, VERDICT_PASS);
	return opts.duration;
}

/* @n rules, each for a peer of its own that is not the frame's. */
static struct rig *rig_of(uint32_t n)
{
	static const struct fl_hook hook = { .n_lens = 1, .lens = { MANY_LEN } };
	struct rig *r = rig_open_sized(n, n);
	struct fl_rule rule = rig_rule(FL_KIND_PARTITION);
	struct fl_ruleset set = { .count = 1 };
	char addr[64];
	uint32_t i;

	rig_hook(r, FL_DIR_FROM, &hook);
	for (i = 0; i < n; i++) {
		rig_set(r, i, &rule);
		set.rules[0] = i;
		snprintf(addr, sizeof(addr), "::ffff:10.7.%u.%u", i / 250, i % 250);
		rig_peer_prefix(r, FL_DIR_FROM, addr, MANY_LEN, &set);
	}
	return r;
}

static void not_matching(void **state)
{
	struct rig *one = rig_of(1), *many = rig_of(MANY);
	uint32_t least_one = UINT32_MAX, least_many = UINT32_MAX, bare = UINT32_MAX, i;
	struct rig *none = rig_open_sized(1, 1);
	struct fl_hook_key key = { RIG_NETNS, FL_DIR_FROM, RIG_IFINDEX };
	void *rigs[] = { one, many, none };
	struct frame f;
	(void)state;

	assert_int_equal(bpf_map_delete_elem(bpf_map__fd(none->skel->maps.hooks), &key), 0);
	frame_tcp(&f, &flow, true, 1, 1, "x", 1);
	for (i = 0; i < ROUNDS; i++) {
		uint32_t a = run_ns(one, &f), b = run_ns(many, &f), c = run_ns(none, &f);

		bare = c < bare ? c : bare;
		least_one = a < least_one ? a : least_one;
		least_many = b < least_many ? b : least_many;
	}
	print_message("# FIGURE no hook: %u ns; no rule matches: %u ns with 1 rule, %u ns with %u (limit 100)\n", bare,
		      least_one, least_many, MANY);
	for (i = 0; i < ARRAY_SIZE(rigs); i++)
		rig_close(rigs[i]);
	if (bare >= EMULATED_NS) {
		print_message("# missing: a CPU that is not emulated\n");
		skip();
	}
	/* What the run takes without a hook (its loop, its clock, the call) is no cost of ours. */
	assert_true(least_one > bare);
	assert_in_range(least_one - bare, 1, 100);
	/* 20 %, and the clock's own grain. */
	assert_true(least_many <= least_one * 1.2 + 2);
}

/* For the record: what rules cost those who meet them. */
static void matching(void **state)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n";
	struct rig *r = *state;
	struct fl_rule loss = rig_rule(FL_KIND_LOSS), http = rig_rule(FL_KIND_HTTP_ERROR);
	uint32_t least[2] = { UINT32_MAX, UINT32_MAX }, i, ns;
	struct frame f;

	loss.probability_ppm = 0;
	frame_tcp(&f, &flow, true, 1, 1, "x", 1);
	rig_only(r, &loss);
	for (i = 0; i < ROUNDS; i++) {
		ns = run_ns(r, &f);
		least[0] = ns < least[0] ? ns : least[0];
	}
	rig_only(r, &http);
	for (i = 0; i < ROUNDS * 20; i++) {
		struct __sk_buff ctx = { .ifindex = RIG_IFINDEX };
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f.bytes, .ctx_in = &ctx, .ctx_size_in = sizeof(ctx));

		/* A new request each time, or it would not be parsed. */
		frame_tcp(&f, &flow, true, 1000 + i * (sizeof(get) - 1), 1, get, sizeof(get) - 1);
		opts.data_size_in = f.len;
		assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(r->skel->progs.fl_ingress), &opts), 0);
		least[1] = opts.duration < least[1] ? opts.duration : least[1];
	}
	print_message("# FIGURE a loss rule that lets it live: %u ns; a request of %zu bytes parsed: %u ns\n", least[0],
		      sizeof(get) - 1, least[1]);
	/* They were: eight are remembered, the others found no place. */
	assert_int_equal(rig_proof(r, 0).matched, ROUNDS * (RUNS + 20));
	assert_int_equal(rig_proof(r, 0).skipped, ROUNDS * 20 - 8);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_matching),
		rig_test(matching),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
