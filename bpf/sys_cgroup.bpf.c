// SPDX-License-Identifier: GPL-2.0-only
/*
 * sys_cgroup.bpf.c - syscall faults by cgroup hooks and bpf_set_retval() (5.18), which gives the
 * caller any errno. Needs neither kprobes nor trampolines. A program is attached to the target's
 * cgroup of the v2 tree, so children, threads and later members are covered.
 *
 * What it serves: socket (IPv4/IPv6), connect, bind, sendto/sendmsg/sendmmsg of UDP with an explicit
 * address, setsockopt. The call has had no effect when it is refused.
 */
#include "bpf/syscall/sys.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define REFUSE 0
#define ALLOW  1

static __always_inline int sys_refuse(const struct fl_sys_rule *rule)
{
	if (sys_spared(rule) || !sys_hit(rule))
		return ALLOW;
	bpf_set_retval(rule->error);
	return REFUSE;
}

static __always_inline int sys_address(const struct bpf_sock_addr *ctx, bool ipv6)
{
	const struct fl_sys_rule *rule = sys_live();
	__u32 words[4] = { 0, 0, bpf_htonl(0xffff), 0 };

	if (!rule)
		return ALLOW;
	if (sys_wants_addr(rule)) {
		if (ipv6) {
			words[0] = ctx->user_ip6[0];
			words[1] = ctx->user_ip6[1];
			words[2] = ctx->user_ip6[2];
			words[3] = ctx->user_ip6[3];
		} else {
			words[3] = ctx->user_ip4;
		}
		if (!sys_addr_matches(rule, (const __u8 *)words, bpf_ntohs((__u16)ctx->user_port)))
			return ALLOW;
	}
	return sys_refuse(rule);
}

SEC("cgroup/connect4")
int sys_connect4(struct bpf_sock_addr *ctx)
{
	return sys_address(ctx, false);
}

SEC("cgroup/connect6")
int sys_connect6(struct bpf_sock_addr *ctx)
{
	return sys_address(ctx, true);
}

SEC("cgroup/bind4")
int sys_bind4(struct bpf_sock_addr *ctx)
{
	return sys_address(ctx, false);
}

SEC("cgroup/bind6")
int sys_bind6(struct bpf_sock_addr *ctx)
{
	return sys_address(ctx, true);
}

SEC("cgroup/sendmsg4")
int sys_sendmsg4(struct bpf_sock_addr *ctx)
{
	return sys_address(ctx, false);
}

SEC("cgroup/sendmsg6")
int sys_sendmsg6(struct bpf_sock_addr *ctx)
{
	return sys_address(ctx, true);
}

SEC("cgroup/sock_create")
int sys_sock_create(struct bpf_sock *ctx)
{
	const struct fl_sys_rule *rule = sys_live();

	return rule ? sys_refuse(rule) : ALLOW;
}

SEC("cgroup/setsockopt")
int sys_setsockopt(struct bpf_sockopt *ctx)
{
	const struct fl_sys_rule *rule = sys_live();

	return rule ? sys_refuse(rule) : ALLOW;
}
