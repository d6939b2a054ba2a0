// SPDX-License-Identifier: GPL-2.0-only
/*
 * dns.c - dns_latency and dns_error: answers of the DNS that come late, or say no, or do not come.
 * Done to the responses (UDP and TCP, source port 53) in the kernel, bpf/dns/dns_flow.bpf.h, by the name
 * that was asked for; the resolver itself is not touched.
 *
 * "direction" is that of the answers: a resolver's leave it (from), a client's come to it (to). A
 * resolver inside the target's own network namespace (Docker's at 127.0.0.11) does both at once: its
 * answers are met on that namespace's loopback, whatever the direction.
 * Limits: DNS in the clear on port 53; over TCP an error code comes with the answers still in it.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "fault/dns/dns.h"
#include "fault/net/net.h"

static const char *const rcodes[] = { "servfail", "nxdomain", "refused", "drop", NULL };
static const uint8_t rcode_numbers[] = { 2, 3, 5, FL_DNS_DROP };
const char *const dns_types[] = { "any", "a", "aaaa", NULL };

/* clang-format off */
static const struct param latency_params[] = {
	{ PARAM_FIELD(struct net_late, wait.delay_ns), .name = "delay", .type = PARAM_DURATION, .def = "!", .live = true,
	  .from = "5ms", .to = "10s", .help = "how much later an answer comes" },
	NET_PARAM_JITTER,
	NET_PARAM_PERCENT("100%", "the matching answers that come late"),
	DNS_PARAMS,
	{}
};

static const struct param error_params[] = {
	{ PARAM_FIELD(struct dns_params, rcode), .name = "rcode", .type = PARAM_ENUM, .def = "servfail", .choices = rcodes,
	  .live = true, .help = "what the answer says, or drop for no answer" },
	NET_PARAM_PERCENT("100%", "the matching answers that fail"),
	DNS_PARAM_TYPE,
	DNS_PARAMS,
	{}
};
/* clang-format on */

static int name_error(const char *name, const char *why, struct fl_error *err)
{
	error_usage(err, "dns: name '%.60s': %s", name, why);
	error_hint(err, "for example payment.svc.lab, or *.svc.lab");
	return -EINVAL;
}

/* Lower case, without the final dot, the wildcard as a flag: as the kernel side compares. */
static int compile_name(const char *name, struct fl_dns *dns, struct fl_error *err)
{
	const char *from = name;
	size_t i, len;

	if (!name || !*name || !strcmp(name, "*"))
		return 0;
	if (!strncmp(from, "*.", 2)) {
		dns->wildcard = 1;
		from += 2;
	}
	len = strlen(from);
	if (len && from[len - 1] == '.')
		len--;
	if (!len || from[0] == '.')
		return name_error(name, "it has an empty label", err);
	if (len > sizeof(dns->name))
		return name_error(name, "it is longer than 128 bytes", err);
	for (i = 0; i < len; i++) {
		if (from[i] == '*')
			return name_error(name, "a wildcard can only be the first label", err);
		if (isspace((unsigned char)from[i]))
			return name_error(name, "it has a blank in it", err);
		if (from[i] == '.' && i && from[i - 1] == '.')
			return name_error(name, "it has an empty label", err);
		dns->name[i] = (__u8)tolower((unsigned char)from[i]);
	}
	dns->name_len = (__u16)len;
	return 0;
}

uint8_t dns_types_mask(uint32_t type)
{
	static const uint8_t masks[] = { 0, FL_DNS_TYPE_A, FL_DNS_TYPE_AAAA };

	return masks[type];
}

int dns_compile(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	static const uint8_t answers[] = {
		[NET_FROM] = 1 << FL_DIR_FROM,
		[NET_TO] = 1 << FL_DIR_TO,
		[NET_BOTH] = 1 << FL_DIR_FROM | 1 << FL_DIR_TO,
	};
	const struct net_matching *m = p->common;
	const struct dns_params *own = p->own;
	int r = net_match(p, rule, err);

	rule->probability_ppm = own->late.net.percent_ppm;
	rule->dns = (struct fl_dns){
		.answers = answers[own->late.net.direction],
		/* Of named peers each answer is meant. */
		.once = !m->peer,
	};
	return r ? r : compile_name(own->name, &rule->dns, err);
}

static int compile_latency(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	const struct net_late *own = p->own;
	int r = dns_compile(p, rule, err);

	rule->kind = FL_KIND_DNS_DELAY;
	return r ? r : net_delay(&own->wait, &rule->delay, err);
}

static int compile_error(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	const struct dns_params *own = p->own;
	int r = dns_compile(p, rule, err);

	rule->kind = FL_KIND_DNS_ERROR;
	rule->dns.types = dns_types_mask(own->type);
	rule->dns.rcode = rcode_numbers[own->rcode];
	return r;
}

static int validate(const struct params *p, struct fl_error *err)
{
	struct fl_rule rule = {};
	int r = net_validate(p, err);

	return r ? r : dns_compile(p, &rule, err);
}

static int arm_latency(struct fault *f, struct fl_error *err)
{
	return net_arm_hold(f, NET_LOOPBACK, err);
}

int dns_arm(struct fault *f, struct fl_error *err)
{
	return net_arm(f, NET_LOOPBACK, err);
}

static void delay_supported(struct fault_support *ret)
{
	net_supported_hold(ret);
	net_supported_loopback(ret);
}

void dns_supported(struct fault_support *ret)
{
	net_supported(ret);
	net_supported_loopback(ret);
}

const struct fault_ops fault_dns_latency = {
	NET_OPS,
	.class = FAULT_NETWORK,
	.name = "dns_latency",
	.summary = "Make DNS answers late",
	.params = latency_params,
	.supported = delay_supported,
	.validate = validate,
	.arm = arm_latency,
	.compile = compile_latency,
	.hints = {
		.unmatched = "No DNS answer met its match: is anything looked up meanwhile, that no program "
			"has in its own cache?",
		.skipped = "They could not be read, or could not wait on loopback: answers there must go to "
			"127.0.0.0/8 or ::1, and be asked for after the fault was on.",
	},
	.look = dns_look,
};

const struct fault_ops fault_dns_error = {
	NET_OPS,
	.class = FAULT_NETWORK,
	.name = "dns_error",
	.summary = "Make DNS answers fail, or lose them",
	.params = error_params,
	.supported = dns_supported,
	.validate = validate,
	.arm = dns_arm,
	.compile = compile_error,
	.hints = {
		.unmatched = "No DNS answer met its match: is anything looked up meanwhile, that no program "
			"has in its own cache?",
		.skipped = "They could not be read.",
	},
	.look = dns_look,
};
