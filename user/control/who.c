// SPDX-License-Identifier: GPL-2.0-only
/* who.c - see who.h */
#include <errno.h>
#include <fnmatch.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "control/who.h"
#include "policy/etc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define GROUP "faultline"

/* --- the file ------------------------------------------------------------------------------------ */

bool token_name_ok(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return n && n <= 60 && !name[n];
}

static int read_option(const char *word, struct token_line *t, struct fl_error *err)
{
	bool fits = true;

	if (!strncmp(word, "expires=", 8))
		fits = !units_double(word + 8, &t->expires, NULL) && t->expires > 0;
	else if (!strncmp(word, "kinds=", 6))
		fits = word[6] && text_copy(t->kinds, sizeof(t->kinds), word + 6);
	else if (!strncmp(word, "targets=", 8))
		fits = word[8] && text_copy(t->targets, sizeof(t->targets), word + 8);
	else
		return error_usage(err, "'%.60s' is none of expires=, kinds=, targets=", word);
	return fits ? 0 : error_usage(err, "'%.60s' cannot be understood", word);
}

int token_line_read(const char *line, struct token_line *ret, struct fl_error *err)
{
	_cleanup_free_ char *copy = strdup(line);
	char *rest = copy, *word;
	int field = 0, r = 0;

	*ret = (struct token_line){};
	if (!copy)
		return error_sys(err, ENOMEM, "tokens: out of memory");
	copy[strcspn(copy, "#")] = '\0';
	while (!r && (word = strsep(&rest, " \t"))) {
		if (!*word)
			continue;
		switch (field++) {
		case 0: r = token_name_ok(word) && text_copy(ret->name, sizeof(ret->name), word) ? 0 : -EINVAL; break;
		case 1: r = (ret->role = role_by_name(word)) ? 0 : -EINVAL; break;
		case 2:
			r = strspn(word, "0123456789abcdef") == 64 && text_copy(ret->hash, sizeof(ret->hash), word)
				    ? 0
				    : -EINVAL;
			break;
		default: r = read_option(word, ret, err);
		}
	}
	if (!field)
		return 1;
	return !r && field >= 3 ? 0 : error_usage(err, "this is no 'NAME ROLE HASH [KEY=VALUE]...'");
}

int tokens_read(struct token_line **ret, size_t *ret_n, struct fl_error *err)
{
	_cleanup_free_ struct token_line *v = NULL;
	_cleanup_free_ char *text = NULL;
	struct token_line *grown;
	char *rest, *line;
	int number = 0, r = etc_read(WHO_TOKENS, &text, NULL, err);
	size_t n = 0;

	*ret = NULL;
	*ret_n = 0;
	if (r == -ENOENT)
		return 0;
	for (rest = text; !r && (line = strsep(&rest, "\n"));) {
		number++;
		grown = reallocarray(v, n + 1, sizeof(*v));
		if (!grown)
			return error_sys(err, ENOMEM, "tokens: out of memory");
		v = grown;
		r = token_line_read(line, &v[n], err);
		n += !r;
		if (r < 0)
			error_at(err, WHO_TOKENS, number, 1);
		r = r < 0 ? r : 0;
	}
	if (r)
		return r;
	*ret = take_ptr(v);
	*ret_n = n;
	return 0;
}

int tokens_write(const struct token_line *v, size_t n, struct fl_error *err)
{
	struct text out = {};
	size_t i;
	int r;

	text_append(&out,
		    "# faultline serve token: NAME ROLE HASH [KEY=VALUE]...; the tokens themselves are nowhere\n");
	for (i = 0; i < n; i++) {
		text_append(&out, "%s %s %s", v[i].name, role_name(v[i].role), v[i].hash);
		if (v[i].expires > 0)
			text_append(&out, " expires=%.0f", v[i].expires);
		if (v[i].kinds[0])
			text_append(&out, " kinds=%s", v[i].kinds);
		if (v[i].targets[0])
			text_append(&out, " targets=%s", v[i].targets);
		text_append(&out, "\n");
	}
	r = out.failed ? error_sys(err, ENOMEM, "tokens: out of memory") : dir_make(FL_ETC_DIR, 0755, err);
	if (!r)
		r = file_write(WHO_TOKENS, out.s, out.len, 0600, err);
	text_free(&out);
	return r;
}

/* --- who ----------------------------------------------------------------------------------------- */

/* In a time that does not tell how much of it is right. */
static bool same_hash(const char a[65], const char b[65])
{
	unsigned char differ = 0;
	int i;

	for (i = 0; i < 64; i++)
		differ |= (unsigned char)(a[i] ^ b[i]);
	return !differ;
}

static int nobody(struct fl_error *err, const char *why)
{
	error_set(err, FL_EXIT_USAGE, EACCES, "%s", why);
	error_hint(err, "faultline serve token add NAME --role look|operate|administer makes a token, for "
			"Authorization: Bearer TOKEN");
	return -EACCES;
}

const struct token_line *tokens_find(const struct token_line *v, size_t n, const char hash[65])
{
	const struct token_line *found = NULL;
	size_t i;

	for (i = 0; i < n; i++)
		if (same_hash(hash, v[i].hash))
			found = &v[i];
	return found;
}

bool token_has_expired(const struct token_line *t)
{
	return t->expires > 0 && t->expires <= clock_wall_s();
}

int who_by_token(const char *token, struct who *ret, struct fl_error *err)
{
	_cleanup_free_ struct token_line *v = NULL;
	const struct token_line *found;
	struct fl_error why = {};
	char hash[65];
	size_t n;

	*ret = (struct who){};
	if (tokens_read(&v, &n, &why))
		return nobody(err, why.message);
	text_sha256(token, strlen(token), hash);
	found = tokens_find(v, n, hash);
	if (!found)
		return nobody(err, "this token is not known here");
	if (token_has_expired(found))
		return nobody(err, "this token has expired");
	ret->role = found->role;
	snprintf(ret->name, sizeof(ret->name), "token %s", found->name);
	memcpy(ret->kinds, found->kinds, sizeof(ret->kinds));
	memcpy(ret->targets, found->targets, sizeof(ret->targets));
	return 0;
}

/* As the kernel knew the groups of the peer when it connected, the first one and the others. */
static bool in_group(int fd, gid_t first)
{
	const struct group *g = getgrnam(GROUP);
	gid_t others[1024];
	socklen_t size = sizeof(others), i;

	if (!g || g->gr_gid == first)
		return g != NULL;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, others, &size))
		return false;
	for (i = 0; i < size / sizeof(*others) && others[i] != g->gr_gid; i++)
		;
	return i < size / sizeof(*others);
}

/* A connection that came to our socket, and not the socket itself. */
static bool is_our_connection(int fd, const char *path)
{
	struct sockaddr_un at = {};
	socklen_t len = sizeof(at) - 1; /* stays terminated */
	int listens = 1;
	socklen_t size = sizeof(listens);

	return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) && !listens &&
	       !getsockname(fd, (struct sockaddr *)&at, &len) && at.sun_family == AF_UNIX &&
	       len > offsetof(struct sockaddr_un, sun_path) && !strcmp(at.sun_path, path);
}

int who_by_peer(int fd, const char *path, bool others_look, struct who *ret, struct fl_error *err)
{
	struct ucred peer = {};
	socklen_t len = sizeof(peer);
	const struct passwd *user;

	*ret = (struct who){};
	if (!is_our_connection(fd, path) || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) || !peer.pid)
		return nobody(err, "who is at the other end of the socket cannot be told");
	user = getpwuid(peer.uid);
	if (user)
		snprintf(ret->name, sizeof(ret->name), "user %.60s", user->pw_name);
	else
		snprintf(ret->name, sizeof(ret->name), "uid %u", peer.uid);
	ret->uid = peer.uid;
	if (!peer.uid)
		ret->role = ROLE_ADMINISTER;
	else if (in_group(fd, peer.gid))
		ret->role = ROLE_OPERATE;
	else if (others_look)
		ret->role = ROLE_LOOK;
	if (ret->role)
		return 0;
	error_set(err, FL_EXIT_USAGE, EACCES, "%s may not use this socket", ret->name);
	error_hint(err, "root and the members of the group " GROUP " may, everybody may look with serve --others-look");
	return -EACCES;
}

/* --- what ---------------------------------------------------------------------------------------- */

static bool fits_one(const char *patterns, const char *word)
{
	_cleanup_free_ char *copy = strdup(patterns);
	char *rest = copy, *pattern;

	while (copy && (pattern = strsep(&rest, ",")))
		if (!fnmatch(pattern, word, 0))
			return true;
	return false;
}

int who_may_kind(const struct who *who, const char *kind, struct fl_error *err)
{
	if (!who->kinds[0] || fits_one(who->kinds, kind))
		return 0;
	error_set(err, FL_EXIT_USAGE, EPERM, "%s may not inject %.60s, only %.200s", who->name, kind, who->kinds);
	return -EPERM;
}

int who_may_target(const struct who *who, const char *target, struct fl_error *err)
{
	if (!who->targets[0] || fits_one(who->targets, target))
		return 0;
	error_set(err, FL_EXIT_USAGE, EPERM, "%s may not hit %.100s, only %.200s", who->name, target, who->targets);
	return -EPERM;
}
