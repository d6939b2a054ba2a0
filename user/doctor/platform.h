/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * platform.h - where faultline itself runs: on kernels that say whose they are, and in a container that was started
 * without a namespace or a mount that faults need.
 */
#ifndef FL_PLATFORM_H
#define FL_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "doctor/features.h"

/*
 * What a kernel that calls itself @release and @version (uname(2)) means for faults, in words; NULL: nothing that its name
 * says. *@ret_usable: whether its containers can be reached from where it runs.
 */
const char *platform_hint(const char *release, const char *version, bool *ret_usable);

/* The namespaces a process is in: the numbers of /proc/self/ns; 0: unreadable. */
struct platform_ns {
	ino_t pid, cgroup, user;
};

/*
 * The options of `docker run` that a container lacks whose namespaces are @ns, as "--pid=host --cgroupns=host", in
 * @buf; "" for none. Host namespaces other than the network's have fixed numbers (linux/proc_ns.h). One that cannot
 * be read is not taken for missing: its own probe says so.
 */
const char *platform_missing(const struct platform_ns *ns, char *buf, size_t size);

void probe_platform(struct feature_answer *a);
void probe_namespaces(struct feature_answer *a);

#endif
