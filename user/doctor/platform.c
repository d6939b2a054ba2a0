// SPDX-License-Identifier: GPL-2.0-only
/* platform.c - see platform.h */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "doctor/platform.h"
#include "util/cleanup.h"

/* PROC_CGROUP_INIT_INO, PROC_PID_INIT_INO, PROC_USER_INIT_INO of the kernel's include/linux/proc_ns.h. */
#define INITIAL_CGROUP_NS 0xEFFFFFFBU
#define INITIAL_PID_NS    0xEFFFFFFCU
#define INITIAL_USER_NS   0xEFFFFFFDU

const char *platform_hint(const char *release, const char *version, bool *ret_usable)
{
	*ret_usable = true;
	/* gVisor says 4.4.0 of one day in 2016, or that it is gVisor. */
	if (strcasestr(release, "gvisor") ||
	    (!strcmp(release, "4.4.0") && strstr(version, "Sun Jan 10 15:06:54 PST 2016"))) {
		*ret_usable = false;
		return "gVisor: a kernel in user space, without BPF; run faultline on the host";
	}
	if (strstr(release, "-Microsoft")) {
		*ret_usable = false;
		return "WSL 1: no Linux kernel, so no BPF; use WSL 2";
	}
	if (strstr(release, "microsoft"))
		return "WSL 2: all distributions share this kernel; containers of Docker Desktop are in another "
		       "one's namespaces";
	if (strstr(release, "linuxkit"))
		return "Docker Desktop's virtual machine: faultline reaches its containers from a privileged "
		       "container in it";
	return NULL;
}

const char *platform_missing(const struct platform_ns *ns, char *buf, size_t size)
{
	const struct {
		ino_t have, want;
		const char *option;
	} all[] = {
		{ ns->pid, INITIAL_PID_NS, "--pid=host" },
		{ ns->cgroup, INITIAL_CGROUP_NS, "--cgroupns=host" },
		{ ns->user, INITIAL_USER_NS, "--userns=host" },
	};
	size_t i, n = 0;

	*buf = '\0';
	for (i = 0; i < ARRAY_SIZE(all) && n < size; i++)
		if (all[i].have && all[i].have != all[i].want)
			n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? " " : "", all[i].option);
	return buf;
}

static ino_t ns_number(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_ino;
}

void probe_platform(struct feature_answer *a)
{
	struct utsname u;
	const char *hint;
	bool usable;

	if (uname(&u)) {
		feature_no(a, "uname: %s", strerror(errno));
		return;
	}
	hint = platform_hint(u.release, u.version, &usable);
	if (!usable)
		feature_no(a, "%s", hint);
	else
		feature_yes(a, "%s", hint ? hint : "not one that is known for limits");
}

void probe_namespaces(struct feature_answer *a)
{
	struct platform_ns ns = { ns_number("/proc/self/ns/pid"), ns_number("/proc/self/ns/cgroup"),
				  ns_number("/proc/self/ns/user") };
	char missing[100];

	if (!ns.pid) {
		feature_no(a, "/proc/self/ns cannot be read");
		return;
	}
	if (*platform_missing(&ns, missing, sizeof(missing)))
		feature_no(a, "faultline is in namespaces of its own; if this is a container, it lacks %s", missing);
	else
		feature_yes(a, "processes, cgroups and users are the host's");
}
