// SPDX-License-Identifier: GPL-2.0-only
/* proc.c - see proc.h */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/proc.h"
#include "util/text/units.h"

struct stat_fields {
	char state;
	int parent;
	long threads;
	uint64_t start;
	int cpu;
};

/* Without /proc, or with one that hides processes (hidepid), a file that is not there says nothing. The
 * kernel itself knows whether anybody has the pid. */
static bool has_no_process(pid_t pid)
{
	return kill(pid, 0) && errno == ESRCH && !access("/proc/self/stat", F_OK);
}

/* -ESRCH: there is no such process. Any other error: it cannot be told. */
static int read_stat(pid_t pid, struct stat_fields *ret)
{
	char path[32], line[1024];
	_cleanup_fd_ int fd = -1;
	ssize_t n;
	char *p;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT && has_no_process(pid) ? -ESRCH : -EIO;
	n = read(fd, line, sizeof(line) - 1);
	if (n <= 0)
		return n < 0 && errno == ESRCH ? -ESRCH : -EIO;
	line[n] = '\0';
	/* Field 2, the name, may hold blanks and parentheses; the last ")" ends it. */
	p = strrchr(line, ')');
	if (!p || sscanf(p + 1,
			 " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
			 "%*d %ld %*d %" SCNu64 " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %d",
			 &ret->state, &ret->parent, &ret->threads, &ret->start, &ret->cpu) != 5)
		return -EIO;
	return 0;
}

/* The first thread of a process may end before the others. */
static bool ended(const struct stat_fields *f)
{
	return f->state == 'X' || (f->state == 'Z' && f->threads <= 1);
}

uint64_t proc_start(pid_t pid)
{
	struct stat_fields f;

	return pid <= 0 || read_stat(pid, &f) || ended(&f) ? 0 : f.start;
}

pid_t proc_parent(pid_t pid)
{
	struct stat_fields f;

	return pid <= 0 || read_stat(pid, &f) ? 0 : f.parent;
}

int proc_cpu(pid_t pid)
{
	struct stat_fields f;

	return pid <= 0 || read_stat(pid, &f) ? -1 : f.cpu;
}

enum proc_is proc_is(pid_t pid, uint64_t start)
{
	struct stat_fields f;
	int r = pid > 0 && start ? read_stat(pid, &f) : -EINVAL;

	if (r)
		return r == -ESRCH ? PROC_GONE : PROC_UNKNOWN;
	return ended(&f) || f.start != start ? PROC_GONE : PROC_HERE;
}

int proc_open(pid_t pid, uint64_t start)
{
	_cleanup_fd_ int fd = pid > 0 ? pidfd_open(pid, 0) : -1;

	if (fd < 0)
		return pid > 0 ? -errno : -EINVAL;
	/* Behind the open: had the pid been another's then, it would be another's now. */
	switch (proc_is(pid, start)) {
	case PROC_HERE: return take_fd(fd);
	case PROC_GONE: return -ESRCH;
	case PROC_UNKNOWN: break;
	}
	return -EIO;
}

int proc_signal(pid_t pid, uint64_t start, int signal)
{
	_cleanup_fd_ int fd = proc_open(pid, start);

	if (fd < 0)
		return fd;
	return pidfd_send_signal(fd, signal, NULL, 0) ? -errno : 0;
}

void proc_boot(char ret[PROC_BOOT_SIZE])
{
	_cleanup_file_ FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!f || !fgets(ret, PROC_BOOT_SIZE, f))
		ret[0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
}

DIR *proc_scan(void)
{
	DIR *dir = opendir("/proc");

	/* Everybody's process 1 is there. */
	if (!dir || (!access("/proc/1/stat", R_OK) && !access("/proc/self/stat", R_OK)))
		return dir;
	closedir(dir);
	errno = EIO;
	return NULL;
}

uint64_t proc_pidns(void)
{
	char self[16] = "", expected[16];
	struct stat st;

	snprintf(expected, sizeof(expected), "%d", (int)getpid());
	if (readlink("/proc/self", self, sizeof(self) - 1) < 0 || strcmp(self, expected) ||
	    stat("/proc/self/ns/pid", &st))
		return 0;
	return st.st_ino;
}

/* 0: no number */
static pid_t pid_of(const char *name)
{
	int64_t pid;

	return units_int(name, 1, INT32_MAX, &pid, NULL) ? 0 : (pid_t)pid;
}

/* PROC_PID_INIT_INO of the kernel: from there every process is seen. */
#define INITIAL_PIDNS 0xEFFFFFFCull

/* "NSpid:	812	1": its number in the innermost namespace comes last. */
static pid_t innermost_pid(pid_t pid)
{
	_cleanup_free_ char *line = NULL;
	_cleanup_file_ FILE *f = NULL;
	char path[32];
	size_t size = 0;
	pid_t ret = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && !ret && getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		ret = strncmp(line, "NSpid:", 6) ? 0 : pid_of(strrchr(line, '\t') + 1);
	}
	return ret;
}

enum proc_is proc_is_in(uint64_t pidns, pid_t pid, uint64_t start, pid_t *ret_member)
{
	uint64_t ours = proc_pidns();
	enum proc_is is = PROC_UNKNOWN;
	char path[300];
	struct dirent *e;
	struct stat st;
	DIR *dir;

	*ret_member = 0;
	if (ours && ours == pidns)
		return proc_is(pid, start);
	dir = ours ? proc_scan() : NULL;
	while (dir && is != PROC_HERE && (e = readdir(dir))) {
		pid_t p = pid_of(e->d_name);

		snprintf(path, sizeof(path), "/proc/%s/ns/pid", e->d_name);
		if (!p || stat(path, &st) || st.st_ino != pidns)
			continue;
		*ret_member = p;
		if (innermost_pid(p) == pid && proc_start(p) == start)
			is = PROC_HERE;
	}
	if (dir)
		closedir(dir);
	return is == PROC_UNKNOWN && dir && !*ret_member && ours == INITIAL_PIDNS ? PROC_GONE : is;
}

bool proc_same(pid_t pid, uint64_t start)
{
	return proc_is(pid, start) == PROC_HERE;
}
