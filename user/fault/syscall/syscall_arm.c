// SPDX-License-Identifier: GPL-2.0-only
/* syscall_arm.c - see syscall.h */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "fault/syscall/syscall.h"
#include "net/proof.h"
#include "session/session.h"
#include "target/process/cgroup.h"
#include "target/process/member.h"
#include "target/process/process.h"
#include "util/cleanup.h"
#include "util/text/text.h"

#define MAX_ROWS 32

/* The calls that are asked for, and which backend serves each. */
struct plan {
	unsigned int rows[MAX_ROWS]; /* indexes of syscall_rows */
	enum syscall_backend by[MAX_ROWS];
	unsigned int n;
};

struct syscall_state {
	struct plan plan;
	bool need_cgroup; /* of the target: its backend is attached there */
	struct syscall_maps maps;
	struct fl_sys_rule rule;
	struct syscall_hook *hooks[MAX_ROWS];
	unsigned int n_hooks;
	bool leased; /* the session refreshes maps.leases */
};

void syscall_request_init(struct syscall_request *r, const char *calls, int error)
{
	*r = (struct syscall_request){
		.calls = calls,
		.only = BACKEND_NONE,
		.rule = { .error = -error, .probability_ppm = FL_PPM, .first = 1, .nth = 1, .port = { 0, 65535 } },
	};
}

static int find_rows(const char *calls, struct plan *plan, struct fl_error *err)
{
	_cleanup_free_ char *copy = strdup(calls);
	char *save = NULL, *word;
	unsigned int got;

	if (!copy)
		return error_sys(err, ENOMEM, "syscall: out of memory");
	plan->n = 0;
	for (word = strtok_r(copy, ", ", &save); word; word = strtok_r(NULL, ", ", &save)) {
		if (plan->n == MAX_ROWS)
			return error_usage(err, "syscall: more than %d calls", MAX_ROWS);
		got = syscall_find(word, plan->rows + plan->n, MAX_ROWS - plan->n, err);
		if (!got)
			return -EINVAL;
		plan->n += got;
	}
	return plan->n ? 0 : error_usage(err, "syscall: empty");
}

int syscall_check(const char *calls, struct fl_error *err)
{
	struct plan plan;

	return find_rows(calls, &plan, err);
}

static unsigned int rule_filters(const struct fl_sys_rule *rule)
{
	return (rule->path_kind ? FILTER_PATH : 0u) | (rule->fd_kind ? FILTER_FD : 0u) |
	       (rule->peer_prefix_len || rule->port.min || rule->port.max != 65535 ? FILTER_ADDRESS : 0u);
}

enum syscall_backend syscall_choose(const struct syscall_row *row, enum syscall_backend only, unsigned int filters,
				    char *ret_why, size_t why_size)
{
	/* A signal is no answer to "fail this call": only when it is asked for. */
	static const enum syscall_backend order[] = { BACKEND_OVERRIDE, BACKEND_MODRET, BACKEND_CGROUP,
						      BACKEND_SIGNAL };
	struct text whys = {};
	char why[160];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		if (order[i] != only && (only != BACKEND_NONE || order[i] == BACKEND_SIGNAL))
			continue;
		if (syscall_backend_serves(order[i], row, filters, why, sizeof(why))) {
			text_free(&whys);
			ret_why[0] = '\0';
			return order[i];
		}
		text_append(&whys, "%s%s: %s", whys.len ? "; " : "", syscall_backend_name(order[i]), why);
	}
	text_copy(ret_why, why_size, whys.s ? whys.s : "");
	text_free(&whys);
	return BACKEND_NONE;
}

/* --- targets ------------------------------------------------------------------------------------ */

/* Is the target a group of the v2 tree, and nothing else? */
static bool is_v2_group(const struct target *t)
{
	return t->cgroup[0] && !(t->members & (TARGET_BY_NETNS | TARGET_BY_TREE)) && t->members != TARGET_BY_CGROUP_V1;
}

/* Programs of the backend cgroup are attached to a group, and so hit all that is in it. */
static bool all_are_v2_groups(const struct fault *f)
{
	uint32_t i;

	for (i = 0; i < f->n_targets && is_v2_group(&f->targets[i]); i++)
		;
	return i == f->n_targets;
}

/* --- backends ----------------------------------------------------------------------------------- */

/* A backend for each row. One that none can serve is refused, or left out of a partial request. */
static int choose_rows(struct fault *f, const struct syscall_request *request, struct plan *plan, struct fl_error *err)
{
	char why[400] = "", used[sizeof(f->backend)] = "";
	unsigned int i, kept = 0;

	for (i = 0; i < plan->n; i++) {
		const struct syscall_row *row = &syscall_rows[plan->rows[i]];
		enum syscall_backend by =
			syscall_choose(row, request->only, rule_filters(&request->rule), why, sizeof(why));
		const char *name;
		size_t len = strlen(used);

		if (by == BACKEND_CGROUP && !all_are_v2_groups(f)) {
			by = BACKEND_NONE;
			text_copy(why, sizeof(why),
				  "only the backend cgroup could, which hits all of a v2 cgroup, "
				  "and the target is none: name it as a container or cgroup:PATH instead");
		}
		name = syscall_backend_name(by);
		if (by == BACKEND_NONE && !request->partial) {
			error_env(err, ENOTSUP, "no backend can make %s fail here: %s", row->name, why);
			error_hint(err, "faultline doctor shows which calls which backend serves");
			return -ENOTSUP;
		}
		if (by == BACKEND_NONE)
			continue;
		plan->rows[kept] = plan->rows[i];
		plan->by[kept++] = by;
		if (!strstr(used, name))
			snprintf(used + len, sizeof(used) - len, "%s%s", len ? "+" : "", name);
	}
	plan->n = kept;
	for (i = 0; i < kept; i++)
		((struct syscall_state *)f->priv)->need_cgroup |= plan->by[i] == BACKEND_CGROUP;
	text_copy(f->backend, sizeof(f->backend), used);
	if (kept)
		return 0;
	error_env(err, ENOTSUP, "no backend can make any of %s fail here: %s", request->calls, why);
	error_hint(err, "faultline doctor shows which calls which backend serves");
	return -ENOTSUP;
}

/* What the target is, in the kernel's terms. Only an exact answer will do: there nobody asks again. */
static int kernel_target(const struct fault *f, const struct target *t, struct fl_task_target *ret,
			 struct fl_error *err)
{
	int level = t->cgroup[0] ? cgroup_level(t->cgroup) : -1;
	char who[320];

	*ret = (struct fl_task_target){};
	if (is_v2_group(t) && level > 0) {
		ret->cgroup_id = t->cgroup_id;
		ret->cgroup_level = (uint32_t)level;
		return 0;
	}
	if (t->members == TARGET_BY_NETNS) {
		ret->netns_inode = (uint32_t)t->netns_inode;
		return 0;
	}
	target_members_text(t, who, sizeof(who));
	error_env(err, ENOTSUP,
		  "refused: %s on %s, because it means %s, which the kernel cannot tell from others "
		  "while they make system calls; name it as a container, as netns:NAME, or as cgroup:PATH of "
		  "a group in the v2 tree instead",
		  f->ops->name, t->name, who);
	return -ENOTSUP;
}

/* A process in the v1 group alone would be one of the target's that no call fails for. */
static int all_in_v2(const struct fault *f, const struct target *t, struct fl_error *err)
{
	struct target v2 = *t;
	_cleanup_free_ struct process_id *ids = NULL;
	uint32_t n = 0, i;
	int r = 0;

	if (!(t->members & TARGET_BY_CGROUP) || !(t->members & TARGET_BY_CGROUP_V1))
		return 0;
	v2.members = TARGET_BY_CGROUP;
	r = process_list(t, &ids, &n, err);
	for (i = 0; !r && i < n; i++)
		if (!target_is_member(&v2, ids[i].pid, ids[i].start) && target_is_member(t, ids[i].pid, ids[i].start))
			r = error_env(err, ENOTSUP,
				      "refused: %s on %s, because its process %d is in the v1 cgroup "
				      "%s only, and the kernel tells callers by the v2 tree; move all of it to "
				      "%s, and name that as cgroup:PATH instead",
				      f->ops->name, t->name, (int)ids[i].pid, t->cgroup_v1, t->cgroup);
	return r;
}

static int add_targets(struct fault *f, struct fl_error *err)
{
	struct syscall_state *s = f->priv;
	uint32_t i;
	int r = 0;

	if (f->n_targets > FL_TASK_MAX_TARGETS)
		return error_usage(err, "%s: at most %d targets in one fault", f->ops->name, FL_TASK_MAX_TARGETS);
	for (i = 0; i < f->n_targets && !r; i++) {
		r = kernel_target(f, &f->targets[i], &s->rule.targets[i], err);
		if (!r)
			r = all_in_v2(f, &f->targets[i], err);
	}
	s->rule.n_targets = f->n_targets;
	return r;
}

/* --- life --------------------------------------------------------------------------------------- */

struct fl_sys_rule *syscall_rule(struct fault *f)
{
	struct syscall_state *s = f->priv;

	return &s->rule;
}

int syscall_write(struct fault *f, struct fl_error *err)
{
	struct syscall_state *s = f->priv;
	uint32_t zero = 0;

	if (bpf_map_update_elem(s->maps.rule, &zero, &s->rule, BPF_ANY))
		return error_sys(err, errno, "%s: cannot write the rule: %s", f->ops->name, strerror(errno));
	return 0;
}

static void detach_rows(struct syscall_state *s)
{
	while (s->n_hooks)
		syscall_hook_detach(s->hooks[--s->n_hooks]);
}

int syscall_disarm(struct fault *f, struct fl_error *err)
{
	struct syscall_state *s = f->priv;
	(void)err;

	if (!s)
		return 0;
	detach_rows(s);
	if (s->leased)
		session_forget_lease(f->session, s->maps.leases);
	syscall_maps_close(&s->maps);
	free(s);
	f->priv = NULL;
	return 0;
}

static int attach_rows(struct fault *f, struct fl_error *err)
{
	struct syscall_state *s = f->priv;
	const struct plan *plan = &s->plan;
	unsigned int i, j;
	int r = 0;

	for (i = 0; i < plan->n && !r; i++) {
		const struct syscall_row *row = &syscall_rows[plan->rows[i]];

		for (j = 0; j < i; j++)
			if (plan->by[j] == plan->by[i] &&
			    syscall_hook_same(plan->by[i], &syscall_rows[plan->rows[j]], row))
				break;
		if (j < i)
			continue;
		r = syscall_hook_attach(plan->by[i], row, &s->maps, f->targets, f->n_targets, &s->hooks[s->n_hooks],
					err);
		if (!r)
			s->n_hooks++;
	}
	return r;
}

int syscall_arm(struct fault *f, const struct syscall_request *request, struct fl_error *err)
{
	struct syscall_state *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return error_sys(err, ENOMEM, "%s: out of memory", f->ops->name);
	f->priv = s;
	s->rule = request->rule;
	s->maps = (struct syscall_maps){ -1, -1, -1, -1, -1 };
	r = find_rows(request->calls, &s->plan, err) ?: add_targets(f, err) ?:
	    choose_rows(f, request, &s->plan, err) ?: syscall_maps_make(&s->maps, err);
	if (!r && !s->rule.seed && getrandom(&s->rule.seed, sizeof(s->rule.seed), 0) < 0)
		s->rule.seed = 1;
	s->rule.owner_tgid = (uint32_t)getpid();
	if (!r)
		r = session_add_lease(f->session, s->maps.leases, err);
	s->leased = !r;
	if (!r)
		r = syscall_write(f, err) ?: attach_rows(f, err);
	if (r)
		syscall_disarm(f, NULL);
	return r;
}

int syscall_moved(struct fault *f, uint32_t target, struct fl_error *err)
{
	struct syscall_state *s = f->priv;
	int r;

	if (target >= FL_TASK_MAX_TARGETS)
		return error_env(err, ENOSPC, "%s: %s is one target more than the %d of a fault", f->ops->name,
				 f->targets[target].name, FL_TASK_MAX_TARGETS);
	s->rule.n_targets = f->n_targets;
	r = kernel_target(f, &f->targets[target], &s->rule.targets[target], err);
	if (!r && s->need_cgroup && !is_v2_group(&f->targets[target]))
		r = error_env(err, ENOTSUP, "%s: %s has no cgroup of its own in the v2 tree any more", f->ops->name,
			      f->targets[target].name);
	if (!r)
		r = syscall_write(f, err);
	/* Its programs are on the old group. For the others a few calls pass meanwhile. */
	if (!r && s->need_cgroup) {
		detach_rows(s);
		r = attach_rows(f, err);
	}
	return r;
}

int syscall_activate(struct fault *f, bool on, struct fl_error *err)
{
	struct syscall_state *s = f->priv;

	s->rule.enabled = on;
	s->rule.expires_ns = f->expires_ns ? f->expires_ns : UINT64_MAX;
	return syscall_write(f, err);
}

int syscall_proof(struct fault *f, struct fault_proof *ret, struct fl_error *err)
{
	struct syscall_state *s = f->priv;
	struct fl_proof sum = {};
	int r = proof_read(s->maps.proof, 0, &sum);

	if (r)
		return error_sys(err, -r, "%s: cannot read the counters: %s", f->ops->name, strerror(-r));
	fault_proof_from(ret, &sum);
	return 0;
}
