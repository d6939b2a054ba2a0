// SPDX-License-Identifier: GPL-2.0-only
/* token.c - see token.h */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <time.h>

#include "cmd/serve/token.h"
#include "control/who.h"
#include "fault/fault.h"
#include "policy/etc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/units.h"

#define SECRET_BYTES 32

/* --- add ------------------------------------------------------------------------------------------ */

/* Words of a list become a field of a line. */
static int check_list(const char *option, const char *list, struct fl_error *err)
{
	if (!list || (list[0] && !strpbrk(list, " \t\n#") && strlen(list) < 500))
		return 0;
	return error_usage(err, "%s '%.60s': a list with commas, without blanks, of at most 500 bytes", option, list);
}

/* By their own names, whatever they were called. */
static int read_kinds(const char *list, char *ret, size_t size, struct fl_error *err)
{
	_cleanup_free_ char *copy = strdup(list ?: "");
	char *rest = copy, *kind;
	const struct fault_ops *ops;
	size_t len = 0;

	while (copy && list && (kind = strsep(&rest, ","))) {
		ops = fault_find(fault_table, kind, err);
		if (!ops)
			return -EINVAL;
		len += (size_t)snprintf(ret + len, size - len, "%s%s", len ? "," : "", ops->name);
		if (len >= size)
			return error_usage(err, "--kinds: too many");
	}
	return 0;
}

static int fill(const struct token_ask *ask, struct token_line *t, struct fl_error *err)
{
	uint64_t ns = 0;
	int r;

	if (!ask->name || !token_name_ok(ask->name))
		return error_usage(
			err, "which NAME? Letters, digits, '.', '_', '-', at most 60: it stands in the audit log");
	if (!ask->role || !role_by_name(ask->role))
		return error_usage(err, "which --role? look, operate or administer");
	r = check_list("--kinds", ask->kinds, err) ?: check_list("--targets", ask->targets, err);
	if (!r && ask->valid_for)
		r = units_duration_ns(ask->valid_for, &ns, err);
	if (r)
		return r;
	*t = (struct token_line){ .role = role_by_name(ask->role) };
	text_copy(t->name, sizeof(t->name), ask->name);
	text_copy(t->targets, sizeof(t->targets), ask->targets ?: "");
	t->expires = ask->valid_for ? clock_wall_s() + (double)ns / 1e9 : 0;
	return read_kinds(ask->kinds, t->kinds, sizeof(t->kinds), err);
}

static struct token_line *find(struct token_line *v, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(v[i].name, name))
			return &v[i];
	return NULL;
}

static int add(const struct token_ask *ask, struct fl_error *err)
{
	_cleanup_free_ struct token_line *v = NULL;
	unsigned char secret[SECRET_BYTES];
	char token[4 + 2 * SECRET_BYTES + 1] = "flt_";
	struct token_line t, *grown;
	size_t n, i;
	int r = fill(ask, &t, err);

	r = r ?: tokens_read(&v, &n, err);
	if (r)
		return r;
	if (find(v, n, t.name)) {
		error_usage(err, "there is a token '%s' already", t.name);
		error_hint(err, "faultline serve token remove %s takes it back", t.name);
		return -EEXIST;
	}
	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		return error_sys(err, EIO, "no random bytes: %s", strerror(errno));
	for (i = 0; i < sizeof(secret); i++)
		snprintf(token + 4 + 2 * i, 3, "%02x", secret[i]);
	text_sha256(token, strlen(token), t.hash);
	grown = reallocarray(v, n + 1, sizeof(*v));
	if (!grown)
		return error_sys(err, ENOMEM, "tokens: out of memory");
	v = grown;
	v[n] = t;
	r = tokens_write(v, n + 1, err);
	if (!r)
		puts(token);
	return r;
}

/* --- list, remove --------------------------------------------------------------------------------- */

static int list(struct fl_error *err)
{
	_cleanup_free_ struct token_line *v = NULL;
	size_t n, i;
	int r = tokens_read(&v, &n, err);

	if (!r && !n)
		puts("no tokens");
	for (i = 0; !r && i < n; i++) {
		time_t t = (time_t)v[i].expires;
		char until[32] = "-";
		struct tm tm;

		if (v[i].expires > 0 && localtime_r(&t, &tm))
			strftime(until, sizeof(until), "%F %T", &tm);
		printf("%-20s %-11s until %-20s%s%s%s%s%s\n", v[i].name, role_name(v[i].role), until,
		       v[i].expires > 0 && v[i].expires <= clock_wall_s() ? " (expired)" : "",
		       v[i].kinds[0] ? "  kinds " : "", v[i].kinds, v[i].targets[0] ? "  targets " : "", v[i].targets);
	}
	return r;
}

static int take_back(const struct token_ask *ask, struct fl_error *err)
{
	_cleanup_free_ struct token_line *v = NULL;
	struct token_line *t;
	size_t n;
	int r = ask->name ? tokens_read(&v, &n, err) : error_usage(err, "which NAME?");

	if (r)
		return r;
	t = find(v, n, ask->name);
	if (!t) {
		error_usage(err, "no token '%.60s'", ask->name);
		error_hint(err, "faultline serve token list shows those that are there");
		return -ENOENT;
	}
	*t = v[n - 1];
	return tokens_write(v, n - 1, err);
}

int token_command(const char *what, const struct token_ask *ask, struct fl_error *err)
{
	_cleanup_fd_ int lock = -1;
	int r = dir_make(FL_ETC_DIR, 0755, err);

	if (r)
		return r;
	/* Two at a time would lose one of them. */
	lock = open(FL_ETC_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX))
		return error_env(err, errno, "cannot lock " FL_ETC_DIR ": %s", strerror(errno));
	if (!strcmp(what, "add"))
		return add(ask, err);
	if (!strcmp(what, "list"))
		return list(err);
	if (!strcmp(what, "remove"))
		return take_back(ask, err);
	return error_usage(err, "serve token %.30s: add, list or remove", what);
}
