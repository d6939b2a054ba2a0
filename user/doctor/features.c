// SPDX-License-Identifier: GPL-2.0-only
/* features.c - the table of features.h, and the probes that only look. */
#include <errno.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "doctor/features.h"
#include "doctor/platform.h"
#include "os/bpf_load.h"
#include "os/caps.h"
#include "os/cgroup_mount.h"
#include "target/docker/docker_api.h"
#include "util/cleanup.h"
#include "util/text/text.h"
#include "util/text/utf8.h"

__attribute__((format(printf, 3, 0))) static void answer(struct feature_answer *a, bool yes, const char *fmt,
							 va_list ap)
{
	a->yes = yes;
	vsnprintf(a->reason, sizeof(a->reason), fmt, ap);
	utf8_mend(a->reason);
}

void feature_yes(struct feature_answer *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	answer(a, true, fmt, ap);
	va_end(ap);
}

void feature_no(struct feature_answer *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	answer(a, false, fmt, ap);
	va_end(ap);
}

/* --- the host ------------------------------------------------------------------------------
 */

static void probe_caps(struct feature_answer *a)
{
	struct fl_error err = {};

	if (caps_need(&err))
		feature_no(a, "%s", err.message);
	else
		feature_yes(a, "CAP_BPF, CAP_NET_ADMIN, CAP_SYS_ADMIN");
}

static void probe_bpffs(struct feature_answer *a)
{
	struct statfs fs;

	if (!statfs("/sys/fs/bpf", &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC)
		feature_yes(a, "/sys/fs/bpf");
	else if (!access("/sys/fs/bpf", F_OK))
		feature_yes(a, "not mounted yet; faultline mounts it");
	else
		feature_no(a, "/sys/fs/bpf: %s", strerror(errno));
}

static void probe_file(const char *path, struct feature_answer *a)
{
	if (access(path, R_OK))
		feature_no(a, "%s: %s", path, strerror(errno));
	else
		feature_yes(a, "%s", path);
}

static void probe_kernel_btf(struct feature_answer *a)
{
	const char *path = bpf_load_btf();

	probe_file(path ? path : "/sys/kernel/btf/vmlinux", a);
}

static void probe_tracefs(struct feature_answer *a)
{
	probe_file("/sys/kernel/tracing/events/syscalls", a);
	if (!a->yes && !access("/sys/kernel/tracing", F_OK) && access("/sys/kernel/tracing/events", F_OK))
		feature_no(a, "tracefs is not mounted");
}

static void probe_cgroup2(struct feature_answer *a)
{
	char root[128];

	cgroup_v2_root(root, sizeof(root));
	if (root[0])
		feature_yes(a, "%s", root);
	else
		feature_no(a, "not mounted");
}

static void probe_cgroup1(struct feature_answer *a)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	struct text all = {};
	struct mntent *m;

	while (f && (m = getmntent(f)))
		if (!strcmp(m->mnt_type, "cgroup"))
			text_append(&all, "%s%s", all.len ? " " : "", strrchr(m->mnt_dir, '/') + 1);
	if (f)
		endmntent(f);
	if (all.len)
		feature_yes(a, "%s", all.s);
	else
		feature_no(a, "none is mounted (all controllers are in the v2 tree)");
	text_free(&all);
}

static void probe_freezer(struct feature_answer *a)
{
	char path[200] = "";

	cgroup_v2_root(path, sizeof(path) - 32);
	if (!access("/sys/fs/cgroup/freezer/tasks", F_OK))
		feature_yes(a, "v1 freezer");
	else if (path[0]) /* the root has no cgroup.freeze; every cgroup below it has */
		feature_yes(a, "v2 cgroup.freeze");
	else
		feature_no(a, "no freezer hierarchy; SIGSTOP is used");
}

/* --- programs and services -----------------------------------------------------------------
 */

static void probe_program(const char *name, struct feature_answer *a)
{
	const char *path = getenv("PATH");
	_cleanup_free_ char *all = text_format("%s:/usr/sbin:/sbin:/usr/local/sbin", path ? path : "");
	char *rest = all, *dir, file[512];

	while ((dir = strsep(&rest, ":"))) {
		snprintf(file, sizeof(file), "%s/%s", dir, name);
		if (*dir && !access(file, X_OK)) {
			feature_yes(a, "%s", file);
			return;
		}
	}
	feature_no(a, "%s is not installed", name);
}

static void probe_stress_ng(struct feature_answer *a)
{
	probe_program("stress-ng", a);
}

static void probe_dnsmasq(struct feature_answer *a)
{
	probe_program("dnsmasq", a);
}

static void probe_redis(struct feature_answer *a)
{
	probe_program("redis-server", a);
}

static void probe_docker(struct feature_answer *a)
{
	struct docker_version v;
	struct fl_error err = {};

	if (docker_version(&v, &err))
		feature_no(a, "%s", err.message);
	else
		feature_yes(a, "engine %s, API %s on %s", v.engine, v.api, v.socket);
}

#define INSTALL "apt-get install "

const struct feature features[] = {
	{ "platform", "host", "every fault", "docs/platforms.md", probe_platform },
	{ "namespaces", "host", "targets by process, stressors within a target",
	  "docker run --privileged --pid=host --cgroupns=host --network=host ... (docs/platforms.md)",
	  probe_namespaces },
	{ "capabilities", "host", "everything", "run faultline as root", probe_caps },
	{ "bpffs", "host", "list, set, stop from another process", "a kernel with CONFIG_BPF_SYSCALL", probe_bpffs },
	{ "btf", "host", "fentry, fmod_ret, lsm, tp_btf",
	  "a kernel with CONFIG_DEBUG_INFO_BTF; --btf FILE serves signals on calls and clocks", probe_kernel_btf },
	{ "tracefs", "host", "syscall tracepoints", "mount -t tracefs none /sys/kernel/tracing", probe_tracefs },
	{ "tc", "network", "all network faults", "a kernel with CONFIG_NET_CLS_ACT, CONFIG_BPF_SYSCALL", probe_tc },
	{ "tcx", "network", "attaching that ends with its process", "Linux 6.6 or later; clsact serves until then",
	  probe_tcx },
	{ "clsact", "network", "attaching before Linux 6.6",
	  "a kernel with CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF; not needed where tcx works", probe_clsact },
	{ "tap", "network", "delay lines (latency, reorder, slow HTTP and DNS)",
	  "modprobe tun, or a kernel with CONFIG_TUN", probe_tap },
	{ "packet_owner", "network", "faults on containers in the host's network (--allow-host-interface)",
	  "a kernel with CONFIG_CGROUPS, CONFIG_SOCK_CGROUP_DATA and CONFIG_INET", probe_packet_owner },
	{ "loopback-dns", "network", "DNS that a resolver in the target's own namespace answers",
	  "a kernel where tcx or clsact works", probe_loopback_dns },
	{ "fq", "network", "latency and bandwidth by departure time (--backend edt)",
	  "modprobe sch_fq, or CONFIG_NET_SCH_FQ; --backend hold does without", probe_fq },
	{ "netem", "network", "comparing figures", "modprobe sch_netem; no fault needs it", probe_netem },
	{ "kprobe", "tracing", "syscall errors by override", "a kernel with CONFIG_KPROBES", probe_kprobe },
	{ "override_return", "tracing", "any errno from any syscall",
	  "a kernel with CONFIG_BPF_KPROBE_OVERRIDE (Ubuntu, Fedora, RHEL have it; Debian has "
	  "not)",
	  probe_override },
	{ "fentry", "tracing", "tracing of kernel functions",
	  "CONFIG_FUNCTION_TRACER and BTF; no fault and no measurement needs it", probe_fentry },
	{ "fmod_ret", "tracing", "errno from open, connect, ... through security hooks",
	  "a kernel with CONFIG_FUNCTION_TRACER, CONFIG_SECURITY and BTF", probe_fmod_ret },
	{ "lsm", "tracing", "errno from file and socket calls",
	  "a kernel with CONFIG_BPF_LSM, started with lsm=...,bpf", probe_lsm },
	{ "tp_btf", "tracing", "typed tracepoints", "CONFIG_BPF_EVENTS and BTF; no fault and no measurement needs it",
	  probe_tp_btf },
	{ "raw_tp", "tracing", "signals on the nth call", "a kernel with CONFIG_BPF_EVENTS", probe_raw_tp },
	{ "syscall_prog", "tracing", "measuring in the kernel (top, graph, metrics of services and edges)",
	  "Linux 5.14 or later; faults, the probe and Prometheus do without", probe_syscall_program },
	{ "cgroup2", "cgroup", "syscall errors per service, target identity",
	  "mount -t cgroup2 none /sys/fs/cgroup/unified", probe_cgroup2 },
	{ "cgroup1", "cgroup", "limits of services on hosts of the old layout", "not needed", probe_cgroup1 },
	{ "freezer", "cgroup", "pause", "SIGSTOP is used instead", probe_freezer },
	{ "cgroup_connect", "cgroup", "errno from connect()", "a kernel with CONFIG_CGROUP_BPF", probe_cgroup_connect },
	{ "cgroup_sock_create", "cgroup", "errno from socket()", "a kernel with CONFIG_CGROUP_BPF",
	  probe_cgroup_sock_create },
	{ "cgroup_bind", "cgroup", "errno from bind()", "a kernel with CONFIG_CGROUP_BPF", probe_cgroup_bind },
	{ "cgroup_set_retval", "cgroup", "the errno that was asked for, not only EPERM", "Linux 5.18 or later",
	  probe_cgroup_retval },
	{ "file_events", "files", "file_latency, file_error, where a file is opened or read",
	  "a kernel with CONFIG_FANOTIFY_ACCESS_PERMISSIONS", probe_file_events },
	{ "file_errno", "files", "file_error with an errno of your choice, not only EPERM", "Linux 6.14 or later",
	  probe_file_errno },
	{ "file_pre_access", "files", "file_latency, file_error --at data: writing, truncating and mapping too",
	  "Linux 6.14 or later", probe_file_pre_access },
	{ "stress-ng", "programs", "cpu_saturation, memory, disk_io", INSTALL "stress-ng", probe_stress_ng },
	{ "dnsmasq", "programs", "the lab's dns-resolver", INSTALL "dnsmasq-base", probe_dnsmasq },
	{ "redis-server", "programs", "the lab's cache-svc", INSTALL "redis-server", probe_redis },
	{ "docker", "programs", "docker:NAME targets",
	  "start dockerd, or say --docker-socket PATH; other targets do without", probe_docker },
	{}
};
