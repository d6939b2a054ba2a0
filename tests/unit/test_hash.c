// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one source of chance, over many seeds: the share of decisions that fall outside their 99.9 %
 * interval must be what the interval says, and their spread a binomial one, neither wider (seeds
 * that are off) nor narrower (decisions that are too even).
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bpf/net/hash.h"

#define SEEDS   4000
#define PACKETS 5000
#define Z_999   3.2905 /* 99.9 % of a normal distribution lie within */

/* How far the hits of one seed are from what was asked, in standard deviations. */
static double deviation(uint64_t seed, enum hash_stream stream, uint32_t ppm)
{
	double p = ppm / 1e6;
	uint32_t hits = 0, n;

	for (n = 0; n < PACKETS; n++)
		hits += (uint32_t)hash_chance(hash_draw(seed, stream, n), ppm);
	return (hits - PACKETS * p) / sqrt(PACKETS * p * (1 - p));
}

static void many_seeds(uint32_t ppm, uint64_t seed, uint64_t step)
{
	double sum = 0, squares = 0;
	uint32_t outside = 0, i;

	for (i = 0; i < SEEDS; i++, seed += step) {
		double z = deviation(seed, HASH_DECIDE, ppm);

		sum += z;
		squares += z * z;
		outside += fabs(z) > Z_999;
	}
	/* 4 are expected outside; more than 14 come once in 20,000 such tests (Poisson). */
	assert_in_range(outside, 0, 14);
	/* The mean of 4000 has a deviation of 0.016, their mean square one of 0.022: 4 of each. */
	assert_true(fabs(sum / SEEDS) < 0.064);
	assert_true(fabs(squares / SEEDS - 1) < 0.09);
}

/* Seeds as people write them, and as the generator makes them. */
static void shares_hold_over_seeds(void **state)
{
	(void)state;
	many_seeds(300000, 0, 1);
	many_seeds(50000, 1ull << 63, 0x9e3779b97f4a7c15ull);
}

/* Two faults with one seed must not agree more often than chance has it. */
static void streams_are_apart(void **state)
{
	uint32_t both = 0, n;
	(void)state;

	for (n = 0; n < 1000000; n++)
		both += hash_chance(hash_draw(7, HASH_DECIDE, n), 500000) &&
			hash_chance(hash_draw(7, HASH_SHARE, n), 500000);
	/* A quarter, with a deviation of 433. */
	assert_in_range(both, 250000 - 4 * 433, 250000 + 4 * 433);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_hold_over_seeds),
		cmocka_unit_test(streams_are_apart),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
