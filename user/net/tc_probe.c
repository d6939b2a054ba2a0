// SPDX-License-Identifier: GPL-2.0-only
/* tc_probe.c - see tc_probe.h */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "net/tc_probe.h"
#include "net/tcx.h"
#include "util/cleanup.h"

const char *tc_probe(struct fl_error *err)
{
	/* r0 = 0; exit */
	static const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static const char *known;
	_cleanup_fd_ int prog = -1;
	int r;

	if (known)
		return known;
	prog = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "fl_probe", "GPL", pass, 2, NULL);
	if (prog < 0) {
		r = errno;
		error_env(err, r, "load a tc program: %s", strerror(r));
		error_hint(err, r == EPERM ? "run as root (CAP_BPF, CAP_NET_ADMIN)"
					   : "the kernel needs CONFIG_BPF_SYSCALL, CONFIG_NET_CLS_BPF");
		return NULL;
	}
	/* There is no interface 0. A kernel with tcx looks for it (-ENODEV); one without does not
	 * know the attach type (-EINVAL). */
	r = tcx_attach(0, false, prog, 1, 0);
	known = r == -EINVAL ? "clsact" : "tcx";
	return known;
}
