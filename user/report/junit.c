// SPDX-License-Identifier: GPL-2.0-only
/* junit.c - see junit.h */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "report/history.h"
#include "report/junit.h"
#include "score/evidence.h"
#include "util/text/printable.h"

enum outcome { PASSED, FAILED, ERROR, SKIPPED };

struct verdict {
	enum outcome outcome;
	const char *type; /* of a failure or an error: the first that applies */
	struct text why;
};

/* --- XML -------------------------------------------------------------------------------------- */

/*
 * Text from outside as character data, or with @one_line as an attribute's value. XML 1.0 has no way to write most
 * control characters, nor U+FFFE and U+FFFF.
 */
static void xml_append(struct text *out, const char *s, bool one_line)
{
	struct printable state = {};
	struct text safe = {};
	const char *p;

	printable_append(&state, &safe, s ? s : "", s ? strlen(s) : 0);
	printable_end(&state, &safe);
	for (p = safe.s ? safe.s : ""; *p; p++) {
		if (*p == '&')
			text_append(out, "&amp;");
		else if (*p == '<')
			text_append(out, "&lt;");
		else if (*p == '>')
			text_append(out, "&gt;");
		else if (*p == '"')
			text_append(out, "&quot;");
		else if (one_line && (*p == '\n' || *p == '\t'))
			text_append(out, " ");
		else if (!strncmp(p, "\xef\xbf\xbe", 3) || !strncmp(p, "\xef\xbf\xbf", 3))
			text_append(out, "\xef\xbf\xbd"), p += 2;
		else
			text_append_bytes(out, p, 1);
	}
	text_free(&safe);
}

static void attribute(struct text *out, const char *name, const char *value)
{
	text_append(out, " %s=\"", name);
	xml_append(out, value, true);
	text_append(out, "\"");
}

/* --- what an experiment came to ----------------------------------------------------------------- */

static void says(struct verdict *v, enum outcome outcome, const char *type)
{
	if (v->why.len)
		text_append(&v->why, "; ");
	if (!v->type)
		v->type = type;
	if (v->outcome != ERROR)
		v->outcome = outcome;
}

static void judge_status(const struct result *r, struct verdict *v)
{
	char why[512];

	switch (r->status) {
	case RESULT_OK: return;
	case RESULT_SKIPPED: v->outcome = SKIPPED; break;
	case RESULT_ABORTED:
	case RESULT_NOT_RECOVERED: says(v, FAILED, result_status_text(r->status)); break;
	case RESULT_FAILED:
	case RESULT_NOT_MANIFESTED: says(v, ERROR, result_status_text(r->status)); break;
	}
	evidence_unscored(r, why, sizeof(why));
	text_append(&v->why, "%s", why);
}

static void judge_pipeline(const struct result *r, struct verdict *v)
{
	if (result_is_control(r) && r->false_alarms) {
		says(v, FAILED, "false_alarm");
		text_append(&v->why, "%u alert%s, and nothing was injected", r->false_alarms,
			    r->false_alarms == 1 ? "" : "s");
	} else if (!r->detected && result_must_detect(r)) {
		says(v, FAILED, "missed");
		text_append(&v->why, "missed: no alert within %.0f s of the injection", r->window_end - r->inject);
	} else if (r->detected && result_rca_asked(r) && !r->rca_correct) {
		says(v, FAILED, "wrong_root");
		text_append(&v->why, "detected, but %s%.100s%s", r->rca_service ? "blamed on " : "without a root cause",
			    r->rca_service ? r->rca_service : "",
			    !r->rca_service               ? ""
			    : evidence_root(r, 0) != NULL ? ", which is not the root"
							  : ", which is wrong");
	}
}

static void judge_hypothesis(const struct result *r, struct verdict *v)
{
	const json_t *h = json_object_get(r->detail, "hypothesis");
	const char *verdict = json_string_value(json_object_get(h, "verdict")),
		   *text = json_string_value(json_object_get(h, "text"));

	if (!verdict || strcmp(verdict, "refuted") != 0)
		return;
	says(v, FAILED, "hypothesis_refuted");
	text_append(&v->why, "the hypothesis was refuted: %.400s", text ? text : "");
}

static struct verdict judge(const struct result *r)
{
	struct verdict v = {};
	char why[512];

	judge_status(r, &v);
	if (result_counts(r)) {
		judge_pipeline(r, &v);
	} else if (!v.why.len) {
		v.outcome = SKIPPED;
		evidence_unscored(r, why, sizeof(why));
		text_append(&v.why, "%s", why);
	}
	if (r->status != RESULT_SKIPPED)
		judge_hypothesis(r, &v);
	return v;
}

/* --- the file ----------------------------------------------------------------------------------- */

static double took_s(const struct result *r)
{
	double from = r->baseline_start > 0 ? r->baseline_start : r->inject, to = 0;

	to = fmax(isfinite(r->window_end) ? r->window_end : 0, isfinite(r->recovered) ? r->recovered : 0);
	to = fmax(to, isfinite(r->end) ? r->end : 0);
	return isfinite(from) && from > 0 && to > from ? to - from : 0;
}

static void put_case(struct text *out, const char *suite, const char *name, double seconds, const struct verdict *v)
{
	static const char *const elements[] = { "", "failure", "error", "skipped" };
	const char *element = elements[v->outcome], *why = v->why.s ? v->why.s : "";

	text_append(out, "    <testcase");
	attribute(out, "name", name);
	attribute(out, "classname", suite);
	text_append(out, " time=\"%.3f\"", seconds);
	if (v->outcome == PASSED) {
		text_append(out, "/>\n");
		return;
	}
	text_append(out, ">\n      <%s", element);
	attribute(out, "message", why);
	if (v->outcome != SKIPPED)
		attribute(out, "type", v->type);
	text_append(out, ">");
	xml_append(out, why, false);
	text_append(out, "</%s>\n    </testcase>\n", element);
}

/* "2026-12-01T00:30:00", UTC: the schema of Ant has no place for a zone. */
static const char *timestamp(const struct folder *f, char *buf, size_t size)
{
	double started = folder_started(f);
	time_t t = isfinite(started) && started > 0 ? (time_t)started : 0;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(buf, size, "%Y-%m-%dT%H:%M:%S", &tm))
		text_copy(buf, size, "1970-01-01T00:00:00");
	return buf;
}

struct totals {
	uint32_t tests, count[SKIPPED + 1];
	double seconds;
};

/* The suite around @cases, which is taken. */
static void put_suite(const struct folder *f, int id, const char *name, const struct totals *t, struct text *cases,
		      const char *said, struct text *out)
{
	char host[128], when[32];

	folder_manifest(f, "host.name", host, sizeof(host));
	text_append(out, "  <testsuite");
	attribute(out, "name", name);
	text_append(out, " id=\"%d\" package=\"faultline\" tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\"",
		    id, t->tests, t->count[FAILED], t->count[ERROR], t->count[SKIPPED]);
	text_append(out, " time=\"%.3f\" timestamp=\"%s\"", t->seconds, timestamp(f, when, sizeof(when)));
	attribute(out, "hostname", host[0] ? host : "localhost");
	text_append(out, ">\n    <properties/>\n");
	text_append_bytes(out, cases->s ? cases->s : "", cases->len);
	text_append(out, "    <system-out>");
	xml_append(out, said, false);
	text_append(out, "</system-out>\n    <system-err/>\n  </testsuite>\n");
	out->failed |= cases->failed;
	text_free(cases);
}

/* Its id, which is its own, and behind it what a person knows it by. */
static void case_name(const struct result *r, uint32_t repeat, char *ret, size_t size)
{
	bool named = r->name && *r->name && strcmp(r->name, r->id) != 0;
	char nth[32] = "";

	if (repeat)
		snprintf(nth, sizeof(nth), " (repeat %u)", repeat + 1);
	snprintf(ret, size, "%.128s%s%.128s%s", *r->id || named ? r->id : "?", *r->id && named ? " " : "",
		 named ? r->name : "", nth);
}

static uint32_t repeat_of(const struct folder *f, uint32_t i)
{
	uint32_t j, n = 0;

	for (j = 0; j < i; j++)
		n += !strcmp(f->results[j].id, f->results[i].id);
	return n;
}

static void put_experiments(const struct folder *f, const char *suite, struct text *out)
{
	struct text cases = {}, board = {};
	struct totals t = {};
	char name[320];
	uint32_t i;

	for (i = 0; i < f->n; i++) {
		const struct result *r = &f->results[i];
		struct verdict v = judge(r);

		case_name(r, repeat_of(f, i), name, sizeof(name));
		put_case(&cases, suite, name, took_s(r), &v);
		t.tests++;
		t.count[v.outcome]++;
		t.seconds += took_s(r);
		text_free(&v.why);
	}
	scoreboard_print(f->results, f->n, &f->score, f->gaps, f->n_gaps, &board);
	put_suite(f, 0, suite, &t, &cases, board.s ? board.s : "", out);
	text_free(&board);
}

/* Without it a run could be green and yet fail: one false alarm too many belongs to no experiment. */
static void put_run(const struct folder *f, const char *suite, struct text *out)
{
	struct text cases = {}, name = {};
	struct totals t = { .tests = 1 };
	struct verdict v = {};
	char why[160];
	bool accepted;

	history_verdict(f, &accepted, why, sizeof(why));
	if (!accepted) {
		says(&v, FAILED, "verdict");
		text_append(&v.why, "%s", why);
	}
	t.count[v.outcome]++;
	put_case(&cases, suite, "verdict", 0, &v);
	text_append(&name, "%.120s: the run", suite);
	put_suite(f, 1, name.s ? name.s : "run", &t, &cases, why, out);
	text_free(&name);
	text_free(&v.why);
}

void junit_text(const struct folder *f, struct text *out)
{
	char suite[128];

	folder_manifest(f, "suite", suite, sizeof(suite));
	if (!suite[0])
		text_copy(suite, sizeof(suite), "faultline");
	text_append(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
	put_experiments(f, suite, out);
	put_run(f, suite, out);
	text_append(out, "</testsuites>\n");
}

int junit_write(const struct folder *f, const char *path, struct fl_error *err)
{
	struct text out = {};
	int rc;

	junit_text(f, &out);
	rc = out.failed || !out.s ? error_sys(err, ENOMEM, "cannot write %.200s: out of memory", path)
				  : file_write(path, out.s, out.len, 0644, err);
	text_free(&out);
	return rc;
}
