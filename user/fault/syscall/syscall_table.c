// SPDX-License-Identifier: GPL-2.0-only
/* syscall_table.c - see syscall_table.h. Argument positions are those of syscalls(2). */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>

#include "fault/syscall/syscall_table.h"
#include "util/cleanup.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define OPENED    "a file that O_CREAT made exists already"
#define UDP_ONLY  "cgroup backend: UDP with an explicit address only"
#define INET_ONLY "cgroup backend: IPv4 and IPv6 sockets only"

/* Syscalls that only some architectures have. */
#ifdef __NR_open
#define NR(name)  __NR_##name
#define OLD(name) __NR_##name
#else
#define NR(name)  __NR_##name
#define OLD(name) (-1)
#endif

#define PATHS (FILTER_PATH | FILTER_FD)

const struct syscall_row syscall_rows[] = {
	/* name family number path fd addr modret cgroup4 cgroup6 modret-filters cgroup-filters note */
	{ "open", "open", OLD(open), 0, -1, -1, "sys_file_open", NULL, NULL, PATHS, 0, OPENED },
	{ "openat", "open", NR(openat), 1, -1, -1, "sys_file_open", NULL, NULL, PATHS, 0, OPENED },
	{ "openat2", "open", NR(openat2), 1, -1, -1, "sys_file_open", NULL, NULL, PATHS, 0, OPENED },
	{ "creat", "open", OLD(creat), 0, -1, -1, "sys_file_open", NULL, NULL, PATHS, 0, OPENED },
	{ "read", "read", NR(read), -1, 0, -1, "sys_file_read", NULL, NULL, PATHS, 0, NULL },
	{ "pread64", "read", NR(pread64), -1, 0, -1, "sys_file_read", NULL, NULL, PATHS, 0, NULL },
	{ "readv", "read", NR(readv), -1, 0, -1, "sys_file_read", NULL, NULL, PATHS, 0, NULL },
	{ "preadv", "read", NR(preadv), -1, 0, -1, "sys_file_read", NULL, NULL, PATHS, 0, NULL },
	{ "write", "write", NR(write), -1, 0, -1, "sys_file_write", NULL, NULL, PATHS, 0, NULL },
	{ "pwrite64", "write", NR(pwrite64), -1, 0, -1, "sys_file_write", NULL, NULL, PATHS, 0, NULL },
	{ "writev", "write", NR(writev), -1, 0, -1, "sys_file_write", NULL, NULL, PATHS, 0, NULL },
	{ "pwritev", "write", NR(pwritev), -1, 0, -1, "sys_file_write", NULL, NULL, PATHS, 0, NULL },
	{ "fsync", "fsync", NR(fsync), -1, 0, -1, NULL, NULL, NULL, 0, 0, NULL },
	{ "fdatasync", "fsync", NR(fdatasync), -1, 0, -1, NULL, NULL, NULL, 0, 0, NULL },
	{ "close", "close", NR(close), -1, 0, -1, NULL, NULL, NULL, 0, 0, NULL },
	{ "rename", "rename", OLD(rename), 0, -1, -1, "sys_rename", NULL, NULL, FILTER_PATH, 0, NULL },
	{ "renameat", "rename", OLD(renameat), 1, -1, -1, "sys_rename", NULL, NULL, FILTER_PATH, 0, NULL },
	{ "renameat2", "rename", NR(renameat2), 1, -1, -1, "sys_rename", NULL, NULL, FILTER_PATH, 0, NULL },
	{ "unlink", "unlink", OLD(unlink), 0, -1, -1, "sys_unlink", NULL, NULL, FILTER_PATH, 0, NULL },
	{ "unlinkat", "unlink", NR(unlinkat), 1, -1, -1, "sys_unlink", NULL, NULL, FILTER_PATH, 0, NULL },
	{ "mkdir", "mkdir", OLD(mkdir), 0, -1, -1, "sys_mkdir", NULL, NULL, FILTER_PATH, 0, NULL },
	{ "mkdirat", "mkdir", NR(mkdirat), 1, -1, -1, "sys_mkdir", NULL, NULL, FILTER_PATH, 0, NULL },
	{ "stat", "stat", OLD(stat), 0, -1, -1, "sys_getattr", NULL, NULL, FILTER_PATH, 0, NULL },
	{ "lstat", "stat", OLD(lstat), 0, -1, -1, "sys_getattr", NULL, NULL, FILTER_PATH, 0, NULL },
	{ "fstat", "stat", NR(fstat), -1, 0, -1, "sys_getattr", NULL, NULL, FILTER_PATH, 0, NULL },
	{ "newfstatat", "stat", NR(newfstatat), 1, -1, -1, "sys_getattr", NULL, NULL, FILTER_PATH, 0, NULL },
	{ "statx", "stat", NR(statx), 1, -1, -1, "sys_getattr", NULL, NULL, FILTER_PATH, 0, NULL },
	{ "mmap", "mmap", NR(mmap), -1, 4, -1, "sys_mmap", NULL, NULL, 0, 0, NULL },
	{ "brk", "brk", NR(brk), -1, -1, -1, NULL, NULL, NULL, 0, 0,
	  "it answers with the old break, which libc turns into ENOMEM whatever errno is asked" },
	{ "clone", "fork", NR(clone), -1, -1, -1, "sys_fork", NULL, NULL, 0, 0, NULL },
	{ "clone3", "fork", NR(clone3), -1, -1, -1, "sys_fork", NULL, NULL, 0, 0, NULL },
	{ "fork", "fork", OLD(fork), -1, -1, -1, "sys_fork", NULL, NULL, 0, 0, NULL },
	{ "vfork", "fork", OLD(vfork), -1, -1, -1, "sys_fork", NULL, NULL, 0, 0, NULL },
	{ "execve", "execve", NR(execve), 0, -1, -1, "sys_execve", NULL, NULL, 0, 0, NULL },
	{ "execveat", "execve", NR(execveat), 1, -1, -1, "sys_execve", NULL, NULL, 0, 0, NULL },
	{ "socket", "socket", NR(socket), -1, -1, -1, "sys_socket", "sys_sock_create", NULL, 0, 0, INET_ONLY },
	{ "connect", "connect", NR(connect), -1, 0, 1, "sys_connect", "sys_connect4", "sys_connect6", FILTER_ADDRESS,
	  FILTER_ADDRESS, INET_ONLY },
	{ "bind", "bind", NR(bind), -1, 0, 1, "sys_bind", "sys_bind4", "sys_bind6", FILTER_ADDRESS, FILTER_ADDRESS,
	  INET_ONLY },
	{ "listen", "listen", NR(listen), -1, 0, -1, "sys_listen", NULL, NULL, 0, 0, NULL },
	{ "accept", "accept", OLD(accept), -1, 0, -1, "sys_accept", NULL, NULL, 0, 0, NULL },
	{ "accept4", "accept", NR(accept4), -1, 0, -1, "sys_accept", NULL, NULL, 0, 0, NULL },
	{ "sendto", "send", NR(sendto), -1, 0, 4, "sys_send", "sys_sendmsg4", "sys_sendmsg6", FILTER_ADDRESS,
	  FILTER_ADDRESS, UDP_ONLY },
	{ "sendmsg", "send", NR(sendmsg), -1, 0, -1, "sys_send", "sys_sendmsg4", "sys_sendmsg6", FILTER_ADDRESS,
	  FILTER_ADDRESS, UDP_ONLY },
	{ "sendmmsg", "send", NR(sendmmsg), -1, 0, -1, "sys_send", "sys_sendmsg4", "sys_sendmsg6", FILTER_ADDRESS,
	  FILTER_ADDRESS, UDP_ONLY },
	{ "recvfrom", "recv", NR(recvfrom), -1, 0, -1, "sys_recv", NULL, NULL, 0, 0, NULL },
	{ "recvmsg", "recv", NR(recvmsg), -1, 0, -1, "sys_recv", NULL, NULL, 0, 0, NULL },
	{ "recvmmsg", "recv", NR(recvmmsg), -1, 0, -1, "sys_recv", NULL, NULL, 0, 0, NULL },
	{ "setsockopt", "setsockopt", NR(setsockopt), -1, 0, -1, "sys_setsockopt", "sys_setsockopt", NULL, 0, 0, NULL },
	{ "epoll_wait", "epoll_wait", OLD(epoll_wait), -1, 0, -1, NULL, NULL, NULL, 0, 0, NULL },
	{ "epoll_pwait", "epoll_wait", NR(epoll_pwait), -1, 0, -1, NULL, NULL, NULL, 0, 0, NULL },
	{ "futex", "futex", NR(futex), -1, -1, -1, NULL, NULL, NULL, 0, 0, NULL },
	{ "clock_gettime", "clock_gettime", NR(clock_gettime), -1, -1, -1, NULL, NULL, NULL, 0, 0,
	  "most programs read the clock in the vDSO, without a syscall" },
	{ "nanosleep", "nanosleep", NR(nanosleep), -1, -1, -1, NULL, NULL, NULL, 0, 0, NULL },
	{ "clock_nanosleep", "nanosleep", NR(clock_nanosleep), -1, -1, -1, NULL, NULL, NULL, 0, 0, NULL },
	{ .name = NULL },
};

unsigned int syscall_find(const char *word, unsigned int *ret, unsigned int max, struct fl_error *err)
{
	const char *words[2 * ARRAY_SIZE(syscall_rows) + 1];
	unsigned int i, n = 0, w = 0;
	const char *near;

	for (i = 0; syscall_rows[i].name; i++) {
		const struct syscall_row *row = &syscall_rows[i];

		words[w++] = row->name;
		words[w++] = row->family;
		if (row->number >= 0 && !strcmp(row->family, word) && n < max)
			ret[n++] = i;
	}
	words[w] = NULL;
	for (i = 0; !n && syscall_rows[i].name; i++)
		if (syscall_rows[i].number >= 0 && !strcmp(syscall_rows[i].name, word) && n < max)
			ret[n++] = i;
	if (n)
		return n;
	near = text_nearest(word, words);
	error_usage(err, "syscall '%.40s' is not one that can be made to fail%s%s%s", word,
		    near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
	error_hint(err, "faultline doctor --syscalls lists them with their backends");
	return 0;
}

int syscall_errno(const char *text, int *ret, struct fl_error *err)
{
	int64_t number;
	int i;

	for (i = 1; i < 134; i++) {
		const char *name = strerrorname_np(i);

		if (name && !strcasecmp(name, text)) {
			*ret = i;
			return 0;
		}
	}
	/* Two names of one number: glibc knows the first of each pair. */
	if (!strcasecmp(text, "EWOULDBLOCK") || !strcasecmp(text, "EDEADLOCK")) {
		*ret = !strcasecmp(text, "EWOULDBLOCK") ? EAGAIN : EDEADLK;
		return 0;
	}
	if (!units_int(text, 1, 4095, &number, NULL) && strerrorname_np((int)number)) {
		*ret = (int)number;
		return 0;
	}
	error_usage(err, "errno '%.40s' does not exist", text);
	error_hint(err, "give a name such as ETIMEDOUT or a number from errno(3)");
	return -EINVAL;
}

unsigned int syscall_entry_filters(const struct syscall_row *row)
{
	return (row->path_arg >= 0 ? FILTER_PATH : 0u) | (row->fd_arg >= 0 ? FILTER_FD : 0u) |
	       (row->addr_arg >= 0 ? FILTER_ADDRESS : 0u);
}
