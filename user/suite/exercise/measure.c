// SPDX-License-Identifier: GPL-2.0-only
/*
 * measure.c - see measure.h.
 *
 * A clause is found by expr_find_clauses(); the word in front of it belongs to its name ("auth success
 * rate") unless it is one of a few that say nothing. A name that is not known as it stands is taken apart
 * into a statistic and a service. Nothing is guessed: what has a word left over is not measurable.
 */
#include <ctype.h>
#include <math.h>
#include <strings.h>

#include "measure/metric_name.h"
#include "suite/exercise/measure.h"
#include "suite/exercise/names.h"
#include "util/cleanup.h"

static bool resolves(const struct suite *s, const char *name)
{
	struct metric_source source;

	return !metric_resolve(s, name, &source, NULL);
}

/* --- names ------------------------------------------------------------------------------------ */

struct stat_word {
	const char *tail, *stat, *probe; /* of a service; of the probe */
	bool inverse;                    /* of a service */
};

/* The longest first. */
static const struct stat_word stats[] = {
	{ "success_rate", "error_rate", "success_rate", true },
	{ "pass_rate", "error_rate", "success_rate", true },
	{ "successrate", "error_rate", "success_rate", true },
	{ "success_ratio", "error_rate", "success_rate", true },
	{ "availability", "error_rate", "success_rate", true },
	{ "success", "error_rate", "success_rate", true },
	{ "error_rate", "error_rate", "fail_rate", false },
	{ "failure_rate", "error_rate", "fail_rate", false },
	{ "fail_rate", "error_rate", "fail_rate", false },
	{ "error_ratio", "error_rate", "fail_rate", false },
	{ "errors_rate", "error_rate", "fail_rate", false },
	{ "5xx_rate", "error_rate", "fail_rate", false },
	{ "request_rate", "rate", NULL, false },
	{ "rps", "rate", NULL, false },
	{ "throughput", "rate", NULL, false },
};

static bool is_stat_percentile(const char *word, size_t len)
{
	size_t i;

	if (len < 2 || word[0] != 'p')
		return false;
	for (i = 1; i < len; i++)
		if (!isdigit((unsigned char)word[i]))
			return false;
	return true;
}

/* Take @word, between underscores, out of @name. */
static bool cut_word(char *name, const char *word)
{
	size_t len = strlen(word);
	char *at = name;

	while ((at = strstr(at, word))) {
		if ((at == name || at[-1] == '_') && (at[len] == '_' || !at[len])) {
			char *end = at[len] ? at + len + 1 : at + len;

			if (!at[len] && at > name)
				at--;
			memmove(at, end, strlen(end) + 1);
			return true;
		}
		at += len;
	}
	return false;
}

/* Take the first percentile ("p99") out of @name. */
static bool cut_percentile(char *name, char *ret, size_t size)
{
	char *at = name;

	for (; *at; at += strcspn(at, "_"), at += *at == '_') {
		size_t len = strcspn(at, "_");

		if (!is_stat_percentile(at, len) || len >= size)
			continue;
		snprintf(ret, size, "%.*s", (int)len, at);
		return cut_word(name, ret);
	}
	return false;
}

/* Words that leave a metric the probe's: what users see. */
static bool is_of_users(const char *rest)
{
	static const char *const words[] = { "",          "probe",    "synthetic",  "synthetic_probe",
					     "global",    "overall",  "total",      "user",
					     "users",     "e2e",      "end_to_end", "order",
					     "orders",    "external", "system",     "external_probe",
					     "probe_http" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i], rest))
			return true;
	return false;
}

static bool is_target(const struct suite *s, const char *name)
{
	uint32_t i;
	char **t;

	for (i = 0; i < s->n; i++)
		for (t = s->experiments[i].targets; t && *t; t++)
			if (!strcmp(*t, name))
				return true;
	return false;
}

/* "payment", "payment_svc", "api_gateway": the service, and its short name of kernel metrics in @ret. */
static const char *service_of(const struct suite *s, const char *rest, char *ret, size_t size)
{
	bool all;
	_cleanup_free_ const char **services = metric_services(s, &all);
	char folded[80];
	size_t i;

	for (i = 0; services && services[i]; i++) {
		kernel_metric_short(services[i], ret, size);
		names_fold(services[i], folded, sizeof(folded));
		if (!strcmp(ret, rest) || !strcmp(folded, rest))
			return services[i];
	}
	return NULL;
}

static bool of_stat(const struct suite *s, const char *rest, const char *stat, const char *probe, char *ret,
		    size_t size)
{
	const char *full;
	char service[80];

	if (probe && is_of_users(rest))
		return snprintf(ret, size, "%s", probe) < (int)size;
	full = service_of(s, rest, service, sizeof(service));
	if (!full)
		return false;
	/* One that is no target has to be named in full: nothing else in the file says that it is there. */
	if (is_target(s, full))
		return snprintf(ret, size, "%s_%s", service, stat) < (int)size && resolves(s, ret);
	return snprintf(ret, size, "%s{service=%s}", stat, full) < (int)size && resolves(s, ret);
}

/* A short name of a service that is no target. */
static bool is_of_other(const struct suite *s, const char *name)
{
	struct metric_source source;

	return !strchr(name, '{') && !metric_resolve(s, name, &source, NULL) && source.kind == METRIC_KERNEL &&
	       !json_object_get(s->metrics, name) && !is_target(s, source.kernel.server);
}

bool measure_name(const struct suite *s, const char *name, char *ret, size_t size, bool *ret_inverse)
{
	static const char *const noise[] = { "latency",  "response_time", "request",   "requests",
					     "duration", "http",          "rate_limit" };
	static const char *const others[][2] = {
		{ "alerts_fired", "detector_alerts" },  { "alert_count", "detector_alerts" },
		{ "alerts", "detector_alerts" },        { "pipeline_alerts", "detector_alerts" },
		{ "rca_service", "rca_root_service" },  { "rca_result", "rca_root_service" },
		{ "root_service", "rca_root_service" }, { "retries", "retry_count" },
	};
	char folded[120], rest[120], percentile[16];
	size_t i;

	*ret_inverse = false;
	for (i = 0; i < ARRAY_SIZE(others); i++)
		if (!strcasecmp(name, others[i][0]))
			return snprintf(ret, size, "%s", others[i][1]) < (int)size;
	if (resolves(s, name) && !is_of_other(s, name))
		return snprintf(ret, size, "%s", name) < (int)size;
	if (strchr(name, '{'))
		return false;
	names_fold(name, folded, sizeof(folded));
	for (i = 0; i < 2; i++, names_cut_unit(folded)) {
		if (resolves(s, folded) && !is_of_other(s, folded))
			return snprintf(ret, size, "%s", folded) < (int)size;
	}
	memcpy(rest, folded, sizeof(rest));
	if (cut_percentile(rest, percentile, sizeof(percentile))) {
		for (i = 0; i < ARRAY_SIZE(noise); i++)
			cut_word(rest, noise[i]);
		return of_stat(s, rest, percentile, resolves(s, percentile) ? percentile : NULL, ret, size);
	}
	for (i = 0; i < ARRAY_SIZE(stats); i++) {
		memcpy(rest, folded, sizeof(rest));
		if (!cut_word(rest, stats[i].tail))
			continue;
		if (!of_stat(s, rest, stats[i].stat, stats[i].probe, ret, size))
			return false;
		*ret_inverse = stats[i].inverse && strcmp(ret, stats[i].probe) != 0;
		return true;
	}
	return false;
}

/* --- clauses ---------------------------------------------------------------------------------- */

static bool is_latency(const struct metric_source *m)
{
	return m->kind == METRIC_PROBE_LATENCY ||
	       (m->kind == METRIC_KERNEL && (m->kernel.stat == KERNEL_QUANTILE || m->kernel.stat == KERNEL_MEAN));
}

static bool is_share(const struct metric_source *m)
{
	return m->kind == METRIC_SUCCESS_RATE || m->kind == METRIC_FAIL_RATE ||
	       (m->kind == METRIC_KERNEL && m->kernel.stat == KERNEL_ERROR_RATE);
}

static enum expr_op flipped(enum expr_op op)
{
	switch (op) {
	case EXPR_LT: return EXPR_GT;
	case EXPR_LE: return EXPR_GE;
	case EXPR_GT: return EXPR_LT;
	case EXPR_GE: return EXPR_LE;
	default: return op;
	}
}

/* The number with a unit that fits what is measured; a bare one of a latency is in milliseconds. */
static bool put_value(struct text *out, const struct metric_source *m, const struct expr_clause *c, bool inverse,
		      enum key_unit tail)
{
	double v = c->value;

	if (is_share(m)) {
		if (c->unit == EXPR_SECONDS)
			return false;
		if (c->unit == EXPR_NONE && (tail == UNIT_PERCENT || v > 1))
			v /= 100;
		if (v < 0 || v > 1)
			return false;
		text_append(out, "%.10g%%", (inverse ? 1 - v : v) * 100);
	} else if (is_latency(m)) {
		if (c->unit == EXPR_RATIO)
			return false;
		if (c->unit == EXPR_NONE)
			v = tail == UNIT_S ? v : v / 1e3;
		text_append(out, "%.10gms", v * 1e3);
	} else {
		text_append(out, "%.10g", v);
	}
	return true;
}

/* The word right in front of the clause, with nothing but blanks between; its start. */
static const char *word_before(const char *text, const char *at)
{
	const char *p = at;

	while (p > text && p[-1] == ' ')
		p--;
	if (p == at)
		return at;
	at = p;
	while (p > text && (isalnum((unsigned char)p[-1]) || strchr("_-.", p[-1]) || (unsigned char)p[-1] >= 0x80))
		p--;
	return p == at || at[-1] == '.' ? NULL : p;
}

/* Words that may stand in front of a metric and change nothing. */
static bool says_nothing(const char *word, size_t len)
{
	static const char *const words[] = {
		"and",        "or",        "not",       "when",     "if",           "the",
		"with",       "while",     "keep",      "keeps",    "steady-state", "steadystate",
		"steady",     "state",     "và",        "hoặc",     "khi",          "nếu",
		"giữ",        "với",       "vẫn",       "thì",      "là",           "any",
		"a",          "mà",        "then",      "that",     "but",          "nhưng",
		"có",         "phải",      "should",    "expect",   "expected",     "maintain",
		"overall",    "global",    "must",      "where",    "until",        "while",
		"also",       "external",  "synthetic", "probe",    "http",         "request",
		"bình",       "thường",    "normal",    "baseline", "steady_state", "expectation",
		"hypothesis", "condition", "slo",       "el",       "la",           "los",
		"las",        "del",       "le",        "les",      "du",           "des",
		"der",        "die",       "das",       "o",        "os",           "y",
		"et",         "und",       "e",         "si",       "wenn",         "cuando",
		"quand",      "con",       "avec",      "mit",      "com",          "va",
		"hoac",       "neu",       "giu",       "voi",      "van",          "phai",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i]) == len && !strncasecmp(words[i], word, len))
			return true;
	return false;
}

/* A clause as faultline measures it, into @out. @text is what it was found in. @as_written: "p99 latency" may stay, as
 * a hypothesis is read like that; a trigger is not. */
static bool put_clause(const struct suite *s, const char *text, const struct expr_clause *c, bool as_written,
		       struct text *out)
{
	const char *at = text + c->offset, *before = word_before(text, at);
	char name[EXPR_NAME_MAX], known[120], joined[EXPR_NAME_MAX + 100], folded[EXPR_NAME_MAX];
	struct metric_source source;
	enum key_unit tail;
	bool inverse;

	expr_clause_name(c, name, sizeof(name));
	snprintf(joined, sizeof(joined), "%s", name);
	if (before && before < at) {
		size_t len = strcspn(before, " ");

		if (!says_nothing(before, len))
			snprintf(joined, sizeof(joined), "%.*s_%s", (int)(len > 90 ? 90 : len), before, name);
	}
	if (!measure_name(s, joined, known, sizeof(known), &inverse))
		return false;
	names_fold(c->metric, folded, sizeof(folded));
	tail = names_cut_unit(folded);
	if (metric_resolve(s, known, &source, NULL))
		return false;
	if (!strcmp(known, name) && (as_written || strcspn(c->text, " ") >= strlen(name)) &&
	    (c->unit != EXPR_NONE || (!is_latency(&source) && !is_share(&source)) ||
	     (is_share(&source) && c->value <= 1))) {
		text_append(out, "%s", c->text);
		return true;
	}
	text_append(out, "%s %s ", known, expr_op_text(inverse ? flipped(c->op) : c->op));
	if (!put_value(out, &source, c, inverse, tail))
		return false;
	if (c->for_ns)
		text_append(out, " for %.10gs", (double)c->for_ns / 1e9);
	return true;
}

uint32_t measure_hypothesis(const struct suite *s, const char *text, struct text *clauses, bool *ret_changed,
			    struct text *lost)
{
	_cleanup_free_ char *plain = plain_metrics(text);
	struct expr_clause *found = NULL;
	uint32_t n = plain ? expr_find_clauses(plain, &found) : 0, i, kept = 0;

	*ret_changed = plain && strcmp(plain, text) != 0;
	for (i = 0; i < n; i++) {
		struct text one = {};

		if (put_clause(s, plain, &found[i], true, &one) && one.s) {
			text_append(clauses, "%s%s", kept++ ? "\n" : "", one.s);
			*ret_changed |= strcmp(one.s, found[i].text) != 0;
		} else {
			text_append(lost, "%s%s", lost->len ? ", " : "", found[i].text);
			*ret_changed = true;
		}
		text_free(&one);
	}
	free(found);
	return kept;
}

/* --- conditions ------------------------------------------------------------------------------- */

/* "pass_rate < 50" would always be true, "p99 > 3000" never: people mean percent and milliseconds. */
static bool has_its_unit(const struct metric_source *m, const struct expr_clause *c)
{
	if (is_share(m))
		return c->unit == EXPR_RATIO || (c->unit == EXPR_NONE && c->value <= 1);
	return !is_latency(m) || c->unit == EXPR_SECONDS || c->value == 0;
}

static bool is_measurable(const struct suite *s, const char *text)
{
	const struct expr_clause *clauses[64];
	struct metric_source source;
	char name[EXPR_NAME_MAX];
	struct expr *e = NULL;
	uint32_t i, n;
	bool ok = !expr_parse(text, &e, NULL);

	n = ok ? expr_clauses(e, clauses, ARRAY_SIZE(clauses)) : 0;
	for (i = 0; i < n; i++)
		ok &= !metric_resolve(s, expr_clause_name(clauses[i], name, sizeof(name)), &source, NULL) &&
		      has_its_unit(&source, clauses[i]);
	expr_free(e);
	return ok;
}

/* One term: prose with a clause in it; false: none that can be measured. */
static bool put_term(const struct suite *s, const char *term, struct text *out)
{
	struct expr_clause *found;
	uint32_t n = expr_find_clauses(term, &found);
	struct text one = {};
	bool ok = n == 1 && put_clause(s, term, &found[0], false, &one) && one.s && is_measurable(s, one.s);

	if (ok)
		text_append(out, "%s", one.s);
	text_free(&one);
	free(found);
	return ok;
}

/* Terms joined by AND: all of them, or none. */
static bool put_arm(const struct suite *s, char *arm, struct text *out)
{
	struct text made = {};
	bool ok = true;
	char *next;

	for (; ok && arm; arm = next) {
		next = strstr(arm, " AND ");
		if (next) {
			*next = '\0';
			next += strlen(" AND ");
		}
		if (made.len)
			text_append(&made, " AND ");
		ok = put_term(s, arm, &made);
	}
	if (ok && made.s)
		text_append(out, "%s%s", out->len ? " OR " : "", made.s);
	text_free(&made);
	return ok;
}

char *measure_condition(const struct suite *s, const char *text, bool *ret_lost)
{
	_cleanup_free_ char *plain = NULL;
	struct text out = {};
	char *arm, *next;

	*ret_lost = false;
	if (is_measurable(s, text))
		return strdup(text);
	plain = plain_condition(text);
	if (plain && is_measurable(s, plain))
		return take_ptr(plain);
	if (!plain || strchr(plain, '(')) { /* what parentheses join cannot be taken apart */
		*ret_lost = true;
		return NULL;
	}
	for (arm = plain; arm; arm = next) {
		next = strstr(arm, " OR ");
		if (next) {
			*next = '\0';
			next += strlen(" OR ");
		}
		*ret_lost |= !put_arm(s, arm, &out);
	}
	if (out.s && !is_measurable(s, out.s))
		text_free(&out);
	return out.s;
}
