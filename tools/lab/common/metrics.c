// SPDX-License-Identifier: GPL-2.0-only
/*
 * metrics.c - see metrics.h. Series sit in a singly linked list that only grows: readers walk it
 * without a lock, makers of a new series hold one. A service has some hundred series at most.
 */
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "tools/lab/common/metrics.h"
#include "util/cleanup.h"

enum kind { COUNTER, GAUGE, HISTOGRAM };

struct series {
	struct series *_Atomic next;
	enum kind kind;
	char *name, *labels;
	_Atomic int64_t value;
	struct histogram *histogram;
};

static struct series *_Atomic first;
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
static const double bounds_ms[] = HISTOGRAM_BOUNDS_MS;

_Static_assert(ARRAY_SIZE(bounds_ms) + 1 == HISTOGRAM_BUCKETS, "one bucket more than bounds");

static struct series *find(const char *name, const char *labels, struct series **ret_last)
{
	struct series *s, *last = NULL;

	for (s = atomic_load(&first); s; s = atomic_load(&s->next)) {
		if (!strcmp(s->name, name) && !strcmp(s->labels, labels))
			return s;
		last = s;
	}
	if (ret_last)
		*ret_last = last;
	return NULL;
}

static void *must(void *p)
{
	if (!p) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

static struct series *make(enum kind kind, const char *name, const char *labels)
{
	struct series *s = must(calloc(1, sizeof(*s)));

	s->kind = kind;
	s->name = must(strdup(name));
	s->labels = must(strdup(labels));
	if (kind == HISTOGRAM)
		s->histogram = must(calloc(1, sizeof(*s->histogram)));
	return s;
}

static struct series *get(enum kind kind, const char *name, const char *labels)
{
	struct series *s = find(name, labels, NULL), *last;

	if (s)
		return s;
	pthread_mutex_lock(&making);
	s = find(name, labels, &last); /* somebody else may have been faster */
	if (!s) {
		s = make(kind, name, labels);
		atomic_store(last ? &last->next : &first, s);
	}
	pthread_mutex_unlock(&making);
	return s;
}

_Atomic int64_t *metric_counter(const char *name, const char *labels)
{
	return &get(COUNTER, name, labels)->value;
}

_Atomic int64_t *metric_gauge(const char *name, const char *labels)
{
	return &get(GAUGE, name, labels)->value;
}

struct histogram *metric_histogram(const char *name, const char *labels)
{
	return get(HISTOGRAM, name, labels)->histogram;
}

void metric_add(_Atomic int64_t *series, int64_t n)
{
	atomic_fetch_add_explicit(series, n, memory_order_relaxed);
}

void metric_set(_Atomic int64_t *series, int64_t value)
{
	atomic_store_explicit(series, value, memory_order_relaxed);
}

void histogram_record(struct histogram *h, uint64_t duration_ns)
{
	double ms = (double)duration_ns / 1e6;
	size_t i = 0;

	while (i < ARRAY_SIZE(bounds_ms) && ms > bounds_ms[i])
		i++;
	atomic_fetch_add_explicit(&h->buckets[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->sum_us, duration_ns / 1000, memory_order_relaxed);
}

static void render_histogram(const struct series *s, struct text *out)
{
	const char *comma = s->labels[0] ? "," : "";
	uint64_t total = 0;
	size_t i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
		total += atomic_load_explicit(&s->histogram->buckets[i], memory_order_relaxed);
		if (i < ARRAY_SIZE(bounds_ms))
			text_append(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", s->name, s->labels, comma,
				    bounds_ms[i] / 1e3, (unsigned long long)total);
	}
	text_append(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", s->name, s->labels, comma, (unsigned long long)total);
	text_append(out, "%s_sum{%s} %.6f\n", s->name, s->labels, (double)atomic_load(&s->histogram->sum_us) / 1e6);
	text_append(out, "%s_count{%s} %llu\n", s->name, s->labels, (unsigned long long)total);
}

static bool in_seconds(const char *name)
{
	static const char *const ends[] = { "_seconds", "_seconds_total" };
	size_t i, n = strlen(name);

	for (i = 0; i < ARRAY_SIZE(ends); i++)
		if (n > strlen(ends[i]) && !strcmp(name + n - strlen(ends[i]), ends[i]))
			return true;
	return false;
}

static void render(const struct series *s, struct text *out)
{
	long long value = atomic_load_explicit(&s->value, memory_order_relaxed);

	if (s->kind == HISTOGRAM) {
		render_histogram(s, out);
		return;
	}
	text_append(out, s->labels[0] ? "%s{%s} " : "%s%s ", s->name, s->labels);
	if (in_seconds(s->name))
		text_append(out, "%.6f\n", (double)value / 1e6);
	else
		text_append(out, "%lld\n", value);
}

/* Is @s the first series of its name? Its name then gets the TYPE line. */
static bool leads(const struct series *s)
{
	const struct series *o;

	for (o = atomic_load(&first); o != s; o = atomic_load(&o->next))
		if (!strcmp(o->name, s->name))
			return false;
	return true;
}

void metrics_render(struct text *out)
{
	static const char *const kinds[] = { "counter", "gauge", "histogram" };
	const struct series *s, *o;

	/* All series of one name together, as the format asks. */
	for (s = atomic_load(&first); s; s = atomic_load(&s->next)) {
		if (!leads(s))
			continue;
		text_append(out, "# TYPE %s %s\n", s->name, kinds[s->kind]);
		for (o = s; o; o = atomic_load(&o->next))
			if (!strcmp(o->name, s->name))
				render(o, out);
	}
}
