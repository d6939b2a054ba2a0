// SPDX-License-Identifier: GPL-2.0-only
/*
 * complete.c - the only place where a value is invented. Each one is a finding that says what was taken and
 * where from; `check --strict` and `run --strict` refuse them, and `faultline import w3d2` writes them out.
 *
 * The source of all of them is the exercise's own catalogue (seed section 8.3) and set-up (8.1, 8.2).
 */
#include "suite/exercise/entry.h"
#include "suite/exercise/phrase.h"
#include "util/cleanup.h"
#include "util/text/units.h"

#define PROBE_URL    "http://localhost:8080/checkout/health"
#define PIPELINE_URL "http://localhost:8000"
#define KINDS                                                                                                    \
	"latency, network_loss, availability, cpu_saturation, memory, disk_fill, time_skew, network_partition, " \
	"dns_latency, http_error"

static const struct {
	int number;
	const char *kind, *target, *peer;
	const char *params[3][2];
	const char *duration;
} catalogue[] = {
	{ 1, "latency", "payment-svc", NULL, { { "delay", "500ms" }, { "jitter", "100ms" } }, "60s" },
	{ 2, "network_loss", "payment-svc", NULL, { { "percent", "30%" } }, "60s" },
	{ 3, "availability", "inventory-svc", NULL, { { "every", "60s" } }, "180s" },
	{ 4, "cpu_saturation", "api-gateway", NULL, { { "load", "90%" } }, "60s" },
	{ 5, "memory", "payment-db", NULL, { { "percent", "95%" } }, "60s" },
	{ 6, "time_skew", "auth-svc", NULL, { { "offset", "60s" } }, "60s" },
	{ 7, "disk_fill", "log-collector", NULL, { { "percent", "95%" } }, "60s" },
	{ 8, "network_partition", "frontend", "api-gateway", { { NULL } }, "30s" },
	{ 9, "dns_latency", "dns-resolver", NULL, { { "delay", "2s" } }, "60s" },
	{ 10, "http_error", "checkout-svc", NULL, { { "status", "500" }, { "percent", "20%" } }, "90s" },
};

static size_t by_kind(const char *kind)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(catalogue); i++)
		if (kind && !strcmp(catalogue[i].kind, kind))
			return i;
	return ARRAY_SIZE(catalogue);
}

/* The row of the entry's id, when it is a number. */
static size_t by_number(const struct work *w, const struct entry *x)
{
	_cleanup_free_ char *id = value_text(w, &x->v[SLOT_ID], "");
	int64_t n;
	size_t i;

	if (!id || units_int(id, 1, 10, &n, NULL))
		return ARRAY_SIZE(catalogue);
	for (i = 0; i < ARRAY_SIZE(catalogue) && catalogue[i].number != n; i++)
		;
	return i;
}

const char *kind_in_words(const struct work *w, const char *said)
{
	return fault_find(w->table, said, NULL) || names_kind_near(said) || strchr(said, ',')
		       ? NULL
		       : names_kind_of_phrase(said);
}

/* "stress" is no kind; a ground truth of the class "memory" says which was meant. */
static void invent_kind_for(struct work *w, struct entry *x, const char *said)
{
	_cleanup_free_ char *class = value_text(w, &x->v[SLOT_CLASS], ", ");
	const char *kind = class ? names_kind(class) : NULL, *read = kind_in_words(w, said);

	if (fault_find(w->table, said, NULL) || names_kind_near(said)) {
		x->kind = strdup(said); /* the loader says which is nearest */
	} else if (read) {
		x->kind = strdup(read);
		work_note(w, x, &x->v[SLOT_FAULT], NOTE, "read-fault", "'%.60s' is read as %s", said, read);
	} else if (kind) {
		x->kind = strdup(kind);
		work_note(w, x, &x->v[SLOT_FAULT], INVENTED, "invented-fault",
			  "no fault kind '%.60s': %s, the class in the "
			  "ground truth",
			  said, kind);
	} else if (strchr(said, ',')) {
		work_note(w, x, &x->v[SLOT_FAULT], WRONG, "no-fault",
			  "'%.60s' are several faults: write an entry for each, or "
			  "'faults: [{type: latency, target: payment-svc}, ...]' for all at once",
			  said);
	} else {
		work_note(w, x, &x->v[SLOT_FAULT], WRONG, "no-fault", "no fault kind '%.60s'; write one of " KINDS,
			  said);
	}
}

void invent_kind(struct work *w, struct entry *x)
{
	size_t row = by_number(w, x);
	_cleanup_free_ char *said = value_text(w, &x->v[SLOT_FAULT], ", ");

	if (said && !text_says_nothing(said)) {
		invent_kind_for(w, x, said);
		return;
	}
	if (row == ARRAY_SIZE(catalogue)) {
		work_note(w, x, NULL, WRONG, "no-fault", "no fault_type: write one of " KINDS);
		return;
	}
	x->kind = strdup(catalogue[row].kind);
	work_note(w, x, NULL, INVENTED, "invented-fault", "no fault_type: %s, which is number %d of the catalogue",
		  x->kind, catalogue[row].number);
}

/* What the file has where a service should stand: "no target", "'the database' names no service". */
static char *missing_target(struct work *w, struct entry *x)
{
	static const enum slot slots[] = { SLOT_TARGET, SLOT_BLAST_TARGET };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(slots); i++) {
		_cleanup_free_ char *said = value_text(w, &x->v[slots[i]], ", ");

		if (said && text_is_placeholder(said))
			return text_format("target '%.60s' is still to be filled in", said);
		if (said && !text_says_nothing(said))
			return text_format("no service can be read from '%.60s'", said);
	}
	return strdup("no target");
}

void invent_target(struct work *w, struct entry *x)
{
	_cleanup_free_ char *missing = missing_target(w, x);
	_cleanup_free_ char *root = value_text(w, &x->v[SLOT_ROOT], ", ");
	size_t row = by_number(w, x);
	const struct value *at = &x->v[x->v[SLOT_TARGET].node ? SLOT_TARGET : SLOT_BLAST_TARGET];
	struct phrase p = {};

	if (root && !exercise_not(root))
		phrase_read(root, w->services, &p);
	if (!missing) {
		w->failed = true;
	} else if (row < ARRAY_SIZE(catalogue) && x->kind && !strcmp(catalogue[row].kind, x->kind)) {
		words_add(&x->targets, strdup(catalogue[row].target));
		work_note(w, x, at, INVENTED, "invented-target", "%s: %s, the target of number %d of the catalogue",
			  missing, x->targets[0], catalogue[row].number);
	} else if (p.n == 1) {
		words_add(&x->targets, strdup(p.found[0]));
		work_note(w, x, at, INVENTED, "invented-target", "%s: %s, the expected root cause", missing,
			  x->targets[0]);
	} else {
		work_note(w, x, at, WRONG, "no-target", "%s: write 'target: payment-svc' with the service's own name",
			  missing);
	}
}

/* The other service that the entry speaks of, in its hypothesis or description. */
static bool peer_in_text(struct work *w, struct entry *x, enum slot slot)
{
	_cleanup_free_ char *text = value_text(w, &x->v[slot], " ");
	size_t i, others = 0, other = 0, k;
	struct phrase p;

	if (!text)
		return false;
	phrase_read(text, w->services, &p);
	for (i = 0; i < p.n; i++) {
		for (k = 0; k < w->n_services && strcmp(w->services[k], p.found[i]) != 0; k++)
			;
		if (k < w->n_services && strcmp(p.found[i], x->targets[0]) != 0) {
			other = i;
			others++;
		}
	}
	if (others != 1)
		return false;
	x->peer = strdup(p.found[other]);
	work_note(w, x, &x->v[slot], INVENTED, "invented-peer", "a partition of %s, and from whom stands in prose: %s",
		  x->targets[0], x->peer);
	return true;
}

void invent_peer(struct work *w, struct entry *x)
{
	size_t row = by_kind("network_partition");
	const char *target = x->targets ? x->targets[0] : "", *peer = NULL;

	if (!target[0] || peer_in_text(w, x, SLOT_HYPOTHESIS) || peer_in_text(w, x, SLOT_DESCRIPTION))
		return;
	if (!strcmp(target, catalogue[row].target))
		peer = catalogue[row].peer;
	else if (!strcmp(target, catalogue[row].peer))
		peer = catalogue[row].target;
	if (peer) {
		x->peer = strdup(peer);
		work_note(w, x, NULL, INVENTED, "invented-peer",
			  "a partition of %s, and nothing says from whom: %s, the "
			  "other end of number 8 of the catalogue",
			  target, peer);
	} else {
		work_note(w, x, NULL, INVENTED, "invented-peer",
			  "a partition of %s, and nothing says from whom: from "
			  "everybody; write 'target: %s <-> OTHER' for one edge",
			  target, target);
	}
}

static bool has_param(const struct entry *x, const char *name)
{
	return json_object_get(x->params, name) != NULL;
}

/* Where the file system is that is to be filled. Not the host's: disk_fill itself sees to that. */
static void invent_path(struct work *w, struct entry *x)
{
	bool logs = x->targets && !strcmp(x->targets[0], "log-collector");

	if (has_param(x, "path"))
		return;
	json_object_set_new(x->params, "path", json_string(logs ? "/var/log" : "/"));
	work_note(w, x, NULL, INVENTED, "invented-path",
		  "disk_fill without a path: %s; it must be a volume of %s's own "
		  "('params: {path: /DIR}'), or the kernel answers for a full disk ('params: {path: /DIR, mode: "
		  "kernel}')",
		  logs ? "/var/log" : "/", x->targets ? x->targets[0] : "the target");
}

void invent_params(struct work *w, struct entry *x)
{
	size_t row = by_kind(x->kind), i;
	struct text said = {};
	bool amount = has_param(x, "bytes"), delay = has_param(x, "delay");

	if (row == ARRAY_SIZE(catalogue))
		return;
	if (!x->params)
		x->params = json_object();
	for (i = 0; i < ARRAY_SIZE(catalogue[row].params) && catalogue[row].params[i][0]; i++) {
		const char *name = catalogue[row].params[i][0], *value = catalogue[row].params[i][1];

		if (has_param(x, name) || (!strcmp(name, "jitter") && delay) || (amount && !strcmp(name, "percent")) ||
		    (!strcmp(name, "offset") && has_param(x, "drift")))
			continue;
		json_object_set_new(x->params, name, json_string(value));
		text_append(&said, "%s%s %s", said.len ? ", " : "", name, value);
	}
	if (said.s)
		work_note(w, x, NULL, INVENTED, "invented-params", "%s without %s: from number %d of the catalogue",
			  x->kind, said.s, catalogue[row].number);
	text_free(&said);
	if (!strcmp(x->kind, "disk_fill"))
		invent_path(w, x);
}

void invent_name(struct work *w, struct entry *x)
{
	if (x->targets && x->kind)
		x->name = text_format("%s_%s_%d", x->targets[0], x->kind, x->number);
	else
		x->name = text_format("experiment_%d", x->number);
	work_note(w, x, NULL, INVENTED, "invented-name", "no name: %s", x->name ? x->name : "");
}

void invent_duration(struct work *w, struct entry *x, const char *why)
{
	size_t row = by_kind(x->kind);

	x->duration = strdup(row < ARRAY_SIZE(catalogue) ? catalogue[row].duration : "60s");
	work_note(w, x, &x->v[SLOT_DURATION], INVENTED, "invented-duration", "%s: duration %s", why,
		  x->duration ? x->duration : "");
}

void invent_traffic(struct work *w, struct entry *x)
{
	x->traffic = strdup("100% synthetic load");
	work_note(w, x, &x->v[SLOT_TRAFFIC], INVENTED, "invented-traffic",
		  "no share of the traffic: 100%% of a "
		  "synthetic load, no real user");
}

void invent_window(struct work *w, struct entry *x, const char *why)
{
	x->window = strdup("t-5min to t+10min");
	work_note(w, x, &x->v[SLOT_WINDOW], INVENTED, "invented-window", "%s: capture_window %s", why,
		  x->window ? x->window : "");
}

void invent_trigger(struct work *w, struct entry *x, const char *why)
{
	x->trigger = strdup("probe_pass_rate < 10% for 30s");
	work_note(w, x, &x->v[SLOT_TRIGGER], INVENTED, "invented-trigger", "trigger_when: %s; taken: %s", why,
		  x->trigger ? x->trigger : "");
}

void invent_method(struct work *w, struct entry *x)
{
	x->method = strdup("faultline stop --all");
	work_note(w, x, &x->v[SLOT_METHOD], INVENTED, "invented-method", "rollback.method says nothing: %s",
		  x->method ? x->method : "");
}

void invent_automatic(struct work *w, struct entry *x, const char *why)
{
	work_note(w, x, &x->v[SLOT_AUTOMATIC], INVENTED, "invented-rollback",
		  "%s: faultline takes back by itself what "
		  "it did",
		  why);
}

void invent_hypothesis(struct work *w, struct entry *x, const char *why)
{
	x->steady = strdup("probe_pass_rate >= 99%");
	work_note(w, x, &x->v[SLOT_HYPOTHESIS], INVENTED, "invented-hypothesis",
		  "%s; taken: %s, the steady state of the "
		  "exercise",
		  why, x->steady ? x->steady : "");
}

void invent_metrics(struct work *w, struct entry *x)
{
	words_add(&x->metrics, strdup("probe_pass_rate"));
	words_add(&x->metrics, strdup("p99_latency"));
	work_note(w, x, &x->v[SLOT_METRICS], INVENTED, "invented-metrics",
		  "no metric of errors or latency that "
		  "faultline can measure: probe_pass_rate, p99_latency");
}

void invent_truth(struct work *w, struct entry *x)
{
	bool storm = x->kind && !strcmp(x->kind, "http_error");
	const char *target = x->targets ? x->targets[0] : NULL;

	if (!target)
		return;
	words_add(storm ? &x->not_roots : &x->roots, strdup(target));
	if (x->peer && !storm)
		words_add(&x->roots, strdup(x->peer));
	work_note(w, x, &x->v[SLOT_ROOT], INVENTED, "invented-truth",
		  "the ground truth names no service: %s%s%s%s, as in "
		  "the catalogue",
		  storm ? "not " : "", target, x->peer && !storm ? " or " : "", x->peer && !storm ? x->peer : "");
}

const char *invent_probe(struct work *w)
{
	work_note(w, NULL, NULL, INVENTED, "invented-probe",
		  "no probe: %s, as in the exercise; run --probe URL changes it", PROBE_URL);
	return PROBE_URL;
}

const char *invent_pipeline(struct work *w)
{
	work_note(w, NULL, NULL, INVENTED, "invented-pipeline",
		  "no pipeline: %s, as in the exercise; run --pipeline URL "
		  "changes it",
		  PIPELINE_URL);
	return PIPELINE_URL;
}
