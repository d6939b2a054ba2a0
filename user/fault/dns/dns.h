/* SPDX-License-Identifier: GPL-2.0-only */
/* dns.h - what the kinds that are about DNS share. */
#ifndef FL_FAULT_DNS_H
#define FL_FAULT_DNS_H

#include "bpf/abi/abi.h"
#include "fault/net/net.h"
#include "util/text/text.h"

/* Of all kinds; those of one only, behind it. */
struct dns_params {
	struct net_late late;
	const char *name;
	uint32_t type;        /* index in dns_types */
	uint32_t rcode;       /* dns_error */
	const char *a, *aaaa; /* dns_answer */
	struct param_optional ttl_ns;
	bool empty;
};

extern const char *const dns_types[];

/* clang-format off */
#define DNS_PARAM_TYPE \
	{ PARAM_FIELD(struct dns_params, type), .name = "type", .type = PARAM_ENUM, .def = "any", .choices = dns_types, \
	  .live = true, .help = "only lookups of addresses of one family" }

#define DNS_PARAMS \
	{ PARAM_FIELD(struct dns_params, name), .name = "name", .type = PARAM_STRING, .live = true, \
	  .help = "only lookups of this name; *.example.com for all below it" }, \
	NET_PARAM_DIRECTION_OF("both", "answers that the target gives to others, that it gets, or both")
/* clang-format on */

/* The mask of enum fl_dns_type of an index in dns_types. */
uint8_t dns_types_mask(uint32_t type);

/* What all have in common, into @rule. */
int dns_compile(const struct params *p, struct fl_rule *rule, struct fl_error *err);

/* Of kinds whose answers do not wait. */
int dns_arm(struct fault *f, struct fl_error *err);
void dns_supported(struct fault_support *ret);

/* ops->look: which servers the targets ask, and whether a cache answers that is not asked by DNS. */
void dns_look(const struct fault *f, struct text *to);

#endif
