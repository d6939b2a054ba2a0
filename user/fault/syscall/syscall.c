// SPDX-License-Identifier: GPL-2.0-only
/*
 * syscall.c - `syscall_error`: calls of the target fail with an errno of the user's choice, decided
 * in the kernel per call. Which mechanism serves a syscall is found by probing, in this order:
 * override, modret, cgroup (syscall_backend.h); `backend` forces one.
 *
 * The kernel undoes it by itself: links go with the process, the rule obeys expiry and lease.
 * Limits: a filter that the chosen backend cannot honour is refused, not ignored.
 */
#include <errno.h>
#include <string.h>

#include "fault/net/net.h"
#include "fault/syscall/syscall.h"
#include "util/cleanup.h"
#include "util/text/cidr.h"
#include "util/text/text.h"
#include "util/text/units.h"

static const char *const backends[] = { "auto", "override", "modret", "cgroup", NULL };
static const char *const fd_kinds[] = { "any", "file", "directory", "socket", "pipe", "device", NULL };

struct syscall_error_params {
	const char *syscall, *errno_name;
	uint32_t percent_ppm, nth;
	uint64_t first, last;
	const char *path;
	struct param_range port;
	const char *peer;
	uint32_t fd_kind; /* index in fd_kinds */
	uint64_t max_hits;
	int64_t seed;
	uint32_t backend; /* index in backends */
};

/* clang-format off */
#define FIELD(member) PARAM_FIELD(struct syscall_error_params, member)

static const struct param syscall_params[] = {
	{ FIELD(syscall), .name = "syscall", .type = PARAM_STRING, .def = "!",
	  .help = "which call, or several with commas; 'open' means openat and its kin too" },
	{ FIELD(errno_name), .name = "errno", .type = PARAM_STRING, .def = "!", .help = "what it returns: ETIMEDOUT, ENOSPC, 28" },
	{ FIELD(percent_ppm), .name = "percent", .type = PARAM_PERCENT, .def = "100%", .live = true, .from = "0.5%", .to = "100%",
	  .help = "share of the matching calls that fail" },
	{ FIELD(nth), .name = "nth", .type = PARAM_INT, .def = "1", .min = 1, .max = UINT32_MAX, .live = true,
	  .help = "only every n-th matching call" },
	{ FIELD(first), .name = "first", .type = PARAM_INT, .def = "1", .min = 1, .max = INT64_MAX,
	  .help = "from this matching call on" },
	{ FIELD(last), .name = "last", .type = PARAM_INT, .def = "0", .max = INT64_MAX,
	  .help = "up to this matching call, 0: no end" },
	{ FIELD(path), .name = "path", .type = PARAM_STRING, .help = "path prefix, or a glob with * and ?" },
	{ FIELD(port), .name = "port", .type = PARAM_PORTS, .help = "port of the socket address" },
	{ FIELD(peer), .name = "peer", .type = PARAM_STRING, .help = "address or CIDR of the socket address" },
	{ FIELD(fd_kind), .name = "fd-type", .type = PARAM_ENUM, .def = "any", .choices = fd_kinds,
	  .help = "kind of the file descriptor" },
	{ FIELD(max_hits), .name = "max-hits", .type = PARAM_INT, .def = "0", .max = INT64_MAX, .live = true,
	  .help = "stop after so many failed calls, 0: no bound" },
	{ FIELD(seed), .name = "seed", .type = PARAM_INT, .def = "0", .min = INT64_MIN, .max = INT64_MAX,
	  .help = "of the random decisions, 0: a new one" },
	{ FIELD(backend), .name = "backend", .type = PARAM_ENUM, .def = "auto", .choices = backends,
	  .help = "force the mechanism" },
	{}
};
/* clang-format on */

/* --- parameters to rule ------------------------------------------------------------------------- */

static int parse_peer(const char *text, struct fl_sys_rule *rule, struct fl_error *err)
{
	struct engine_peer peer;

	if (net_prefix(text, &peer, NULL))
		return error_usage(err, "peer '%.60s' is no address and no CIDR, for example 10.0.0.0/8", text);
	memcpy(rule->peer, &peer.addr, sizeof(rule->peer));
	rule->peer_prefix_len = peer.prefix_len;
	return 0;
}

/* What the parameters say, without targets, expiry and owner. */
static int rule_from_params(const struct syscall_error_params *p, struct fl_sys_rule *ret, struct fl_error *err)
{
	struct fl_sys_rule rule = {
		.seed = (uint64_t)p->seed,
		.max_hits = p->max_hits,
		.first = p->first,
		.last = p->last,
		.probability_ppm = p->percent_ppm,
		.nth = p->nth,
		.fd_kind = (uint8_t)p->fd_kind,
		.port = { (uint16_t)p->port.from, (uint16_t)p->port.to },
	};
	const char *path = p->path;
	int number, r;

	r = syscall_errno(p->errno_name, &number, err);
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
	if (p->peer) {
		r = parse_peer(p->peer, &rule, err);
		if (r)
			return r;
	}
	*ret = rule;
	return 0;
}

static int validate(const struct params *p, struct fl_error *err)
{
	const struct syscall_error_params *own = p->own;
	struct fl_sys_rule rule;

	return rule_from_params(own, &rule, err) ?: syscall_check(own->syscall, err);
}

static void supported(struct fault_support *ret)
{
	const struct syscall_row *row = syscall_rows;
	enum syscall_backend b;
	char why[200];

	while (strcmp(row->name, "connect"))
		row++;
	b = syscall_choose(row, BACKEND_NONE, 0, why, sizeof(why));
	*ret = (struct fault_support){ .supported = b != BACKEND_NONE };
	text_copy(ret->backend, sizeof(ret->backend), syscall_backend_name(b));
	if (b == BACKEND_CGROUP)
		text_copy(ret->reason, sizeof(ret->reason),
			  "only socket, connect, bind, send (UDP) and setsockopt: no others on this kernel");
	else if (b == BACKEND_NONE)
		text_copy(ret->reason, sizeof(ret->reason), why);
}

static int arm(struct fault *f, struct fl_error *err)
{
	const struct syscall_error_params *p = f->params.own;
	struct syscall_request request = {
		.calls = p->syscall,
		/* "auto" is none of them */
		.only = syscall_backend_find(backends[p->backend]),
	};
	int r = rule_from_params(p, &request.rule, err);

	return r ? r : syscall_arm(f, &request, err);
}

static int update(struct fault *f, struct fl_error *err)
{
	const struct syscall_error_params *p = f->params.own;
	struct fl_sys_rule *rule = syscall_rule(f);

	rule->probability_ppm = p->percent_ppm;
	rule->nth = p->nth;
	rule->max_hits = p->max_hits;
	return syscall_write(f, err);
}

const struct fault_ops fault_syscall_error = {
	.name = "syscall_error",
	.summary = "calls of the target fail with a chosen errno",
	.class = FAULT_KERNEL,
	.params = syscall_params,
	.supported = supported,
	.validate = validate,
	.arm = arm,
	.activate = syscall_activate,
	.update = update,
	.proof = syscall_proof,
	.disarm = syscall_disarm,
	.moved = syscall_moved,
	.hints = {
		.unmatched = "No call of the target met its match: does it make such calls meanwhile?",
		.spared = "None of them was to fail: more --percent, a smaller --nth, or more calls.",
	},
};
