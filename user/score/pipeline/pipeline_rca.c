// SPDX-License-Identifier: GPL-2.0-only
/*
 * pipeline_rca.c - the answer of /rca to ranked causes (see pipeline.h). Understood are
 * {"root_service", "confidence", "evidence"}, a ranked list of such objects, of names or of
 * [name, score] pairs, bare or in an object.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "score/pipeline/pipeline_read.h"
#include "util/json/json_path.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define CAUSES_MAX 100
#define WRAPS_MAX  3

/* clang-format off */
static const char *const service_paths[] = {
	"root_service", "root_cause_service", "rootService", "rootCauseService", "rca_service", "service", "root_cause",
	"rootCause", "root", "predicted_root_cause", "predicted_root", "root_cause_node", "culprit", "suspect",
	"suspected_service", "culprit_service", "svc", "service_name", "node", "component", "name", "rca", "cause", NULL
};
/* clang-format on */
static const char *const confidence_paths[] = { "confidence", "score",      "probability", "confidence_score",
						"prob",       "likelihood", "weight",      NULL };
static const char *const evidence_paths[] = { "evidence",  "citations", "reasons",     "reason",
					      "reasoning", "evidences", "explanation", NULL };
/* clang-format off */
static const char *const list_paths[] = {
	"causes", "ranked", "ranking", "rankings", "root_causes", "rootCauses", "candidates", "possible_causes",
	"suspects", "hypotheses", "ranked_services", "ranked_causes", "root_services", "predictions", "results", "scores",
	"result", "groups", "rca", "services", "data", "top_k", "topk", "top", "top3", "top5", "ranked_root_causes",
	"probable_causes", "rankedCauses", "possibleCauses", "root_cause", "rootCause", "root_service", "ranked_list",
	"confidences", "probabilities", "service_scores", "root_cause_scores", "confidence", NULL
};
/* clang-format on */
/* Where an answer is wrapped: {"status": "success", "data": {...}}. */
static const char *const wrappers[] = { "data", "result",   "response", "payload", "rca",
					"body", "analysis", "detail",   NULL };

/* "0.9", "80%", "80 %" */
static double text_number(const char *s)
{
	char number[32];
	size_t len = strcspn(s, " %");
	double v;

	if (len >= sizeof(number))
		return NAN;
	snprintf(number, sizeof(number), "%.*s", (int)len, s);
	if (units_double(number, &v, NULL))
		return NAN;
	return s[strspn(s + len, " ") + len] == '%' ? v / 100 : v;
}

/* 0..1, also from "0.9" and, over 1, from percent. NaN: none, or nonsense. */
static double read_confidence(const json_t *v)
{
	double x = NAN;

	if (json_is_number(v))
		x = json_number_value(v);
	else if (json_is_string(v))
		x = text_number(json_string_value(v));
	if (x > 1 && x <= 100)
		x /= 100;
	return x >= 0 && x <= 1 ? x : NAN;
}

/* As an array: a lone sentence or object is a list of one; nothing in it is an empty list. */
static json_t *evidence_list(json_t *v)
{
	if (!v || json_is_null(v) || (json_is_string(v) && !json_string_length(v)))
		return json_array();
	return json_is_array(v) ? json_incref(v) : json_pack("[O]", v);
}

/* "unknown": an answer that names nobody. */
static bool is_nobody(const char *s)
{
	static const char *const words[] = { "", "unknown", "none", "n/a", "null", "undetermined", "no_root", "-" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcasecmp(words[i], s))
			return true;
	return false;
}

/* A service's name is one word; prose is not taken for one. */
static bool is_name(const char *s)
{
	return !is_nobody(s) && !strpbrk(s, " \t\n\r");
}

/* A number as it was given, for who is first. */
static double read_score(const json_t *v)
{
	return json_is_number(v) ? json_number_value(v) : json_is_string(v) ? text_number(json_string_value(v)) : NAN;
}

static bool read_cause(const struct pipeline_config *c, json_t *entry, struct cause *ret, double *ret_score,
		       json_t **ret_evidence)
{
	json_t *service = entry, *confidence = NULL, *evidence = NULL;

	if (json_is_object(entry)) {
		service = pipeline_pick(c, "root_service", entry, service_paths);
		confidence = pipeline_pick(c, "confidence", entry, confidence_paths);
		evidence = pipeline_pick(c, "evidence", entry, evidence_paths);
		if (json_is_object(service)) { /* {"root_cause": {"service": ...}} */
			confidence =
				confidence ? confidence : pipeline_pick(c, "confidence", service, confidence_paths);
			evidence = evidence ? evidence : pipeline_pick(c, "evidence", service, evidence_paths);
			service = pipeline_pick(c, "root_service", service, service_paths);
		}
	} else if (json_is_array(entry)) {
		service = json_array_get(entry, 0);
		confidence = json_array_get(entry, 1);
	}
	if (!json_is_string(service) || !is_name(json_string_value(service)) ||
	    !text_copy(ret->service, sizeof(ret->service), json_string_value(service)) || !ret->service[0])
		return false;
	if (json_is_object(confidence)) /* {"pay": 0.9, "db": 0.1} beside the root */
		confidence = json_object_get(confidence, json_string_value(service));
	ret->confidence = read_confidence(confidence);
	*ret_score = read_score(confidence);
	*ret_evidence = evidence_list(evidence);
	ret->n_evidence = (uint32_t)json_array_size(*ret_evidence);
	return true;
}

struct ranking {
	struct cause *v;
	uint32_t n;
	double score[CAUSES_MAX];
	json_t *of[CAUSES_MAX]; /* evidence of each */
};

static bool named_before(const struct ranking *r, const char *service)
{
	uint32_t i;

	for (i = 0; i < r->n; i++)
		if (!strcmp(r->v[i].service, service))
			return true;
	return false;
}

static void rank(const struct pipeline_config *c, json_t *entry, struct ranking *r)
{
	struct cause cause = {};
	json_t *evidence = NULL;
	double score = NAN;

	if (r->n < CAUSES_MAX && read_cause(c, entry, &cause, &score, &evidence) && !named_before(r, cause.service)) {
		r->of[r->n] = evidence;
		r->score[r->n] = score;
		r->v[r->n++] = cause;
	} else {
		json_decref(evidence);
	}
}

/* Entries from @from on that all have a score: the highest first, of equals the earlier one. */
static void rank_by_score(struct ranking *r, uint32_t from)
{
	uint32_t i, k;

	for (i = from; i < r->n; i++)
		if (isnan(r->score[i]))
			return;
	for (i = from; i < r->n; i++) {
		struct cause cause = r->v[i];
		double score = r->score[i];
		json_t *evidence = r->of[i];

		for (k = i; k > from && r->score[k - 1] < score; k--) {
			r->v[k] = r->v[k - 1];
			r->score[k] = r->score[k - 1];
			r->of[k] = r->of[k - 1];
		}
		r->v[k] = cause;
		r->score[k] = score;
		r->of[k] = evidence;
	}
}

/* {"pay": 0.8, "db": 0.1}: the highest first. */
static void rank_scores(json_t *scores, struct ranking *r)
{
	json_t *v;
	const char *key;
	uint32_t i;

	json_object_foreach(scores, key, v)
		if (!json_is_number(v))
			return; /* an object of another kind */
	json_object_foreach(scores, key, v) {
		struct cause cause = { .confidence = read_confidence(v) };

		if (r->n == CAUSES_MAX || !is_name(key) || !text_copy(cause.service, sizeof(cause.service), key) ||
		    named_before(r, key))
			continue;
		for (i = r->n++;
		     i && json_number_value(v) > json_number_value(json_object_get(scores, r->v[i - 1].service)); i--)
			r->v[i] = r->v[i - 1];
		r->v[i] = cause;
	}
}

/* The word behind a heading of cause: "## Suspected Service\npay (confidence: 80%)", "Root cause: pay". Nothing
 * but that word may stand there: of a sentence nobody knows which word is the service. */
static bool find_in_text(const char *text, struct cause *ret)
{
	static const char *const headings[] = { "root cause service", "suspected service", "root service",
						"root cause",         "suspected root",    "culprit",
						"probable cause",     "nguyên nhân gốc",   "nguyên nhân",
						"dịch vụ gốc" };
	static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	size_t i, len;

	for (i = 0; i < sizeof(headings) / sizeof(headings[0]); i++) {
		const char *at = strcasestr(text, headings[i]), *sure;

		if (!at)
			continue;
		at += strlen(headings[i]);
		at += strspn(at, " \t\r\n:*`#=-");
		len = strspn(at, word);
		while (len && at[len - 1] == '.')
			len--;
		if (!len || len >= sizeof(ret->service) || !strchr(" \t\r\n*`(.,", at[len]))
			continue;
		sure = at + len + strspn(at + len, " \t*`.,");
		if (*sure && *sure != '(' && *sure != '\n' && *sure != '\r')
			continue;
		snprintf(ret->service, sizeof(ret->service), "%.*s", (int)len, at);
		sure = *sure == '(' ? strpbrk(sure, "0123456789)") : NULL;
		ret->confidence = sure && *sure != ')' ? text_number(sure) : NAN;
		return true;
	}
	return false;
}

static void rank_text(const json_t *v, struct ranking *r)
{
	struct cause cause = {};

	if (json_is_string(v) && find_in_text(json_string_value(v), &cause)) {
		cause.n_evidence = 0;
		r->of[r->n] = json_array();
		r->v[r->n++] = cause;
	}
}

/* A text under a name that answers have: {"rca": "## Suspected Service..."}. */
static void rank_texts(json_t *root, struct ranking *r)
{
	static const char *const names[] = { "rca",    "analysis", "report",  "summary",    "text",   "answer",
					     "result", "output",   "message", "root_cause", "content" };
	size_t i;

	if (json_is_string(root))
		rank_text(root, r);
	for (i = 0; !r->n && i < sizeof(names) / sizeof(names[0]); i++)
		rank_text(json_object_get(root, names[i]), r);
}

/* A key that names the root, and nothing in it. */
static bool says_null(const json_t *v)
{
	const char *const *p;

	for (p = service_paths; v && *p; p++) {
		const json_t *root = json_object_get(v, *p);

		if (json_is_null(root) || (json_is_string(root) && is_nobody(json_string_value(root))))
			return true;
	}
	return false;
}

/* {"payment-svc": 0.9, "payment-db": 0.1} and nothing around it: services are told by their hyphens. */
static bool is_map_of_scores(const json_t *root)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)root, key, v)
		if (!json_is_number(v) || !strchr(key, '-'))
			return false;
	return json_object_size(root) > 0;
}

/* @root itself, or a list in it. */
static json_t *rank_all(const struct pipeline_config *c, json_t *root, struct ranking *r)
{
	json_t *list = json_is_array(root) ? root : pipeline_pick(c, "causes", root, list_paths), *entry;
	uint32_t from;
	size_t i;

	if (json_is_object(root))
		rank(c, root, r);
	from = r->n;
	json_array_foreach(list, i, entry)
		rank(c, entry, r);
	rank_by_score(r, from);
	if (!r->n && json_is_object(list))
		rank_scores(list, r);
	if (!r->n && !list && is_map_of_scores(root))
		rank_scores(root, r);
	return list;
}

/* In @root, and where it is wrapped. *ret_none: it says that it knows none. */
static void look_in(const struct pipeline_config *c, json_t *root, int levels, struct ranking *r, bool *ret_none)
{
	const json_t *list = rank_all(c, root, r);
	const char *const *w;

	*ret_none |= says_null(root) || (json_is_array(list) && !json_array_size(list));
	for (w = wrappers; !r->n && levels && *w; w++)
		if (json_is_object(json_object_get(root, *w)))
			look_in(c, json_object_get(root, *w), levels - 1, r, ret_none);
	if (!r->n)
		rank_texts(root, r);
}

int pipeline_read_rca(const struct pipeline_config *c, const char *body, size_t len, struct cause **ret,
		      uint32_t *ret_n, json_t **ret_evidence, struct fl_error *err)
{
	struct ranking r = { .v = calloc(CAUSES_MAX, sizeof(*r.v)) };
	json_t *root = NULL;
	bool says_none = false;
	uint32_t i;
	size_t k;
	int rc;

	if (!r.v)
		return error_sys(err, ENOMEM, "cannot read the causes: out of memory");
	rc = pipeline_parse_lines("/rca", body, len, &root, err);
	if (!rc) {
		/* null, an empty object and an empty list are an answer: it knows none. */
		says_none = json_is_null(root) || (json_is_array(root) && !json_array_size(root)) ||
			    (json_is_object(root) && !json_object_size(root));
		look_in(c, root, WRAPS_MAX, &r, &says_none);
		/* Of a stream the last line that names somebody counts: what comes before it is progress. */
		for (k = json_array_size(root); !r.n && k; k--)
			if (json_is_object(json_array_get(root, k - 1)))
				look_in(c, json_array_get(root, k - 1), WRAPS_MAX, &r, &says_none);
	}
	if (!rc && !r.n && !says_none)
		rc = pipeline_wrong_shape("/rca", "a root_service of one word", root, err);
	json_decref(root);
	if (!rc) {
		*ret = r.n ? r.v : NULL;
		*ret_n = r.n;
		*ret_evidence = r.n && r.of[0] ? json_incref(r.of[0]) : NULL;
	}
	if (rc || !r.n)
		free(r.v);
	for (i = 0; i < r.n; i++)
		json_decref(r.of[i]);
	return rc;
}
