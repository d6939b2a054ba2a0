// SPDX-License-Identifier: GPL-2.0-only
/* seat.c - see seat.h */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

#include "policy/seat.h"
#include "util/cleanup.h"
#include "util/proc.h"
#include "util/text/cidr.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define ANCESTORS_MAX         256
#define SOCKETS_MAX           256
#define TCP_ESTABLISHED_STATE 0x01
#define TCP_LISTEN_STATE      0x0a

struct found {
	struct seat *v;
	uint32_t n;
};

static void add(struct found *f, const struct seat *s)
{
	uint32_t i;

	for (i = 0; i < f->n; i++)
		if (!memcmp(&f->v[i], s, sizeof(*s)))
			return;
	if (f->n < SEAT_MAX)
		f->v[f->n++] = *s;
}

/* --- processes ------------------------------------------------------------------------------------ */

static bool read_stat(pid_t pid, char ret_name[64], pid_t *ret_parent)
{
	char path[32];
	_cleanup_free_ char *text = NULL;
	char *open, *close;
	int parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (file_read(path, 4096, &text, NULL, NULL))
		return false;
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close || sscanf(close + 1, " %*c %d", &parent) != 1)
		return false;
	*close = '\0';
	text_copy(ret_name, 64, open + 1);
	*ret_parent = parent;
	return true;
}

/* "sshd", since OpenSSH 9.8 "sshd-session" */
static bool is_sshd(const char *name)
{
	return !strncmp(name, "sshd", 4) || !strcmp(name, "dropbear");
}

static bool is_multiplexer(const char *name)
{
	return !strncmp(name, "tmux: server", 12) || !strcmp(name, "screen") || !strcmp(name, "SCREEN");
}

static bool is_client(const char *name)
{
	return !strncmp(name, "tmux: client", 12) || !strcmp(name, "screen");
}

/* --- sockets -------------------------------------------------------------------------------------- */

/* Inodes of the sockets that a process holds. */
static int held_sockets(pid_t pid, uint64_t ret[SOCKETS_MAX], uint32_t *ret_n, struct fl_error *err)
{
	char path[64], link[64];
	struct dirent *e;
	ssize_t n;
	DIR *d;

	*ret_n = 0;
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return error_env(err, errno, "cannot read %s, so your SSH connection cannot be spared: %s", path,
				 strerror(errno));
	while (*ret_n < SOCKETS_MAX && (e = readdir(d))) {
		n = readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		if (sscanf(link, "socket:[%" SCNu64 "]", &ret[*ret_n]) == 1)
			++*ret_n;
	}
	closedir(d);
	return 0;
}

/* 32-bit words in host byte order, as the kernel prints them. */
static bool parse_addr(const char *hex, struct in6_addr *ret)
{
	uint32_t w[4];

	if (strlen(hex) == 8 && sscanf(hex, "%8" SCNx32, &w[3]) == 1) {
		w[0] = w[1] = 0;
		w[2] = htonl(0xffff);
	} else if (strlen(hex) != 32 ||
		   sscanf(hex, "%8" SCNx32 "%8" SCNx32 "%8" SCNx32 "%8" SCNx32, &w[0], &w[1], &w[2], &w[3]) != 4) {
		return false;
	}
	memcpy(ret, w, sizeof(*ret));
	return true;
}

struct tcp_line {
	struct seat ends;
	unsigned int state;
	uint64_t inode;
};

static bool parse_line(const char *line, struct tcp_line *ret)
{
	char local[40], peer[40];
	unsigned int local_port, peer_port;

	*ret = (struct tcp_line){ .ends.name = "ssh" };
	if (sscanf(line, " %*d: %39[0-9A-Fa-f]:%x %39[0-9A-Fa-f]:%x %x %*s %*s %*s %*u %*u %" SCNu64, local,
		   &local_port, peer, &peer_port, &ret->state, &ret->inode) != 6)
		return false;
	ret->ends.local_port = (uint16_t)local_port;
	ret->ends.peer_port = (uint16_t)peer_port;
	return parse_addr(local, &ret->ends.local) && parse_addr(peer, &ret->ends.peer);
}

/* Call @visit for the TCP sockets of the process's network namespace. */
static int each_socket(pid_t pid, void (*visit)(const struct tcp_line *l, void *ctx), void *ctx, struct fl_error *err)
{
	static const char *const tables[] = { "tcp", "tcp6" };
	struct tcp_line l;
	char path[64], line[512];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		_cleanup_file_ FILE *f = NULL;

		snprintf(path, sizeof(path), "/proc/%d/net/%s", (int)pid, tables[i]);
		f = fopen(path, "re");
		if (!f && errno != ENOENT) /* without IPv6 there is no tcp6 */
			return error_env(err, errno,
					 "cannot read %s, so your SSH connection cannot be "
					 "spared: %s",
					 path, strerror(errno));
		while (f && fgets(line, sizeof(line), f))
			if (parse_line(line, &l))
				visit(&l, ctx);
	}
	return 0;
}

struct sshd {
	uint64_t sockets[SOCKETS_MAX];
	uint32_t n_sockets;
	uint8_t listening[65536 / 8]; /* ports */
	struct seat in[SEAT_MAX], all[SEAT_MAX];
	struct found came_in, held;
};

static void note_listening(const struct tcp_line *l, void *ctx)
{
	struct sshd *s = ctx;

	if (l->state == TCP_LISTEN_STATE)
		s->listening[l->ends.local_port / 8] |= (uint8_t)(1u << l->ends.local_port % 8);
}

static void note_held(const struct tcp_line *l, void *ctx)
{
	struct sshd *s = ctx;
	uint32_t i;

	for (i = 0; i < s->n_sockets && s->sockets[i] != l->inode; i++)
		;
	if (l->state != TCP_ESTABLISHED_STATE || i == s->n_sockets)
		return;
	add(&s->held, &l->ends);
	if (s->listening[l->ends.local_port / 8] >> l->ends.local_port % 8 & 1)
		add(&s->came_in, &l->ends);
}

/* What it forwards is not the person's seat; where nobody listens (inetd's way) nobody can tell which
 * is, and all are taken. */
static int add_sshd(struct found *f, pid_t pid, struct fl_error *err)
{
	struct sshd *s = calloc(1, sizeof(*s));
	const struct found *which;
	uint32_t i;
	int r;

	if (!s)
		return error_sys(err, ENOMEM, "SSH connection: out of memory");
	s->came_in.v = s->in;
	s->held.v = s->all;
	r = held_sockets(pid, s->sockets, &s->n_sockets, err);
	if (!r && s->n_sockets)
		r = each_socket(pid, note_listening, s, err);
	if (!r && s->n_sockets)
		r = each_socket(pid, note_held, s, err);
	which = s->came_in.n ? &s->came_in : &s->held;
	for (i = 0; !r && i < which->n; i++)
		add(f, &which->v[i]);
	free(s);
	return r;
}

/* --- where to look -------------------------------------------------------------------------------- */

/* All sshd above @pid; *ret_multiplexer: there is one whose clients have to be looked for. */
static int add_ancestors(struct found *f, pid_t pid, bool *ret_multiplexer, struct fl_error *err)
{
	char name[64];
	pid_t parent;
	int i, r = 0;

	for (i = 0; !r && i < ANCESTORS_MAX && pid > 1 && read_stat(pid, name, &parent); i++, pid = parent) {
		if (is_sshd(name))
			r = add_sshd(f, pid, err);
		else if (ret_multiplexer && is_multiplexer(name))
			*ret_multiplexer = true;
	}
	return r;
}

static int add_clients(struct found *f, struct fl_error *err)
{
	DIR *d = proc_scan();
	struct dirent *e;
	char name[64];
	pid_t parent;
	int64_t pid;
	int r = 0;

	if (!d)
		return error_env(err, errno, "cannot read /proc: %s", strerror(errno));
	while (!r && (e = readdir(d)))
		if (!units_int(e->d_name, 1, INT32_MAX, &pid, NULL) && read_stat((pid_t)pid, name, &parent) &&
		    is_client(name))
			r = add_ancestors(f, (pid_t)pid, NULL, err);
	closedir(d);
	return r;
}

/* "PEER PORT LOCAL PORT": a hint, and not more than that: another shell may have left it. */
static void add_hint(struct found *f)
{
	_cleanup_free_ char *copy = strdup(getenv("SSH_CONNECTION") ?: "");
	struct seat s = { .name = "ssh" };
	char *word[4] = {}, *rest = copy;
	uint16_t port, local, peer;
	uint8_t len;
	int i;

	for (i = 0; copy && i < 4; i++)
		word[i] = strsep(&rest, " ");
	if (!copy || !word[3] || cidr_parse(word[0], &s.peer, &len, NULL) ||
	    cidr_parse(word[2], &s.local, &len, NULL) || ports_parse(word[1], &peer, &port, NULL) ||
	    ports_parse(word[3], &local, &port, NULL))
		return;
	s.peer_port = peer;
	s.local_port = local;
	add(f, &s);
}

/* tcp://HOST:PORT; a name is looked up as the docker command would. */
static int add_docker(struct found *f, struct fl_error *err)
{
	const char *host = getenv("DOCKER_HOST");
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL, *a;
	_cleanup_free_ char *name = NULL;
	char *colon, *start;
	int r;

	if (!host || strncmp(host, "tcp://", 6))
		return 0;
	name = strdup(host + 6);
	if (!name)
		return error_sys(err, ENOMEM, "DOCKER_HOST: out of memory");
	name[strcspn(name, "/")] = '\0';
	colon = strrchr(name, ':');
	if (colon)
		*colon = '\0';
	start = *name == '[' ? name + 1 : name;
	start[strcspn(start, "]")] = '\0';
	r = getaddrinfo(start, colon ? colon + 1 : "2375", &hints, &list);
	if (r)
		return error_env(err, EHOSTUNREACH,
				 "DOCKER_HOST=%.100s: its address cannot be found, so it "
				 "cannot be spared: %s",
				 host, gai_strerror(r));
	for (a = list; a; a = a->ai_next) {
		struct seat s = { .name = "docker" };

		if (a->ai_family == AF_INET) {
			const struct sockaddr_in *in = (const void *)a->ai_addr;

			s.local.s6_addr[10] = s.local.s6_addr[11] = 0xff;
			memcpy(s.local.s6_addr + 12, &in->sin_addr, 4);
			s.local_port = ntohs(in->sin_port);
			add(f, &s);
		} else if (a->ai_family == AF_INET6) {
			const struct sockaddr_in6 *in = (const void *)a->ai_addr;

			s.local = in->sin6_addr;
			s.local_port = ntohs(in->sin6_port);
			add(f, &s);
		}
	}
	freeaddrinfo(list);
	return 0;
}

int seat_find(struct seat *ret, uint32_t *ret_n, struct fl_error *err)
{
	struct found f = { .v = ret };
	bool multiplexer = false;
	int r = add_ancestors(&f, getpid(), &multiplexer, err);

	if (!r && multiplexer)
		r = add_clients(&f, err);
	add_hint(&f);
	if (!r)
		r = add_docker(&f, err);
	*ret_n = r ? 0 : f.n;
	return r;
}

const char *seat_text(const struct seat *s, char *buf, size_t size)
{
	char local[INET6_ADDRSTRLEN], peer[INET6_ADDRSTRLEN];

	addr_text(&s->local, local, sizeof(local));
	addr_text(&s->peer, peer, sizeof(peer));
	if (s->peer_port)
		snprintf(buf, size, "your %s connection %s port %u > %s port %u", s->name, peer, s->peer_port, local,
			 s->local_port);
	else
		snprintf(buf, size, "the %s engine's API at %s port %u", s->name, local, s->local_port);
	return buf;
}
