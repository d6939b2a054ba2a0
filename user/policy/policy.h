/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy.h - /etc/faultline/policy.yaml: when no fault may be on, and how strong one may be.
 *
 *     forbidden:
 *       - name: payroll
 *         days: [mon-thu, fri]        # left out: every day
 *         from: "22:00"               # left out with `to`: the whole day
 *         to: "06:00"                 # before `from`: of the next day
 *         timezone: Europe/Berlin     # left out: the host's
 *     maxima:
 *       for: 30min                    # the longest that a fault may be on
 *       forever: false                # --forever is refused
 *       delay: 5s                     # any parameter of a kind, in its own unit
 *
 * A key that is not known, or a value that is not understood, is an error with its place, and no fault
 * begins until it is mended.
 */
#ifndef FL_POLICY_H
#define FL_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

#define POLICY_FILE       "/etc/faultline/policy.yaml"

#define POLICY_FOR_MAX_NS (24ull * 3600 * 1000000000) /* the longest fault when `for` is not given */

struct window {
	char *name;
	uint8_t days;      /* bit 0: Monday */
	uint16_t from, to; /* minutes of the day; to <= from: of the next one */
	char *zone;        /* NULL: the host's */
};

struct maximum {
	char *name, *text; /* as written */
	int line, column;
};

struct policy {
	struct window *windows;
	uint32_t n_windows;
	struct maximum *maxima; /* of parameters */
	uint32_t n_maxima;
	uint64_t for_ns; /* POLICY_FOR_MAX_NS unless given */
	bool forever;    /* --forever is allowed */
};

/* Read it; without a file *ret holds the defaults. Release with policy_free(). */
int policy_load(struct policy *ret, struct fl_error *err);
int policy_parse(const char *name, const char *text, size_t len, struct policy *ret, struct fl_error *err);
void policy_free(struct policy *p);

/* "08" as a number; -1: no two digits. */
int clock_two_digits(const char *p);

/* Is @w on at this weekday (0: Monday) and minute of the day, both in its own zone? */
bool window_covers(const struct window *w, int weekday, int minute);

/* The same at a moment (epoch seconds). Error: the zone cannot be asked. */
int window_is_on(const struct window *w, int64_t now, bool *ret, struct fl_error *err);

/* "payroll (mon-fri 22:00-06:00 Europe/Berlin)". Returns @buf. */
const char *window_text(const struct window *w, char *buf, size_t size);

#endif
