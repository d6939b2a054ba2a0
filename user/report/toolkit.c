// SPDX-License-Identifier: GPL-2.0-only
/*
 * toolkit.c - a run as a journal of Chaos Toolkit, for what reads those. Its layout has one experiment:
 * the suite is that, its faults are the actions of the method, and after the faults of an experiment
 * stands the external probe over its fault window. See export.h.
 */
#include <errno.h>
#include <math.h>
#include <time.h>

#include "report/export.h"
#include "report/report.h"
#include "util/cleanup.h"
#include "util/json/json_path.h"

/* Python's datetime.utcnow().isoformat(), which is what Chaos Toolkit writes; null: not known. */
static json_t *iso_time(double epoch_s)
{
	time_t whole = isfinite(epoch_s) ? (time_t)floor(epoch_s) : 0;
	char date[32];
	struct tm tm;

	if (whole <= 0 || !gmtime_r(&whole, &tm) || !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm))
		return json_null();
	return json_sprintf("%s.%06d", date, (int)((epoch_s - floor(epoch_s)) * 1e6));
}

static json_t *seconds(double from, double to)
{
	return isfinite(from) && isfinite(to) && from > 0 && to >= from ? json_real(to - from) : json_null();
}

static json_t *text_or_null(const char *s)
{
	return s && *s ? json_string(s) : json_null();
}

/* --- the activities --------------------------------------------------------------------------- */

static json_t *probe_activity(const struct folder *f)
{
	char url[256];

	folder_manifest(f, "probe_url", url, sizeof(url));
	return json_pack("{s:s, s:s, s:i, s:{s:s, s:o}}", "type", "probe", "name", "external probe", "tolerance", 200,
			 "provider", "type", "http", "url", text_or_null(url));
}

/* What inject would be called with for this fault. */
static json_t *fault_arguments(const json_t *proof)
{
	json_t *words = json_array(), *item;
	struct text targets = {};
	const char *name;
	size_t i;

	json_array_append_new(words, json_string("inject"));
	json_array_append_new(words, text_or_null(json_string_value(json_object_get(proof, "kind"))));
	json_array_foreach(json_object_get(proof, "targets"), i, item)
		text_append(&targets, "%s%s", i ? "," : "", json_string_value(item) ?: "");
	json_array_append_new(words, json_string(targets.s ? targets.s : ""));
	text_free(&targets);
	json_object_foreach(json_object_get(proof, "params"), name, item)
		if (json_is_string(item))
			json_array_append_new(words, json_sprintf("--%s=%s", name, json_string_value(item)));
	return words;
}

static json_t *fault_activity(const struct result *r, const json_t *proof)
{
	const char *kind = json_string_value(json_object_get(proof, "kind"));

	return json_pack("{s:s, s:o, s:{s:s, s:s, s:o}}", "type", "action", "name",
			 json_sprintf("%s: %s", r->name, kind ? kind : r->fault_type ?: ""), "provider", "type",
			 "process", "path", "faultline", "arguments", fault_arguments(proof));
}

/* --- what was done ---------------------------------------------------------------------------- */

static const char *status_of(const struct result *r, const json_t *proof)
{
	if (r->status == RESULT_SKIPPED)
		return "skipped";
	if (r->status == RESULT_ABORTED)
		return "aborted";
	return json_integer_value(json_object_get(proof, "injected")) > 0 ? "succeeded" : "failed";
}

static void add_fault(json_t *method, json_t *run, const struct result *r, json_t *proof)
{
	double on = json_number_value(json_object_get(proof, "on"));
	double off = json_number_value(json_object_get(proof, "off"));
	json_t *activity = fault_activity(r, proof);

	json_array_append(method, activity);
	json_array_append_new(run,
			      json_pack("{s:o, s:o?, s:s, s:o, s:o, s:o}", "activity", activity, "output",
					proof ? json_incref(proof) : json_null(), "status", status_of(r, proof),
					"start", iso_time(on), "end", iso_time(off), "duration", seconds(on, off)));
}

static void add_probe(const struct folder *f, json_t *run, const struct result *r)
{
	const json_t *during = json_path(r->detail, "probe.during");
	const json_t *hypothesis = json_object_get(r->detail, "hypothesis");
	const char *verdict = json_string_value(json_object_get(hypothesis, "verdict"));

	if (!json_is_object(during))
		return;
	json_array_append_new(run, json_pack("{s:o, s:{s:O, s:O?}, s:s, s:b, s:o, s:o, s:o}", "activity",
					     probe_activity(f), "output", "probe", during, "hypothesis", hypothesis,
					     "status", "succeeded", "tolerance_met",
					     verdict && !strcmp(verdict, "held"), "start", iso_time(r->inject), "end",
					     iso_time(r->end), "duration", seconds(r->inject, r->end)));
}

/* --- steady states and the verdict ------------------------------------------------------------ */

static json_t *steady_state(const struct folder *f, const struct result *r, const char *window, bool met, double from,
			    double to)
{
	_cleanup_free_ char *path = text_format("probe.%s", window);
	json_t *sum = path ? json_path(r->detail, path) : NULL;
	json_t *probe = json_pack("{s:o, s:O?, s:s, s:b, s:o, s:o, s:o}", "activity", probe_activity(f), "output", sum,
				  "status", "succeeded", "tolerance_met", met, "start", iso_time(from), "end",
				  iso_time(to), "duration", seconds(from, to));

	return json_pack("{s:b, s:[o]}", "steady_state_met", met, "probes", probe);
}

/* After the last fault: back at some time, or not until the end of the run. One that was cut short was not
 * watched: null, as Chaos Toolkit has it. */
static json_t *steady_after(const struct folder *f, double ended)
{
	const struct result *last = f->n ? &f->results[f->n - 1] : NULL;
	bool came_back = last && last->recovered > 0;

	if (!last || !(last->end > 0) || (!came_back && last->status == RESULT_ABORTED))
		return json_null();
	return steady_state(f, last, "after", came_back, last->end, came_back ? last->recovered : ended);
}

/* Before: the first baseline; a run without it never began. */
static json_t *steady_states(const struct folder *f, double ended)
{
	const struct result *first = f->n ? &f->results[0] : NULL;

	return json_pack("{s:o, s:o, s:[]}", "before",
			 first && first->baseline_start > 0
				 ? steady_state(f, first, "before", first->inject > 0, first->baseline_start,
						first->baseline_end > 0 ? first->baseline_end : ended)
				 : json_null(),
			 "after", steady_after(f, ended), "during");
}

/* Chaos Toolkit's deviation is a steady state that is not met; a refuted hypothesis is one here. */
static bool has_deviated(const struct folder *f)
{
	uint32_t i;

	for (i = 0; i < f->n; i++) {
		const char *verdict = json_string_value(json_path(f->results[i].detail, "hypothesis.verdict"));

		if (f->results[i].status == RESULT_NOT_RECOVERED || (verdict && !strcmp(verdict, "refuted")))
			return true;
	}
	return false;
}

/* completed, failed, aborted or interrupted: it knows no others. */
static const char *run_status(const struct folder *f, bool deviated)
{
	uint32_t i;

	for (i = 0; i < f->n; i++) {
		const char *cause = json_string_value(json_path(f->results[i].detail, "rollback.cause"));

		if (f->results[i].status == RESULT_ABORTED && cause && !strcmp(cause, "signal"))
			return "interrupted";
		if (f->results[i].status == RESULT_ABORTED)
			return "aborted";
	}
	return deviated ? "failed" : "completed";
}

/* --- the whole -------------------------------------------------------------------------------- */

static json_t *experiment_of(const struct folder *f, json_t *method)
{
	struct text hypotheses = {};
	char suite[128];
	uint32_t i;
	json_t *o;

	folder_manifest(f, "suite", suite, sizeof(suite));
	for (i = 0; i < f->n; i++) {
		const char *text = json_string_value(json_path(f->results[i].detail, "hypothesis.text"));

		if (text)
			text_append(&hypotheses, "%s%s: %s", hypotheses.len ? "\n" : "", f->results[i].name, text);
	}
	o = json_pack("{s:s, s:s, s:s, s:[], s:{s:s, s:[o]}, s:O, s:[]}", "version", "1.0.0", "title",
		      *suite ? suite : "faultline", "description", "Chaos run of faultline, one action a fault.",
		      "tags", "steady-state-hypothesis", "title", hypotheses.s ? hypotheses.s : "", "probes",
		      probe_activity(f), "method", method, "rollbacks");
	text_free(&hypotheses);
	return o;
}

json_t *export_toolkit_journal(const struct folder *f)
{
	json_t *method = json_array(), *run = json_array(), *journal, *proofs;
	double started = json_number_value(json_object_get(f->manifest, "started"));
	double ended = json_number_value(json_object_get(f->manifest, "ended"));
	char tool[64], kernel[128], machine[64], node[128];
	bool deviated = has_deviated(f);
	uint32_t i;
	size_t k;

	for (i = 0; i < f->n; i++) {
		proofs = json_object_get(f->results[i].detail, "proof");
		for (k = 0; k < json_array_size(proofs); k++)
			add_fault(method, run, &f->results[i], json_array_get(proofs, k));
		if (!json_array_size(proofs))
			add_fault(method, run, &f->results[i], NULL);
		add_probe(f, run, &f->results[i]);
	}
	folder_manifest(f, "faultline", tool, sizeof(tool));
	folder_manifest(f, "host.kernel", kernel, sizeof(kernel));
	folder_manifest(f, "host.machine", machine, sizeof(machine));
	journal =
		json_pack("{s:o, s:o, s:s, s:o, s:o, s:s, s:b, s:o, s:o, s:[], s:o, s:o}", "chaoslib-version",
			  json_sprintf("faultline %s", tool), "platform", json_sprintf("Linux-%s-%s", kernel, machine),
			  "node", folder_manifest(f, "host.name", node, sizeof(node)), "experiment",
			  experiment_of(f, method), "start", iso_time(started), "status", run_status(f, deviated),
			  "deviated", deviated, "steady_states", steady_states(f, ended), "run", run, "rollbacks",
			  "end", iso_time(ended), "duration", seconds(started, ended));
	json_decref(method);
	return journal;
}

int export_journal(const struct folder *f, const char *path, struct fl_error *err)
{
	json_t *journal = export_toolkit_journal(f);
	_cleanup_free_ char *text = journal ? json_dumps(journal, JSON_INDENT(2) | JSON_REAL_PRECISION(16)) : NULL;

	json_decref(journal);
	return text ? file_write(path, text, strlen(text), 0644, err)
		    : error_sys(err, ENOMEM, "cannot write %s: out of memory", path);
}
