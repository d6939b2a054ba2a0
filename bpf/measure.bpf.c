// SPDX-License-Identifier: GPL-2.0-only
/*
 * measure.bpf.c - requests, answers and what goes wrong between them, at tc on the host side of each
 * measured service's veth: between the container and every fault. On the way from the container
 * these programs run before those of net.bpf.c, on the way to it behind them. A packet that comes
 * back from a delay line passes "from" a second time, with a mark, and is not looked at again.
 *
 *   headers → pure ACK? → flow → SYN, FIN, RST → payload: HTTP/1.x | a turn
 *
 * HTTP/1.x: measure_http.bpf.h. DNS: measure_dns.bpf.h. Of any other protocol a turn is measured: from
 * the first byte that the client sends to the first byte that the server then sends. What is TLS or
 * HTTP/2 is labelled opaque. A turn with several requests in it (pipelining) is one.
 *
 * Limits: Ethernet; IPv4 and IPv6 without VLAN tag, fragments and extension headers. Two services
 * with one address cannot be told apart. A client that half-closes before it has its answer
 * counts as one that gave up.
 */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "bpf/abi/abi.h"
#include "bpf/net/hash.h"
#include "bpf/measure/measure_dns.bpf.h"
#include "bpf/measure/measure_flow.bpf.h"
#include "bpf/measure/measure_packet.bpf.h"
#include "bpf/measure/measure_sweep.bpf.h"
#include "bpf/measure/measure_tcp.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/*
 * One program for both hooks, so that the second one that a packet comes by finds its code in the CPU's
 * cache. The hooks tell it in this word of skb->cb which of them it is.
 */
#define CB_FROM 4

SEC("tc")
int fl_measure(struct __sk_buff *skb)
{
	struct seen s = { .from = !!skb->cb[CB_FROM] };

	if (skb->vlan_present)
		return TC_ACT_UNSPEC;
	switch (seen_read(skb, &s)) {
	case SEEN_TCP: measure_tcp(skb, &s); break;
	case SEEN_UDP: measure_dns(skb, &s); break;
	}
	return TC_ACT_UNSPEC;
}

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__array(values, int(struct __sk_buff *));
} both SEC(".maps") = { .values = { (void *)&fl_measure } };

SEC("tc")
int fl_measure_from(struct __sk_buff *skb)
{
	/* Back from a delay line: it has been seen when it went in. */
	if ((skb->mark & FL_MARK_MASK) == FL_MARK_MAGIC)
		return TC_ACT_UNSPEC;
	skb->cb[CB_FROM] = 1;
	bpf_tail_call_static(skb, &both, 0);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int fl_measure_to(struct __sk_buff *skb)
{
	skb->cb[CB_FROM] = 0;
	bpf_tail_call_static(skb, &both, 0);
	return TC_ACT_UNSPEC;
}

SEC("syscall")
int fl_sweep(struct fl_sweep *args)
{
	return sweep_all(args);
}
