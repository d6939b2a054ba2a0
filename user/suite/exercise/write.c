// SPDX-License-Identifier: GPL-2.0-only
/* write.c - the entries in our own form, each line with the line of the source that it came from. */
#include <ctype.h>
#include <stdarg.h>

#include "suite/exercise/entry.h"
#include "util/cleanup.h"

/* --- lines ------------------------------------------------------------------------------------ */

static void put(struct work *w, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* One line. */
static void put(struct work *w, int line, const char *fmt, ...)
{
	struct exercise *e = w->out;
	int *grown = reallocarray(e->lines, e->n_lines + 2, sizeof(*grown));
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = text_vformat(fmt, ap);
	va_end(ap);
	if (grown)
		e->lines = grown;
	if (!grown || !text) {
		w->failed = true;
		free(text);
		return;
	}
	e->lines[++e->n_lines] = line;
	text_append(&e->text, "%s\n", text);
	free(text);
}

/* As a JSON string, which YAML 1.2 reads; plain where nothing else can be meant. The caller's to free. */
static char *quoted(const char *s)
{
	static const char *const reserved[] = { "null", "true", "false", "yes", "no", "on", "off" };
	size_t i, len = strlen(s);
	bool plain = len && isalpha((unsigned char)s[0]) && s[len - 1] != ' ';
	json_t *string;
	char *text;

	for (i = 0; plain && i < len; i++)
		plain = isalnum((unsigned char)s[i]) || strchr("_./%-<>=+ ", s[i]);
	for (i = 0; i < ARRAY_SIZE(reserved); i++)
		plain &= strcasecmp(s, reserved[i]) != 0;
	if (plain)
		return strdup(s);
	string = json_string(s);
	text = string ? json_dumps(string, JSON_ENCODE_ANY) : strdup("\"\"");
	json_decref(string);
	return text;
}

static int line_of(const struct entry *x, enum slot slot)
{
	return x->v[slot].line ? x->v[slot].line : x->line;
}

static void put_key(struct work *w, int line, const char *indent, const char *key, const char *value)
{
	_cleanup_free_ char *text = value ? quoted(value) : NULL;

	if (text)
		put(w, line, "%s%s: %s", indent, key, text);
}

/* [a, b] */
static void put_list(struct work *w, int line, const char *indent, const char *key, char *const *list)
{
	struct text out = {};

	for (; list && *list; list++) {
		_cleanup_free_ char *text = quoted(*list);

		text_append(&out, "%s%s", out.len ? ", " : "", text ? text : "");
	}
	if (out.s)
		put(w, line, "%s%s: [%s]", indent, key, out.s);
	text_free(&out);
}

/* A text of several lines, as it was written. */
static void put_block(struct work *w, int line, const char *key, const char *text)
{
	if (!strchr(text, '\n') || text[0] == ' ') {
		put_key(w, line, "    ", key, text);
		return;
	}
	put(w, line, "    %s: |", key);
	while (*text) {
		size_t len = strcspn(text, "\n");

		put(w, line, "%s%.*s", len ? "      " : "", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

/* --- an experiment ---------------------------------------------------------------------------- */

static void put_params(struct work *w, const struct entry *x)
{
	struct text out = {};
	const char *name;
	json_t *value;

	json_object_foreach(x->params, name, value) {
		_cleanup_free_ char *text = quoted(json_string_value(value));

		text_append(&out, "%s%s: %s", out.len ? ", " : "", name, text ? text : "");
	}
	if (out.s)
		put(w, line_of(x, SLOT_PARAMS), "    params: {%s}", out.s);
	text_free(&out);
}

static void put_fault(struct work *w, struct entry *x)
{
	json_t *faults = NULL;

	if (x->v[SLOT_FAULTS].node && !yaml_json(w->y, x->v[SLOT_FAULTS].node, &faults)) {
		_cleanup_free_ char *text = json_dumps(faults, 0);

		put(w, line_of(x, SLOT_FAULTS), "    faults: %s", text ? text : "[]");
		json_decref(faults);
		return;
	}
	if (x->peer && !json_object_get(x->params, "peer") &&
	    strcmp(x->kind ? x->kind : "", "network_partition") != 0) {
		if (!x->params)
			x->params = json_object();
		json_object_set_new(x->params, "peer", json_string(x->peer));
	}
	put_key(w, line_of(x, SLOT_FAULT), "    ", "fault_type", x->kind);
	put_params(w, x);
}

static void put_blast(struct work *w, const struct entry *x)
{
	int line = line_of(x, x->v[SLOT_TARGET].line ? SLOT_TARGET : SLOT_BLAST_TARGET);
	size_t n = words_count(x->targets);

	put(w, line_of(x, SLOT_BLAST), "    blast_radius:");
	if (n == 1 && x->peer && !strcmp(x->kind ? x->kind : "", "network_partition")) {
		_cleanup_free_ char *edge = text_format("%s <-> %s", x->targets[0], x->peer);

		put_key(w, line, "      ", "target", edge);
	} else if (n == 1) {
		put_key(w, line, "      ", "target", x->targets[0]);
	} else if (!n) {
		put_key(w, line, "      ", "target",
			"unnamed"); /* reported as missing; the rest is read all the same */
	} else {
		put_list(w, line, "      ", "target", x->targets);
	}
	put_key(w, line_of(x, SLOT_TRAFFIC), "      ", "traffic", x->traffic);
	put_key(w, line_of(x, SLOT_DURATION), "      ", "duration", x->duration);
	if (x->stage)
		put_key(w, line_of(x, SLOT_STAGE), "      ", "stage", x->stage);
	else if (n > 1)
		put(w, line_of(x, SLOT_BLAST), "      stage: dev");
}

static void put_truth(struct work *w, const struct entry *x)
{
	put(w, line_of(x, SLOT_TRUTH), "    ground_truth:");
	put_list(w, line_of(x, SLOT_ROOT), "      ", "root_service", x->roots);
	put_list(w, line_of(x, SLOT_ROOT), "      ", "not_service", x->not_roots);
	put(w, line_of(x, SLOT_DETECT), "      must_detect: %s", x->must_detect ? "true" : "false");
	if (x->symptom && x->symptom[0])
		put_key(w, line_of(x, SLOT_CLASS), "      ", "symptom", x->symptom);
	if (x->reason && x->reason[0])
		put_key(w, line_of(x, SLOT_REASON), "      ", "reason", x->reason);
}

static void put_steady(struct work *w, const struct entry *x)
{
	char *rest = x->steady ? strdup(x->steady) : NULL, *start = rest, *word, **list = NULL;

	while (rest && (word = strsep(&rest, "\n")))
		words_add(&list, strdup(word));
	put_list(w, line_of(x, SLOT_HYPOTHESIS), "    ", "steady_state", list);
	words_free(list);
	free(start);
}

static void put_entry(struct work *w, struct entry *x)
{
	_cleanup_free_ char *description = value_text(w, &x->v[SLOT_DESCRIPTION], " ");
	_cleanup_free_ char *name = quoted(x->name ? x->name : "");

	put(w, line_of(x, SLOT_NAME), "  - name: %s", name ? name : "");
	put_key(w, line_of(x, SLOT_ID), "    ", "id", x->id);
	if (description && description[0])
		put_block(w, line_of(x, SLOT_DESCRIPTION), "description", description);
	if (x->v[SLOT_TAGS].node) {
		_cleanup_free_ char *tags = value_text(w, &x->v[SLOT_TAGS], ", ");

		put_key(w, line_of(x, SLOT_TAGS), "    ", "tags", tags);
	}
	put_block(w, line_of(x, SLOT_HYPOTHESIS), "hypothesis", x->hypothesis ? x->hypothesis : "");
	put_steady(w, x);
	put_fault(w, x);
	put_blast(w, x);
	put(w, line_of(x, SLOT_ROLLBACK), "    rollback:");
	put(w, line_of(x, SLOT_AUTOMATIC), "      automatic: true");
	put_key(w, line_of(x, SLOT_TRIGGER), "      ", "trigger_when", x->trigger);
	put_key(w, line_of(x, SLOT_METHOD), "      ", "method", x->method);
	put(w, line_of(x, SLOT_MEASURE), "    measurement:");
	put_list(w, line_of(x, SLOT_METRICS), "      ", "metrics", x->metrics);
	put_key(w, line_of(x, SLOT_WINDOW), "      ", "capture_window", x->window);
	put_list(w, line_of(x, SLOT_ABORTS), "    ", "abort_conditions", x->aborts);
	put_truth(w, x);
}

/* --- the suite -------------------------------------------------------------------------------- */

static json_t *value_json(struct work *w, enum slot slot)
{
	json_t *v = NULL;

	if (w->v[slot].node && yaml_json(w->y, w->v[slot].node, &v))
		w->failed = true;
	return v;
}

/* probe: URL, or {endpoint: URL, ...}: the URL; what else stands there is not used. */
static void put_url(struct work *w, json_t *suite, enum slot slot, const char *key)
{
	static const char *const names[] = { "url", "endpoint", "base_url", "target", "address", "host" };
	json_t *said = value_json(w, slot), *own = json_object_get(suite, key);
	const char *url = json_string_value(said);
	size_t i;

	for (i = 0; !url && i < ARRAY_SIZE(names); i++)
		url = json_string_value(json_object_get(said, names[i]));
	if (url && (!strncmp(url, "http://", 7) || !strncmp(url, "https://", 8)) && !json_object_get(own, "url")) {
		if (!own) {
			own = json_object();
			json_object_set_new(suite, key, own);
		}
		json_object_set_new(own, "url", json_string(url));
	}
	json_decref(said);
}

static void invent_url(struct work *w, json_t *suite, const char *key, const char *(*invent)(struct work *w))
{
	json_t *own = json_object_get(suite, key);

	if (json_object_get(own, "url") || json_object_get(suite, "stack"))
		return;
	if (!own) {
		own = json_object();
		json_object_set_new(suite, key, own);
	}
	json_object_set_new(own, "url", json_string(invent(w)));
}

static void put_time(struct work *w, json_t *suite, enum slot slot, const char *key)
{
	_cleanup_free_ char *text = value_text(w, &w->v[slot], " ");
	_cleanup_free_ char *time = text ? duration_of(text, w->v[slot].unit, UNIT_S) : NULL;

	if (time && !json_object_get(suite, key))
		json_object_set_new(suite, key, json_string(time));
	else if (text && !time)
		work_note(w, NULL, &w->v[slot], NOTE, "ignored-key", "%s: '%.60s' is no duration and is not used", key,
			  text);
}

static void put_suite(struct work *w)
{
	json_t *suite = value_json(w, SLOT_SUITE), *value;
	_cleanup_free_ char *url = value_text(w, &w->v[SLOT_PROMETHEUS], "");
	const char *key;

	if (!json_is_object(suite)) {
		json_decref(suite);
		suite = json_object();
	}
	put_url(w, suite, SLOT_PROBE, "probe");
	put_url(w, suite, SLOT_PIPELINE, "pipeline");
	if (!url && w->v[SLOT_PROMETHEUS].node) { /* {url: ...} */
		json_t *said = value_json(w, SLOT_PROMETHEUS);
		const char *inner = json_string_value(json_object_get(said, "url"));

		url = inner ? strdup(inner) : NULL;
		json_decref(said);
	}
	if (url && !strncmp(url, "http", 4) && !json_object_get(suite, "prometheus"))
		json_object_set_new(suite, "prometheus", json_string(url));
	put_time(w, suite, SLOT_BASELINE, "baseline");
	put_time(w, suite, SLOT_COOLDOWN, "cooldown");
	put_time(w, suite, SLOT_GRACE, "grace");
	invent_url(w, suite, "probe", invent_probe);
	invent_url(w, suite, "pipeline", invent_pipeline);
	if (w->clean && !json_object_get(suite, "accept"))
		json_object_set_new(suite, "accept", json_pack("[s, s]", "single-fault-suite", "unversioned-config"));
	put(w, w->v[SLOT_SUITE].line, "suite:");
	json_object_foreach(suite, key, value) {
		_cleanup_free_ char *text = json_dumps(value, JSON_ENCODE_ANY);

		put(w, w->v[SLOT_SUITE].line, "  %s: %s", key, text ? text : "null");
	}
	json_decref(suite);
}

void work_write(struct work *w)
{
	size_t i;

	put_suite(w);
	put(w, 0, "experiments:");
	for (i = 0; i < w->n; i++)
		put_entry(w, &w->entries[i]);
	if (!w->out->text.s || w->out->text.failed)
		w->failed = true;
}
