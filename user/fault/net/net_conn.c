// SPDX-License-Identifier: GPL-2.0-only
/*
 * net_conn.c - idle_timeout, connection_limit: faults of connections as wholes. The kernel side
 * (bpf/net/conn.bpf.h) remembers each that it has met; what is over is taken out here, each second.
 *
 * Connections that were there before: for idle_timeout they count as silent since the fault is on; for
 * connection_limit they do not count.
 */
#include <errno.h>
#include <netinet/in.h>

#include "fault/net/net.h"
#include "fault/net/net_hooks.h"
#include "session/session.h"
#include "util/clock.h"

static int arm(struct fault *f, struct fl_error *err)
{
	return net_arm(f, NET_BOTH_HOOKS, err);
}

static int reap(struct fault *f, uint64_t silent_ns, struct fl_error *err)
{
	struct net_fault *n = f->priv;
	uint64_t now_ns = clock_mono_ns();
	uint32_t i;
	int r = 0;

	if (now_ns < n->reaped_ns + NS_PER_SEC)
		return 0;
	n->reaped_ns = now_ns;
	for (i = 0; i < n->n_rules && !r; i++)
		r = engine_reap(f->session->engine, n->rules[i], silent_ns, err);
	return r;
}

/* --- idle_timeout -------------------------------------------------------------------------- */

static const char *const actions[] = { "drop", "reset", NULL };

struct idle_timeout_params {
	struct net_own net;
	uint64_t timeout_ns;
	uint32_t reset; /* index in actions */
};

/* clang-format off */
static const struct param idle_params[] = {
	{ PARAM_FIELD(struct idle_timeout_params, timeout_ns), .name = "timeout", .type = PARAM_DURATION, .def = "!", .live = true,
	  .help = "a TCP connection that carried nothing for so long is forgotten" },
	{ PARAM_FIELD(struct idle_timeout_params, reset), .name = "action", .type = PARAM_ENUM, .def = "drop", .choices = actions,
	  .help = "what its packets get from then on: nothing, or both ends a reset" },
	{},
};
/* clang-format on */

static int compile_idle(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	const struct idle_timeout_params *own = p->own;
	int r = net_match(p, rule, err);

	rule->kind = FL_KIND_IDLE;
	rule->protocol = IPPROTO_TCP;
	/* since_ns is the engine's. */
	rule->idle.timeout_ns = own->timeout_ns;
	rule->idle.reset = own->reset;
	return r;
}

static int validate_idle(const struct params *p, struct fl_error *err)
{
	const struct idle_timeout_params *own = p->own;
	int r = net_validate_tcp(p, err);

	if (!r && !own->timeout_ns)
		r = error_usage(err, "idle_timeout: a timeout of 0 leaves no connection; network_partition does that");
	return r;
}

static int tick_idle(struct fault *f, struct fl_error *err)
{
	const struct idle_timeout_params *own = f->params.own;

	return reap(f, own->timeout_ns, err);
}

const struct fault_ops fault_idle_timeout = {
	NET_OPS,
	.class = FAULT_NETWORK,
	.name = "idle_timeout",
	.summary = "Forget TCP connections that are silent",
	.params = idle_params,
	.supported = net_supported,
	.validate = validate_idle,
	.arm = arm,
	.tick = tick_idle,
	.compile = compile_idle,
	.hints = {
		.unmatched = "No packet of a TCP connection met its match: is there traffic at all?",
		.spared = "None of the connections was silent for as long as --timeout: TCP keep-alive, or too much traffic?",
		.skipped = "There were more than 65,536 connections: those that had no place were left alone.",
	},
};

/* --- connection_limit ---------------------------------------------------------------------- */

struct connection_limit_params {
	struct net_own net;
	uint32_t connections;
};

/* clang-format off */
static const struct param limit_params[] = {
	{ PARAM_FIELD(struct connection_limit_params, connections), .name = "connections", .type = PARAM_INT, .def = "!", .min = 1, .max = 32768, .live = true,
	  .help = "how many may be open at a time; a further one gets no answer" },
	NET_PARAM_DIRECTION_OF("to", "connections that the target makes, that are made to it, or both"),
	{},
};
/* clang-format on */

static int compile_limit(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	static const __u32 attempts[] = { [NET_FROM] = 1 << FL_DIR_FROM, [NET_TO] = 1 << FL_DIR_TO, [NET_BOTH] = 0 };
	const struct connection_limit_params *own = p->own;
	int r = net_match(p, rule, err);

	rule->kind = FL_KIND_LIMIT;
	rule->protocol = IPPROTO_TCP;
	rule->limit = (struct fl_limit){
		.connections = own->connections,
		.attempts = attempts[own->net.direction],
	};
	return r;
}

static int tick_limit(struct fault *f, struct fl_error *err)
{
	return reap(f, 0, err);
}

const struct fault_ops fault_connection_limit = {
	NET_OPS,
	.class = FAULT_NETWORK,
	.name = "connection_limit",
	.summary = "Let only so many TCP connections be open",
	.params = limit_params,
	.supported = net_supported,
	.validate = net_validate_tcp,
	.arm = arm,
	.tick = tick_limit,
	.compile = compile_limit,
	.hints = {
		.unmatched = "No connection was begun that its match is about; those from before do not count. Is there a "
			"pool that keeps them?",
		.spared = "There were never more than --connections at a time. Fewer of these, or more clients.",
		.skipped = "There were more than 65,536 connections: those that had no place were left alone.",
	},
};
