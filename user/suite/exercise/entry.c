// SPDX-License-Identifier: GPL-2.0-only
/* entry.c - the plain values of an entry: name, duration, traffic, window, rollback; and what is measured. */
#include <ctype.h>
#include <strings.h>

#include "measure/metric_name.h"
#include "suite/exercise/entry.h"
#include "suite/exercise/measure.h"
#include "util/cleanup.h"
#include "util/text/units.h"

/* --- name, duration, traffic, window ---------------------------------------------------------- */

/* One line of at most 100 bytes, whole characters. */
static char *one_line(const char *text)
{
	size_t len = strcspn(text, "\n"), i;
	char *line;

	while (len > 100 || (len && ((unsigned char)text[len] & 0xc0) == 0x80))
		len--;
	line = strndup(text, len);
	for (i = 0; line && line[i]; i++)
		if ((unsigned char)line[i] < ' ')
			line[i] = ' ';
	return line;
}

static bool is_name_taken(const struct work *w, const struct entry *x, const char *name)
{
	const struct entry *o;

	for (o = w->entries; o < x; o++)
		if (o->name && !strcmp(o->name, name))
			return true;
	return false;
}

static const struct entry *with_id(const struct work *w, const struct entry *end, const char *id)
{
	const struct entry *o;

	for (o = w->entries; o < end; o++)
		if (o->id && !strcmp(o->id, id))
			return o;
	return NULL;
}

/* An id that an entry above has already would make `--only` mean two: the next free number. */
static void take_id(struct work *w, struct entry *x)
{
	_cleanup_free_ char *id = value_text(w, &x->v[SLOT_ID], "");
	const struct entry *o;
	size_t i;
	int free_one;

	if (!id || text_says_nothing(id))
		return;
	o = with_id(w, x, id);
	if (!o) {
		x->id = take_ptr(id);
		return;
	}
	for (i = 0, free_one = 1; i < w->n; i++)
		if (w->entries[i].number >= free_one)
			free_one = w->entries[i].number + 1;
	x->number = free_one;
	x->id = text_format("%d", free_one);
	work_note(w, x, &x->v[SLOT_ID], INVENTED, "invented-id", "id %.40s is that of the entry at line %d: %d", id,
		  o->line, free_one);
}

static void take_name(struct work *w, struct entry *x)
{
	_cleanup_free_ char *said = value_text(w, &x->v[SLOT_NAME], " ");

	if (said && !text_says_nothing(said)) {
		free(x->name);
		x->name = one_line(said);
	}
	take_id(w, x);
	if (!x->name && x->id && !isdigit((unsigned char)x->id[0]))
		x->name = strdup(x->id);
	if (!x->name)
		invent_name(w, x);
	if (x->name && is_name_taken(w, x, x->name)) {
		char *other = text_format("%s_%d", x->name, x->number);

		if (other && x->v[SLOT_NAME].node)
			work_note(w, x, &x->v[SLOT_NAME], INVENTED, "invented-name",
				  "'%.80s' is the name of an entry above: "
				  "%.80s",
				  x->name, other);

		free(x->name);
		x->name = other;
	}
}

/* max_duration: the fault is on no longer than that; as long, where nothing else says how long. */
static void limit_duration(struct work *w, struct entry *x)
{
	const struct value *v = &x->v[SLOT_MAX_DURATION];
	_cleanup_free_ char *text = quantity_text(w, v->node);
	_cleanup_free_ char *limit = text && !text_says_nothing(text) ? duration_of(text, v->unit, UNIT_S) : NULL;
	uint64_t ns, most;

	if (limit && !units_duration_ns(limit, &most, NULL) && most) {
		if (x->duration && (units_duration_ns(x->duration, &ns, NULL) || ns <= most))
			return;
		work_note(w, x, v, NOTE, "max-duration", "the fault is on for %s, the longest that the file allows%s%s",
			  limit, x->duration ? ", and not for " : "", x->duration ? x->duration : "");
		free(x->duration);
		x->duration = take_ptr(limit);
	} else if (text && !text_says_nothing(text)) {
		work_note(w, x, v, NOTE, "unread-limit", "'%.60s' is no duration, and limits nothing", text);
	}
	if (!x->duration)
		invent_duration(w, x, "no duration");
}

static void take_duration(struct work *w, struct entry *x)
{
	_cleanup_free_ char *text = quantity_text(w, x->v[SLOT_DURATION].node), *first = NULL, *why = NULL;
	uint64_t ns = 0;

	if (x->duration) /* with the kind: "partition 30s" */
		return;
	if ((!text || text_says_nothing(text)) && x->command.duration) {
		free(text);
		text = strdup(x->command.duration);
	}
	if (!text || text_says_nothing(text))
		return; /* limit_duration() */
	x->duration = duration_of(text, x->v[SLOT_DURATION].unit, UNIT_S);
	if (!x->duration) { /* "60s per kill, 3 kills" */
		first = strndup(text, strcspn(text, ",;("));
		x->duration = first ? duration_of(first, x->v[SLOT_DURATION].unit, UNIT_S) : NULL;
	}
	if (!x->duration) /* "1 instance, 100% of the traffic, 60s" */
		x->duration = time_in(text);
	if (x->duration && !units_duration_ns(x->duration, &ns, NULL) && ns)
		return;
	free(x->duration);
	why = text_format("'%.60s' is no duration", text);
	invent_duration(w, x, why ? why : "no duration");
}

/* traffic_percent: 100 is a share of the exercise's synthetic load; only words say production. */
static void take_traffic(struct work *w, struct entry *x)
{
	_cleanup_free_ char *text = quantity_text(w, x->v[SLOT_TRAFFIC].node), *number = NULL;
	const char *percent = text ? strchr(text, '%') : NULL, *from = percent;
	double v;

	if (!text || text_says_nothing(text)) {
		invent_traffic(w, x);
		return;
	}
	while (from && from > text && strchr("0123456789. ", from[-1]))
		from--;
	from = from ? from + strspn(from, " ") : text;
	number = strndup(from, strspn(from, "0123456789."));
	if (percent && x->v[SLOT_TRAFFIC].node != x->v[SLOT_BLAST].node &&
	    (strcasestr(text, "prod") || strcasestr(text, "canary") || strcasestr(text, "real") ||
	     strcasestr(text, "synthetic") || strcasestr(text, "load test")))
		x->traffic = strdup(text);
	else if (number && number[0] && !units_double(number, &v, NULL) && v <= 100)
		x->traffic = text_format("%.6g%% of the synthetic load",
					 x->v[SLOT_TRAFFIC].unit != UNIT_PERCENT && !percent && v <= 1 ? v * 100 : v);
	else
		x->traffic = strdup("100% synthetic load");
	if (number && number[0] && !units_double(number, &v, NULL) && v > 1 && v < 100 && !strcasestr(text, "prod"))
		work_note(w, x, &x->v[SLOT_TRAFFIC], NOTE, "whole-load",
			  "%.6g%% of a synthetic load is not kept apart: "
			  "the fault is on all of it; 'params: {share: %.6g%%}' keeps it so",
			  v, v);
}

/* "canary", "Stage 3", 3: the rows of the exercise's table of stages. */
static void take_stage(struct work *w, struct entry *x)
{
	static const char *const names[] = { "dev", "staging", "canary", "region", "global" };
	_cleanup_free_ char *text = value_text(w, &x->v[SLOT_STAGE], " ");
	const char *digit = text ? strpbrk(text, "0123456789") : NULL;
	size_t i;

	if (!text || text_says_nothing(text))
		return;
	for (i = 0; !x->stage && i < ARRAY_SIZE(names); i++)
		if (strcasestr(text, names[i]))
			x->stage = strdup(names[i]);
	if (!x->stage && digit && *digit >= '1' && *digit <= '5' && !isdigit((unsigned char)digit[1]))
		x->stage = strdup(names[*digit - '1']);
	if (!x->stage)
		work_note(w, x, &x->v[SLOT_STAGE], NOTE, "unread-stage",
			  "'%.60s' is none of the stages dev, staging, canary, "
			  "region and global: it is taken from the traffic",
			  text);
}

/* The durations in "t-5min to t+10min", "-5m/+10m", "5 min before, 10 min after", "300". */
static size_t find_times(const char *text, enum key_unit unit, char *ret[2])
{
	const char *begin = text;
	size_t n = 0;

	while (*text && n < 2) {
		size_t len = strspn(text, "0123456789."), letters = 0;
		const char *tail;
		_cleanup_free_ char *one = NULL;

		if (!strncmp(text, "PT", 2) && isdigit((unsigned char)text[2])) {
			letters = strspn(text, "PTHMS0123456789");
			one = strndup(text, letters);
			ret[n] = one ? duration_of(one, unit, UNIT_S) : NULL;
			n += ret[n] != NULL;
			text += letters;
			continue;
		}

		if (!len || (text > begin && (isalnum((unsigned char)text[-1]) || text[-1] == '_'))) { /* "p99" */
			text += len ? len : 1;
			continue;
		}
		tail = text + len + strspn(text + len, " ");
		while (isalpha((unsigned char)tail[letters]) || (unsigned char)tail[letters] >= 0x80)
			letters++;
		one = text_format("%.*s%.*s", (int)len, text, (int)letters, tail);
		ret[n] = one ? duration_of(one, unit, UNIT_S) : NULL;
		if (!ret[n] && one) { /* "5 before" */
			one[len] = '\0';
			ret[n] = duration_of(one, unit, UNIT_S);
		}
		n += ret[n] != NULL;
		text = tail + letters;
	}
	return n;
}

static void take_window(struct work *w, struct entry *x)
{
	/* {before: 60s, after: 300s} is read like "before 60s after 300s". */
	_cleanup_free_ char *text = condition_text(w, x->v[SLOT_WINDOW].node);
	char *times[2] = {};
	size_t n;

	if (!text) {
		invent_window(w, x, x->v[SLOT_WINDOW].node ? "it cannot be read" : "no capture_window");
		return;
	}
	n = find_times(text, x->v[SLOT_WINDOW].unit, times);
	if (n)
		x->window = text_format("t-%s to t+%s", times[0], times[n - 1]);
	else
		invent_window(w, x, "it has no time in it");
	free(times[0]);
	free(times[1]);
}

/* "tự động khi ...", "automatic, when ...": a rollback in one sentence. */
static bool says_automatic(const char *text)
{
	return (strcasestr(text, "automatic") || strcasestr(text, "tự động") || strcasestr(text, "auto-")) &&
	       !strcasestr(text, "not auto") && !strcasestr(text, "không tự động") && !strcasestr(text, "manual");
}

/* {command: docker restart x, timeout: 30s} is what its first text says. */
static char *method_text(struct work *w, struct fy_node *node)
{
	return node_is_mapping(node) ? command_line(w, node) : node ? node_text(w, node, "; ") : NULL;
}

static void take_rollback(struct work *w, struct entry *x)
{
	_cleanup_free_ char *text = value_text(w, &x->v[SLOT_AUTOMATIC], " ");
	char *method = method_text(w, x->v[SLOT_METHOD].node);

	if (!x->v[SLOT_AUTOMATIC].node)
		invent_automatic(w, x, "rollback.automatic is not said");
	else if (!text || (names_bool(text) != 1 && !says_automatic(text)))
		invent_automatic(w, x, "rollback.automatic is not true");
	if (method && method[0] && strcasecmp(method, "null") != 0) {
		x->method = method;
		return;
	}
	free(method);
	invent_method(w, x);
}

void entry_plain(struct work *w, struct entry *x)
{
	take_name(w, x);
	take_duration(w, x);
	limit_duration(w, x);
	take_traffic(w, x);
	take_stage(w, x);
	take_window(w, x);
	take_rollback(w, x);
}

/* --- what is measured ------------------------------------------------------------------------- */

static void take_trigger(struct work *w, struct entry *x)
{
	_cleanup_free_ char *text = condition_text(w, x->v[SLOT_TRIGGER].node), *why = NULL;
	bool lost = false;

	if (!text || text_says_nothing(text)) {
		invent_trigger(w, x, x->v[SLOT_TRIGGER].node ? "none is said" : "it is missing");
		return;
	}
	x->trigger = measure_condition(&w->known, text, &lost);
	if (!x->trigger) {
		why = text_format("'%.100s' is prose, or no metric that faultline can measure", text);
		invent_trigger(w, x, why ? why : "prose");
	} else if (lost) {
		work_note(w, x, &x->v[SLOT_TRIGGER], NOTE, "unmeasured-trigger",
			  "of '%.120s' faultline can measure: %.120s", text, x->trigger);
	}
}

static void take_hypothesis(struct work *w, struct entry *x)
{
	_cleanup_free_ char *steady = prose_text(w, x->v[SLOT_STEADY].node), *both = NULL;
	struct text clauses = {}, lost = {};
	bool changed = false;
	uint32_t n;

	x->hypothesis = value_text(w, &x->v[SLOT_HYPOTHESIS], "\n");
	if (!x->hypothesis && x->v[SLOT_HYPOTHESIS].node)
		x->hypothesis = prose_text(w, x->v[SLOT_HYPOTHESIS].node);
	if (!x->hypothesis && steady)
		x->hypothesis = strdup(steady);
	if (!x->hypothesis || text_says_nothing(x->hypothesis)) {
		work_note(w, x, &x->v[SLOT_HYPOTHESIS], WRONG, "no-hypothesis",
			  "%s: say what users still get while the "
			  "fault is on: 'probe pass-rate >= 99%%, p99 latency < 500ms'",
			  x->hypothesis && x->hypothesis[0] ? "the hypothesis is still to be written"
							    : "no hypothesis");
		return;
	}
	both = steady && x->v[SLOT_HYPOTHESIS].node ? text_format("%s\n%s", x->hypothesis, steady)
						    : strdup(x->hypothesis);
	n = both ? measure_hypothesis(&w->known, both, &clauses, &changed, &lost) : 0;
	if (lost.s)
		work_note(w, x, &x->v[SLOT_HYPOTHESIS], NOTE, "unmeasured-clause", "faultline cannot measure: %.300s",
			  lost.s);
	if (!n)
		invent_hypothesis(w, x,
				  lost.s ? "nothing in the hypothesis can be measured"
					 : "the hypothesis has no clause 'metric op number'");
	else if (changed || steady)
		x->steady = clauses.s ? strdup(clauses.s) : NULL;
	text_free(&clauses);
	text_free(&lost);
}

static void take_metric(struct work *w, struct entry *x, char *name)
{
	_cleanup_free_ char *plain = plain_metrics(name);
	char known[160];
	bool inverse;
	char **m;

	if (text_says_nothing(name))
		return;
	if (!measure_name(&w->known, name, known, sizeof(known), &inverse) &&
	    !(plain && measure_name(&w->known, plain, known, sizeof(known), &inverse))) {
		work_note(w, x, &x->v[SLOT_METRICS], NOTE, "unmeasured-metric",
			  "faultline cannot measure '%.80s'; "
			  "suite.metrics: {%.60s: {prometheus: '...'}} says where it comes from",
			  name, name);
		return;
	}
	for (m = x->metrics; m && *m; m++)
		if (!strcmp(*m, known))
			return;
	words_add(&x->metrics, strdup(known));
}

/* "p99_latency trong 300s", "pass rate over 5 min": the metric. */
static void cut_while(char *text)
{
	static const char *const words[] = { " trong ", " for ", " over ", " within ", " during ", " in " };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		char *at = strstr(text, words[i]);

		if (at)
			*at = '\0';
	}
}

static void take_metrics(struct work *w, struct entry *x, struct fy_node *node)
{
	struct fy_node *value = yaml_deref(node), *item;
	_cleanup_free_ char *text = NULL;
	char *rest, *word;
	void *iter = NULL;

	if (value && fy_node_is_sequence(value)) {
		while ((item = fy_node_sequence_iterate(value, &iter)))
			take_metrics(w, x, item);
		return;
	}
	if (value && fy_node_is_mapping(value)) {
		struct fy_node_pair *pair;

		item = fy_node_mapping_lookup_by_string(value, "name", FY_NT);
		if (!item)
			item = fy_node_mapping_lookup_by_string(value, "metric", FY_NT);
		if (item)
			take_metrics(w, x, item);
		while (!item && (pair = fy_node_mapping_iterate(value, &iter)))
			take_metrics(w, x, fy_node_pair_value(pair)); /* {users: probe_pass_rate} */
		return;
	}
	text = node_text(w, node, ",");
	if (text && strchr(text, '{')) { /* commas belong to the labels */
		take_metric(w, x, text);
		return;
	}
	for (rest = text; rest && (word = strsep(&rest, ",;\n"));) {
		word += strspn(word, " ");
		cut_while(word);
		if (word[0])
			take_metric(w, x, word);
	}
}

static void take_abort(struct work *w, struct entry *x, struct fy_node *node)
{
	_cleanup_free_ char *text = condition_text(w, node);
	bool lost = false;
	char *made = text ? measure_condition(&w->known, text, &lost) : NULL;

	if (made)
		words_add(&x->aborts, made);
	if (text && (!made || lost))
		work_note(w, x, &x->v[SLOT_ABORTS], NOTE, "unmeasured-abort", "abort condition '%.120s' %s", text,
			  made ? "is only measured in part"
			       : "is prose, or no metric that faultline can measure: not used");
}

void entry_measure(struct work *w, struct entry *x)
{
	struct fy_node *aborts = yaml_deref(x->v[SLOT_ABORTS].node), *item;
	bool telling = false;
	void *iter = NULL;
	char **m;

	take_hypothesis(w, x);
	take_trigger(w, x);
	take_metrics(w, x, x->v[SLOT_METRICS].node);
	take_metrics(w, x, x->v[SLOT_MORE_METRICS].node);
	for (m = x->metrics; m && *m; m++)
		telling |= metric_is_telling(&w->known, *m);
	if (!telling)
		invent_metrics(w, x);
	if (aborts && fy_node_is_sequence(aborts))
		while ((item = fy_node_sequence_iterate(aborts, &iter)))
			take_abort(w, x, item);
	else if (aborts)
		take_abort(w, x, aborts);
}
