// SPDX-License-Identifier: GPL-2.0-only
/*
 * net_mangle.c - duplicate, corrupt, reorder, tcp_reset: single packets doubled, damaged, let past
 * those before them, or turned into the end of their connection.
 */
#include <errno.h>

#include "fault/net/net.h"

static int compile_percent(const struct params *p, struct fl_rule *rule, enum fl_kind kind, struct fl_error *err)
{
	const struct net_own *own = p->own;
	int r = net_match(p, rule, err);

	rule->kind = (__u8)kind;
	rule->probability_ppm = own->percent_ppm;
	return r;
}

/* --- duplicate ----------------------------------------------------------------------------- */

static const struct param duplicate_params[] = {
	NET_PARAM_PERCENT("!", "the matching packets that come twice"),
	NET_PARAM_DIRECTION("from"),
	{},
};

static int compile_duplicate(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	return compile_percent(p, rule, FL_KIND_DUPLICATE, err);
}

const struct fault_ops fault_duplicate = {
	NET_PACKET_OPS,
	.class = FAULT_NETWORK,
	.name = "duplicate",
	.summary = "Send packets twice",
	.params = duplicate_params,
	.supported = net_supported,
	.validate = net_validate,
	.arm = net_arm_plain,
	.compile = compile_duplicate,
	.hints = {
		.skipped = "The kernel could not make a copy of them.",
	},
};

/* --- corrupt ------------------------------------------------------------------------------- */

struct corrupt_params {
	struct net_own net;
	uint32_t bytes;
	bool fix_checksum;
};

/* clang-format off */
static const struct param corrupt_params[] = {
	NET_PARAM_PERCENT("!", "the matching packets that are damaged"),
	{ PARAM_FIELD(struct corrupt_params, bytes), .name = "bytes", .type = PARAM_INT, .def = "1", .min = 1, .max = 64, .live = true,
	  .help = "how many bytes of the payload" },
	{ PARAM_FIELD(struct corrupt_params, fix_checksum), .name = "fix-checksum",
	  .type = PARAM_BOOL, .def = "no", .live = true,
	  .help = "let the checksum fit, so that the application sees it; else its stack drops it" },
	NET_PARAM_DIRECTION("from"),
	{},
};
/* clang-format on */

static int compile_corrupt(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	const struct corrupt_params *own = p->own;

	rule->corrupt = (struct fl_corrupt){
		.bytes = own->bytes,
		.fix_checksum = own->fix_checksum,
	};
	return compile_percent(p, rule, FL_KIND_CORRUPT, err);
}

const struct fault_ops fault_corrupt = {
	NET_PACKET_OPS,
	.class = FAULT_NETWORK,
	.name = "corrupt",
	.summary = "Damage the payload of packets",
	.params = corrupt_params,
	.supported = net_supported,
	.validate = net_validate,
	.arm = net_arm_plain,
	.compile = compile_corrupt,
	.hints = {
		.unmatched = "No packet with a payload met its match: is there traffic at all?",
		.skipped = "The kernel could not change them.",
	},
};

/* --- reorder ------------------------------------------------------------------------------- */

struct reorder_params {
	struct net_own net;
	uint32_t gap;
	uint64_t delay_ns;
};

/* clang-format off */
static const struct param reorder_params[] = {
	NET_PARAM_PERCENT("25%", "the matching packets that overtake"),
	{ PARAM_FIELD(struct reorder_params, gap), .name = "gap", .type = PARAM_INT, .def = "1", .min = 1,
	  .max = UINT32_MAX, .live = true, .help = "only every gap-th packet may" },
	{ PARAM_FIELD(struct reorder_params, delay_ns), .name = "delay", .type = PARAM_DURATION, .def = "10ms",
	  .live = true, .help = "how long the others wait" },
	NET_PARAM_DIRECTION("from"),
	{},
};
/* clang-format on */

static int compile_reorder(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	const struct reorder_params *own = p->own;

	rule->reorder = (struct fl_reorder){
		.gap = own->gap,
		.delay_ns = own->delay_ns,
	};
	return compile_percent(p, rule, FL_KIND_REORDER, err);
}

static int validate_reorder(const struct params *p, struct fl_error *err)
{
	const struct reorder_params *own = p->own;
	int r = net_validate(p, err);

	if (!r && !own->delay_ns)
		r = error_usage(err, "reorder: without a delay nothing can be overtaken");
	return r;
}

const struct fault_ops fault_reorder = {
	NET_PACKET_OPS,
	.class = FAULT_NETWORK,
	.name = "reorder",
	.summary = "Let packets overtake others",
	.params = reorder_params,
	.supported = net_supported_hold,
	.validate = validate_reorder,
	.arm = net_arm_hold_plain,
	.compile = compile_reorder,
	.hints = {
		.spared = "None of them was to overtake: more --percent, a smaller --gap, or more traffic.",
		.skipped = "They could not be sent into the delay line; 'faultline doctor' says what it "
			"needs.",
	},
};

/* --- tcp_reset ----------------------------------------------------------------------------- */

static const struct param reset_params[] = {
	NET_PARAM_PERCENT("100%", "the matching TCP packets that end their connection"),
	NET_PARAM_DIRECTION("from"),
	{},
};

static int compile_reset(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	int r = compile_percent(p, rule, FL_KIND_RESET, err);

	rule->protocol = IPPROTO_TCP;
	return r;
}

const struct fault_ops fault_tcp_reset = {
	NET_PACKET_OPS,
	.class = FAULT_NETWORK,
	.name = "tcp_reset",
	.summary = "Reset TCP connections at both ends",
	.params = reset_params,
	.supported = net_supported,
	.validate = net_validate_tcp,
	.arm = net_arm_plain,
	.compile = compile_reset,
	.hints = {
		.unmatched = "No packet of an open TCP connection met its match: is there traffic at all?",
		.skipped = "The kernel could not make resets of them.",
	},
};
