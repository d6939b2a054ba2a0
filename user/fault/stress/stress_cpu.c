// SPDX-License-Identifier: GPL-2.0-only
/*
 * stress_cpu.c - cpu_saturation: keep the target's CPUs busy, from inside its cgroups.
 *
 * The load is a share of what the target may use: its quota, its cpuset, else the host's CPUs.
 * Workers are spread evenly over it, so that "load 90%" leaves the target a tenth of its own
 * allowance and no more, on a machine of any size. With a number of workers, load is that of
 * each on one CPU, as `stress-ng --cpu N --cpu-load L` has it: that may well be more than there is.
 *
 * Limits: the stressors compete with the target as ordinary processes of equal weight. What they
 * burn is measured by the kernel (cpuacct or cpu.stat) and reported, not assumed.
 */
#include <errno.h>
#include <math.h>

#include "fault/stress/stress.h"
#include "util/clock.h"
#include "util/text/text.h"

struct cpu_saturation_params {
	uint32_t load_ppm;
	struct param_optional workers;
};

/* clang-format off */
static const struct param params[] = {
	{ PARAM_FIELD(struct cpu_saturation_params, load_ppm), .name = "load", .type = PARAM_PERCENT, .def = "90%",
	  .help = "share of the CPU time the target may use; with workers: of one CPU, each" },
	{ PARAM_FIELD(struct cpu_saturation_params, workers), .name = "workers", .type = PARAM_INT, .min = 1, .max = 1024,
	  .help = "busy processes; default: as many as the target may use CPUs" },
	{}
};
/* clang-format on */

static int validate(const struct params *p, struct fl_error *err)
{
	const struct cpu_saturation_params *own = p->own;

	if (own->load_ppm < 10000)
		return error_usage(err, "cpu_saturation: load is less than 1%%");
	return 0;
}

static int check(struct fault *f, struct stress_unit *u, struct fl_error *err)
{
	int r = stress_need_cgroup(f, u, "cpu", err);

	u->cpus = cgroup_cpu_allowance(&u->cgroups);
	return r;
}

static void args(struct fault *f, struct stress_unit *u, const char **argv)
{
	const struct cpu_saturation_params *p = f->params.own;
	double load = (double)p->load_ppm / 1e4, workers = ceil(u->cpus);

	if (p->workers.set)
		workers = (double)p->workers.u64;
	else
		load = fmax(1, load * u->cpus / workers);
	snprintf(u->words[0], sizeof(u->words[0]), "%.0f", workers);
	snprintf(u->words[1], sizeof(u->words[1]), "%.0f", round(load));
	*argv++ = "--cpu";
	*argv++ = u->words[0];
	*argv++ = "--cpu-load";
	*argv++ = u->words[1];
	/* Busy slices of 10 ms: a tenth of the usual quota period, so that a load below the quota
	 * is not throttled. Its method has rounds of microseconds, so that a slice ends in time. */
	*argv++ = "--cpu-load-slice";
	*argv++ = "10";
	*argv++ = "--cpu-method";
	*argv++ = "int64";
	*argv = NULL;
}

static int begin(struct fault *f, struct stress_unit *u, char *word, size_t size, struct fl_error *err)
{
	(void)f;
	(void)word;
	(void)size;
	(void)err;
	if (!u->started && cgroup_cpu_used_ns(&u->cgroups, &u->cpu_before_ns))
		u->cpu_before_ns = CGROUP_UNLIMITED;
	return 0;
}

static void look(struct stress_unit *u)
{
	uint64_t now;

	if (u->cpu_before_ns != CGROUP_UNLIMITED && !cgroup_cpu_used_ns(&u->cgroups, &now) && now > u->cpu_before_ns)
		u->cgroup_cpu_ns = now - u->cpu_before_ns;
}

static bool effect(const struct stress_unit *u, double seconds, struct text *text, uint64_t *bytes)
{
	double burnt = (double)(u->usage.cpu_ns + u->past.cpu_ns) / 1e9;
	double cgroup = (double)u->cgroup_cpu_ns / 1e9;

	(void)bytes;
	text_append(text, "%s: %.2f s of CPU burnt by %s workers", u->target->name, burnt, u->words[0]);
	if (cgroup > 0 && seconds > 0)
		text_append(text, "; its cgroup used %.1f %% of %.2f CPUs", 100 * cgroup / seconds / u->cpus, u->cpus);
	return burnt > 0;
}

static const struct stress_kind kind = {
	.check = check,
	.args = args,
	.begin = begin,
	.look = look,
	.effect = effect,
};

static const char *const aliases[] = { "cpu", "cpu_stress", NULL };

const struct fault_ops fault_cpu_saturation = {
	STRESS_OPS,           .name = "cpu_saturation",
	.aliases = aliases,   .summary = "Burn the CPU time the target may use, from inside its cgroups",
	.params = params,     .supported = stress_supported,
	.validate = validate, .ready = stress_ready,
};
