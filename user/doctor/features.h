/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * features.h - what this kernel and this host have, found out by doing it once (load, attach,
 * open) and taking it back; never by comparing versions.
 */
#ifndef FL_FEATURES_H
#define FL_FEATURES_H

#include <stdbool.h>
#include <stddef.h>

struct feature_answer {
	bool yes;
	char reason[200]; /* errno or the verifier's last word when no; detail when yes */
};

struct feature {
	const char *name;
	const char *group; /* "network", "tracing", ... */
	const char *use;   /* what faultline does with it */
	const char *todo;  /* what to do when it is missing and somebody wants it */
	void (*probe)(struct feature_answer *ret);
};

/* Ends with a NULL name. Probing needs the capabilities of caps.h; without them all say EPERM. */
extern const struct feature features[];

/* For probes: fill in a yes or a no. */
void feature_yes(struct feature_answer *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void feature_no(struct feature_answer *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* features_net.c: each works in a network namespace of its own, which ends with the probe. */
void probe_tc(struct feature_answer *a);
void probe_tcx(struct feature_answer *a);
void probe_clsact(struct feature_answer *a);
void probe_tap(struct feature_answer *a);
void probe_loopback_dns(struct feature_answer *a);
void probe_fq(struct feature_answer *a);
void probe_netem(struct feature_answer *a);
void probe_packet_owner(struct feature_answer *a);

/* features_file.c */
void probe_file_events(struct feature_answer *a);
void probe_file_errno(struct feature_answer *a);
void probe_file_pre_access(struct feature_answer *a);

/* features_bpf.c */
void probe_kprobe(struct feature_answer *a);
void probe_override(struct feature_answer *a);
void probe_fentry(struct feature_answer *a);
void probe_fmod_ret(struct feature_answer *a);
void probe_lsm(struct feature_answer *a);
void probe_tp_btf(struct feature_answer *a);
void probe_raw_tp(struct feature_answer *a);
void probe_syscall_program(struct feature_answer *a);
void probe_cgroup_connect(struct feature_answer *a);
void probe_cgroup_sock_create(struct feature_answer *a);
void probe_cgroup_bind(struct feature_answer *a);
void probe_cgroup_retval(struct feature_answer *a);

#endif
