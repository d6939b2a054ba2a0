// SPDX-License-Identifier: GPL-2.0-only
/*
 * inject_repeat.c - the same fault again and again: round after round, each a session of its own with targets that are
 * found anew. Between two rounds there is nothing but this process, asleep.
 *
 * What ends a round before its time (a signal, `stop`, `halt`, a window in which nothing may be on) ends the repetition. A
 * round that cannot begin is left out, and the next has its turn.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/cmd.h"
#include "cmd/fault/inject.h"
#include "util/clock.h"
#include "util/random.h"
#include "util/text/text.h"
#include "util/text/units.h"

int inject_repeat_check(const struct inject *in, bool forever, struct fl_error *err)
{
	const struct inject_repeat *p = &in->repeat;
	char every[32], on[32], jitter[32];

	if (!p->every_ns) {
		if (!p->n && !p->jitter_ns)
			return 0;
		error_usage(err, "--repeat and --repeat-jitter: how often?");
		error_hint(err, "--repeat-every 1h");
		return -EINVAL;
	}
	if (in->detach) {
		error_usage(err, "either --repeat-every or --detach: nobody could list or stop it between two rounds");
		error_hint(err, "systemd-run faultline inject ... keeps it without a terminal");
		return -EINVAL;
	}
	if (forever)
		return error_usage(err, "either --repeat-every or --forever: the first round would be the last");
	units_format_ns(p->every_ns, every, sizeof(every));
	units_format_ns(in->for_ns, on, sizeof(on));
	units_format_ns(p->jitter_ns, jitter, sizeof(jitter));
	if (p->every_ns >= in->for_ns + p->jitter_ns)
		return 0;
	error_usage(err, "--repeat-every %s: rounds of %s, up to %s late, would overlap", every, on, jitter);
	error_hint(err, "a shorter --for or --repeat-jitter");
	return -EINVAL;
}

/* When round @k is due, after the first. */
static uint64_t due_ns(const struct inject_repeat *p, int64_t k, uint64_t *random)
{
	return (uint64_t)k * p->every_ns + (uint64_t)(random_uniform(random) * (double)p->jitter_ns);
}

static void tell_next(const struct inject *in, int64_t k, uint64_t wait_ns)
{
	time_t at = (time_t)(clock_wall_s() + (double)wait_ns / 1e9);
	char when[16] = "", of[32] = "";
	struct tm local;

	if (localtime_r(&at, &local))
		strftime(when, sizeof(when), "%T", &local);
	if (in->repeat.n)
		snprintf(of, sizeof(of), " of %lld", (long long)in->repeat.n);
	fprintf(in->json ? stderr : stdout, "round %lld%s begins at %s, in %.1f s\n", (long long)k + 1, of, when,
		(double)wait_ns / 1e9);
	fflush(stdout);
}

int inject_repeat(struct inject *first, inject_make_fn *make, inject_round_fn *once, void *arg)
{
	const struct inject_repeat plan = first->repeat;
	uint64_t begun_ns = clock_mono_ns(), random = plan.seed;
	json_t *rounds = json_array();
	bool goes_on, json = first->json;
	int status = once(first, rounds), r;
	int64_t k, n = 1, left_out = 0;

	/* What could not even begin the first time is no different an hour later. */
	goes_on = first->fault.active_ns && !first->signalled && !first->ended.when;
	for (k = 1; goes_on && (!plan.n || k < plan.n); k++) {
		uint64_t at = begun_ns + due_ns(&plan, k, &random), now = clock_mono_ns();
		struct inject in = {};
		struct fl_error err = {};

		tell_next(first, k, at > now ? at - now : 0);
		if (at > now && !cmd_wait_ns(at - now))
			break;
		if (make(&in, arg, &err)) {
			fprintf(stderr, "round %lld is left out: %s\n", (long long)k + 1, err.message);
			left_out++;
		} else {
			r = once(&in, rounds);
			status = r > status ? r : status;
			n++;
			goes_on = !in.signalled && !in.ended.when;
		}
		fault_free(&in.fault);
	}
	if (json)
		cmd_print_json(json_pack("{s:O, s:I}", "rounds", rounds, "left_out", (json_int_t)left_out));
	else
		printf("%lld round%s, %lld left out\n", (long long)n, n == 1 ? "" : "s", (long long)left_out);
	json_decref(rounds);
	return status ? status : left_out ? FL_EXIT_FAILED : FL_EXIT_OK;
}
