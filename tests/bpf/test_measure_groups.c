// SPDX-License-Identifier: GPL-2.0-only
/*
 * While a trial is on, each flow's requests are booked in the group that the fault's own hash gives it, IPv4 and IPv6;
 * a connection that was there before goes over to its group; ports and protocol of the trial count.
 */
#include "measure_rig.h"
#include "bpf/net/share.h"

#define FLOWS     64
#define SEED      77
#define SHARE_PPM 300000

static const struct fl_port_range any = { 0, 65535 };

/* As meter_trial() does it. */
static void set_trial(struct measure_rig *r, const struct fl_trial *t)
{
	uint32_t shop = SHOP;

	assert_int_equal(bpf_map_update_elem(bpf_map__fd(r->skel->maps.trials), &shop, t, BPF_ANY), 0);
	r->skel->bss->trial_stamp += FL_TRIAL_STAMP;
}

static void trial(struct measure_rig *r, uint16_t local_port, uint8_t protocol)
{
	set_trial(r, &(struct fl_trial){ .seed = SEED,
					 .share_ppm = SHARE_PPM,
					 .by = FL_TRIAL_FLOWS,
					 .protocol = protocol,
					 .port = any,
					 .peer_port = any,
					 .local_port = { local_port, local_port } });
}

static void one_request(struct conn *c)
{
	request(c, GET);
	response(c, OK_200);
}

static void connection(struct measure_rig *r, const struct flow *f)
{
	struct conn c = conn_open(r, f);

	handshake(&c);
	one_request(&c);
}

static uint64_t end_hash(const char *address, uint16_t port)
{
	uint32_t addr[4] = { 0, 0, htonl(0xffff), 0 };

	if (!inet_pton(AF_INET, address, &addr[3]))
		assert_int_equal(inet_pton(AF_INET6, address, addr), 1);
	return flow_hash_end(addr, port);
}

/* What the rules of a fault would do with the flow, and in which group that is. */
static uint8_t expected(const struct flow *f)
{
	uint64_t flow = flow_hash(end_hash(f->local, f->local_port), end_hash(f->peer, f->peer_port), IPPROTO_TCP);
	uint64_t draw = share_draw(SEED, flow);

	return (uint8_t)(1 + draw % FL_TRIAL_GROUPS + (hash_chance(draw, SHARE_PPM) ? FL_TRIAL_GROUPS : 0));
}

static uint64_t of_group(struct measure_rig *r, uint8_t group)
{
	return rig_requests_of(r, group, FL_HTTP_GET, 0).latency.count;
}

static void by_hash(struct measure_rig *r, const struct flow *like)
{
	uint64_t counts[1 + 2 * FL_TRIAL_GROUPS] = {}, treated = 0;
	uint32_t i;

	for (i = 0; i < FLOWS; i++) {
		struct flow f = *like;
		struct conn c;

		f.peer_port = (uint16_t)(40000 + i);
		c = conn_open(r, &f);
		handshake(&c);
		one_request(&c);
		/* From the middle of the connection on, and so as if it had been there before. */
		trial(r, 80, IPPROTO_TCP);
		one_request(&c);
		one_request(&c);
		counts[expected(&f)] += 2;
		set_trial(r, &(struct fl_trial){});
	}
	assert_int_equal(of_group(r, 0), FLOWS);
	for (i = 1; i <= 2 * FL_TRIAL_GROUPS; i++) {
		assert_int_equal(of_group(r, (uint8_t)i), counts[i]);
		treated += i > FL_TRIAL_GROUPS ? counts[i] : 0;
	}
	assert_in_range(treated, 2 * FLOWS / 10, 2 * FLOWS / 2);
	assert_int_equal(rig_loss(r, FL_MEASURE_NO_GROUP), 0);
}

static void ipv4(void **state)
{
	by_hash(*state, &shop4);
}

static void ipv6(void **state)
{
	by_hash(*state, &shop6);
}

static void not_meant(void **state)
{
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);

	trial(r, 81, 0);
	handshake(&c);
	one_request(&c);
	trial(r, 80, IPPROTO_UDP);
	one_request(&c);
	assert_int_equal(of_group(r, 0), 2);
}

/* Attempts to connect are drawn by their SYN; one that the service makes itself is none of those made to it. */
static void by_attempt(void **state)
{
	struct measure_rig *r = *state;
	struct fl_trial t = { .seed = SEED,
			      .share_ppm = FL_PPM / 2,
			      .by = FL_TRIAL_FLOWS,
			      .attempts = 1 << FL_DIR_TO,
			      .port = any,
			      .peer_port = any,
			      .local_port = any };
	uint64_t flow, counts[1 + 2 * FL_TRIAL_GROUPS] = {};
	uint32_t i;

	set_trial(r, &t);
	flow = flow_hash(end_hash(shop4.local, shop4.local_port), end_hash(shop4.peer, shop4.peer_port), IPPROTO_TCP);
	for (i = 0; i < FLOWS; i++) {
		struct conn c = conn_open(r, &shop4);
		uint64_t draw;

		c.req += 1000 * i;
		draw = hash_draw(SEED, HASH_DECIDE, attempt_number(flow, c.req));
		handshake(&c);
		one_request(&c);
		counts[1 + draw % FL_TRIAL_GROUPS + (hash_chance(draw, FL_PPM / 2) ? FL_TRIAL_GROUPS : 0)]++;
	}
	for (i = 0; i <= 2 * FL_TRIAL_GROUPS; i++)
		assert_int_equal(of_group(r, (uint8_t)i), counts[i]);
	t.attempts = 1 << FL_DIR_FROM;
	set_trial(r, &t);
	connection(r, &shop4);
	assert_int_equal(of_group(r, 0), 1);
}

/* Each instance is a group: here one that is hit, and one that is none of the service's. */
static void by_instance(void **state)
{
	struct measure_rig *r = *state;
	struct fl_trial t = { .by = FL_TRIAL_INSTANCES, .port = any, .peer_port = any, .local_port = any };
	uint32_t addr[4] = { 0, 0, htonl(0xffff), 0 };
	struct fl_instance instance = { .service = SHOP };
	uint8_t group = 3;

	set_trial(r, &t);
	inet_pton(AF_INET, shop4.local, &addr[3]);
	instance.end = flow_word(addr);
	bpf_map_update_elem(bpf_map__fd(r->skel->maps.instances), &instance, &group, BPF_ANY);
	inet_pton(AF_INET6, shop6.local, addr);
	instance.end = flow_word(addr);
	group = 12;
	bpf_map_update_elem(bpf_map__fd(r->skel->maps.instances), &instance, &group, BPF_ANY);
	connection(r, &shop4);
	connection(r, &shop6);
	assert_int_equal(of_group(r, 3), 1);
	assert_int_equal(of_group(r, 12), 1);
	/* A share of the flows of some instances: others' are in no group. */
	t.by = FL_TRIAL_FLOWS_OF_INSTANCES;
	t.share_ppm = FL_PPM / 2;
	bpf_map_delete_elem(bpf_map__fd(r->skel->maps.instances), &instance);
	set_trial(r, &t);
	connection(r, &shop6);
	assert_int_equal(of_group(r, 0), 1);
}

/* With half of the rows taken, groups get none: the flow is counted without, and that is said. */
static void no_room(void **state)
{
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);

	trial(r, 80, 0);
	r->skel->bss->n_rows = r->skel->rodata->max_rows / 2;
	handshake(&c);
	one_request(&c);
	assert_int_equal(of_group(r, 0), 1);
	assert_in_range(rig_loss(r, FL_MEASURE_NO_GROUP), 1, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(ipv4),        rig_test(ipv6),       rig_test(not_meant),
		rig_test(by_instance), rig_test(by_attempt), rig_test(no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
