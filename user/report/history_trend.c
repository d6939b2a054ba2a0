// SPDX-License-Identifier: GPL-2.0-only
/* history_trend.c - how the scores of a suite went from run to run; see history.h */
#include <math.h>
#include <string.h>

#include "report/history.h"
#include "report/report.h"
#include "util/cleanup.h"

#define BARS 60 /* the last so many runs are drawn */

struct measure {
	const char *shown, *key;
	double (*of)(const struct folder *f);
	bool is_share; /* its bars go from 0 to 1; else to the largest */
};

static double recall_of(const struct folder *f)
{
	return f->score.recall;
}

static double precision_of(const struct folder *f)
{
	return f->score.precision;
}

static double root_of(const struct folder *f)
{
	return f->score.rca_accuracy;
}

static double delay_of(const struct folder *f)
{
	return f->score.mttd_p50_s;
}

static double alarms_of(const struct folder *f)
{
	return f->more.false_alarms_per_hour;
}

static const struct measure measures[] = {
	{ "recall", "recall", recall_of, true },
	{ "precision", "precision", precision_of, true },
	{ "right root", "rca_accuracy", root_of, true },
	{ "MTTD p50", "mttd_p50_s", delay_of, false },
	{ "false alarms/h", "false_alarms_per_hour", alarms_of, false },
};

/* The runs of the suite of @runs[first], from there on: their indices. 0: an earlier run is of that suite. */
static uint32_t runs_like(const struct folder *runs, uint32_t n, uint32_t first, uint32_t *ret)
{
	uint32_t i, many = 0;

	for (i = 0; i < first; i++)
		if (history_is_same_suite(&runs[i], &runs[first]))
			return 0;
	for (i = first; i < n; i++)
		if (history_is_same_suite(&runs[first], &runs[i]))
			ret[many++] = i;
	return many;
}

static const char *bar(double share)
{
	static const char *const bars[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };

	return isfinite(share) ? bars[lround(fmin(fmax(share, 0), 1) * 7)] : "·";
}

static const char *value_text(const struct measure *m, double v, char *buf, size_t size)
{
	if (!isfinite(v))
		snprintf(buf, size, "n/a");
	else if (m->of == delay_of)
		score_seconds(v, buf, size);
	else
		snprintf(buf, size, m->is_share ? "%.2f" : "%.1f", v);
	return buf;
}

static void print_measure(const struct folder *runs, const uint32_t *index, uint32_t n, const struct measure *m,
			  struct text *out)
{
	uint32_t from = n > BARS ? n - BARS : 0, i, known = 0;
	double most = m->is_share ? 1 : 0;
	char a[32], b[32];

	for (i = from; i < n; i++) {
		double v = m->of(&runs[index[i]]);

		known += isfinite(v);
		if (isfinite(v) && !m->is_share)
			most = fmax(most, v);
	}
	if (!known)
		return;
	text_append(out, "  %-14s  ", m->shown);
	for (i = from; i < n; i++)
		text_append(out, "%s", bar(most > 0 ? m->of(&runs[index[i]]) / most : m->of(&runs[index[i]])));
	text_append(out, "  %s → %s\n", value_text(m, m->of(&runs[index[from]]), a, sizeof(a)),
		    value_text(m, m->of(&runs[index[n - 1]]), b, sizeof(b)));
}

void history_trends_print(const struct folder *runs, uint32_t n, struct text *out)
{
	_cleanup_free_ uint32_t *index = calloc(n + 1u, sizeof(*index));
	uint32_t first, many;
	size_t m;

	for (first = 0; index && first < n; first++) {
		char suite[128];

		many = runs_like(runs, n, first, index);
		if (many < 2)
			continue;
		folder_manifest(&runs[first], "suite", suite, sizeof(suite));
		text_one_line(suite);
		text_append(out, "\nTrend%s%.60s over %u runs%s:\n", suite[0] ? " of " : "", suite, many,
			    many > BARS ? ", the last 60 drawn" : "");
		for (m = 0; m < ARRAY_SIZE(measures); m++)
			print_measure(runs, index, many, &measures[m], out);
	}
}

static json_t *values_json(const struct folder *runs, const uint32_t *index, uint32_t n, const struct measure *m)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < n; i++) {
		double v = m->of(&runs[index[i]]);

		json_array_append_new(list, isfinite(v) ? json_real(v) : json_null());
	}
	return list;
}

json_t *history_trends_json(const struct folder *runs, uint32_t n)
{
	_cleanup_free_ uint32_t *index = calloc(n + 1u, sizeof(*index));
	json_t *trends = json_array(), *trend, *numbers;
	uint32_t first, many, i;
	size_t m;

	for (first = 0; index && first < n; first++) {
		char suite[128];

		many = runs_like(runs, n, first, index);
		if (!many)
			continue;
		folder_manifest(&runs[first], "suite", suite, sizeof(suite));
		numbers = json_array();
		for (i = 0; i < many; i++)
			json_array_append_new(numbers, json_integer(index[i] + 1));
		trend = json_pack("{s:o, s:o}", "suite", suite[0] ? json_string(suite) : json_null(), "runs", numbers);
		for (m = 0; m < ARRAY_SIZE(measures); m++)
			json_object_set_new(trend, measures[m].key, values_json(runs, index, many, &measures[m]));
		json_array_append_new(trends, trend);
	}
	return trends;
}
