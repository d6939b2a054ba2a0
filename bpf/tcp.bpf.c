// SPDX-License-Identifier: GPL-2.0-only
/*
 * tcp.bpf.c - what only the kernel's TCP knows of a measured flow: its smoothed round trip time. The
 * tracepoint sees every segment that any socket of the host receives; one in TCP_SAMPLE is looked up
 * among the flows of measure.bpf.c, whose maps these are, by the socket's own ends.
 *
 * Everything else of TCP (connections, resets, retransmissions) is told by the segments at the veth,
 * which also knows of peers whose sockets are not on this host.
 *
 * Limits: needs the kernel's BTF. A socket is found by its addresses and ports, whatever its
 * namespace. Until a segment of the socket's own was acknowledged it has no round trip time.
 */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "measure_flow.bpf.h"
#include "measure_packet.bpf.h"

#define TCP_SAMPLE 16 /* a power of two */

enum {
	AF_INET = 2,
	AF_INET6 = 10,
};

char LICENSE[] SEC("license") = "GPL";

static __always_inline bool sock_key(const struct sock *sk, struct flow_key *key)
{
	const struct sock_common *c = &sk->__sk_common;
	__be32 local[4], peer[4];
	__u32 i;

	key->local_port = c->skc_num;
	key->peer_port = bpf_ntohs(c->skc_dport);
	for (i = 0; i < 4; i++) {
		local[i] = c->skc_v6_rcv_saddr.in6_u.u6_addr32[i];
		peer[i] = c->skc_v6_daddr.in6_u.u6_addr32[i];
	}
	if (c->skc_family == AF_INET || (!peer[0] && !peer[1] && peer[2] == bpf_htonl(0xffff))) {
		key->version = 4;
		key->ends = (__u64)c->skc_rcv_saddr << 32 | c->skc_daddr;
		return true;
	}
	if (c->skc_family != AF_INET6)
		return false;
	key->version = 6;
	key->ends = hash_ends(local, peer);
	return true;
}

SEC("tp_btf/tcp_probe")
int fl_tcp_probe(__u64 *ctx)
{
	struct sock *sk = (struct sock *)ctx[0];
	struct flow_key key = {};
	struct tcp_sock *tcp;
	struct fl_path *path;
	struct flow *f;
	__u64 rtt_ns;

	if (bpf_get_prandom_u32() & (TCP_SAMPLE - 1) || !sock_key(sk, &key))
		return 0;
	f = bpf_map_lookup_elem(&flows, &key);
	tcp = bpf_skc_to_tcp_sock(sk);
	if (!f || !tcp)
		return 0;
	rtt_ns = (__u64)(tcp->srtt_us >> 3) * 1000;
	path = rtt_ns ? path_get(f) : NULL;
	if (path)
		hist_record_shared(&path->rtt, rtt_ns);
	return 0;
}
