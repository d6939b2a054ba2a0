// SPDX-License-Identifier: GPL-2.0-only
/*
 * sys_override.bpf.c - syscall faults by a kprobe on the syscall's entry and bpf_override_return():
 * the call never begins, so it has no effect. Needs CONFIG_BPF_KPROBE_OVERRIDE; serves every
 * syscall. One object is loaded for each hooked syscall, with its argument layout in `call`.
 */
#include "bpf/syscall/sys_task.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("kprobe")
int sys_override(struct pt_regs *ctx)
{
	const struct pt_regs *regs = (const struct pt_regs *)PT_REGS_PARM1(ctx);

	if (sys_call_hits(regs))
		bpf_override_return(ctx, (unsigned long)sys_failure());
	return 0;
}
