/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * course.h - the numbers of a fault that follow a schedule (util/schedule/schedule.h): its owner moves them ten times a
 * second, as `set` would, by the time since the fault was switched on; so there is no drift. Each number of a fault that
 * has one leaves a course behind, in f->courses:
 *
 *     {"param": "delay", "schedule": "ramp:0s..500ms/10min", "words": "a ramp from ...", "now": "12ms",
 *      "ended_by": null or "set" or "error", "untold": 0, "points": [[1700000000.5, 12000000, "12ms"], ...]}
 *
 * A point is a change that was told (events.jsonl, "fault-value"). What changes by leaps tells each one, up to
 * 500; what flows, a hundred on its way at most and never more than one a second. Beyond 500, one every ten
 * seconds. `untold` counts the others.
 */
#ifndef FL_COURSE_H
#define FL_COURSE_H

#include "fault/life/changes.h"

/* The fault is about to be switched on: what it begins with, to f->params and, where it is armed with another, to the
 * target. */
int course_begin(struct fault *f, struct fl_error *err);

/* Move what is to be moved by now. Each change that is to be told goes to @fn (may be NULL); *ret_told: there was one. */
int course_follow(struct fault *f, changes_fn fn, void *ctx, bool *ret_told, struct fl_error *err);

/* It is on, or off: a point for the moment. */
void course_mark(struct fault *f);

/* Its parameters were changed while it is on, and are no longer @old: which schedules end by that, which begin. */
void course_set(struct fault *f, const struct params *old);

/* The schedule of @name in words, where it has one that goes on; "": none. */
const char *course_words(const json_t *courses, const char *name);

#endif
