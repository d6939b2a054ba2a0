// SPDX-License-Identifier: GPL-2.0-only
/* schedule_text.c - a schedule as one word (schedule.h), there and back, and as a sentence. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/param.h"
#include "util/schedule/schedule.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define TIME_MAX_NS (366ull * 86400 * 1000000000)

static const struct form {
	const char *name, *example;
} forms[] = {
	[SCHEDULE_RAMP] = { "ramp", "ramp:FROM..TO/TIME" },
	[SCHEDULE_STEPS] = { "steps", "steps:VALUE,VALUE,.../TIME" },
	[SCHEDULE_PULSE] = { "pulse", "pulse:VALUE/ON/OFF" },
	[SCHEDULE_SINE] = { "sine", "sine:FROM..TO/TIME" },
	[SCHEDULE_REPLAY] = { "replay", "replay:FILE#COLUMN/TIME" },
};

/* The form that @text names, and what stands behind it; -1: none. */
static int form_of(const char *text, const char **ret_rest)
{
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		len = strlen(forms[i].name);
		if (strncmp(text, forms[i].name, len) != 0 || text[len] != ':')
			continue;
		*ret_rest = text + len + 1;
		return (int)i;
	}
	return -1;
}

bool schedule_is(const char *text)
{
	const char *rest;

	return form_of(text, &rest) >= 0;
}

/* --- from a word ------------------------------------------------------------------------------- */

static int unlike(const struct schedule *s, struct fl_error *err)
{
	return error_usage(err, "a %s is written %s", forms[s->form].name, forms[s->form].example);
}

static int read_time(const struct schedule *s, const char *text, uint64_t *ret, struct fl_error *err)
{
	int r = text ? units_duration_ns(text, ret, err) : unlike(s, err);

	if (!r && *ret < SCHEDULE_TICK_NS)
		return error_usage(err, "%s: %s is too short: a value is kept for 100ms at least", forms[s->form].name,
				   text);
	if (!r && *ret > TIME_MAX_NS)
		return error_usage(err, "%s: %s is more than a year", forms[s->form].name, text);
	return r;
}

static int add_value(const struct param *p, struct schedule *s, const char *text, struct fl_error *err)
{
	struct fl_error why = {};
	int64_t *grown;
	int r;

	if (s->n == SCHEDULE_STEPS_MAX)
		return error_usage(err, "%s: more than %d values", forms[s->form].name, SCHEDULE_STEPS_MAX);
	grown = reallocarray(s->v, s->n + 1, sizeof(*grown));
	if (!grown)
		return error_sys(err, ENOMEM, "schedule: out of memory");
	s->v = grown;
	r = param_number(p, text, &grown[s->n], &why);
	if (r)
		return error_usage(err, "%s: %s", forms[s->form].name, why.message);
	s->n++;
	return 0;
}

/* What stands behind the last slash is cut off and returned; NULL: there is none. */
static char *cut_last(char *text, char at)
{
	char *slash = strrchr(text, at);

	if (!slash)
		return NULL;
	*slash = '\0';
	return slash + 1;
}

/* "FROM..TO" */
static int read_way(const struct param *p, struct schedule *s, char *text, struct fl_error *err)
{
	char *dots = strstr(text, "..");
	int r;

	if (!dots)
		return unlike(s, err);
	*dots = '\0';
	r = add_value(p, s, text, err);
	return r ? r : add_value(p, s, dots + 2, err);
}

static int read_steps(const struct param *p, struct schedule *s, char *text, struct fl_error *err)
{
	char *word;
	int r = 0;

	while (!r && (word = strsep(&text, ",")))
		r = add_value(p, s, word, err);
	return r;
}

/* "VALUE/ON/OFF" or "VALUE/ON/OFF/BASE" */
static int read_pulse(const struct param *p, struct schedule *s, char *text, struct fl_error *err)
{
	char *value = strsep(&text, "/"), *on = strsep(&text, "/"), *off = strsep(&text, "/");
	int r = on && off ? add_value(p, s, value, err) : unlike(s, err);

	if (!r)
		r = read_time(s, on, &s->ns, err);
	if (!r)
		r = read_time(s, off, &s->off_ns, err);
	if (!r)
		r = add_value(p, s, text ? text : "0", err);
	if (r && !text && s->off_ns)
		error_hint(err, "between the pulses it would be 0: say what instead, pulse:VALUE/ON/OFF/BASE");
	return r;
}

/* "FILE#COLUMN", behind which time and unit are cut off already */
static int read_replay(const struct param *p, struct schedule *s, char *text, const char *unit, const char *dir,
		       struct fl_error *err)
{
	const char *column = cut_last(text, '#');

	if (!column || !*column || !*text)
		return unlike(s, err);
	s->file = strdup(text);
	s->column = strdup(column);
	s->unit = unit ? strdup(unit) : NULL;
	if (!s->file || !s->column || (unit && !s->unit))
		return error_sys(err, ENOMEM, "schedule: out of memory");
	return schedule_read_file(p, s, dir, err);
}

static int read_form(const struct param *p, struct schedule *s, char *text, const char *dir, struct fl_error *err)
{
	const char *time, *unit = NULL;
	int r;

	if (s->form == SCHEDULE_PULSE)
		return read_pulse(p, s, text, err);
	time = cut_last(text, '/');
	if (s->form == SCHEDULE_REPLAY && time && isalpha((unsigned char)*time)) {
		unit = time;
		time = cut_last(text, '/');
	}
	r = read_time(s, time, &s->ns, err);
	if (r)
		return r;
	if (s->form == SCHEDULE_REPLAY)
		return read_replay(p, s, text, unit, dir, err);
	return s->form == SCHEDULE_STEPS ? read_steps(p, s, text, err) : read_way(p, s, text, err);
}

int schedule_parse(const struct param *p, const char *text, const char *dir, struct schedule **ret,
		   struct fl_error *err)
{
	struct schedule *s = calloc(1, sizeof(*s));
	const char *rest = "";
	int form = form_of(text, &rest), r;
	_cleanup_free_ char *copy = strdup(rest);

	if (!s || !copy || form < 0) {
		schedule_free(s);
		return error_sys(err, ENOMEM, "schedule: out of memory");
	}
	s->form = (enum schedule_form)form;
	s->fresh = true;
	r = read_form(p, s, copy, dir, err);
	if (r)
		schedule_free(s);
	else
		*ret = s;
	return r;
}

/* --- to a word, and to a sentence ----------------------------------------------------------------- */

struct shown {
	char v[2][48], least[48], most[48], ns[32], off_ns[32], length[32];
};

static struct shown show(const struct param *p, const struct schedule *s)
{
	int64_t least, most;
	struct shown w = {};

	schedule_range(s, &least, &most);
	param_number_text(p, s->v[0], w.v[0], sizeof(w.v[0]));
	param_number_text(p, s->v[s->n - 1], w.v[1], sizeof(w.v[1]));
	param_number_text(p, least, w.least, sizeof(w.least));
	param_number_text(p, most, w.most, sizeof(w.most));
	units_format_ns(s->ns, w.ns, sizeof(w.ns));
	units_format_ns(s->off_ns, w.off_ns, sizeof(w.off_ns));
	units_format_ns(schedule_length_ns(s), w.length, sizeof(w.length));
	return w;
}

static void list_values(const struct param *p, const struct schedule *s, const char *between, struct text *t)
{
	char v[48];
	uint32_t i;

	for (i = 0; i < s->n; i++)
		text_append(t, "%s%s", i ? between : "", param_number_text(p, s->v[i], v, sizeof(v)));
}

char *schedule_text(const struct param *p, const struct schedule *s)
{
	struct shown w = show(p, s);
	struct text t = {};

	text_append(&t, "%s:", forms[s->form].name);
	switch (s->form) {
	case SCHEDULE_RAMP:
	case SCHEDULE_SINE: text_append(&t, "%s..%s/%s", w.v[0], w.v[1], w.ns); break;
	case SCHEDULE_STEPS:
		list_values(p, s, ",", &t);
		text_append(&t, "/%s", w.ns);
		break;
	case SCHEDULE_PULSE:
		text_append(&t, "%s/%s/%s", w.v[0], w.ns, w.off_ns);
		if (s->v[1])
			text_append(&t, "/%s", w.v[1]);
		break;
	case SCHEDULE_REPLAY:
		text_append(&t, "%s#%s/%s%s%s", s->file, s->column, w.ns, s->unit ? "/" : "", s->unit ? s->unit : "");
		break;
	}
	return t.s;
}

char *schedule_words(const struct param *p, const struct schedule *s)
{
	struct shown w = show(p, s);
	struct text t = {};

	switch (s->form) {
	case SCHEDULE_RAMP: text_append(&t, "a ramp from %s to %s in %s, where it stays", w.v[0], w.v[1], w.ns); break;
	case SCHEDULE_SINE: text_append(&t, "a sine from %s to %s and back every %s", w.v[0], w.v[1], w.ns); break;
	case SCHEDULE_STEPS:
		text_append(&t, "steps of %s each: ", w.ns);
		list_values(p, s, ", ", &t);
		text_append(&t, ", where it stays");
		break;
	case SCHEDULE_PULSE:
		text_append(&t, "pulses: %s for %s, then %s for %s, again and again", w.v[0], w.ns, w.v[1], w.off_ns);
		break;
	case SCHEDULE_REPLAY:
		text_append(&t, "a replay of %s, column %s: %u values from %s to %s, each for %s, then the last one",
			    s->file, s->column, s->n, w.least, w.most, w.ns);
		break;
	}
	return t.s;
}
