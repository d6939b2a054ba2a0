// SPDX-License-Identifier: GPL-2.0-only
/*
 * syscall.c - `syscall_error`: calls of the target fail with an errno of the user's choice, decided
 * in the kernel per call. Which mechanism serves a syscall is found by probing, in this order:
 * override, modret, cgroup (syscall_backend.h); `backend` forces one.
 *
 * The kernel undoes it by itself: links go with the process, the rule obeys expiry and lease.
 * Limits: a filter that the chosen backend cannot honour is refused, not ignored.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "bpf/abi_sys.h"
#include "fault/fault.h"
#include "fault/syscall.h"
#include "fault/syscall_backend.h"
#include "kern/session.h"
#include "util/cleanup.h"
#include "util/text.h"
#include "util/units.h"

#ifndef CGROUP2_SUPER_MAGIC
#define CGROUP2_SUPER_MAGIC 0x63677270
#endif

#define MAX_ROWS 32

static const char *const backends[] = { "auto", "override", "modret", "cgroup", NULL };
static const char *const fd_kinds[] = { "any", "file", "directory", "socket", "pipe", "device", NULL };

static const struct param syscall_params[] = {
	{ .name = "syscall", .type = PARAM_STRING, .def = "!",
	  .help = "which call, or several with commas; 'open' means openat and its kin too" },
	{ .name = "errno", .type = PARAM_STRING, .def = "!", .help = "what it returns: ETIMEDOUT, ENOSPC, 28" },
	{ .name = "percent", .type = PARAM_PERCENT, .def = "100%", .live = true,
	  .help = "share of the matching calls that fail" },
	{ .name = "nth", .type = PARAM_INT, .def = "1", .min = 1, .max = UINT32_MAX, .live = true,
	  .help = "only every n-th matching call" },
	{ .name = "first", .type = PARAM_INT, .def = "1", .min = 1, .max = INT64_MAX,
	  .help = "from this matching call on" },
	{ .name = "last", .type = PARAM_INT, .def = "0", .max = INT64_MAX,
	  .help = "up to this matching call, 0: no end" },
	{ .name = "path", .type = PARAM_STRING, .help = "path prefix, or a glob with * and ?" },
	{ .name = "port", .type = PARAM_PORTS, .help = "port of the socket address" },
	{ .name = "peer", .type = PARAM_STRING, .help = "address or CIDR of the socket address" },
	{ .name = "fd-type", .type = PARAM_ENUM, .def = "any", .choices = fd_kinds,
	  .help = "kind of the file descriptor" },
	{ .name = "max-hits", .type = PARAM_INT, .def = "0", .max = INT64_MAX, .live = true,
	  .help = "stop after so many failed calls, 0: no bound" },
	{ .name = "seed", .type = PARAM_INT, .def = "0", .min = INT64_MIN, .max = INT64_MAX,
	  .help = "of the random decisions, 0: a new one" },
	{ .name = "backend", .type = PARAM_ENUM, .def = "auto", .choices = backends,
	  .help = "force the mechanism" },
	{}
};

struct syscall_state {
	struct syscall_maps maps;
	struct fl_sys_rule rule;
	struct syscall_hook *hooks[MAX_ROWS];
	unsigned int n_hooks;
	bool leased; /* the session refreshes maps.leases */
};

/* --- parameters to rule ------------------------------------------------------------------------- */

static int parse_peer(const char *text, struct fl_sys_rule *rule, struct fl_error *err)
{
	_cleanup_free_ char *s = strdup(text);
	char *slash = s ? strchr(s, '/') : NULL;
	int64_t bits = -1;
	struct in6_addr a;
	struct in_addr a4;

	if (!s)
		return error_sys(err, ENOMEM, "peer: out of memory");
	if (slash)
		*slash++ = '\0';
	if (inet_pton(AF_INET, s, &a4) == 1) {
		static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

		if (slash && units_int(slash, 0, 32, &bits, err))
			return -EINVAL;
		memcpy(rule->peer, mapped, sizeof(mapped));
		memcpy(rule->peer + 12, &a4, 4);
		rule->peer_prefix_len = 96 + (bits < 0 ? 32 : (uint32_t)bits);
		return 0;
	}
	if (inet_pton(AF_INET6, s, &a) == 1) {
		if (slash && units_int(slash, 0, 128, &bits, err))
			return -EINVAL;
		memcpy(rule->peer, &a, 16);
		rule->peer_prefix_len = bits < 0 ? 128 : (uint32_t)bits;
		return 0;
	}
	return error_usage(err, "peer '%.60s' is no address and no CIDR, for example 10.0.0.0/8", text);
}

/* What the parameters say, without targets, expiry and owner. */
static int rule_from_params(const struct params *p, struct fl_sys_rule *ret, struct fl_error *err)
{
	struct fl_sys_rule rule = {
		.seed = (uint64_t)params_i64(p, "seed"),
		.max_hits = (uint64_t)params_i64(p, "max-hits"),
		.first = (uint64_t)params_i64(p, "first"),
		.last = (uint64_t)params_i64(p, "last"),
		.probability_ppm = (uint32_t)params_u64(p, "percent"),
		.nth = (uint32_t)params_i64(p, "nth"),
		.fd_kind = (uint8_t)params_u64(p, "fd-type"),
		.port = { 0, 65535 },
	};
	const char *path = params_text(p, "path");
	int number, r;

	r = syscall_errno(params_text(p, "errno"), &number, err);
	if (r)
		return r;
	rule.error = -number;
	if (rule.last && rule.last < rule.first)
		return error_usage(err, "syscall_error: last is before first");
	if (path) {
		rule.path_len = (uint32_t)strlen(path);
		if (!rule.path_len || rule.path_len >= sizeof(rule.path))
			return error_usage(err, "path: 1 to %zu bytes, this one has %u", sizeof(rule.path) - 1,
					   rule.path_len);
		memcpy(rule.path, path, rule.path_len);
		rule.path_kind = strpbrk(path, "*?") ? FL_SYS_PATH_GLOB : FL_SYS_PATH_PREFIX;
	}
	if (params_has(p, "port")) {
		r = param_ports(params_text(p, "port"), &rule.port.min, &rule.port.max, err);
		if (r)
			return r;
	}
	if (params_has(p, "peer")) {
		r = parse_peer(params_text(p, "peer"), &rule, err);
		if (r)
			return r;
	}
	*ret = rule;
	return 0;
}

static unsigned int rule_filters(const struct fl_sys_rule *rule)
{
	return (rule->path_kind ? FILTER_PATH : 0u) | (rule->fd_kind ? FILTER_FD : 0u) |
	       (rule->peer_prefix_len || rule->port.min || rule->port.max != 65535 ? FILTER_ADDRESS : 0u);
}

/* Rows of a list of words with commas. */
static int find_rows(const char *list, unsigned int *rows, unsigned int *ret_n, struct fl_error *err)
{
	_cleanup_free_ char *copy = strdup(list);
	char *save = NULL, *word;
	unsigned int n = 0, got;

	if (!copy)
		return error_sys(err, ENOMEM, "syscall_error: out of memory");
	for (word = strtok_r(copy, ", ", &save); word; word = strtok_r(NULL, ", ", &save)) {
		got = syscall_find(word, rows + n, MAX_ROWS - n, err);
		if (!got)
			return err && err->exit ? err->code
						: error_usage(err, "syscall_error: more than %d syscalls", MAX_ROWS);
		n += got;
	}
	if (!n)
		return error_usage(err, "syscall: empty");
	*ret_n = n;
	return 0;
}

static int validate(const struct params *p, struct fl_error *err)
{
	unsigned int rows[MAX_ROWS], n;
	struct fl_sys_rule rule;
	int r = rule_from_params(p, &rule, err);

	return r ?: find_rows(params_text(p, "syscall"), rows, &n, err);
}

/* --- backends ----------------------------------------------------------------------------------- */

enum syscall_backend syscall_choose(const struct syscall_row *row, const char *forced, unsigned int filters,
				    char *ret_why, size_t why_size)
{
	static const enum syscall_backend order[] = { BACKEND_OVERRIDE, BACKEND_MODRET, BACKEND_CGROUP };
	struct text whys = {};
	char why[160];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		const char *name = syscall_backend_name(order[i]);

		if (forced && strcmp(forced, "auto") && strcmp(forced, name))
			continue;
		if (syscall_backend_serves(order[i], row, filters, why, sizeof(why))) {
			text_free(&whys);
			ret_why[0] = '\0';
			return order[i];
		}
		text_append(&whys, "%s%s: %s", whys.len ? "; " : "", name, why);
	}
	text_copy(ret_why, why_size, whys.s ? whys.s : "");
	text_free(&whys);
	return BACKEND_NONE;
}

static void supported(struct fault_support *ret)
{
	const struct syscall_row *row = syscall_rows;
	enum syscall_backend b;
	char why[200];

	while (strcmp(row->name, "connect"))
		row++;
	b = syscall_choose(row, NULL, 0, why, sizeof(why));
	*ret = (struct fault_support){ .supported = b != BACKEND_NONE };
	text_copy(ret->backend, sizeof(ret->backend), syscall_backend_name(b));
	if (b == BACKEND_CGROUP)
		text_copy(ret->reason, sizeof(ret->reason),
			  "only socket, connect, bind, send (UDP) and setsockopt: see doctor --syscalls");
	else if (b == BACKEND_NONE)
		text_copy(ret->reason, sizeof(ret->reason), why);
}

/* --- targets ------------------------------------------------------------------------------------ */

/* Depth of a cgroup directory below the root of its v2 tree; -1 when it is in none. */
static int cgroup_level(const char *path)
{
	_cleanup_free_ char *s = strdup(path);
	struct statfs fs;
	struct stat st, up;
	int level = 0;

	if (!s || statfs(s, &fs) || fs.f_type != CGROUP2_SUPER_MAGIC || stat(s, &st))
		return -1;
	for (;;) {
		char *slash = strrchr(s, '/');

		if (!slash || slash == s)
			return level;
		*slash = '\0';
		if (stat(s, &up) || up.st_dev != st.st_dev)
			return level;
		level++;
	}
}

static int add_targets(const struct fault *f, bool need_cgroup, struct fl_sys_rule *rule, struct fl_error *err)
{
	struct stat self;
	uint32_t i;

	if (f->n_targets > FL_SYS_MAX_TARGETS)
		return error_usage(err, "syscall_error: at most %d targets in one fault", FL_SYS_MAX_TARGETS);
	for (i = 0; i < f->n_targets; i++) {
		const struct target *t = &f->targets[i];
		int level = t->cgroup[0] ? cgroup_level(t->cgroup) : -1;

		if (level > 0) {
			rule->targets[i].cgroup_id = t->cgroup_id;
			rule->targets[i].cgroup_level = (uint32_t)level;
			continue;
		}
		if (need_cgroup) {
			error_env(err, ENOTSUP, "target %s has no cgroup of its own in the v2 tree, and the "
				  "backend cgroup needs one", t->name);
			error_hint(err, "mount a cgroup2 tree and put the target into a group of it");
			return -ENOTSUP;
		}
		if (!t->pidns_inode || (!stat("/proc/1/ns/pid", &self) && self.st_ino == t->pidns_inode)) {
			error_usage(err, "target %s has neither a v2 cgroup nor a pid namespace of its own: "
				    "the fault would hit the whole host", t->name);
			error_hint(err, "use cgroup:PATH");
			return -EINVAL;
		}
		rule->targets[i].pidns_inode = (uint32_t)t->pidns_inode;
	}
	rule->n_targets = f->n_targets;
	return 0;
}

/* --- life --------------------------------------------------------------------------------------- */

static int write_rule(struct syscall_state *s, struct fl_error *err)
{
	uint32_t zero = 0;

	if (bpf_map_update_elem(s->maps.rule, &zero, &s->rule, BPF_ANY))
		return error_sys(err, errno, "syscall_error: cannot write the rule: %s", strerror(errno));
	return 0;
}

static int disarm(struct fault *f, struct fl_error *err)
{
	struct syscall_state *s = f->priv;
	unsigned int i;
	(void)err;

	if (!s)
		return 0;
	for (i = 0; i < s->n_hooks; i++)
		syscall_hook_detach(s->hooks[i]);
	if (s->leased)
		session_forget_lease(f->session, s->maps.leases);
	syscall_maps_close(&s->maps);
	free(s);
	f->priv = NULL;
	return 0;
}

static int attach_rows(struct fault *f, struct syscall_state *s, const unsigned int *rows,
		       const enum syscall_backend *chosen, unsigned int n, struct fl_error *err)
{
	unsigned int i, j;
	int r;

	for (i = 0; i < n; i++) {
		const struct syscall_row *row = &syscall_rows[rows[i]];

		for (j = 0; j < i; j++)
			if (chosen[j] == chosen[i] && syscall_hook_same(chosen[i], &syscall_rows[rows[j]], row))
				break;
		if (j < i)
			continue;
		r = syscall_hook_attach(chosen[i], row, &s->maps, f->targets, f->n_targets,
					&s->hooks[s->n_hooks], err);
		if (r)
			return r;
		s->n_hooks++;
	}
	return 0;
}

/* Choose a backend per row; one that none can serve is refused with every backend's reason. */
static int choose_rows(struct fault *f, const struct fl_sys_rule *rule, const unsigned int *rows, unsigned int n,
		       enum syscall_backend *chosen, bool *ret_cgroup, struct fl_error *err)
{
	const char *forced = params_text(&f->params, "backend");
	struct text used = {};
	char why[400];
	unsigned int i;

	*ret_cgroup = false;
	for (i = 0; i < n; i++) {
		const struct syscall_row *row = &syscall_rows[rows[i]];

		chosen[i] = syscall_choose(row, forced, rule_filters(rule), why, sizeof(why));
		if (chosen[i] == BACKEND_NONE) {
			text_free(&used);
			error_env(err, ENOTSUP, "no backend can make %s fail here: %s", row->name, why);
			error_hint(err, "faultline doctor --syscalls shows what works on this kernel");
			return -ENOTSUP;
		}
		if (chosen[i] == BACKEND_CGROUP)
			*ret_cgroup = true;
		if (!used.s || !strstr(used.s, syscall_backend_name(chosen[i])))
			text_append(&used, "%s%s", used.len ? "+" : "", syscall_backend_name(chosen[i]));
	}
	text_copy(f->backend, sizeof(f->backend), used.s);
	text_free(&used);
	return 0;
}

static int arm(struct fault *f, struct fl_error *err)
{
	unsigned int rows[MAX_ROWS], n = 0;
	enum syscall_backend chosen[MAX_ROWS];
	struct syscall_state *s = calloc(1, sizeof(*s));
	bool need_cgroup = false;
	int r;

	if (!s)
		return error_sys(err, ENOMEM, "syscall_error: out of memory");
	s->maps = (struct syscall_maps){ -1, -1, -1, -1 };
	f->priv = s;
	r = rule_from_params(&f->params, &s->rule, err) ?:
	    find_rows(params_text(&f->params, "syscall"), rows, &n, err) ?:
	    choose_rows(f, &s->rule, rows, n, chosen, &need_cgroup, err) ?:
	    add_targets(f, need_cgroup, &s->rule, err) ?: syscall_maps_make(&s->maps, err);
	if (r)
		goto fail;
	if (!s->rule.seed && getrandom(&s->rule.seed, sizeof(s->rule.seed), 0) != sizeof(s->rule.seed))
		s->rule.seed = 1;
	s->rule.owner_tgid = (uint32_t)getpid();
	r = session_add_lease(f->session, s->maps.leases, err);
	if (r)
		goto fail;
	s->leased = true;
	r = write_rule(s, err) ?: attach_rows(f, s, rows, chosen, n, err);
	if (!r)
		return 0;
fail:
	disarm(f, NULL);
	return r;
}

static int activate(struct fault *f, bool on, struct fl_error *err)
{
	struct syscall_state *s = f->priv;

	s->rule.enabled = on;
	s->rule.expires_ns = f->expires_ns ? f->expires_ns : UINT64_MAX;
	return write_rule(s, err);
}

static int update(struct fault *f, struct fl_error *err)
{
	struct syscall_state *s = f->priv;

	s->rule.probability_ppm = (uint32_t)params_u64(&f->params, "percent");
	s->rule.nth = (uint32_t)params_i64(&f->params, "nth");
	s->rule.max_hits = (uint64_t)params_i64(&f->params, "max-hits");
	return write_rule(s, err);
}

static int proof(struct fault *f, struct fault_proof *ret, struct fl_error *err)
{
	struct syscall_state *s = f->priv;
	int i, n = libbpf_num_possible_cpus();
	_cleanup_free_ struct fl_proof *cpus = calloc((size_t)(n > 0 ? n : 1), sizeof(*cpus));
	uint32_t zero = 0;

	if (!cpus || n < 1 || bpf_map_lookup_elem(s->maps.proof, &zero, cpus))
		return error_sys(err, errno, "syscall_error: cannot read the counters");
	for (i = 0; i < n; i++) {
		ret->matched += cpus[i].matched;
		ret->injected += cpus[i].injected;
		ret->skipped += cpus[i].skipped;
		if (cpus[i].first_hit_ns && (!ret->first_hit_ns || cpus[i].first_hit_ns < ret->first_hit_ns))
			ret->first_hit_ns = cpus[i].first_hit_ns;
		if (cpus[i].last_hit_ns > ret->last_hit_ns)
			ret->last_hit_ns = cpus[i].last_hit_ns;
	}
	return 0;
}

const struct fault_ops fault_syscall_error = {
	.name = "syscall_error",
	.summary = "calls of the target fail with a chosen errno",
	.class = FAULT_KERNEL,
	.params = syscall_params,
	.supported = supported,
	.validate = validate,
	.arm = arm,
	.activate = activate,
	.update = update,
	.proof = proof,
	.disarm = disarm,
};
