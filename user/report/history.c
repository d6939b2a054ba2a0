// SPDX-License-Identifier: GPL-2.0-only
/* history.c - see history.h */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "report/history.h"

#define SLOWER_RATIO 1.5
#define SLOWER_S     5.0

double folder_started(const struct folder *f)
{
	const json_t *v = json_object_get(f->manifest, "started");

	if (json_is_number(v))
		return json_number_value(v);
	return f->n ? f->results[0].inject : NAN;
}

void history_sort(struct folder *runs, uint32_t n)
{
	uint32_t i, j;

	for (i = 1; i < n; i++) {
		struct folder at = runs[i];

		for (j = i; j > 0 && folder_started(&runs[j - 1]) > folder_started(&at); j--)
			runs[j] = runs[j - 1];
		runs[j] = at;
	}
}

static const struct result *find(const struct folder *f, const char *id)
{
	uint32_t i;

	for (i = 0; i < f->n; i++)
		if (result_counts(&f->results[i]) && !strcmp(f->results[i].id, id))
			return &f->results[i];
	return NULL;
}

/* The same experiment in the last run before @run that scored it. */
static const struct result *before(const struct folder *runs, uint32_t run, const char *id)
{
	const struct result *r = NULL;

	while (!r && run-- > 0)
		r = find(&runs[run], id);
	return r;
}

static bool regressed(const struct result *was, const struct result *is, struct change *ret)
{
	if (!was->detected)
		return false;
	ret->before_s = was->mttd_s;
	ret->now_s = is->mttd_s;
	if (!is->detected)
		ret->kind = REGRESSION_DETECTION;
	else if (was->rca_correct && !is->rca_correct && result_rca_asked(is))
		ret->kind = REGRESSION_RCA;
	else if (is->mttd_s >= was->mttd_s * SLOWER_RATIO && is->mttd_s >= was->mttd_s + SLOWER_S)
		ret->kind = REGRESSION_SLOWER;
	else
		return false;
	return true;
}

int history_compare(const struct folder *runs, uint32_t n, struct change **ret, uint32_t *ret_n,
		    struct fl_error *err)
{
	struct change *v;
	uint32_t most = 0, count = 0, run, i;

	for (run = 0; run < n; run++)
		most += runs[run].n;
	v = calloc(most + 1u, sizeof(*v));
	if (!v)
		return error_sys(err, ENOMEM, "cannot compare the runs: out of memory");
	for (run = 1; run < n; run++)
		for (i = 0; i < runs[run].n; i++) {
			const struct result *is = &runs[run].results[i];
			const struct result *was = before(runs, run, is->id);

			if (!result_counts(is) || !was || !regressed(was, is, &v[count]))
				continue;
			text_copy(v[count].experiment, sizeof(v[count].experiment), is->id);
			v[count++].run = run;
		}
	*ret = v;
	*ret_n = count;
	return 0;
}

const char *change_text(const struct change *c, char *buf, size_t size)
{
	char was[32], is[32];

	switch (c->kind) {
	case REGRESSION_DETECTION:
		snprintf(buf, size, "%s: detected before, missed now", c->experiment);
		break;
	case REGRESSION_RCA:
		snprintf(buf, size, "%s: the right root before, not now", c->experiment);
		break;
	case REGRESSION_SLOWER:
		snprintf(buf, size, "%s: detected after %s before, %s now", c->experiment,
			 score_seconds(c->before_s, was, sizeof(was)),
			 score_seconds(c->now_s, is, sizeof(is)));
		break;
	}
	return buf;
}
