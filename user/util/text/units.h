/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * units.h - the one parser for numbers with units. A whole string must parse; a missing, unknown
 * or out-of-range part is an error whose message quotes the text. Nothing else in the tree calls
 * strtoul and friends.
 */
#ifndef FL_UNITS_H
#define FL_UNITS_H

#include <stdint.h>

#include "util/error.h"

/* "200ms", "1.5s", "60 seconds", "5min", "2h", "1 day", "10us", "300ns" -> ns. A bare number is
 * refused except 0. Negative values are refused. */
int units_duration_ns(const char *text, uint64_t *ret_ns, struct fl_error *err);

/* The same with a sign: "+60s", "-5min". */
int units_offset_ns(const char *text, int64_t *ret_ns, struct fl_error *err);

/* "30%", "30", "0.5 %" -> parts per million; 0..100 %. */
int units_percent_ppm(const char *text, uint32_t *ret_ppm, struct fl_error *err);

/* "1mbit", "10 Mbit/s", "1gbps", "500kbit", "8000" (bit/s) -> bits per second; 1 or more. */
int units_rate_bps(const char *text, uint64_t *ret_bps, struct fl_error *err);

/* "64k", "1MiB", "10MB", "512" -> bytes (k, M, G without i are powers of 1000 only when followed
 * by B; "64k" and "64KiB" are 65536). */
int units_bytes(const char *text, uint64_t *ret_bytes, struct fl_error *err);

/* Decimal or 0x integer in min..max. */
int units_int(const char *text, int64_t min, int64_t max, int64_t *ret, struct fl_error *err);

/* A decimal number, nothing behind it; no nan, no inf, no hex. */
int units_double(const char *text, double *ret, struct fl_error *err);

/* A decimal number at the start of @text; *ret_end points behind it. For the expression scanner. */
int units_double_prefix(const char *text, double *ret, const char **ret_end);

/* The units to offer a person who has typed a number, the usual ones first; NULL-terminated. */
extern const char *const units_durations[], *const units_percents[], *const units_rates[], *const units_sizes[];

/* The shortest exact form: "200ms", "1.5s", "60s". Writes at most @size bytes; returns @buf. */
char *units_format_ns(uint64_t ns, char *buf, size_t size);

/* "30%", "0.5%" */
char *units_format_ppm(uint32_t ppm, char *buf, size_t size);

/* "1.5 MiB", "512 B" */
char *units_format_bytes(uint64_t bytes, char *buf, size_t size);

#endif
