// SPDX-License-Identifier: GPL-2.0-only
/*
 * net.c - see net.h
 *
 * A fault is one rule that all hooks of all its targets share, so that switching it is one map
 * write and its counters are one row, whatever it is on. Kinds whose state belongs to a wire (a
 * rate) have a rule for each hook instead.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/random.h>

#include "doctor/features.h"
#include "fault/net/net_guard.h"
#include "fault/net/net_hooks.h"
#include "net/hold/quantile.h"
#include "net/proof.h"
#include "net/tc_probe.h"
#include "session/session.h"
#include "util/cleanup.h"
#include "util/text/cidr.h"
#include "util/text/text.h"
#include "util/text/units.h"

static const char *const protocols[] = { "any", "tcp", "udp", "icmp", "icmpv6", NULL };
static const uint8_t protocol_numbers[] = { 0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6 };

const char *const net_directions[] = { "from", "to", "both", NULL };

/* clang-format off */
#define MATCHING(member) PARAM_FIELD(struct net_matching, member)
#define MATCH_PARAMS \
	{ MATCHING(peer), .name = "peer", .type = PARAM_PEERS, \
	  .help = "only traffic with these services, addresses, CIDRs (comma-separated)" }, \
	{ MATCHING(port), .name = "port", .type = PARAM_PORTS, .help = "only this port or range, at either end" }, \
	{ MATCHING(local_port), .name = "local-port", .type = PARAM_PORTS, \
	  .help = "only this port or range, at the target's end" }, \
	{ MATCHING(peer_port), .name = "peer-port", .type = PARAM_PORTS, \
	  .help = "only this port or range, at the other end" }, \
	{ MATCHING(protocol), .name = "protocol", .type = PARAM_ENUM, .def = "any", .choices = protocols, \
	  .help = "only this protocol" }, \
	{ MATCHING(share_ppm), .name = "share", .type = PARAM_PERCENT, .def = "100%", .live = true, \
	  .help = "share of the flows that are touched at all, by their hash" }, \
	{ MATCHING(seed), .name = "seed", .type = PARAM_INT, .min = 0, .max = INT64_MAX, \
	  .help = "makes the decisions repeatable (default: random)" }, \
	{ MATCHING(max_hits), .name = "max-hits", .type = PARAM_INT, .def = "0", .min = 0, .max = INT64_MAX, \
	  .live = true, .help = "stop after so many hits; 0: no bound" }

const struct param net_match_params[] = { MATCH_PARAMS, {} };

const struct param net_packet_params[] = {
	MATCH_PARAMS,
	{ MATCHING(size), .name = "packet-size", .type = PARAM_RANGE, .min = 1, .max = 65535, .live = true,
	  .help = "only packets of so many bytes from the IP header on" },
	{ MATCHING(established), .name = "packet-state", .type = PARAM_ENUM, .choices = net_states, .live = true,
	  .help = "only TCP packets of a connection that is" },
	{ MATCHING(ttl), .name = "ttl", .type = PARAM_RANGE, .min = 0, .max = 255, .live = true,
	  .help = "only packets with so many hops left" },
	{ MATCHING(dscp), .name = "dscp", .type = PARAM_STRING, .live = true,
	  .help = "only these code points (46, ef, af21, cs3: comma-separated)" },
	{},
};
/* clang-format on */

/* --- from parameters to a rule ------------------------------------------------------------- */

static struct fl_port_range port_range(struct param_range r)
{
	return (struct fl_port_range){ (uint16_t)r.from, (uint16_t)r.to };
}

int net_match(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	const struct net_matching *m = p->common;

	rule->port = port_range(m->port);
	rule->local_port = port_range(m->local_port);
	rule->peer_port = port_range(m->peer_port);
	rule->max_hits = m->max_hits;
	rule->probability_ppm = FL_PPM;
	rule->flow_share_ppm = m->share_ppm;
	rule->protocol = protocol_numbers[m->protocol];
	return net_match_more(m, &rule->more, err);
}

int net_validate(const struct params *p, struct fl_error *err)
{
	_cleanup_free_ struct engine_peer *peers = NULL;
	const struct net_matching *m = p->common;
	struct fl_rule rule = {};
	uint32_t n;
	int r = net_peers(m->peer, false, &peers, &n, err);

	if (!r)
		r = net_match(p, &rule, err);
	if (!r && rule.more.tcp && rule.protocol && rule.protocol != IPPROTO_TCP)
		r = error_usage(err, "packet-state is about TCP, and protocol is %s", protocols[m->protocol]);
	return r;
}

int net_validate_tcp(const struct params *p, struct fl_error *err)
{
	const struct net_matching *m = p->common;
	uint8_t protocol = protocol_numbers[m->protocol];

	if (protocol && protocol != IPPROTO_TCP)
		return error_usage(err, "protocol %s has no connections: this is about TCP", protocols[m->protocol]);
	return net_validate(p, err);
}

int net_delay(const struct net_waiting *w, struct fl_delay *ret, struct fl_error *err)
{
	static struct fl_table_row rows[FL_TABLE_MAX]; /* computed when first needed */
	double correlation, c;

	*ret = (struct fl_delay){
		.delay_ns = w->delay_ns,
		.jitter_ns = w->jitter_ns,
		.distribution = w->distribution,
		.correlation_ppm = w->correlation_ppm,
		.ar_innovation_q16 = 65536,
	};
	if (ret->delay_ns > 3600 * 1000000000ull || ret->jitter_ns > 3600 * 1000000000ull)
		return error_usage(err, "delay and jitter can be at most one hour");
	if (!ret->jitter_ns || !ret->correlation_ppm)
		return 0;
	if (!rows[FL_TABLE_UNIFORM].q16[0])
		quantile_rows(rows);
	correlation = ret->correlation_ppm / (double)FL_PPM;
	c = quantile_ar_coefficient(rows, ret->distribution, correlation);
	ret->ar_coeff_q16 = (__s32)lrint(c * 65536);
	ret->ar_innovation_q16 = (__s32)lrint(sqrt(1 - c * c) * 65536);
	return 0;
}

/* --- the life of it ------------------------------------------------------------------------ */

static int random_seed(const struct net_matching *m, __u64 *ret, struct fl_error *err)
{
	if (m->seed.set) {
		*ret = m->seed.u64;
		return 0;
	}
	if (getrandom(ret, sizeof(*ret), 0) != sizeof(*ret))
		return error_sys(err, errno, "random seed: %s", strerror(errno));
	return 0;
}

int net_arm(struct fault *f, unsigned int flags, struct fl_error *err)
{
	struct fl_rule rule = { .expires_ns = UINT64_MAX };
	const struct net_matching *m = f->params.common;
	struct net_fault *n;
	struct engine *engine;
	int r;

	f->priv = n = calloc(1, sizeof(*n));
	if (!n)
		return error_sys(err, ENOMEM, "%s: out of memory", f->ops->name);
	n->flags = flags;
	r = random_seed(m, &rule.seed, err);
	if (!r)
		r = f->ops->compile(&f->params, &rule, err);
	if (!r)
		r = net_peers(m->peer, true, &n->peers, &n->n_peers, err);
	if (!r)
		r = net_guard_session(f->session, err);
	if (!r)
		r = engine_get(f->session, &engine, err);
	if (!r)
		r = net_hooks_arm(f, &rule, err);
	if (!r)
		text_copy(f->backend, sizeof(f->backend), engine_attach_kind(engine));
	return r;
}

int net_arm_plain(struct fault *f, struct fl_error *err)
{
	return net_arm(f, 0, err);
}

int net_arm_hold(struct fault *f, unsigned int flags, struct fl_error *err)
{
	const struct net_own *own = f->params.own;
	int r = net_arm(f, flags, err);

	text_copy(f->backend, sizeof(f->backend), net_backends[own->backend]);
	return r;
}

int net_arm_hold_plain(struct fault *f, struct fl_error *err)
{
	return net_arm_hold(f, 0, err);
}

int net_activate(struct fault *f, bool on, struct fl_error *err)
{
	struct net_fault *n = f->priv;

	return engine_switch(f->session->engine, n->rules, n->n_rules, on, f->expires_ns ? f->expires_ns : UINT64_MAX,
			     err);
}

int net_update(struct fault *f, struct fl_error *err)
{
	struct net_fault *n = f->priv;
	struct fl_rule rule;
	uint32_t i;
	int r = 0;

	for (i = 0; i < n->n_rules && !r; i++) {
		r = engine_get_rule(f->session->engine, n->rules[i], &rule, err);
		if (!r)
			r = f->ops->compile(&f->params, &rule, err);
		if (!r)
			r = engine_set(f->session->engine, n->rules[i], &rule, err);
	}
	return r;
}

uint32_t net_rules(const struct fault *f, uint32_t *ret, uint32_t max)
{
	const struct net_fault *n = f->priv;
	uint32_t i;

	for (i = 0; i < n->n_rules && i < max; i++)
		ret[i] = n->rules[i];
	return i;
}

static void tell_hold(const struct engine *e, char *effect, size_t size)
{
	struct hold_stats s;
	char late[32];

	engine_hold_stats(e, &s);
	if (!s.taken)
		return;
	snprintf(effect, size, "%llu packets held, at most %s late, %llu dropped%s", (unsigned long long)s.taken,
		 units_format_ns(s.late_max_ns, late, sizeof(late)),
		 (unsigned long long)(s.overflow + s.malformed + s.failed),
		 s.realtime ? "" : ", not at real-time priority");
}

int net_proof(struct fault *f, struct fault_proof *ret, struct fl_error *err)
{
	struct net_fault *n = f->priv;
	struct fl_proof sum = {};
	uint32_t i;
	int r = 0;

	for (i = 0; i < n->n_rules && !r; i++) {
		struct fl_proof p = {};

		r = engine_proof(f->session->engine, n->rules[i], &p, err);
		proof_add(&sum, &p);
	}
	fault_proof_from(ret, &sum);
	if (!r && !strcmp(f->backend, "hold")) /* the line is the session's, shared by its faults */
		tell_hold(f->session->engine, ret->effect, sizeof(ret->effect));
	if (!r && !strcmp(f->backend, "edt"))
		net_tell_edt(f->session->engine, ret->effect, sizeof(ret->effect));
	if (!r)
		net_guard_tell(f->session, ret);
	return r;
}

int net_disarm(struct fault *f, struct fl_error *err)
{
	struct net_fault *n = f->priv;
	int r = 0, r2;

	if (!n)
		return 0;
	while (n->n_rules) {
		r2 = engine_remove(f->session->engine, n->rules[--n->n_rules], err);
		r = r ? r : r2;
	}
	free(n->peers);
	free(n->hooks);
	free(n);
	f->priv = NULL;
	return r;
}

/* --- what this host can do ----------------------------------------------------------------- */

void net_supported(struct fault_support *ret)
{
	static struct fault_support known; /* found out once: it loads all programs */
	struct feature_answer clsact = { .yes = true };
	struct fl_error err = {};
	const char *kind;

	if (known.supported || known.reason[0]) {
		*ret = known;
		return;
	}
	kind = tc_probe(&err);
	if (kind && !strcmp(kind, "clsact"))
		probe_clsact(&clsact);
	if (!clsact.yes)
		error_env(&err, ENOTSUP, "clsact: %s", clsact.reason);
	known.supported = kind && clsact.yes && !engine_try(TARGET_SIDE_VETH, &err);
	text_copy(known.backend, sizeof(known.backend), known.supported ? kind : "");
	if (!known.supported)
		text_copy(known.reason, sizeof(known.reason), err.message);
	*ret = known;
}

void net_supported_loopback(struct fault_support *ret)
{
	struct fl_error why = {};

	if (!ret->supported || !engine_try(TARGET_SIDE_LOOPBACK, &why))
		return;
	*ret = (struct fault_support){};
	text_copy(ret->reason, sizeof(ret->reason), why.message);
}

void net_supported_hold(struct fault_support *ret)
{
	static struct feature_answer tap; /* found out once: it takes a network namespace */

	net_supported(ret);
	if (!ret->supported)
		return;
	if (!tap.yes && !tap.reason[0])
		probe_tap(&tap);
	if (!tap.yes) {
		ret->supported = false;
		snprintf(ret->reason, sizeof(ret->reason), "%s (CONFIG_TUN)", tap.reason);
	}
	text_copy(ret->backend, sizeof(ret->backend), ret->supported ? "hold" : "");
}
