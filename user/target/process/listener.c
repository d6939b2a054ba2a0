// SPDX-License-Identifier: GPL-2.0-only
/*
 * listener.c - see listener.h. Listening sockets are read from /proc/PID/net/tcp and tcp6 of the target's main
 * process, their owners from what /proc/PID/fd of its members refers to.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "target/process/listener.h"
#include "target/process/member.h"
#include "util/cleanup.h"
#include "util/text/text.h"

#define SOCKETS_MAX 64
#define TABLE_MAX   (16u << 20)
#define TCP_LISTENS 0x0a

struct sockets {
	unsigned long long inode[SOCKETS_MAX];
	bool owned[SOCKETS_MAX];
	uint32_t n;
};

static int find_sockets(struct sockets *s, pid_t pid, const char *table, uint16_t port)
{
	_cleanup_free_ char *text = NULL;
	char path[64], *line, *save = NULL;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/net/%s", (int)pid, table);
	r = file_read(path, TABLE_MAX, &text, NULL, NULL);
	if (r)
		return r;
	/* "0: 0100007F:18EB 00000000:0000 0A queues timer retransmits uid timeout inode ..." */
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned long long inode;
		unsigned int local, state;

		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*s %*s %llu", &local, &state, &inode) !=
			    3 ||
		    local != port || state != TCP_LISTENS)
			continue;
		if (s->n == SOCKETS_MAX)
			return -E2BIG;
		s->inode[s->n++] = inode;
	}
	return 0;
}

static int visit_member(pid_t pid, uint64_t start, void *ctx)
{
	struct sockets *s = ctx;
	char path[64], link[64];
	unsigned long long inode;
	struct dirent *e;
	uint32_t i;
	ssize_t n;
	DIR *dir;

	(void)start;
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		n = readlinkat(dirfd(dir), e->d_name, link, sizeof(link) - 1);
		if (n <= 0)
			continue;
		link[n] = '\0';
		if (sscanf(link, "socket:[%llu]", &inode) != 1)
			continue;
		for (i = 0; i < s->n; i++)
			s->owned[i] |= s->inode[i] == inode;
	}
	if (dir)
		closedir(dir);
	return 0;
}

int listener_check(const struct target *t, uint16_t port, const char *what, struct fl_error *err)
{
	struct sockets s = {};
	uint32_t i;
	int r = find_sockets(&s, t->pid, "tcp", port), r6 = find_sockets(&s, t->pid, "tcp6", port);

	if (!r && r6 != -ENOENT) /* a kernel without IPv6 */
		r = r6;
	if (!r && s.n)
		r = target_each_member(t, visit_member, &s);
	if (r)
		return error_env(err, EPERM, "refused: %s on %s, because nobody can tell who listens on port %u: %s",
				 what, t->name, port, strerror(-r));
	if (!s.n)
		return -ECONNREFUSED;
	for (i = 0; i < s.n; i++)
		if (!s.owned[i])
			return error_env(err, EPERM,
					 "refused: %s on %s, because a process that is none of its own "
					 "listens on port %u of the same network namespace; name that one instead",
					 what, t->name, port);
	return 0;
}
