// SPDX-License-Identifier: GPL-2.0-only
/*
 * udpflow.c - send numbered UDP packets from one network namespace to another, both ends in one
 * process, and print as JSON what the wire did to them: losses and their bursts, delays and their
 * distribution, order, copies, damage.
 *
 *   udpflow [--from NS] [--to NS] [--count N] [--rate PPS] [--size BYTES] [--wait MS] [--port P]
 *           [--law DIST,DELAY,JITTER] ADDRESS
 *
 * NS is a name below /run/netns; without it, the namespace the tool was started in. A packet
 * carries its number and the time it was sent; the time it came in is the kernel's (SO_TIMESTAMPNS)
 * so that the scheduling of this process is no part of it. --law compares the delays, less what
 * all are late by (late_ms), with a jitter table: the Kolmogorov-Smirnov distance, whose 99.9 % bound for n
 * packets is 1.949 / sqrt(n), and the standard deviation to expect.
 */
#include <argp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include "net/hold/quantile.h"
#include "os/netns.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/units.h"

#define LATE_MAX_MS 1 /* of all packets; more is a fault's own doing */
#define MAX_COUNT   1000000

struct options {
	const char *from, *to, *address, *law;
	int64_t count, rate, size, wait_ms, port;
};

struct payload {
	uint64_t number, sent_ns; /* CLOCK_REALTIME, as the receiver's stamp */
	uint8_t fill[];
};

struct flow {
	const struct options *o;
	int tx, rx;
	double *delay_ms; /* by number; negative: never came */
	uint64_t received, copies, damaged, overtaken;
	uint64_t first_ns, last_ns; /* when packets came in */
	_Atomic int sent_all;
};

static __attribute__((noreturn)) void die(const char *what)
{
	fprintf(stderr, "udpflow: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint8_t fill_byte(uint64_t number, size_t i)
{
	return (uint8_t)(number * 31 + i);
}

static int open_socket(const char *ns, int family)
{
	struct fl_error err = {};
	int fd, old = -1, netns = ns ? netns_open_name(ns, &err) : -1;

	if ((ns && netns < 0) || netns_enter(netns, &old, &err)) {
		error_print(&err, stderr);
		exit(2);
	}
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	netns_leave(old);
	if (fd < 0)
		die("socket");
	return fd;
}

static void open_flow(struct flow *f)
{
	const struct options *o = f->o;
	struct sockaddr_storage ss = {};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ss;
	int on = 1, room = 8 << 20;

	if (inet_pton(AF_INET, o->address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)o->port);
	} else if (inet_pton(AF_INET6, o->address, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)o->port);
	} else {
		errno = EINVAL;
		die(o->address);
	}
	f->tx = open_socket(o->from, ss.ss_family);
	f->rx = open_socket(o->to, ss.ss_family);
	setsockopt(f->rx, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(f->tx, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	if (setsockopt(f->rx, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) ||
	    bind(f->rx, (struct sockaddr *)&ss, sizeof(ss)) || connect(f->tx, (struct sockaddr *)&ss, sizeof(ss)))
		die("bind or connect");
}

static void take(struct flow *f, const struct payload *p, size_t n, uint64_t now_ns, uint64_t *next)
{
	size_t i;

	f->last_ns = now_ns;
	if (!f->first_ns)
		f->first_ns = now_ns;
	if (n != (size_t)f->o->size || p->number >= (uint64_t)f->o->count) {
		f->damaged++;
		return;
	}
	for (i = 0; i < n - sizeof(*p); i++)
		if (p->fill[i] != fill_byte(p->number, i)) {
			f->damaged++;
			break;
		}
	if (f->delay_ms[p->number] >= 0) {
		f->copies++;
		return;
	}
	if (p->number < *next)
		f->overtaken++;
	else
		*next = p->number + 1;
	f->received++;
	f->delay_ms[p->number] = (double)(int64_t)(now_ns - p->sent_ns) / 1e6;
	if (f->delay_ms[p->number] < 0)
		f->delay_ms[p->number] = 0;
}

/* Until nothing has come for --wait after the last one was sent. */
static void *receive(void *arg)
{
	struct flow *f = arg;
	union {
		struct payload p;
		char bytes[65536];
	} buf;
	uint64_t next = 0;

	for (;;) {
		struct pollfd fd = { .fd = f->rx, .events = POLLIN };
		char control[256];
		struct iovec iov = { &buf, sizeof(buf) };
		struct msghdr msg = {
			.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
		};
		bool last = f->sent_all;
		struct timespec ts = {};
		struct cmsghdr *c;
		ssize_t n;

		if (poll(&fd, 1, (int)f->o->wait_ms) <= 0) {
			if (last)
				return NULL;
			continue;
		}
		n = recvmsg(f->rx, &msg, 0);
		if (n < (ssize_t)sizeof(struct payload))
			continue;
		for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
			if (c->cmsg_type == SO_TIMESTAMPNS)
				memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		take(f, &buf.p, (size_t)n, (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec, &next);
	}
}

static void send_all(struct flow *f)
{
	const struct options *o = f->o;
	uint64_t start = clock_mono_ns(), gap = NS_PER_SEC / (uint64_t)o->rate;
	struct payload *p = calloc(1, (size_t)o->size);
	int64_t i;
	size_t j;

	for (i = 0; i < o->count; i++) {
		uint64_t due = start + (uint64_t)i * gap, now = clock_mono_ns();
		struct timespec ts = { .tv_sec = (time_t)(due / NS_PER_SEC), .tv_nsec = (long)(due % NS_PER_SEC) };

		/* Short gaps are made up for in little bursts: a sleep costs some 60 us. */
		if (due > now + 50 * NS_PER_USEC)
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		p->number = (uint64_t)i;
		for (j = 0; j < (size_t)o->size - sizeof(*p); j++)
			p->fill[j] = fill_byte(p->number, j);
		p->sent_ns = clock_wall_ns();
		/* A drop that the sender is told of (ENOBUFS) is no loss on the wire. */
		if (send(f->tx, p, (size_t)o->size, 0) < 0 && errno != ECONNREFUSED)
			die("send");
	}
	free(p);
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double read_row(const struct fl_table_row *row, double p)
{
	double at = fmin(fmax(p * FL_TABLE_SIZE - 0.5, 0), FL_TABLE_SIZE - 1.000001);
	int i = (int)at;

	return (row->q16[i] + (at - i) * (row->q16[i + 1] - row->q16[i])) / 65536;
}

/* What --law asks for. */
struct law {
	struct fl_table_row row;
	double delay_ms, jitter_ms;
};

static void read_law(const char *text, struct law *ret)
{
	static const char *const names[] = { "uniform", "normal", "pareto", "paretonormal" };
	static struct fl_table_row rows[FL_TABLE_MAX];
	_cleanup_free_ char *copy = strdup(text);
	char *rest = copy;
	const char *name = strsep(&rest, ","), *delay = strsep(&rest, ",");
	uint64_t delay_ns, jitter_ns;
	size_t k;

	for (k = 0; k < 4 && strcmp(names[k], name); k++)
		;
	if (k == 4 || !delay || !rest || units_duration_ns(delay, &delay_ns, NULL) ||
	    units_duration_ns(rest, &jitter_ns, NULL)) {
		errno = EINVAL;
		die(text);
	}
	quantile_rows(rows);
	ret->row = rows[k];
	ret->delay_ms = (double)delay_ns / 1e6;
	ret->jitter_ms = (double)jitter_ns / 1e6;
}

/* The probability of at most @v: the row is monotone, so halve. */
static double probability(const struct law *law, double v)
{
	double low = 0, high = 1;
	int step;

	for (step = 0; step < 30; step++) {
		double mid = (low + high) / 2;

		if (read_row(&law->row, mid) < v)
			low = mid;
		else
			high = mid;
	}
	return low;
}

/* sup |F_n - F| over the sorted delays, less @late_ms each. */
static double distance(const struct law *law, const double *sorted, size_t n, double late_ms)
{
	double worst = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		double p = probability(law, (sorted[i] - late_ms - law->delay_ms) / law->jitter_ms);

		worst = fmax(worst, fmax(fabs(p - (double)i / (double)n), fabs(p - (double)(i + 1) / (double)n)));
	}
	return worst;
}

/*
 * The least distance, when all delays are late by the same, as a machine makes them: where the law is steep, a
 * tenth of a millisecond is a hundredth of all packets. Returns by how much in *@ret_late_ms.
 */
static double distance_late(const struct law *law, const double *sorted, size_t n, double *ret_late_ms)
{
	double least = 2, late_ms;

	for (late_ms = 0; late_ms < LATE_MAX_MS; late_ms += 0.02) {
		double d = distance(law, sorted, n, late_ms);

		if (d < least) {
			least = d;
			*ret_late_ms = late_ms;
		}
	}
	return least;
}

/* Distance, and what standard deviation to expect of n delays, plus or minus what. */
static void add_law(json_t *o, const char *text, const double *sorted, size_t n)
{
	static struct law law;
	double m2 = 0, m4 = 0, late_ms = 0;
	int i, steps = 1 << 18;

	read_law(text, &law);
	for (i = 0; i < steps; i++) {
		double v = read_row(&law.row, (i + 0.5) / steps);

		m2 += v * v / steps;
		m4 += pow(v, 4) / steps;
	}
	json_object_set_new(o, "distance", json_real(distance_late(&law, sorted, n, &late_ms)));
	json_object_set_new(o, "late_ms", json_real(late_ms));
	json_object_set_new(o, "law_sd_ms", json_real(law.jitter_ms * sqrt(m2)));
	/* The variance of a sample's variance is (m4 - m2^2) / n; of its root, by the delta method. */
	json_object_set_new(o, "law_sd_error_ms", json_real(law.jitter_ms * sqrt((m4 - m2 * m2) / (double)n / m2) / 2));
}

static double percentile(const double *sorted, size_t n, double p)
{
	return n ? sorted[(size_t)(p * (double)(n - 1) + 0.5)] : 0;
}

static void print(const struct flow *f)
{
	double sum = 0, square = 0, product = 0, pairs = 0, mean, variance;
	double *sorted = calloc((size_t)f->o->count, sizeof(*sorted));
	uint64_t bursts = 0, lost = 0;
	size_t n = 0;
	json_t *o;
	int64_t i;

	for (i = 0; i < f->o->count; i++) {
		if (f->delay_ms[i] < 0) {
			lost++;
			bursts += !i || f->delay_ms[i - 1] >= 0;
			continue;
		}
		sorted[n++] = f->delay_ms[i];
		sum += f->delay_ms[i];
	}
	mean = n ? sum / (double)n : 0;
	for (i = 0; i < f->o->count; i++) {
		if (f->delay_ms[i] < 0)
			continue;
		square += pow(f->delay_ms[i] - mean, 2);
		if (i && f->delay_ms[i - 1] >= 0) {
			product += (f->delay_ms[i] - mean) * (f->delay_ms[i - 1] - mean);
			pairs++;
		}
	}
	variance = n ? square / (double)n : 0;
	qsort(sorted, n, sizeof(*sorted), by_value);
	o = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "sent",
		      (json_int_t)f->o->count, "received", (json_int_t)f->received, "lost", (json_int_t)lost, "bursts",
		      (json_int_t)bursts, "copies", (json_int_t)f->copies, "damaged", (json_int_t)f->damaged,
		      "overtaken", (json_int_t)f->overtaken, "loss", (double)lost / (double)f->o->count, "burst",
		      bursts ? (double)lost / (double)bursts : 0.0, "mean_ms", mean, "sd_ms", sqrt(variance), "p50_ms",
		      percentile(sorted, n, 0.5), "p99_ms", percentile(sorted, n, 0.99), "max_ms",
		      percentile(sorted, n, 1), "lag1", pairs > 0 && variance > 0 ? product / pairs / variance : 0.0);
	/* With Ethernet, IP and UDP headers, as a line counts: from the first packet's end on. */
	if (f->last_ns > f->first_ns)
		json_object_set_new(o, "line_bps",
				    json_real((double)(f->received - 1) * (double)(f->o->size + 42) * 8e9 /
					      (double)(f->last_ns - f->first_ns)));
	if (f->o->law)
		add_law(o, f->o->law, sorted, n);
	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(o);
	free(sorted);
}

static const struct argp_option argp_options[] = { { "from", 'f', "NS", 0, "send from this namespace", 0 },
						   { "to", 't', "NS", 0, "receive in this namespace", 0 },
						   { "count", 'c', "N", 0, "packets", 0 },
						   { "rate", 'r', "PPS", 0, "packets a second", 0 },
						   { "size", 's', "BYTES", 0, "of UDP payload", 0 },
						   { "wait", 'w', "MS", 0, "how long to wait for the last ones", 0 },
						   { "port", 'p', "PORT", 0, "of the receiver", 0 },
						   { "law", 'l', "DIST,DELAY,JITTER", 0, "compare the delays with this",
						     0 },
						   {} };

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	struct fl_error err = {};
	int r = 0;

	switch (key) {
	case 'f': o->from = arg; break;
	case 't': o->to = arg; break;
	case 'l': o->law = arg; break;
	case 'c': r = units_int(arg, 1, MAX_COUNT, &o->count, &err); break;
	case 'r': r = units_int(arg, 1, 1000000, &o->rate, &err); break;
	case 's': r = units_int(arg, sizeof(struct payload), 65000, &o->size, &err); break;
	case 'w': r = units_int(arg, 1, 60000, &o->wait_ms, &err); break;
	case 'p': r = units_int(arg, 1, 65535, &o->port, &err); break;
	case ARGP_KEY_ARG: o->address = arg; break;
	case ARGP_KEY_END:
		if (!o->address)
			argp_usage(state);
		break;
	default: return ARGP_ERR_UNKNOWN;
	}
	if (r)
		argp_error(state, "%s", err.message);
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = { .count = 1000, .rate = 1000, .size = 64, .wait_ms = 300, .port = 5400 };
	struct argp argp = { argp_options, parse, "ADDRESS", NULL, NULL, NULL, NULL };
	struct flow f = { .o = &o };
	pthread_t receiver;
	int64_t i;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	f.delay_ms = calloc((size_t)o.count, sizeof(*f.delay_ms));
	for (i = 0; i < o.count; i++)
		f.delay_ms[i] = -1;
	open_flow(&f);
	pthread_create(&receiver, NULL, receive, &f);
	send_all(&f);
	f.sent_all = 1;
	pthread_join(receiver, NULL);
	print(&f);
	free(f.delay_ms);
	return 0;
}
