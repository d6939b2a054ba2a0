// SPDX-License-Identifier: GPL-2.0-only
/* kernel_metric.c - see kernel_metric.h */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/figures.h"
#include "measure/hist.h"
#include "measure/kernel_metric.h"
#include "util/cleanup.h"
#include "util/http/http_method.h"
#include "util/percentile.h"
#include "util/text/text.h"
#include "util/text/units.h"

static const struct {
	const char *name;
	enum kernel_stat stat;
} stats[] = {
	{ "mean", KERNEL_MEAN },
	{ "rate", KERNEL_RATE },
	{ "error_rate", KERNEL_ERROR_RATE },
	{ "retransmits", KERNEL_RETRANSMITS },
	{ "resets", KERNEL_RESETS },
};

/* --- names ----------------------------------------------------------------------------------- */

static int parse_stat(const char *word, size_t len, struct kernel_metric *ret)
{
	_cleanup_free_ char *text = strndup(word, len);
	double percent;
	size_t i;

	for (i = 0; text && i < ARRAY_SIZE(stats); i++)
		if (!strcmp(stats[i].name, text)) {
			ret->stat = stats[i].stat;
			return 0;
		}
	if (!text || text[0] != 'p' || units_double(text + 1, &percent, NULL) || percent <= 0 || percent >= 100)
		return -ENOENT;
	ret->stat = KERNEL_QUANTILE;
	ret->quantile = percent / 100;
	return 0;
}

char *kernel_metric_short(const char *service, char *buf, size_t size)
{
	static const char *const tails[] = { "-svc", "_svc", "-service", "_service" };
	size_t i, len;

	text_copy(buf, size, service);
	len = strlen(buf);
	for (i = 0; i < ARRAY_SIZE(tails); i++)
		if (len > strlen(tails[i]) && !strcmp(buf + len - strlen(tails[i]), tails[i])) {
			buf[len - strlen(tails[i])] = '\0';
			break;
		}
	for (i = 0; buf[i]; i++)
		if (buf[i] == '-' || buf[i] == '.')
			buf[i] = '_';
	return buf;
}

/* "payment_p99": the longest tail that is a statistic, in front of it a service. */
static int parse_short(const char *name, const char *const *services, struct kernel_metric *ret, struct fl_error *err)
{
	const char *bar, *found = NULL;
	char short_name[64];
	size_t i;

	for (bar = strchr(name, '_'); bar; bar = strchr(bar + 1, '_'))
		if (!parse_stat(bar + 1, strlen(bar + 1), ret))
			break;
	if (!bar)
		return -ENOENT;
	for (i = 0; services && services[i]; i++) {
		kernel_metric_short(services[i], short_name, sizeof(short_name));
		if (strlen(short_name) != (size_t)(bar - name) || strncmp(short_name, name, (size_t)(bar - name)))
			continue;
		if (found) {
			error_usage(err, "metric '%.90s' may be of %.60s or of %.60s", name, found, services[i]);
			error_hint(err, "say which: %.60s{service=%.60s}", bar + 1, found);
			return -EINVAL;
		}
		found = services[i];
	}
	if (!found)
		return -ENOENT;
	return text_copy(ret->server, sizeof(ret->server), found) ? 0 : -ENOENT;
}

static int check_service(const char *name, const char *const *services, bool all, struct fl_error *err)
{
	const char *near;
	size_t i;

	for (i = 0; services && services[i]; i++)
		if (!strcmp(services[i], name))
			return 0;
	if (!all)
		return 0;
	error_usage(err, "no service '%.60s' is measured", name);
	near = text_nearest(name, services);
	if (near)
		error_hint(err, "did you mean '%s'?", near);
	else
		error_hint(err, "services are the targets of the suite, those of its graph, and those that "
				"run here");
	return -EINVAL;
}

static int take_method(const char *word, struct kernel_metric *ret, struct fl_error *err)
{
	ret->method = (uint8_t)http_method_parse(word, strlen(word));
	if (ret->method)
		return 0;
	error_usage(err, "'method=%.60s': no such method is told apart", word);
	error_hint(err, "%s, or OTHER for all others", HTTP_METHOD_WORDS);
	return -EINVAL;
}

/* One label; the sides of an edge are services as well. -ENOENT: there is no such label. */
static int take_label(const char *key, const char *value, struct kernel_metric *ret, bool *ret_side,
		      struct fl_error *err)
{
	char *to = !strcmp(key, "service") || !strcmp(key, "to") ? ret->server
		   : !strcmp(key, "from")                        ? ret->client
								 : NULL;

	if (to)
		return text_copy(to, sizeof(ret->server), value) ? 0 : -ENOENT;
	if (!strcmp(key, "method"))
		return take_method(value, ret, err);
	if (!strcmp(key, "path")) {
		text_copy(ret->path, sizeof(ret->path), value);
		return meter_path_check(value, err);
	}
	if (strcmp(key, "side") || (strcmp(value, "client") && strcmp(value, "server")))
		return -ENOENT;
	*ret_side = true;
	ret->vantage = !strcmp(value, "client") ? METER_AS_CLIENT : METER_AS_SERVER;
	return 0;
}

static char *trim(char *s)
{
	char *end;

	s += strspn(s, " \t\"'");
	for (end = s + strlen(s); end > s && strchr(" \t\"'", end[-1]); end--)
		;
	*end = '\0';
	return s;
}

static int parse_labels(const char *labels, struct kernel_metric *ret, struct fl_error *err)
{
	_cleanup_free_ char *copy = strndup(labels, strcspn(labels, "}"));
	char *rest = copy, *pair, *value;
	bool side = false;
	int r;

	while (rest && (pair = strsep(&rest, ","))) {
		value = strchr(pair, '=');
		if (value)
			*value++ = '\0';
		r = value ? take_label(trim(pair), trim(value), ret, &side, err) : -ENOENT;
		if (!r)
			continue;
		if (r == -ENOENT) {
			error_usage(err, "'%.60s%s%.60s': no such label of a kernel metric", pair, value ? "=" : "",
				    value ? value : "");
			error_hint(err, "service=NAME, or from=NAME,to=NAME; side=client or side=server; "
					"method=WORD; path=/PREFIX");
		}
		return -EINVAL;
	}
	if (!side && ret->client[0])
		ret->vantage = METER_AS_CLIENT;
	return 0;
}

bool kernel_metric_is_labelled(const char *name)
{
	static const char *const keys[] = { "service", "from", "to", "method", "path" };
	const char *at = strchr(name, '{');
	size_t i;

	for (; at; at = strchr(at, ',')) {
		at += 1 + strspn(at + 1, " \t\"'");
		for (i = 0; i < ARRAY_SIZE(keys); i++)
			if (strcspn(at, " \t\"'=,}") == strlen(keys[i]) && !strncmp(at, keys[i], strlen(keys[i])))
				return true;
	}
	return false;
}

/* Retransmissions and resets are of connections. */
static int check_of_requests(const char *name, const struct kernel_metric *m, struct fl_error *err)
{
	if ((!m->method && !m->path[0]) || (m->stat != KERNEL_RETRANSMITS && m->stat != KERNEL_RESETS))
		return 0;
	error_usage(err, "metric '%.90s': it is of connections, which have neither method nor path", name);
	error_hint(err, "leave these labels out");
	return -EINVAL;
}

/* "p95{service=a}", "edge_p95{from=a,to=b}". Other labels belong to other kinds of metrics. */
static int parse_labelled(const char *name, const char *brace, const char *const *services, bool all,
			  struct kernel_metric *ret, struct fl_error *err)
{
	bool edge = !strncmp(name, "edge_", 5);
	const char *stat = edge ? name + 5 : name;
	int r = parse_stat(stat, (size_t)(brace - stat), ret);

	if (r || !kernel_metric_is_labelled(brace))
		return -ENOENT;
	r = parse_labels(brace + 1, ret, err);
	if (r)
		return r;
	if (!ret->server[0] || (edge && !ret->client[0])) {
		error_usage(err, "metric '%.90s' lacks %s", name, edge ? "from or to" : "its service");
		error_hint(err, "%.*s{%s}", (int)(brace - name), name, edge ? "from=A,to=B" : "service=A");
		return -EINVAL;
	}
	r = check_of_requests(name, ret, err);
	if (!r)
		r = check_service(ret->server, services, all, err);
	return !r && ret->client[0] ? check_service(ret->client, services, all, err) : r;
}

int kernel_metric_parse(const char *name, const char *const *services, bool all, struct kernel_metric *ret,
			struct fl_error *err)
{
	const char *brace = strchr(name, '{');

	*ret = (struct kernel_metric){ .vantage = METER_AS_SERVER };
	return brace ? parse_labelled(name, brace, services, all, ret, err) : parse_short(name, services, ret, err);
}

/* --- values ---------------------------------------------------------------------------------- */

static double value_of(const struct kernel_metric *m, const struct meter_row *row, double seconds)
{
	double tries = (double)row_tries(row);

	/* The definitions of figures.h, without its quantiles: this is asked for each interval. */
	switch (m->stat) {
	case KERNEL_QUANTILE: return hist_quantile_ns(&row->latency, m->quantile) / 1e9;
	case KERNEL_MEAN: return hist_mean_ns(&row->latency) / 1e9;
	case KERNEL_RATE: return seconds > 0 ? tries / seconds : 0;
	case KERNEL_ERROR_RATE: return tries > 0 ? (double)row_errors(row) / tries : NAN;
	case KERNEL_RETRANSMITS: return seconds > 0 ? (double)row->retransmits / seconds : 0;
	case KERNEL_RESETS: return seconds > 0 ? (double)row->resets / seconds : 0;
	}
	return NAN;
}

static bool is_latency(const struct kernel_metric *m)
{
	return m->stat == KERNEL_QUANTILE || m->stat == KERNEL_MEAN;
}

static int match_of(const struct kernel_metric *m, const struct series *s, struct series_match *ret)
{
	/* Each end knows what it sent again itself: of an edge, or of a service's, that is both. */
	*ret = (struct series_match){ .client = SERIES_ANY,
				      .method = m->method,
				      .vantage = m->stat == KERNEL_RETRANSMITS ? SERIES_ANY : (int32_t)m->vantage };
	ret->server = series_service(s, m->server);
	if (m->client[0])
		ret->client = series_service(s, m->client);
	if (m->path[0]) {
		ret->paths = series_paths(s, m->path);
		if (!ret->paths)
			return -ENODATA;
	}
	return ret->server < 0 || ret->client < SERIES_ANY ? -ENODATA : 0;
}

int kernel_metric_value(const struct kernel_metric *m, const struct series *s, uint64_t from_ns, uint64_t to_ns,
			double *ret, uint32_t *ret_n)
{
	struct series_match match;
	struct meter_row row;
	double seconds;
	uint32_t n;

	*ret_n = 0;
	if (match_of(m, s, &match))
		return -ENODATA;
	n = series_sum(s, &match, from_ns, to_ns, &row, &seconds);
	*ret = n ? value_of(m, &row, seconds) : NAN;
	if (isnan(*ret))
		return -ENODATA;
	if (m->stat == KERNEL_ERROR_RATE)
		n = (uint32_t)row_tries(&row);
	*ret_n = is_latency(m) ? (uint32_t)row.requests : n;
	return 0;
}

/* Shorter ones come about where a window begins or ends; so short, a rate is mostly chance. */
#define INTERVAL_MIN_S 0.25

/* The values of the intervals that have one. */
struct values {
	const struct kernel_metric *metric;
	double *v;
	uint32_t n, size, tried; /* tried: intervals with at least one try */
};

static void take_value(void *ctx, const struct meter_row *row, double seconds)
{
	struct values *values = ctx;
	/* From interval to interval a latency is told by its mean. */
	struct kernel_metric metric = *values->metric;
	double v;

	if (seconds < INTERVAL_MIN_S)
		return;
	if (is_latency(&metric))
		metric.stat = KERNEL_MEAN;
	v = value_of(&metric, row, seconds);
	values->tried += row_tries(row) > 0;
	if (isnan(v) || values->n == values->size)
		return;
	values->v[values->n++] = v;
}

static double deviation(const double *v, uint32_t n)
{
	double mean = 0, squares = 0;
	uint32_t i;

	for (i = 0; i < n; i++)
		mean += v[i] / n;
	for (i = 0; i < n; i++)
		squares += (v[i] - mean) * (v[i] - mean);
	return n > 1 ? sqrt(squares / (n - 1)) : NAN;
}

static double counting_error(const struct meter_row *row, uint32_t intervals)
{
	double tries = (double)row_tries(row), p = ((double)row_errors(row) + 1) / (tries + 2);

	return intervals && tries > 0 && p < 1 ? sqrt(p * (1 - p) / (tries / intervals)) : 0;
}

/* Into @values, whose v is the caller's to free; *ret_row and *ret_seconds: all of them together. */
static int take_values(struct values *values, const struct series *s, uint64_t from_ns, uint64_t to_ns,
		       struct meter_row *ret_row, double *ret_seconds)
{
	struct series_match match;

	if (match_of(values->metric, s, &match))
		return -ENODATA;
	values->size = series_sum(s, &match, from_ns, to_ns, ret_row, ret_seconds);
	values->v = calloc(values->size + 1, sizeof(*values->v));
	if (!values->v)
		return -ENOMEM;
	series_each(s, &match, from_ns, to_ns, take_value, values);
	return 0;
}

int kernel_metric_samples(const struct kernel_metric *m, const struct series *s, uint64_t from_ns, uint64_t to_ns,
			  double **ret, uint32_t *ret_n)
{
	struct values values = { .metric = m };
	struct meter_row row;
	double seconds;
	int r = take_values(&values, s, from_ns, to_ns, &row, &seconds);

	if (r)
		return r;
	*ret = values.v;
	*ret_n = values.n;
	return 0;
}

int kernel_metric_window(const struct kernel_metric *m, const struct series *s, uint64_t from_ns, uint64_t to_ns,
			 struct kernel_window *ret)
{
	struct values values = { .metric = m };
	struct meter_row row;
	double seconds;
	int r = take_values(&values, s, from_ns, to_ns, &row, &seconds);

	if (r)
		return r;
	if (!values.n) {
		free(values.v);
		return -ENODATA;
	}
	ret->n = is_latency(m) ? (uint32_t)row.requests : values.n;
	ret->mean = value_of(m, &row, seconds);
	ret->sd = deviation(values.v, values.n);
	if (m->stat == KERNEL_ERROR_RATE)
		ret->sd = fmax(ret->sd, counting_error(&row, values.tried));
	if (is_latency(m)) {
		ret->mean = hist_mean_ns(&row.latency) / 1e9;
		ret->p50 = hist_quantile_ns(&row.latency, 0.50) / 1e9;
		ret->p95 = hist_quantile_ns(&row.latency, 0.95) / 1e9;
		ret->p99 = hist_quantile_ns(&row.latency, 0.99) / 1e9;
	} else {
		ret->p50 = percentile(values.v, values.n, 0.50);
		ret->p95 = percentile(values.v, values.n, 0.95);
		ret->p99 = percentile(values.v, values.n, 0.99);
	}
	free(values.v);
	return 0;
}
