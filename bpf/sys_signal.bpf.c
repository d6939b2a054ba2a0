// SPDX-License-Identifier: GPL-2.0-only
/*
 * sys_signal.bpf.c - a signal on the n-th matching syscall, from the raw tracepoint sys_enter: it
 * cannot refuse a call, but it is there on every kernel. The signal is delivered before the call
 * returns to user space; whether the call itself still runs is up to the kernel (it does).
 */
#include "bpf/syscall/sys_task.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("raw_tracepoint/sys_enter")
int sys_signal(struct bpf_raw_tracepoint_args *ctx)
{
	const struct fl_sys_rule *rule;
	__u32 zero = 0;

	if ((long)ctx->args[1] != call.number)
		return 0;
	if (!sys_call_hits((const struct pt_regs *)ctx->args[0]))
		return 0;
	rule = bpf_map_lookup_elem(&sys_rule, &zero);
	if (rule && rule->signal)
		bpf_send_signal(rule->signal);
	return 0;
}
