// SPDX-License-Identifier: GPL-2.0-only
/*
 * caps.c - see caps.h. Capabilities count only in the initial user namespace: "root" of a user
 * namespace has them all and may load no program, so that case is told apart.
 */
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/caps.h"
#include "util/cleanup.h"
#include "util/text/text.h"

static const struct {
	unsigned int bit;
	const char *name, *why;
} needed[] = {
	{ CAP_BPF, "CAP_BPF", "load programs" },
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN", "attach them to interfaces" },
	{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "enter namespaces, mount bpffs" },
};

/* (By the call itself, not from /proc: where that is missing, capabilities are not.) */
static uint64_t effective(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	if (syscall(SYS_capget, &head, data))
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

static bool in_user_namespace(void)
{
	_cleanup_file_ FILE *f = fopen("/proc/self/uid_map", "re");
	unsigned int inner, outer, count;

	return f && fscanf(f, "%u %u %u", &inner, &outer, &count) == 3 && count != 4294967295u;
}

int caps_need(struct fl_error *err)
{
	uint64_t caps = effective();
	struct text missing = {};
	size_t i;

	if (access("/proc/self/stat", F_OK)) {
		error_env(err, ENOENT,
			  "/proc is not mounted: which processes run, and what has to be undone, cannot be told");
		error_hint(err, "mount -t proc proc /proc");
		return -ENOENT;
	}
	if (in_user_namespace()) {
		error_env(err, EPERM,
			  "not permitted: root of a user namespace has no CAP_BPF and "
			  "CAP_SYS_ADMIN on the host");
		error_hint(err, "run it as root outside of the user namespace");
		return -EPERM;
	}
	for (i = 0; i < ARRAY_SIZE(needed); i++)
		if (!(caps & (1ull << needed[i].bit)))
			text_append(&missing, "%s%s (%s)", missing.len ? ", " : "", needed[i].name, needed[i].why);
	if (!missing.len)
		return 0;
	error_env(err, EPERM, "not permitted: missing %s", missing.s);
	error_hint(err, "run it as root, for example with sudo");
	text_free(&missing);
	return -EPERM;
}
