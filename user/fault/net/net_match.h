/* SPDX-License-Identifier: GPL-2.0-only */
/* net_match.h - which connections a network fault wants, decided in user space as the kernel does it
 * (bpf/net/match.bpf.h): for what is said before a fault begins. */
#ifndef FL_NET_MATCH_H
#define FL_NET_MATCH_H

#include "fault/net/net.h"

struct net_matcher {
	struct fl_rule rule;
	struct engine_peer *peers;
	uint32_t n_peers;
};

/* Of a network fault whose parameters are set. */
int net_matcher_make(const struct fault *f, struct net_matcher *ret, struct fl_error *err);
void net_matcher_free(struct net_matcher *m);

/* Would the rule see this connection (the share of flows aside)? */
bool net_matches(const struct net_matcher *m, uint16_t local_port, const struct in6_addr *peer, uint16_t peer_port,
		 uint8_t protocol);

#endif
