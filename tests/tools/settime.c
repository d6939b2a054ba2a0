// SPDX-License-Identifier: GPL-2.0-only
/*
 * settime.c - how long from a change of a rule in the pinned maps to the first packet that obeys?
 *
 *   settime SESSION RULE NS ADDRESS TRIES
 *
 * RULE loses everything that NS sends to ADDRESS (of this namespace). Each try writes "lose nothing"
 * and sends packets until one comes in, then writes "lose all" and sends until one does not. Prints
 * as JSON the medians, in microseconds from the moment before the write.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/pins.h"
#include "os/netns.h"
#include "util/clock.h"
#include "util/text/units.h"

#define PORT        5401
#define MAX_TRIES   1000
#define PATIENCE_MS 2 /* a packet that is not there by then was lost: on a veth it takes 10 us */

static __attribute__((noreturn)) void die(const char *what, const struct fl_error *err)
{
	if (err)
		error_print(err, stderr);
	fprintf(stderr, "settime: %s: %s\n", what, strerror(errno));
	exit(2);
}

static bool passes(int tx, int rx)
{
	struct pollfd fd = { .fd = rx, .events = POLLIN };
	char byte = 0;

	return send(tx, &byte, 1, 0) == 1 && poll(&fd, 1, PATIENCE_MS) == 1 && recv(rx, &byte, 1, 0) == 1;
}

/* Microseconds from the write to the first packet that does as @lose says. */
static double once(const struct pins *pins, uint32_t rule, bool lose, int tx, int rx)
{
	uint64_t start = clock_mono_ns(), sent;
	struct fl_error err = {};
	struct fl_rule value;

	if (pins_get_rule(pins, rule, &value, &err))
		die("read the rule", &err);
	value.probability_ppm = lose ? FL_PPM : 0;
	if (pins_set_rule(pins, rule, &value, &err))
		die("write the rule", &err);
	do {
		sent = clock_mono_ns();
		if (sent - start > NS_PER_SEC)
			die("no packet obeys within a second", NULL);
	} while (passes(tx, rx) == lose);
	/* That a packet was lost is known late; it is the moment it was sent that counts. */
	return (double)((lose ? sent : clock_mono_ns()) - start) / 1e3;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	static double on[MAX_TRIES], off[MAX_TRIES];
	struct fl_error err = {};
	int64_t rule, tries, i;
	struct pins pins;
	int tx, rx, ns, old;

	if (argc != 6 || units_int(argv[2], 0, UINT32_MAX, &rule, NULL) ||
	    units_int(argv[5], 1, MAX_TRIES, &tries, NULL) || inet_pton(AF_INET, argv[4], &addr.sin_addr) != 1)
		die("usage: SESSION RULE NS ADDRESS TRIES", NULL);
	if (pins_open(argv[1], &pins, &err))
		die("open the maps", &err);
	rx = socket(AF_INET, SOCK_DGRAM, 0);
	ns = netns_open_name(argv[3], &err);
	if (ns < 0 || netns_enter(ns, &old, &err))
		die("namespace", &err);
	tx = socket(AF_INET, SOCK_DGRAM, 0);
	netns_leave(old);
	if (rx < 0 || tx < 0 || bind(rx, (struct sockaddr *)&addr, sizeof(addr)) ||
	    connect(tx, (struct sockaddr *)&addr, sizeof(addr)))
		die("sockets", NULL);
	for (i = 0; i < tries; i++) {
		off[i] = once(&pins, (uint32_t)rule, false, tx, rx);
		on[i] = once(&pins, (uint32_t)rule, true, tx, rx);
	}
	qsort(on, (size_t)tries, sizeof(*on), by_value);
	qsort(off, (size_t)tries, sizeof(*off), by_value);
	printf("{\"on_us\":%.1f,\"off_us\":%.1f,\"on_max_us\":%.1f,\"off_max_us\":%.1f}\n", on[tries / 2],
	       off[tries / 2], on[tries - 1], off[tries - 1]);
	pins_close(&pins);
	return 0;
}
