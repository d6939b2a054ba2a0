/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * syscall.h - making calls of a fault's targets fail: the life of a fault on top of the backends,
 * for syscall_error itself and for kinds whose `mode: kernel` is a set of failing calls. They put
 * syscall_activate() and so on into their own fault_ops and call syscall_arm() from their arm.
 */
#ifndef FL_SYSCALL_H
#define FL_SYSCALL_H

#include "bpf/abi/abi_sys.h"
#include "fault/fault.h"
#include "fault/syscall/syscall_backend.h"

struct syscall_request {
	const char *calls;         /* names or families with commas */
	enum syscall_backend only; /* BACKEND_NONE: the first that serves */
	bool partial;              /* calls that no backend serves here are left out, if one is left */
	struct fl_sys_rule rule;   /* what to do; targets, owner, expiry are filled in */
};

/* Nothing filtered, every call hit. */
void syscall_request_init(struct syscall_request *r, const char *calls, int error);

/* Are all words of @calls known syscalls? Needs no kernel. */
int syscall_check(const char *calls, struct fl_error *err);

/* The arm, activate, proof, disarm, moved of such a fault; f->priv is theirs. */
int syscall_arm(struct fault *f, const struct syscall_request *request, struct fl_error *err);
int syscall_activate(struct fault *f, bool on, struct fl_error *err);
int syscall_proof(struct fault *f, struct fault_proof *ret, struct fl_error *err);
int syscall_disarm(struct fault *f, struct fl_error *err);
int syscall_moved(struct fault *f, uint32_t target, struct fl_error *err);

/* The rule of an armed fault, to change it, and writing it to the kernel. */
struct fl_sys_rule *syscall_rule(struct fault *f);
int syscall_write(struct fault *f, struct fl_error *err);

/*
 * The first backend that serves @row with @filters (mask of enum syscall_filter), or whether @only
 * does. BACKEND_NONE: none, and *ret_why holds every backend's reason.
 */
enum syscall_backend syscall_choose(const struct syscall_row *row, enum syscall_backend only, unsigned int filters,
				    char *ret_why, size_t why_size);

#endif
