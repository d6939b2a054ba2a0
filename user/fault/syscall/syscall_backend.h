/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * syscall_backend.h - the ways to make a syscall fail, probed, and one hook of one of them.
 *
 *   override  kprobe on the syscall and bpf_override_return(): any syscall
 *   modret    fmod_ret on the syscall, else on the security_* hook that it passes
 *   cgroup    bpf_set_retval() in cgroup hooks: socket, connect, bind, send (UDP), setsockopt
 *   signal    raw tracepoint sys_enter: sends a signal, cannot refuse
 */
#ifndef FL_SYSCALL_BACKEND_H
#define FL_SYSCALL_BACKEND_H

#include "fault/syscall/syscall_table.h"
#include "target/target.h"

enum syscall_backend {
	BACKEND_OVERRIDE,
	BACKEND_MODRET,
	BACKEND_CGROUP,
	BACKEND_SIGNAL,
	BACKEND_MAX,
	BACKEND_NONE = BACKEND_MAX,
};

const char *syscall_backend_name(enum syscall_backend b);
enum syscall_backend syscall_backend_find(const char *name); /* BACKEND_NONE: no such */

/*
 * Can this backend serve this syscall here, with these filters (mask of enum syscall_filter)?
 * Probes by loading; the answers of a process are kept. *ret_why (size bytes) gets the reason of
 * a no. BACKEND_SIGNAL serves every row.
 */
bool syscall_backend_serves(enum syscall_backend b, const struct syscall_row *row, unsigned int filters, char *ret_why,
			    size_t why_size);

/* The maps of one fault, made once and given to each hook; see bpf/abi/abi_sys.h. */
struct syscall_maps {
	int rule, state, proof, leases;
	int turns; /* -1: the programs count without, see bpf/syscall/sys.bpf.h */
};
int syscall_maps_make(struct syscall_maps *ret, struct fl_error *err);
void syscall_maps_close(struct syscall_maps *m);

struct syscall_hook; /* loaded, attached programs; closing it detaches them */

/* Hook @row by @b with the fault's maps. The cgroup backend attaches to each target's cgroup. */
int syscall_hook_attach(enum syscall_backend b, const struct syscall_row *row, const struct syscall_maps *maps,
			const struct target *targets, uint32_t n_targets, struct syscall_hook **ret,
			struct fl_error *err);
void syscall_hook_detach(struct syscall_hook *h);

/* Two rows that this backend serves by the very same hook? Then one attachment does for both. */
bool syscall_hook_same(enum syscall_backend b, const struct syscall_row *a, const struct syscall_row *c);

#endif
