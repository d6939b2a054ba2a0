/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * abi_sys.h - what the syscall-fault programs and user space share, beside abi.h.
 *
 * One fault has its own maps, given to every object that is loaded for it (one object a hooked
 * function), so that all of its syscalls share one counter and one proof:
 *
 *   map         type           key   value
 *   sys_rule    ARRAY          0     struct fl_sys_rule
 *   sys_state   ARRAY          0     struct fl_sys_state
 *   sys_proof   PERCPU_ARRAY   0     struct fl_proof
 *   leases      ARRAY          0     struct fl_lease
 */
#ifndef FL_ABI_SYS_H
#define FL_ABI_SYS_H

#include "bpf/abi/abi.h"
#include "bpf/abi/abi_task.h"

#define FL_SYS_PATH_MAX 128

enum fl_sys_path {
	FL_SYS_PATH_ANY = 0,
	FL_SYS_PATH_PREFIX = 1,
	FL_SYS_PATH_GLOB = 2, /* * and ?, both match '/' too */
};

enum fl_sys_fd {
	FL_SYS_FD_ANY = 0,
	FL_SYS_FD_FILE = 1,
	FL_SYS_FD_DIRECTORY = 2,
	FL_SYS_FD_SOCKET = 3,
	FL_SYS_FD_PIPE = 4,
	FL_SYS_FD_DEVICE = 5,
};

/*
 * Which calls fail and how. The n-th matched call (n from 1) is hit iff
 *     first <= n <= last  and  n % nth == 0  and  hash(seed, n) < probability
 * Example: every connect to port 5432 times out once in five:
 *     { .error = -110, .probability_ppm = 200000, .nth = 1, .port = {5432, 5432}, ... }
 */
struct fl_sys_rule {
	__u64 seed;
	__u64 expires_ns;  /* CLOCK_MONOTONIC; ~0: bounded by the lease alone */
	__u64 max_hits;    /* 0: no bound */
	__u64 first, last; /* last 0: no end */
	__u32 probability_ppm;
	__u32 nth;
	__s32 error; /* negative errno; 0 when the action is a signal */
	__u8 enabled;
	__u8 signal;               /* send this one to the caller; 0 none */
	__u8 fd_kind;              /* enum fl_sys_fd */
	__u8 path_kind;            /* enum fl_sys_path */
	struct fl_port_range port; /* the socket address's port; {0, 65535} any */
	__u32 owner_tgid;          /* faultline itself, never matched */
	__u32 n_targets;
	__u32 path_len;
	__u8 peer[16];         /* the socket address, IPv4 as ::ffff:a.b.c.d */
	__u32 peer_prefix_len; /* 0 any */
	__u32 pad;
	__u8 path[FL_SYS_PATH_MAX];
	struct fl_task_target targets[FL_TASK_MAX_TARGETS];
};
_Static_assert(sizeof(struct fl_sys_rule) == 608, "fl_sys_rule");

struct fl_sys_state {
	__u64 matched; /* atomic */
	__u64 hits;    /* atomic */
};

/* Where a hooked syscall keeps what filters look at: indexes of arguments, -1 when it has none. */
struct fl_sys_call {
	__s32 number; /* for the tracepoint backend, which sees every syscall */
	__s8 path_arg;
	__s8 fd_arg;
	__s8 addr_arg;
	__u8 keeps_break; /* brk: its failure is the break as it was, never an errno */
};
_Static_assert(sizeof(struct fl_sys_call) == 8, "fl_sys_call");

#endif /* FL_ABI_SYS_H */
