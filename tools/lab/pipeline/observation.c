// SPDX-License-Identifier: GPL-2.0-only
/* observation.c - see observation.h */
#include <math.h>
#include <string.h>

#include "tools/lab/pipeline/observation.h"
#include "tools/lab/pipeline/promtext.h"
#include "util/text/text.h"
#include "util/text/units.h"

struct obs_peer *observation_peer(struct observation *o, const char *name)
{
	unsigned int i;

	for (i = 0; i < o->n_peers; i++)
		if (!strcmp(o->peers[i].name, name))
			return &o->peers[i];
	if (o->n_peers == OBS_MAX_PEERS)
		return NULL;
	memset(&o->peers[o->n_peers], 0, sizeof(o->peers[0]));
	text_copy(o->peers[o->n_peers].name, OBS_NAME, name);
	return &o->peers[o->n_peers++];
}

/* Paths are summed: a service is judged as a whole. */
static void add_bucket(struct obs_histogram *h, const char *le, double count)
{
	double bound;
	unsigned int i;

	if (!le)
		return;
	if (!strcmp(le, "+Inf"))
		bound = HUGE_VAL;
	else if (units_double(le, &bound, NULL))
		return;
	for (i = 0; i < h->n; i++)
		if (!(h->bounds[i] < bound) && !(h->bounds[i] > bound)) {
			h->counts[i] += count;
			return;
		}
	if (h->n == OBS_MAX_BUCKETS)
		return;
	h->bounds[h->n] = bound;
	h->counts[h->n++] = count;
}

static void read_call(struct obs_peer *p, const char *result, double value)
{
	if (!result)
		return;
	if (!strcmp(result, "ok"))
		p->ok += value;
	else if (!strcmp(result, "error"))
		p->errors += value;
	else if (!strcmp(result, "pool"))
		p->pool_rejected += value;
	else if (!strcmp(result, "timeout") || !strcmp(result, "refused"))
		p->timeouts += value;
	/* "dns": the name server's fault, which is a peer of its own. */
}

static void read_peer(struct observation *o, const struct prom_sample *s)
{
	const char *name = prom_label(s, "peer");
	struct obs_peer *p;

	if (!name)
		name = prom_label(s, "issuer");
	p = name && *name ? observation_peer(o, name) : NULL;
	if (!p)
		return;
	if (!strcmp(s->name, "lab_upstream_calls_total"))
		read_call(p, prom_label(s, "result"), s->value);
	else if (!strcmp(s->name, "lab_upstream_duration_seconds_sum"))
		p->seconds += s->value;
	else if (!strcmp(s->name, "lab_upstream_duration_seconds_count"))
		p->calls_timed += s->value;
	else if (!strcmp(s->name, "lab_tokens_refused_total"))
		p->tokens_refused += s->value;
}

static void read_requests(struct observation *o, const struct prom_sample *s)
{
	const char *code = prom_label(s, "code");

	o->requests += s->value;
	if (code && code[0] == '5')
		o->errors += s->value;
}

/* Series that are one plain number. */
static const struct {
	const char *name;
	size_t offset;
	double scale;
} numbers[] = {
	{ "process_start_time_seconds", offsetof(struct observation, start_s), 1 },
	{ "lab_wall_clock_seconds", offsetof(struct observation, clock_s), 1 },
	{ "container_cpu_usage_seconds_total", offsetof(struct observation, cpu_s), 1 },
	{ "container_cpu_cfs_throttled_seconds_total", offsetof(struct observation, throttled_s), 1 },
	{ "container_cpu_quota_millicores", offsetof(struct observation, quota_cores), 1e-3 },
	{ "container_memory_working_set_bytes", offsetof(struct observation, memory), 1 },
	{ "container_memory_limit_bytes", offsetof(struct observation, memory_limit), 1 },
	{ "lab_volume_used_bytes", offsetof(struct observation, volume), 1 },
	{ "lab_volume_size_bytes", offsetof(struct observation, volume_size), 1 },
	{ "lab_volume_write_errors_total", offsetof(struct observation, write_errors), 1 },
	{ "lab_log_lag_seconds", offsetof(struct observation, log_lag_s), 1 },
	{ "lab_request_duration_seconds_sum", offsetof(struct observation, latency.sum), 1 },
	{ "lab_request_duration_seconds_count", offsetof(struct observation, latency.count), 1 },
};

static void on_sample(void *context, const struct prom_sample *s)
{
	struct observation *o = context;
	size_t i;

	if (!strcmp(s->name, "lab_requests_total"))
		read_requests(o, s);
	else if (!strcmp(s->name, "lab_request_duration_seconds_bucket"))
		add_bucket(&o->latency, prom_label(s, "le"), s->value);
	else if (prom_label(s, "peer") || prom_label(s, "issuer"))
		read_peer(o, s);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!strcmp(s->name, numbers[i].name))
			*(double *)((char *)o + numbers[i].offset) += s->value * numbers[i].scale;
}

void observation_read(struct observation *o, char *text)
{
	memset(o, 0, sizeof(*o));
	o->up = true;
	prom_parse(text, on_sample, o);
}

static void diff_peers(const struct observation *old, struct observation *ret)
{
	static const struct obs_peer none;
	unsigned int i, j;

	for (i = 0; i < ret->n_peers; i++) {
		struct obs_peer *p = &ret->peers[i];
		const struct obs_peer *before = &none;

		for (j = 0; j < old->n_peers; j++)
			if (!strcmp(old->peers[j].name, p->name))
				before = &old->peers[j];
		p->ok -= before->ok;
		p->errors -= before->errors;
		p->timeouts -= before->timeouts;
		p->pool_rejected -= before->pool_rejected;
		p->seconds -= before->seconds;
		p->calls_timed -= before->calls_timed;
		p->tokens_refused -= before->tokens_refused;
	}
}

bool observation_diff(const struct observation *old, const struct observation *now, struct observation *ret)
{
	unsigned int i;

	/* A restarted process counts from zero again. */
	if (!old->up || !now->up || fabs(old->start_s - now->start_s) > 0.001)
		return false;
	*ret = *now;
	ret->at_s = now->at_s - old->at_s;
	ret->requests -= old->requests;
	ret->errors -= old->errors;
	ret->cpu_s -= old->cpu_s;
	ret->throttled_s -= old->throttled_s;
	ret->write_errors -= old->write_errors;
	ret->latency.sum -= old->latency.sum;
	ret->latency.count -= old->latency.count;
	/* A path that is new since then has more buckets nowhere: all have the same bounds. */
	for (i = 0; i < ret->latency.n && i < old->latency.n; i++)
		ret->latency.counts[i] -= old->latency.counts[i];
	diff_peers(old, ret);
	return ret->at_s > 0;
}

double histogram_quantile(const struct obs_histogram *h, double q)
{
	double total = h->n ? h->counts[h->n - 1] : 0, rank = q * total, below = 0, low = 0;
	unsigned int i;

	if (total <= 0)
		return 0;
	for (i = 0; i < h->n; i++) {
		if (h->counts[i] >= rank && h->counts[i] > below) {
			if (isinf(h->bounds[i]))
				return low; /* beyond the last bound: at least that */
			return low + (h->bounds[i] - low) * (rank - below) / (h->counts[i] - below);
		}
		below = h->counts[i];
		low = h->bounds[i];
	}
	return low;
}
