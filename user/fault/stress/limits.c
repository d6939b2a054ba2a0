// SPDX-License-Identifier: GPL-2.0-only
/* limits.c - see limits.h */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fault/stress/limits.h"
#include "policy/policy.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/schedule/schedule.h"
#include "util/text/text.h"
#include "util/text/units.h"

/* --- what the policy names ------------------------------------------------------------------------ */

static const struct param *find_param(const struct param *table, const char *name)
{
	for (; table && table->name; table++)
		if (!strcmp(table->name, name))
			return table;
	return NULL;
}

static const struct param *param_of(const struct fault_ops *ops, const char *name)
{
	return find_param(ops->params, name) ?: find_param(ops->common, name);
}

static void collect(const struct param *table, const char **names, size_t *n, size_t max)
{
	for (; table && table->name; table++)
		if (param_is_number(table) && *n < max)
			names[(*n)++] = table->name;
}

static int unknown_name(const struct maximum *m, struct fl_error *err)
{
	const char *names[1024], *near;
	const struct fault_ops *const *k;
	size_t n = 0;

	for (k = fault_table; *k; k++) {
		collect((*k)->params, names, &n, ARRAY_SIZE(names) - 3);
		collect((*k)->common, names, &n, ARRAY_SIZE(names) - 3);
	}
	names[n++] = "for";
	names[n++] = "forever";
	names[n] = NULL;
	near = text_nearest(m->name, names);
	error_usage(err, "maxima: no kind of fault has a number '%.60s'%s%s%s", m->name, near ? ", did you mean '" : "",
		    near ?: "", near ? "'?" : "");
	error_at(err, POLICY_FILE, m->line, m->column);
	return -EINVAL;
}

/* The maximum as a value of @param. */
static int parse_maximum(const struct maximum *m, const struct param *param, struct param_value *ret,
			 struct fl_error *err)
{
	struct param only[2] = { *param, {} };
	struct params p = {};
	int r;

	only[0].def = NULL;
	r = params_init(&p, only, NULL, err);
	if (!r)
		r = params_set(&p, m->name, m->text, err);
	if (!r) {
		*ret = p.v[0];
		ret->text = NULL;
	}
	params_free(&p);
	if (r)
		error_at(err, POLICY_FILE, m->line, m->column);
	return r;
}

/* A name that means nothing limits nothing, and whoever wrote it believes otherwise. */
static int check_names(const struct policy *policy, struct fl_error *err)
{
	const struct fault_ops *const *k;
	uint32_t i;
	int r = 0;

	for (i = 0; !r && i < policy->n_maxima; i++) {
		const struct maximum *m = &policy->maxima[i];
		bool known = false;

		for (k = fault_table; !r && *k; k++) {
			const struct param *p = param_of(*k, m->name);
			struct param_value value;

			if (!p || !param_is_number(p))
				continue;
			known = true;
			r = parse_maximum(m, p, &value, err);
		}
		if (!r && !known)
			r = unknown_name(m, err);
	}
	return r;
}

/* --- what a fault asks for ------------------------------------------------------------------------ */

static bool exceeds(const struct param_value *v, const struct param_value *max)
{
	if (v->param->type == PARAM_INT || v->param->type == PARAM_OFFSET)
		return (v->i64 < 0 ? 0 - (uint64_t)v->i64 : (uint64_t)v->i64) > (uint64_t)max->i64;
	return v->u64 > max->u64;
}

struct asked {
	const struct policy *policy;
	const struct fault_ops *ops;
};

static int check_values(const struct params *p, void *ctx, struct fl_error *err)
{
	const struct asked *asked = ctx;
	const struct policy *policy = asked->policy;
	const struct fault_ops *ops = asked->ops;
	uint32_t i;
	int r = 0;

	for (i = 0; !r && i < policy->n_maxima; i++) {
		const struct maximum *m = &policy->maxima[i];
		const struct param *param = param_of(ops, m->name);
		struct param_value max;

		if (!param || !param_is_number(param) || !params_has(p, m->name))
			continue;
		r = parse_maximum(m, param, &max, err);
		if (r || !exceeds(params_get(p, m->name), &max))
			continue;
		error_usage(err, "refused: %s %s is more than this host allows: %s at most", m->name,
			    params_text(p, m->name), m->text);
		error_hint(err, "%s:%d sets that", POLICY_FILE, m->line);
		r = -EPERM;
	}
	return r;
}

static int check_params(const struct policy *policy, const struct fault_ops *ops, const struct params *p,
			struct fl_error *err)
{
	struct asked asked = { policy, ops };
	int r = check_names(policy, err);

	return r ? r : params_check_range(p, check_values, &asked, err);
}

int limits_check_params(const struct fault_ops *ops, const struct params *p, struct fl_error *err)
{
	struct policy policy;
	int r = policy_load(&policy, err);

	if (!r)
		r = check_params(&policy, ops, p, err);
	policy_free(&policy);
	return r;
}

static int check_time(const struct policy *policy, uint64_t for_ns, struct fl_error *err)
{
	char asked[32], most[32];

	if (!for_ns && policy->forever)
		return 0;
	if (for_ns && for_ns <= policy->for_ns)
		return 0;
	units_format_ns(for_ns, asked, sizeof(asked));
	units_format_ns(policy->for_ns, most, sizeof(most));
	if (!for_ns)
		error_usage(err, "refused: this host allows no fault without an end");
	else
		error_usage(err, "refused: %s is longer than a fault may be on here: %s at most", asked, most);
	error_hint(err, "maxima: {for: ..., forever: ...} in " POLICY_FILE " sets that");
	return -EPERM;
}

int limits_check(const struct fault_ops *ops, const struct params *p, uint64_t for_ns, struct fl_error *err)
{
	struct policy policy;
	int r = policy_load(&policy, err);

	if (!r)
		r = check_time(&policy, for_ns, err);
	if (!r)
		r = check_params(&policy, ops, p, err);
	policy_free(&policy);
	return r;
}

/* A connection is given up after this: the first SYN waits a second, each further one twice as long. */
static uint64_t syn_gives_up_ns(void)
{
	_cleanup_free_ char *text = NULL;
	int64_t retries = 6;

	if (!file_read("/proc/sys/net/ipv4/tcp_syn_retries", 32, &text, NULL, NULL)) {
		text[strcspn(text, "\n")] = '\0';
		if (units_int(text, 0, 31, &retries, NULL))
			retries = 6;
	}
	return ((2ull << retries) - 1) * NS_PER_SEC;
}

/* The greatest that it ever is. */
static uint64_t given_u64(const struct params *p, const char *name)
{
	const struct param_value *v = params_find(p, name);
	int64_t least, most;

	if (!v || !v->set || !v->schedule)
		return v && v->set ? v->u64 : 0;
	schedule_range(v->schedule, &least, &most);
	return (uint64_t)most;
}

static bool is_word(const struct params *p, const char *name, const char *word)
{
	const struct param_value *v = params_find(p, name);

	return v && v->text && !strcmp(v->text, word);
}

/* What a delay this long is for packets; false: nothing but a delay. */
static bool warn_packets(const struct params *p, uint64_t delay_ns, const char *delay, char *buf, size_t size)
{
	bool both = is_word(p, "direction", "both");
	uint64_t limit_ns = syn_gives_up_ns();
	char limit[32];

	if (is_word(p, "protocol", "udp") || delay_ns * (both ? 2 : 1) < limit_ns)
		return false;
	snprintf(buf, size,
		 "a delay of %s%s is longer than TCP waits for an answer when it connects (%s): nothing connects, "
		 "as with a partition",
		 delay, both ? " in both directions" : "", units_format_ns(limit_ns, limit, sizeof(limit)));
	return true;
}

/* Of the handshake one packet waits, whatever the direction. */
static bool warn_connects(const struct params *p, uint64_t delay_ns, const char *delay, char *buf, size_t size)
{
	uint64_t limit_ns = syn_gives_up_ns();
	char limit[32];

	(void)p;
	if (delay_ns < limit_ns)
		return false;
	snprintf(buf, size,
		 "a delay of %s is longer than TCP waits for an answer when it connects (%s): nothing connects", delay,
		 units_format_ns(limit_ns, limit, sizeof(limit)));
	return true;
}

/* resolv.conf(5): two tries of five seconds, unless it says otherwise. */
static bool warn_lookups(const struct params *p, uint64_t delay_ns, const char *delay, char *buf, size_t size)
{
	(void)p;
	if (delay_ns < 10 * NS_PER_SEC)
		return false;
	snprintf(buf, size,
		 "a delay of %s is longer than a resolver waits with its defaults (two tries of 5s): lookups fail, "
		 "they are not slow",
		 delay);
	return true;
}

bool limits_warn_delay(const struct fault_ops *ops, const struct params *p, char *buf, size_t size)
{
	static const struct {
		const char *kind;
		bool (*warn)(const struct params *p, uint64_t delay_ns, const char *delay, char *buf, size_t size);
	} kinds[] = {
		{ "latency", warn_packets },
		{ "connect_latency", warn_connects },
		{ "dns_latency", warn_lookups },
	};
	uint64_t delay_ns = given_u64(p, "delay");
	char delay[32];
	size_t i;

	units_format_ns(delay_ns, delay, sizeof(delay));
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].kind, ops->name))
			return kinds[i].warn(p, delay_ns, delay, buf, size);
	return false;
}

bool limits_warn_time(const struct params *p, uint64_t for_ns, char *buf, size_t size)
{
	uint64_t delay_ns = given_u64(p, "delay"), timeout_ns = given_u64(p, "timeout");
	char delay[32], time[32];

	if (for_ns && timeout_ns >= for_ns) {
		snprintf(
			buf, size,
			"a timeout of %s is longer than the fault is on (%s): no connection will be silent for so long",
			units_format_ns(timeout_ns, delay, sizeof(delay)), units_format_ns(for_ns, time, sizeof(time)));
		return true;
	}
	if (!for_ns || delay_ns < for_ns)
		return false;
	snprintf(buf, size, "a delay of %s is longer than the fault is on (%s): what is held is let go when it ends",
		 units_format_ns(delay_ns, delay, sizeof(delay)), units_format_ns(for_ns, time, sizeof(time)));
	return true;
}
