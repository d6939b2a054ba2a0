// SPDX-License-Identifier: GPL-2.0-only
/*
 * features_bpf.c - probes that load a program of two to four instructions and attach it for a
 * moment. What is attached lets everything through.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "doctor/features.h"
#include "os/caps.h"
#include "os/cgroup_mount.h"
#include "util/cleanup.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define LOG_SIZE 65536

#define RETURN(value)                                                          \
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = (value) }, \
	{                                                                      \
		.code = BPF_JMP | BPF_EXIT                                     \
	}
#define CALL(function)                                        \
	{                                                     \
		.code = BPF_JMP | BPF_CALL, .imm = (function) \
	}

static const struct bpf_insn return_0[] = { RETURN(0) };
static const struct bpf_insn return_1[] = { RETURN(1) };

/* The verifier's last sentence, without its statistics. */
static void last_words(char *log, char *buf, size_t size)
{
	char *line, *rest = log;

	buf[0] = '\0';
	while ((line = strsep(&rest, "\n")))
		if (*line && strncmp(line, "processed ", 10) && *line != ';')
			text_copy(buf, size, line);
}

/* Load; on failure fill the answer. Returns the descriptor or -1. */
static int load(enum bpf_prog_type type, const struct bpf_insn *insns, size_t n, struct bpf_prog_load_opts *opts,
		struct feature_answer *a)
{
	_cleanup_free_ char *log = calloc(1, LOG_SIZE);
	char words[120];
	int fd, code;

	opts->log_buf = log;
	opts->log_size = LOG_SIZE;
	opts->log_level = log ? 1 : 0;
	fd = bpf_prog_load(type, "fl_probe", "GPL", insns, n, opts);
	code = errno;
	opts->log_buf = NULL;
	if (fd >= 0)
		return fd;
	if (code == EPERM && !caps_need(NULL)) {
		feature_no(a, "load: not built into this kernel (EPERM in spite of all "
			      "capabilities)");
		return -1;
	}
	last_words(log ? log : (char[1]){ 0 }, words, sizeof(words));
	feature_no(a, "load: %s%s%s", strerror(code), words[0] ? ": " : "", words);
	return -1;
}

/* --- programs on kernel functions ----------------------------------------------------------
 */

/* Attach to @function by BTF (fentry, fmod_ret, lsm, tp_btf). */
static void probe_btf(enum bpf_prog_type type, enum bpf_attach_type attach, const char *function,
		      struct feature_answer *a)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach);
	_cleanup_fd_ int fd = -1, link = -1;
	int id = libbpf_find_vmlinux_btf_id(function, attach);

	if (id < 0) {
		feature_no(a, "%s is not in the kernel's BTF: %s", function, strerror(-id));
		return;
	}
	opts.attach_btf_id = (__u32)id;
	fd = load(type, return_0, ARRAY_SIZE(return_0), &opts, a);
	if (fd < 0)
		return;
	link = bpf_raw_tracepoint_open(NULL, fd);
	if (link < 0)
		feature_no(a, "attach to %s: %s", function, strerror(errno));
	else
		feature_yes(a, "%s", "");
}

void probe_fentry(struct feature_answer *a)
{
	probe_btf(BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "security_socket_connect", a);
}

void probe_fmod_ret(struct feature_answer *a)
{
	probe_btf(BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN, "security_socket_connect", a);
}

void probe_tp_btf(struct feature_answer *a)
{
	probe_btf(BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, "sched_process_exit", a);
}

void probe_lsm(struct feature_answer *a)
{
	_cleanup_free_ char *active = NULL;

	probe_btf(BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "socket_connect", a);
	/* It attaches also where the hooks are never called. */
	if (a->yes && !file_read("/sys/kernel/security/lsm", 4096, &active, NULL, NULL) && !strstr(active, "bpf"))
		feature_no(a, "attaches, but bpf is not in the list of active LSMs (lsm=... at "
			      "boot)");
}

void probe_syscall_program(struct feature_answer *a)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = BPF_F_SLEEPABLE);
	_cleanup_fd_ int fd = load(BPF_PROG_TYPE_SYSCALL, return_0, ARRAY_SIZE(return_0), &opts, a);

	if (fd >= 0)
		feature_yes(a, "%s", "");
}

void probe_raw_tp(struct feature_answer *a)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	_cleanup_fd_ int fd = -1, link = -1;

	fd = load(BPF_PROG_TYPE_RAW_TRACEPOINT, return_0, ARRAY_SIZE(return_0), &opts, a);
	if (fd < 0)
		return;
	link = bpf_raw_tracepoint_open("sys_enter", fd);
	if (link < 0)
		feature_no(a, "attach to sys_enter: %s", strerror(errno));
	else
		feature_yes(a, "%s", "");
}

void probe_kprobe(struct feature_answer *a)
{
	struct perf_event_attr attr = { .size = sizeof(attr) };
	_cleanup_free_ char *type = NULL;
	_cleanup_fd_ int fd = -1;
	int64_t number;

	if (file_read("/sys/bus/event_source/devices/kprobe/type", 64, &type, NULL, NULL)) {
		feature_no(a, "no kprobe event source (CONFIG_KPROBES is off)");
		return;
	}
	type[strcspn(type, "\n")] = '\0';
	if (units_int(type, 0, UINT32_MAX, &number, NULL)) {
		feature_no(a, "kprobe event source without a number");
		return;
	}
	attr.type = (__u32)number;
	attr.config1 = (__u64)(uintptr_t) "do_nanosleep";
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		feature_no(a, "perf_event_open: %s", strerror(errno));
	else
		feature_yes(a, "%s", "");
}

void probe_override(struct feature_answer *a)
{
	/* r2 = 0; r0 = bpf_override_return(ctx, r2); return 0 */
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2 },
		CALL(BPF_FUNC_override_return),
		RETURN(0),
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	_cleanup_fd_ int fd = -1;

	probe_kprobe(a);
	if (!a->yes)
		return;
	a->yes = false;
	fd = load(BPF_PROG_TYPE_KPROBE, insns, ARRAY_SIZE(insns), &opts, a);
	if (fd >= 0)
		feature_yes(a, "%s", "");
}

/* --- programs on cgroups -------------------------------------------------------------------
 */

/* A cgroup without processes, made for the probe. */
static int make_cgroup(char *path, size_t size, struct feature_answer *a)
{
	char root[128];

	cgroup_v2_root(root, sizeof(root));
	if (!root[0]) {
		feature_no(a, "no cgroup2 file system is mounted");
		return -1;
	}
	snprintf(path, size, "%s/faultline-probe-%d", root, (int)getpid());
	if (mkdir(path, 0700)) {
		feature_no(a, "mkdir %s: %s", path, strerror(errno));
		return -1;
	}
	return 0;
}

static void probe_cgroup(enum bpf_prog_type type, enum bpf_attach_type attach, const struct bpf_insn *insns, size_t n,
			 struct feature_answer *a)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach);
	_cleanup_fd_ int fd = load(type, insns, n, &opts, a), dir = -1;
	char path[200];

	if (fd < 0 || make_cgroup(path, sizeof(path), a))
		return;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || bpf_prog_attach(fd, dir, attach, BPF_F_ALLOW_MULTI)) {
		feature_no(a, "attach: %s", strerror(errno));
	} else {
		bpf_prog_detach2(fd, dir, attach);
		feature_yes(a, "%s", "");
	}
	rmdir(path);
}

void probe_cgroup_connect(struct feature_answer *a)
{
	probe_cgroup(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT, return_1, ARRAY_SIZE(return_1), a);
}

void probe_cgroup_bind(struct feature_answer *a)
{
	probe_cgroup(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_BIND, return_1, ARRAY_SIZE(return_1), a);
}

void probe_cgroup_sock_create(struct feature_answer *a)
{
	probe_cgroup(BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE, return_1, ARRAY_SIZE(return_1), a);
}

void probe_cgroup_retval(struct feature_answer *a)
{
	/* r1 = -110; bpf_set_retval(r1); return 1 */
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 1, .imm = -110 },
		CALL(BPF_FUNC_set_retval),
		RETURN(1),
	};

	probe_cgroup(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT, insns, ARRAY_SIZE(insns), a);
}
