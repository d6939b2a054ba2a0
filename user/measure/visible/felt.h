/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * felt.h - did users feel a fault? One test a figure: did the share of the probe's tries that pass, its
 * latency, or an SLI that the hypothesis names leave its baseline to the worse? Each has a p value; a test
 * whose samples could not have convinced anybody whatever they said is none. Pure.
 */
#ifndef FL_FELT_H
#define FL_FELT_H

#include <stdbool.h>
#include <stdint.h>

#define FELT_ALPHA     1e-2 /* over all tests of an experiment */
#define FELT_TESTS_MAX 16

struct felt_test {
	char what[128];
	bool tested;           /* there were samples enough to tell */
	double before, during; /* share that passes; median */
	double p;
	uint32_t n_before, n_during;
	double at_s; /* its first bad sample, after the injection; NaN: none was bad */
};

enum felt { FELT_UNKNOWN, FELT_NO, FELT_YES };

/* Tries that pass (0 or 1) before and during a fault of @fault_s: Fisher's exact test, one-sided. */
void felt_by_share(const double *before, uint32_t n, const double *during, uint32_t m, double fault_s,
		   struct felt_test *ret);

/*
 * Values, evenly spread over each window: the rule of anomaly.h, to one side (@worse 1: larger ones are). A
 * change below @floor, or below a quarter of what it was, is none.
 */
void felt_by_values(const double *before, uint32_t n, const double *during, uint32_t m, double fault_s, int worse,
		    double floor, struct felt_test *ret);

/* Of all of them; *ret_by: the one with the least p. */
enum felt felt_judge(const struct felt_test *tests, uint32_t n, const struct felt_test **ret_by);

const char *felt_text(enum felt f);

#endif
