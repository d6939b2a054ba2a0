// SPDX-License-Identifier: GPL-2.0-only
/*
 * pipeline_rca.c - the answer of /rca to ranked causes (see pipeline.h). Understood are
 * {"root_service", "confidence", "evidence"}, a ranked list of such objects, of names or of
 * [name, score] pairs, bare or in an object.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "score/pipeline_read.h"
#include "util/json_path.h"
#include "util/text.h"
#include "util/units.h"

#define CAUSES_MAX 100

static const char *const service_paths[] = { "root_service", "service", "root_cause", "root", "svc",
					     "node",	     "name",	NULL };
static const char *const confidence_paths[] = { "confidence", "score", "probability", NULL };
static const char *const evidence_paths[] = { "evidence", "citations", "reasons", NULL };
static const char *const list_paths[] = { "causes",	"ranked",     "ranking", "root_causes",
					  "candidates", "results",    "services", "data", NULL };

/* 0..1, also from "0.9" and, over 1, from percent. NaN: none, or nonsense. */
static double read_confidence(const json_t *v)
{
	double x = NAN;

	if (json_is_number(v))
		x = json_number_value(v);
	else if (json_is_string(v) && units_double(json_string_value(v), &x, NULL))
		x = NAN;
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

static bool read_cause(const struct pipeline_config *c, json_t *entry, struct cause *ret,
		       json_t **ret_evidence)
{
	json_t *service = entry, *confidence = NULL, *evidence = NULL;

	if (json_is_object(entry)) {
		service = pipeline_pick(c, "root_service", entry, service_paths);
		confidence = pipeline_pick(c, "confidence", entry, confidence_paths);
		evidence = pipeline_pick(c, "evidence", entry, evidence_paths);
		if (json_is_object(service)) /* {"root_cause": {"service": ...}} */
			service = pipeline_pick(c, "root_service", service, service_paths);
	} else if (json_is_array(entry)) {
		service = json_array_get(entry, 0);
		confidence = json_array_get(entry, 1);
	}
	if (!json_is_string(service) ||
	    !text_copy(ret->service, sizeof(ret->service), json_string_value(service)) ||
	    !ret->service[0])
		return false;
	ret->confidence = read_confidence(confidence);
	*ret_evidence = evidence_list(evidence);
	ret->n_evidence = (uint32_t)json_array_size(*ret_evidence);
	return true;
}

struct ranking {
	struct cause *v;
	uint32_t n;
	json_t *evidence; /* of the first */
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

	if (r->n < CAUSES_MAX && read_cause(c, entry, &cause, &evidence) &&
	    !named_before(r, cause.service)) {
		if (!r->n)
			r->evidence = json_incref(evidence);
		r->v[r->n++] = cause;
	}
	json_decref(evidence);
}

int pipeline_read_rca(const struct pipeline_config *c, const char *body, size_t len,
		      struct cause **ret, uint32_t *ret_n, json_t **ret_evidence,
		      struct fl_error *err)
{
	struct ranking r = { .v = calloc(CAUSES_MAX, sizeof(*r.v)) };
	json_t *root = NULL, *list, *entry;
	size_t i;
	int rc;

	if (!r.v)
		return error_sys(err, ENOMEM, "cannot read the causes: out of memory");
	rc = pipeline_parse("/rca", body, len, &root, err);
	if (rc)
		goto out;
	list = json_is_array(root) ? root : pipeline_pick(c, "causes", root, list_paths);
	if (json_is_object(root))
		rank(c, root, &r);
	json_array_foreach(list, i, entry)
		rank(c, entry, &r);
	/* "root_service": null, an empty object and an empty list are an answer: it knows none. */
	if (!r.n && !json_is_array(root) && !json_is_null(root) &&
	    (!json_is_object(root) || (json_object_size(root) && !list &&
				       !json_object_get(root, "root_service"))))
		rc = pipeline_wrong_shape("/rca", "a root_service", root, err);
out:
	json_decref(root);
	if (rc || !r.n) {
		free(r.v);
		json_decref(r.evidence);
		r = (struct ranking){};
	}
	if (!rc) {
		*ret = r.v;
		*ret_n = r.n;
		*ret_evidence = r.evidence;
	}
	return rc;
}
