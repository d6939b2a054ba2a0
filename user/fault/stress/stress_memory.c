// SPDX-License-Identifier: GPL-2.0-only
/*
 * stress_memory.c - memory: fill the memory the target may use, from inside its cgroups.
 *
 * `percent` is where the target's cgroup shall stand: what it uses already (without page cache
 * that can be dropped) is subtracted when the fault becomes active. `bytes` is what is added.
 * The pages are locked, so they are memory, not swap; unless faultline runs without CAP_SYS_RESOURCE.
 *
 * Limits: beyond the limit the kernel's OOM killer chooses in the cgroup; stress-ng offers itself
 * first and comes back, the target is hit only if it grows faster than that. The host is never
 * left with less than its last gigabyte.
 */
#include <errno.h>
#include <sys/resource.h>

#include "fault/stress/stress.h"
#include "os/meminfo.h"
#include "target/process/cgroup_oom.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"
#include "util/text/units.h"

/* What stress-ng 0.15 takes beside the pages asked for: 4 to 6 MiB, most of it executable pages
 * (charged to who reads them first) and page tables. */
#define OWN_BYTES   (5ull << 20)
#define LEAST_BYTES (1ull << 20)
/* How exactly the goal is met: with less than this below the limit, an OOM kill is to be expected. */
#define MARGIN_BYTES (2ull << 20)

struct memory_params {
	struct param_optional percent_ppm, bytes;
	bool allow_group_kill;
};

/* clang-format off */
static const struct param params[] = {
	{ PARAM_FIELD(struct memory_params, percent_ppm), .name = "percent", .type = PARAM_PERCENT,
	  .help = "fill the target's cgroup up to this share of its memory limit" },
	{ PARAM_FIELD(struct memory_params, bytes), .name = "bytes", .type = PARAM_BYTES, .help = "or: how much to add" },
	{ PARAM_FIELD(struct memory_params, allow_group_kill), .name = "allow-group-kill", .type = PARAM_BOOL, .def = "no",
	  .help = "go to the limit also where an OOM kill ends the whole group or unit" },
	{}
};
/* clang-format on */

static const struct memory_params *params_of(const struct fault *f)
{
	return f->params.own;
}

static int validate(const struct params *p, struct fl_error *err)
{
	const struct memory_params *own = p->own;

	if (own->percent_ppm.set == own->bytes.set) {
		error_usage(err, "memory: give either percent or bytes");
		error_hint(err, "percent: 95%% of the target's limit, or bytes: 200MiB");
		return -EINVAL;
	}
	if (own->bytes.set && own->bytes.u64 < LEAST_BYTES)
		return error_usage(err, "memory: bytes is less than 1 MiB");
	return 0;
}

/* Would a fill by @fill hit the limit, and that end more than one process? */
static int refuse_group_kill(const struct fault *f, const struct stress_unit *u, const struct cgroup_memory *m,
			     uint64_t fill, struct fl_error *err)
{
	char why[300];

	if (m->limit == CGROUP_UNLIMITED || params_of(f)->allow_group_kill ||
	    m->used + OWN_BYTES + fill + MARGIN_BYTES <= m->limit ||
	    !cgroup_oom_takes_all(&u->cgroups, why, sizeof(why)))
		return 0;
	error_env(err, EPERM,
		  "refused: memory on %s, because that much reaches its memory limit, and at the first "
		  "OOM kill %s",
		  u->target->name, why);
	error_hint(err, "ask for less, or give allow-group-kill if that is meant");
	return -EPERM;
}

/* How many bytes the stressor shall take, now. */
static int fill_size(const struct fault *f, const struct stress_unit *u, uint64_t *ret, struct fl_error *err)
{
	struct cgroup_memory m;
	uint64_t fill;
	int r = cgroup_memory(&u->cgroups, &m, err);

	if (r)
		return r;
	if (params_of(f)->bytes.set) {
		fill = params_of(f)->bytes.u64;
	} else if (m.limit == CGROUP_UNLIMITED) {
		error_env(err, ENOTSUP, "memory on %s: it has no memory limit to take a percentage of",
			  u->target->name);
		error_hint(err, "give bytes instead");
		return -ENOTSUP;
	} else {
		uint64_t goal = (uint64_t)((double)m.limit / 1e6 * (double)params_of(f)->percent_ppm.u64);

		if (goal < m.used + OWN_BYTES + LEAST_BYTES) {
			error_env(err, EALREADY, "memory on %s: it uses %.1f %% of its limit already", u->target->name,
				  100.0 * (double)m.used / (double)m.limit);
			error_hint(err, "ask for a higher percent");
			return -EALREADY;
		}
		fill = goal - m.used - OWN_BYTES;
	}
	r = refuse_group_kill(f, u, &m, fill, err);
	if (!r)
		r = meminfo_spare(fill, "memory", u->target->name, err);
	if (r)
		return r;
	*ret = fill;
	return 0;
}

static int check(struct fault *f, struct stress_unit *u, struct fl_error *err)
{
	uint64_t fill;
	int r = stress_need_cgroup(f, u, "memory", err);

	return r ? r : fill_size(f, u, &fill, err);
}

static void args(struct fault *f, struct stress_unit *u, const char **argv)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	(void)f;
	(void)u;
	*argv++ = "--vm";
	*argv++ = "1";
	*argv++ = "--vm-bytes";
	*argv++ = "?";
	*argv++ = "--vm-keep";
	/* The stressor has no CAP_IPC_LOCK, so its limit, which is ours, has to go. */
	if (!setrlimit(RLIMIT_MEMLOCK, &all))
		*argv++ = "--vm-locked";
	/* Write every page once, then sleep: memory is what is stressed, not the CPU. */
	*argv++ = "--vm-method";
	*argv++ = "zero-one";
	*argv++ = "--vm-hang";
	*argv++ = "0";
	*argv = NULL;
}

/* Where an OOM kill may end the whole unit or container: what is down at the end is started again. */
static int journal_start(struct fault *f, struct stress_unit *u, struct fl_error *err)
{
	char why[300];

	if (!params_of(f)->allow_group_kill || !cgroup_oom_takes_all(&u->cgroups, why, sizeof(why)))
		return 0;
	return stress_journal_start(f, u, err);
}

static int begin(struct fault *f, struct stress_unit *u, char *word, size_t size, struct fl_error *err)
{
	uint64_t fill;
	int r = fill_size(f, u, &fill, err);

	if (!r)
		r = journal_start(f, u, err);
	if (!u->started)
		u->ooms_before = cgroup_oom_kills(&u->cgroups);
	if (!r)
		snprintf(word, size, "%llu", (unsigned long long)fill);
	return r;
}

static void look(struct stress_unit *u)
{
	struct cgroup_memory m;

	if (u->usage.rss_bytes && !cgroup_memory(&u->cgroups, &m, NULL) && m.used > u->reached)
		u->reached = m.used;
	u->ooms = cgroup_oom_kills(&u->cgroups) - u->ooms_before;
}

static bool effect(const struct stress_unit *u, double seconds, struct text *text, uint64_t *bytes)
{
	struct cgroup_memory m;
	char reached[32], limit[32];

	(void)seconds;
	*bytes += u->reached;
	text_append(text, "%s: its cgroup rose to %s", u->target->name,
		    units_format_bytes(u->reached, reached, sizeof(reached)));
	if (!cgroup_memory(&u->cgroups, &m, NULL) && m.limit != CGROUP_UNLIMITED)
		text_append(text, ", %.1f %% of %s", 100.0 * (double)u->reached / (double)m.limit,
			    units_format_bytes(m.limit, limit, sizeof(limit)));
	if (u->ooms)
		text_append(text, ", %llu OOM kills in it", (unsigned long long)u->ooms);
	return u->reached > 0;
}

static const struct stress_kind kind = {
	.fatal = true,
	.check = check,
	.args = args,
	.begin = begin,
	.look = look,
	.effect = effect,
};

static const char *const aliases[] = { "memory_fill", NULL };

const struct fault_ops fault_memory = {
	STRESS_OPS,           .name = "memory",
	.aliases = aliases,   .summary = "Fill the memory the target may use, from inside its cgroups",
	.params = params,     .supported = stress_supported,
	.validate = validate, .ready = stress_ready,
};
