// SPDX-License-Identifier: GPL-2.0-only
/*
 * dns_answer.c - dns_answer: lookups succeed, and are told something wrong: another address, a random one, none at all, or
 * how long it may be kept. Changed in place in the kernel, bpf/dns/dns_answer.bpf.h.
 *
 * Limits: UDP. An answer that is signed (DNSSEC) keeps its addresses; one of more than 32 records stays as it is. Both are
 * counted as skipped, and so is one that has nothing to change.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "fault/dns/dns.h"
#include "util/clock.h"

/* clang-format off */
static const struct param params[] = {
	{ PARAM_FIELD(struct dns_params, a), .name = "a", .type = PARAM_STRING, .live = true,
	  .help = "the IPv4 address that every lookup of one gets, or random" },
	{ PARAM_FIELD(struct dns_params, aaaa), .name = "aaaa", .type = PARAM_STRING, .live = true,
	  .help = "the same of IPv6 addresses" },
	{ PARAM_FIELD(struct dns_params, ttl_ns), .name = "ttl", .type = PARAM_DURATION, .live = true,
	  .help = "how long the answer may be kept, in whole seconds" },
	{ PARAM_FIELD(struct dns_params, empty), .name = "empty", .type = PARAM_BOOL, .live = true,
	  .help = "or: the name is there, and has no record of the type that is asked for" },
	NET_PARAM_PERCENT("100%", "the matching answers that are changed"),
	DNS_PARAM_TYPE,
	DNS_PARAMS,
	{}
};
/* clang-format on */

static int set_address(const char *text, int family, void *address, uint32_t set, uint32_t random, uint32_t *ret,
		       struct fl_error *err)
{
	if (!text)
		return 0;
	*ret |= set;
	if (!strcmp(text, "random")) {
		*ret |= random;
		return 0;
	}
	if (inet_pton(family, text, address) == 1)
		return 0;
	error_usage(err, "dns_answer: %s '%.60s' is no IPv%c address", family == AF_INET ? "a" : "aaaa", text,
		    family == AF_INET ? '4' : '6');
	error_hint(err, "%s, or random", family == AF_INET ? "192.0.2.1" : "2001:db8::1");
	return -EINVAL;
}

static int compile_answer(const struct dns_params *own, struct fl_dns_answer *answer, struct fl_error *err)
{
	int r = set_address(own->a, AF_INET, answer->a, FL_DNS_SET_A, FL_DNS_RANDOM_A, &answer->set, err);

	r = r ? r
	      : set_address(own->aaaa, AF_INET6, answer->aaaa, FL_DNS_SET_AAAA, FL_DNS_RANDOM_AAAA, &answer->set, err);
	if (!r && own->ttl_ns.set) {
		uint64_t seconds = own->ttl_ns.u64 / NS_PER_SEC;

		if (seconds > INT32_MAX)
			return error_usage(err, "dns_answer: a ttl has at most 68 years");
		answer->ttl_s = (uint32_t)seconds;
		answer->set |= FL_DNS_SET_TTL;
	}
	return r;
}

/* Which lookups it is about: those of the families that get another address; else those of `type`. */
static uint8_t types_of(const struct dns_params *own, uint32_t set)
{
	uint8_t types = 0;

	if (set & FL_DNS_SET_A)
		types |= FL_DNS_TYPE_A;
	if (set & FL_DNS_SET_AAAA)
		types |= FL_DNS_TYPE_AAAA;
	return types ? types : dns_types_mask(own->type);
}

static int check_together(const struct dns_params *own, uint32_t set, struct fl_error *err)
{
	uint8_t types = types_of(own, set), wanted = dns_types_mask(own->type);

	if (own->empty && set)
		return error_usage(err, "dns_answer: either empty, or a, aaaa, ttl: an empty answer has nothing in it");
	if (!own->empty && !set) {
		error_usage(err, "dns_answer: what is to be answered?");
		error_hint(err, "a: ADDRESS, aaaa: ADDRESS, ttl: TIME, or empty: yes");
		return -EINVAL;
	}
	if (wanted && types != wanted)
		return error_usage(err, "dns_answer: type %s, and an address of the other family",
				   dns_types[own->type]);
	return 0;
}

static int compile(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	const struct dns_params *own = p->own;
	int r = dns_compile(p, rule, err);

	rule->kind = FL_KIND_DNS_ERROR;
	rule->answer = (struct fl_dns_answer){};
	r = r ? r : compile_answer(own, &rule->answer, err);
	rule->dns.rcode = own->empty ? FL_DNS_EMPTY : FL_DNS_CHANGE;
	rule->dns.types = types_of(own, rule->answer.set);
	return r ? r : check_together(own, rule->answer.set, err);
}

static int validate(const struct params *p, struct fl_error *err)
{
	struct fl_rule rule = {};
	int r = net_validate(p, err);

	return r ? r : compile(p, &rule, err);
}

const struct fault_ops fault_dns_answer = {
	NET_OPS,
	.class = FAULT_NETWORK,
	.name = "dns_answer",
	.summary = "Make DNS answers say something wrong",
	.params = params,
	.supported = dns_supported,
	.validate = validate,
	.arm = dns_arm,
	.compile = compile,
	.hints = {
		.unmatched = "No DNS answer met its match: is anything looked up meanwhile, that no program "
			"has in its own cache?",
		.skipped = "They could not be read, came over TCP, had no record to change, or keep their addresses because "
			   "they are signed (DNSSEC).",
	},
	.look = dns_look,
};
