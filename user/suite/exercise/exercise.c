// SPDX-License-Identifier: GPL-2.0-only
/* exercise.c - from the document to our own form: read, understand, complete, write. See exercise.h. */
#include <errno.h>
#include <stdarg.h>

#include "suite/exercise/entry.h"
#include "suite/exercise/phrase.h"
#include "util/cleanup.h"
#include "util/text/utf8.h"

void work_note(struct work *w, const struct entry *x, const struct value *at, enum note_kind kind, const char *rule,
	       const char *fmt, ...)
{
	struct exercise *e = w->out;
	struct finding *grown = reallocarray(e->findings, e->n_findings + 1, sizeof(*grown)), *f;
	va_list ap;

	if (!grown) {
		w->failed = true;
		return;
	}
	e->findings = grown;
	f = &grown[e->n_findings++];
	*f = (struct finding){ .error = kind == WRONG, .invented = kind == INVENTED };
	snprintf(f->rule, sizeof(f->rule), "%s", rule);
	if (x) {
		f->experiment = x->number;
		f->line = at && at->line ? at->line : x->line;
		f->column = at && at->line ? at->column : x->column;
	} else if (at) {
		f->line = at->line;
		f->column = at->column;
	}
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	utf8_mend(f->text);
}

/* --- the services that there are -------------------------------------------------------------- */

static void know(struct work *w, const char *name)
{
	size_t i;

	for (i = 0; i < w->n_services; i++)
		if (!strcmp(w->services[i], name))
			return;
	w->services[w->n_services++] = name;
}

/* One of its services, or a container of one. */
static bool is_of_exercise(const char *text)
{
	struct phrase p;
	size_t i;

	phrase_read(text, names_services, &p);
	for (i = 0; p.n && names_services[i]; i++)
		if (!strcmp(names_services[i], p.found[0]))
			return true;
	return false;
}

/* The exercise's own, and what the file itself calls a target in one word. */
static int know_services(struct work *w, char ***ret_own)
{
	size_t i, k;

	for (i = 0; i < w->n; i++) {
		static const enum slot slots[] = { SLOT_TARGET, SLOT_ROOT, SLOT_TRUTH_TARGET };

		for (k = 0; k < ARRAY_SIZE(slots); k++) {
			char *text = value_text(w, &w->entries[i].v[slots[k]], " ");

			if (text && text[0] && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_")] &&
			    strchr(text, '-') && !exercise_not(text) && strncmp(text, "edge", 4) != 0 &&
			    !is_of_exercise(text))
				words_add(ret_own, text);
			else
				free(text);
		}
	}
	targets_beside(w->y->name, ret_own);
	w->services = calloc(words_count(*ret_own) + 20, sizeof(*w->services));
	if (!w->services)
		return -ENOMEM;
	for (i = 0; names_services[i]; i++)
		know(w, names_services[i]);
	for (i = 0; *ret_own && (*ret_own)[i]; i++)
		know(w, (*ret_own)[i]);
	return 0;
}

/* A suite of targets and metrics only, which is all that names of metrics need. */
static int know_targets(struct work *w)
{
	json_t *suite = NULL;
	size_t i;

	/* What the file's own suite says of metrics stands. */
	if (w->v[SLOT_SUITE].node && !yaml_json(w->y, w->v[SLOT_SUITE].node, &suite)) {
		w->known.metrics = json_incref(json_object_get(suite, "metrics"));
		w->known.prometheus_url = json_object_get(suite, "prometheus") ? (char *)"http://" : NULL;
		json_decref(suite);
	}

	w->known.experiments = calloc(w->n + 1, sizeof(*w->known.experiments));
	if (!w->known.experiments)
		return -ENOMEM;
	for (i = 0; i < w->n; i++)
		w->known.experiments[i].targets = w->entries[i].targets;
	w->known.n = (uint32_t)w->n;
	return 0;
}

/* --- the whole -------------------------------------------------------------------------------- */

static void entry_release(struct entry *x)
{
	free(x->id);
	free(x->name);
	free(x->kind);
	free(x->action);
	command_release(&x->command);
	words_free(x->targets);
	free(x->peer);
	json_decref(x->params);
	free(x->duration);
	free(x->traffic);
	free(x->window);
	free(x->stage);
	free(x->trigger);
	free(x->method);
	free(x->hypothesis);
	free(x->steady);
	words_free(x->metrics);
	words_free(x->aborts);
	words_free(x->roots);
	words_free(x->not_roots);
	free(x->symptom);
	free(x->reason);
}

static int by_line(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	/* What is about the whole file comes last. */
	if (!x->line != !y->line)
		return x->line ? -1 : 1;
	return x->line != y->line ? x->line - y->line : x->order - y->order;
}

static void sort_findings(struct exercise *e)
{
	uint32_t i;

	for (i = 0; i < e->n_findings; i++)
		e->findings[i].order = (int)i;
	if (e->n_findings)
		qsort(e->findings, e->n_findings, sizeof(*e->findings), by_line);
}

static int complete(struct work *w)
{
	size_t i;
	int r;

	for (i = 0; i < w->n; i++)
		entry_fault(w, &w->entries[i]);
	for (i = 0; i < w->n; i++) {
		entry_params(w, &w->entries[i]);
		entry_plain(w, &w->entries[i]);
		entry_truth(w, &w->entries[i]);
	}
	r = know_targets(w);
	for (i = 0; i < w->n_services; i++)
		r = r ? r : words_add(&w->out->services, strdup(w->services[i]));
	w->known.mentioned = w->out->services;
	for (i = 0; !r && i < w->n; i++)
		entry_measure(w, &w->entries[i]);
	if (!r)
		work_write(w);
	sort_findings(w->out);
	return r ? r : w->failed ? -ENOMEM : 0;
}

int exercise_complete(struct yaml *y, const struct fault_ops *const *table, bool clean, struct exercise *ret)
{
	struct work w = { .y = y, .table = table, .out = ret, .clean = clean };
	char **own = NULL;
	size_t i;
	int r;

	*ret = (struct exercise){};
	r = work_read(&w);
	if (!r)
		r = know_services(&w, &own);
	if (!r)
		r = complete(&w);
	if (r == -ENOMEM)
		r = error_sys(y->err, ENOMEM, "%s: out of memory", y->name);
	for (i = 0; i < w.n; i++)
		entry_release(&w.entries[i]);
	free(w.entries);
	free(w.services);
	free(w.known.experiments);
	json_decref(w.known.metrics);
	words_free(own);
	return r;
}

int exercise_line(const struct exercise *e, int line)
{
	return line > 0 && (size_t)line <= e->n_lines ? e->lines[line] : 0;
}

void exercise_free(struct exercise *e)
{
	text_free(&e->text);
	free(e->lines);
	words_free(e->services);
	free(e->findings);
	*e = (struct exercise){};
}
