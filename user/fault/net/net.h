/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * net.h - what all network faults share: the match parameters, the life of a fault as rules in the
 * engine, the proof. A kind is a table of its own parameters and a function that compiles them
 * into a rule.
 */
#ifndef FL_FAULT_NET_H
#define FL_FAULT_NET_H

#include "bpf/abi/abi.h"
#include "fault/fault.h"
#include "net/engine.h"

/* What both of the tables below are bound to: params->common of every network fault. */
struct net_matching {
	const char *peer; /* NULL: everybody */
	struct param_range port, local_port, peer_port;
	uint32_t protocol; /* index in the choices */
	uint32_t share_ppm;
	struct param_optional seed;
	uint64_t max_hits; /* 0: no bound */
	/* of net_packet_params alone */
	struct param_range size, ttl;
	struct param_optional established; /* 0: new */
	const char *dscp;
};

/* peer, port, local-port, peer-port, protocol, share, seed, max-hits. */
extern const struct param net_match_params[];
/* The same and packet-size, packet-state, ttl, dscp, for kinds that act on packets one by one. */
extern const struct param net_packet_params[];

/* net_more.c */
extern const char *const net_states[];
/* What net_packet_params ask for beyond net_match_params; where a kind has only these, nothing. */
int net_match_more(const struct net_matching *m, struct fl_more *ret, struct fl_error *err);
/* Error when a parameter of these is given, which @kind decides itself. @name: NULL-terminated. */
int net_refuse(const struct params *p, const char *kind, const char *const *names, struct fl_error *err);

/* The index of net_directions is that of the parameter "direction". */
enum net_direction { NET_FROM, NET_TO, NET_BOTH };
extern const char *const net_directions[];

/* The index of net_backends is that of the parameter "backend", see net_edt.c. */
enum net_backend { NET_HOLD, NET_EDT };
extern const char *const net_backends[];

/* What the own parameters of every network fault begin with (params->own). A kind has those that it needs. */
struct net_own {
	enum net_direction direction;
	uint32_t percent_ppm;
	enum net_backend backend;
};

#define NET_PARAM_DIRECTION_OF(def_, what)                                                                      \
	{                                                                                                       \
		PARAM_FIELD(struct net_own, direction), .name = "direction", .type = PARAM_ENUM, .def = (def_), \
							.choices = net_directions, .help = what                 \
	}
#define NET_PARAM_DIRECTION(def_) NET_PARAM_DIRECTION_OF(def_, "packets from the target, to it, or both")
#define NET_PARAM_PERCENT(def_, what)                                                                              \
	{                                                                                                          \
		PARAM_FIELD(struct net_own, percent_ppm), .name = "percent", .type = PARAM_PERCENT, .def = (def_), \
							  .live = true, .from = "0.5%", .to = "100%",              \
							  .help = "share of " what                                 \
	}

/* The match part of ops->compile: every kind calls it first. */
int net_match(const struct params *p, struct fl_rule *rule, struct fl_error *err);

/* Flags of net_arm(). */
#define NET_RULE_PER_HOOK 1 /* each interface and direction counts for itself (rates) */
#define NET_BOTH_HOOKS    2 /* must see both directions, whatever "direction" says (HTTP) */
#define NET_LOOPBACK      4 /* also the target's own loopback; and what comes to it, always (DNS) */

/*
 * The common arm: one rule, as ops->compile makes it, on all hooks of all targets, disabled.
 * f->backend is set to the way of attaching; a kind may write its own over it.
 */
int net_arm(struct fault *f, unsigned int flags, struct fl_error *err);

/* The other ops, for every kind. */
int net_activate(struct fault *f, bool on, struct fl_error *err);
int net_update(struct fault *f, struct fl_error *err);
int net_proof(struct fault *f, struct fault_proof *ret, struct fl_error *err);
int net_disarm(struct fault *f, struct fl_error *err);
int net_moved(struct fault *f, uint32_t target, struct fl_error *err); /* net_hooks.c */
uint32_t net_rules(const struct fault *f, uint32_t *ret, uint32_t max);

/* Most kinds need no flags. */
int net_arm_plain(struct fault *f, struct fl_error *err);
/* For kinds that make packets wait: the backend is "hold", or "edt" where the rule departs. */
int net_arm_hold(struct fault *f, unsigned int flags, struct fl_error *err);
int net_arm_hold_plain(struct fault *f, struct fl_error *err);

/* What all kinds have in common in their descriptor: those about messages or connections, those about packets. */
#define NET_OPS_WITH(table)                                                                                       \
	.common = (table), .need_veth = true, .activate = net_activate, .update = net_update, .proof = net_proof, \
	.disarm = net_disarm, .moved = net_moved, .rules = net_rules
#define NET_OPS        NET_OPS_WITH(net_match_params)
#define NET_PACKET_OPS NET_OPS_WITH(net_packet_params)

/* Checks the match parameters as far as it goes without the system. */
int net_validate(const struct params *p, struct fl_error *err);
/* The same for a kind that is about TCP: another protocol is an error. */
int net_validate_tcp(const struct params *p, struct fl_error *err);

/* Is there tc with BPF? And, for kinds that make packets wait, TAP? */
void net_supported(struct fault_support *ret);
void net_supported_hold(struct fault_support *ret);
/* What was said yes to also needs the programs for a target's own loopback (DNS). */
void net_supported_loopback(struct fault_support *ret);

/* net_edt.c: the parameter "backend" of kinds that can also wait by departure time. */
#define NET_PARAM_BACKEND                                                                              \
	{                                                                                              \
		PARAM_FIELD(struct net_own, backend),                                                  \
			.name = "backend", .type = PARAM_ENUM, .def = "hold", .choices = net_backends, \
			.help = "where packets wait: a delay line, or an fq qdisc (only direction to)" \
	}
bool net_is_edt(const struct params *p);
/* Error when @kind asks edt for what it cannot do; @longest_ns that a packet may wait. */
int net_check_edt(const struct params *p, const char *kind, uint64_t longest_ns, struct fl_error *err);
/* As net_supported_hold(), and the reason tells whether edt works. */
void net_supported_edt(struct fault_support *ret, const char *summary);
void net_tell_edt(const struct engine *e, char *effect, size_t size);

/* How long packets wait: the parameters of every kind that makes them. The last two are latency's alone. */
struct net_waiting {
	uint64_t delay_ns, jitter_ns;
	uint32_t distribution; /* enum fl_distribution */
	uint32_t correlation_ppm;
};

/* The same as a part of a rule. */
int net_delay(const struct net_waiting *w, struct fl_delay *ret, struct fl_error *err);

/* Of a kind whose struct net_own is followed by a struct net_waiting. */
struct net_late {
	struct net_own net;
	struct net_waiting wait;
};

#define NET_PARAM_JITTER                                                                                            \
	{                                                                                                           \
		PARAM_FIELD(struct net_late, wait.jitter_ns), .name = "jitter", .type = PARAM_DURATION, .def = "0", \
							      .live = true,                                         \
							      .help = "up to so much more or less, evenly"          \
	}

/* net_peers.c: "10.9.0.0/24", "fd00::1" -> one prefix; names are an error. */
int net_prefix(const char *word, struct engine_peer *ret, struct fl_error *err);

/*
 * net_peers.c: "checkout-svc, 10.9.0.0/24, fd00::1" -> prefixes. *ret is the caller's to free;
 * NULL or "" means everybody. With @resolve false, names are not looked up (and give nothing).
 */
int net_peers(const char *text, bool resolve, struct engine_peer **ret, uint32_t *ret_n, struct fl_error *err);

#endif
