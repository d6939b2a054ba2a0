/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * schedule.h - a number of a fault as a function of the time since the fault began. In one word:
 *
 *	ramp:0ms..500ms/10min          from the one to the other in so long; then it stays
 *	steps:10ms,50ms,200ms/30s      each for so long; the last one stays
 *	pulse:200ms/5s/20s[/10ms]      for so long, then 0 (or the last word) for so long, again and again
 *	sine:20ms..200ms/1min          from the one to the other and back in so long, again and again
 *	replay:day.csv#latency/1s[/ms] the column of a CSV file, each row for so long; the last one stays
 *
 * A value is a whole number in the unit of its parameter (param.h). Between two ends it is rounded to a power of ten of
 * at most a ten-thousandth of the way. Arithmetic only: who applies the values is fault/life/course.c.
 */
#ifndef FL_SCHEDULE_H
#define FL_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

struct param;

enum schedule_form { SCHEDULE_RAMP, SCHEDULE_STEPS, SCHEDULE_PULSE, SCHEDULE_SINE, SCHEDULE_REPLAY };

/* A value is looked at ten times a second: nothing shorter than this can be kept. */
#define SCHEDULE_TICK_NS   100000000ull
#define SCHEDULE_STEPS_MAX 1000

struct schedule {
	enum schedule_form form;
	int64_t *v; /* ramp, sine: from, to; pulse: the value, its base; else one after the other */
	uint32_t n;
	uint64_t ns;                /* over, each, on, period */
	uint64_t off_ns;            /* of a pulse */
	char *file, *column, *unit; /* of a replay; the last may be NULL */
	bool fresh;                 /* just read, nobody follows it yet */
	/* Its owner's: since when it runs where that is not when the fault was switched on (CLOCK_MONOTONIC); what was
	 * told of it last, when, how often, and how often not. */
	uint64_t begun_ns, told_ns;
	uint32_t n_told, n_untold;
};

/* Does @text begin as one? */
bool schedule_is(const char *text);

/*
 * Read one for @p; every value must be one that @p takes. A replay's file is looked for in the folder @dir and below,
 * and nowhere else; NULL: wherever the path says. *ret is the caller's to schedule_free().
 */
int schedule_parse(const struct param *p, const char *text, const char *dir, struct schedule **ret,
		   struct fl_error *err);
/* NULL when out of memory. */
struct schedule *schedule_copy(const struct schedule *s);
void schedule_free(struct schedule *s);

/* The value at @t_ns after its beginning. */
int64_t schedule_at(const struct schedule *s, uint64_t t_ns);
/* The least and the greatest that it ever is. */
void schedule_range(const struct schedule *s, int64_t *ret_least, int64_t *ret_most);
/* Does it change all the time, other than by leaps? */
bool schedule_flows(const struct schedule *s);
/* How long until it stays or begins anew. */
uint64_t schedule_length_ns(const struct schedule *s);
/* All its times @factor times as long; refused where a value would then be too short to be kept. */
int schedule_scale(struct schedule *s, double factor, struct fl_error *err);

/* In one word, and in a sentence without a full stop; the caller's to free, NULL when out of memory. */
char *schedule_text(const struct param *p, const struct schedule *s);
char *schedule_words(const struct param *p, const struct schedule *s);

/* schedule_replay.c: the values of its file. */
int schedule_read_file(const struct param *p, struct schedule *s, const char *dir, struct fl_error *err);

#endif
