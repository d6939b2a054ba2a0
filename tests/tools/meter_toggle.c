// SPDX-License-Identifier: GPL-2.0-only
/*
 * meter_toggle IFNAME PAIRS SLICE_MS TARGET... - what measuring costs the traffic that is there: in turns
 * on and off, each for SLICE_MS, and of each pair of turns the ratio of packets that IFNAME received,
 * on to off. The turns are short because the machine's own pace changes from one second to the next; it
 * is the median of many pairs that counts. Which of a pair comes first changes from pair to pair.
 *
 * Prints {"ratio": median, "low": its 95 % confidence interval, "high": ..., "rate": packets/s off}.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/meter/meter_impl.h"
#include "util/clock.h"
#include "util/text/units.h"

#define SETTLE_NS (10 * NS_PER_MSEC) /* after each change, before it counts */

static _Noreturn void fail(const struct fl_error *err)
{
	error_print(err, stderr);
	exit(err->exit);
}

static void rest(uint64_t ns)
{
	struct timespec ts = { .tv_sec = (time_t)(ns / NS_PER_SEC), .tv_nsec = (long)(ns % NS_PER_SEC) };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

/* Packets that @ifname has received. */
static double received(const char *ifname)
{
	FILE *f = fopen("/proc/net/dev", "r");
	char line[512], name[32];
	uint64_t bytes, packets;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " %31[^:]: %" SCNu64 " %" SCNu64, name, &bytes, &packets) == 3 &&
		    !strcmp(name, ifname)) {
			fclose(f);
			return (double)packets;
		}
	fprintf(stderr, "meter_toggle: no interface %s\n", ifname);
	exit(2);
}

struct toggle {
	struct meter *meter;
	struct target *targets;
	int n;
	const char *ifname;
	uint64_t slice_ns;
};

/* Packets a second in one turn. */
static double turn(const struct toggle *t, bool on)
{
	struct fl_error err = {};
	uint64_t from_ns;
	double before;
	int i;

	meter_detach_all(t->meter);
	for (i = 0; on && i < t->n; i++)
		if (meter_add(t->meter, &t->targets[i], &err))
			fail(&err);
	rest(SETTLE_NS);
	from_ns = clock_mono_ns();
	before = received(t->ifname);
	rest(t->slice_ns);
	return (received(t->ifname) - before) * 1e9 / (double)(clock_mono_ns() - from_ns);
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void measure(const struct toggle *t, int pairs)
{
	double *ratios = calloc((size_t)pairs, sizeof(*ratios)), rate = 0;
	int i, half;

	for (i = 0; ratios && i < pairs; i++) {
		double first = turn(t, i % 2), second = turn(t, !(i % 2));
		double on = i % 2 ? first : second, off = i % 2 ? second : first;

		ratios[i] = off > 0 ? on / off : NAN;
		rate += off / pairs;
	}
	qsort(ratios, (size_t)pairs, sizeof(*ratios), by_value);
	/* Of a median: ranks n/2 +- 1.96 sqrt(n)/2. */
	half = (int)(0.98 * sqrt(pairs));
	printf("{\"ratio\": %.4f, \"low\": %.4f, \"high\": %.4f, \"rate\": %.0f}\n", ratios[pairs / 2],
	       ratios[pairs / 2 - half > 0 ? pairs / 2 - half : 0],
	       ratios[pairs / 2 + half < pairs ? pairs / 2 + half : pairs - 1], rate);
	free(ratios);
}

int main(int argc, char **argv)
{
	struct target_options options = { .need_veth = true };
	struct toggle t = { .n = argc - 4 };
	struct fl_error err = {};
	int64_t pairs, ms;
	int i;

	if (argc < 5 || units_int(argv[2], 1, 100000, &pairs, &err) || units_int(argv[3], 1, 10000, &ms, &err)) {
		fputs("usage: meter_toggle IFNAME PAIRS SLICE_MS TARGET...\n", stderr);
		return 2;
	}
	t.ifname = argv[1];
	t.slice_ns = (uint64_t)ms * NS_PER_MSEC;
	t.targets = calloc((size_t)t.n, sizeof(*t.targets));
	if (!t.targets || meter_open(NULL, &t.meter, &err))
		fail(&err);
	for (i = 0; i < t.n; i++)
		if (target_resolve(argv[4 + i], &options, &t.targets[i], &err) ||
		    meter_name(t.meter, &t.targets[i], &err))
			fail(&err);
	measure(&t, (int)pairs);
	meter_close(t.meter);
	for (i = 0; i < t.n; i++)
		target_free(&t.targets[i]);
	free(t.targets);
	return 0;
}
