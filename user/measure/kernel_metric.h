/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel_metric.h - metrics that the kernel measures, by name:
 *
 *     p99{service=payment-svc}                 of what it answered (as server)
 *     p99{service=payment-svc,side=client}     of what its callers saw
 *     edge_p95{from=checkout-svc,to=payment-svc}   of one edge, as its client saw it
 *     p99{service=payment-svc,method=POST,path=/pay}   of its POST requests whose target begins with /pay
 *     payment_p99, payment_db_error_rate       p99{service=payment-svc}, error_rate{service=payment-db}
 *
 * Statistics: p1 .. p99 and p99.9 and the like, mean (seconds), error_rate (0..1), rate, retransmits,
 * resets (a second). Retransmissions are those of both ends, whatever the side. A short name is the
 * service's with '_' for '-' and without -svc or -service.
 *
 * method= and path= are of HTTP requests that got an answer. A call that got none has neither: it is in
 * no rate and no error_rate with such a label. Pure.
 */
#ifndef FL_KERNEL_METRIC_H
#define FL_KERNEL_METRIC_H

#include <jansson.h>

#include "measure/series.h"
#include "util/error.h"

enum kernel_stat {
	KERNEL_QUANTILE,
	KERNEL_MEAN,
	KERNEL_RATE,
	KERNEL_ERROR_RATE,
	KERNEL_RETRANSMITS,
	KERNEL_RESETS,
};

struct kernel_metric {
	enum kernel_stat stat;
	double quantile; /* 0..1 */
	char client[64]; /* empty: any */
	char server[64];
	enum meter_vantage vantage;
	uint8_t method;               /* a bit of enum fl_http_method; 0: any */
	char path[FL_PREFIX_MAX + 1]; /* empty: any */
};

/*
 * Understand @name. @services are those that are known (NULL-terminated); @all: there are no others,
 * so that an unknown one in a label is an error. -ENOENT, without an error: it is no such name.
 * -EINVAL: it is one, and what is wrong with it is in *err.
 */
int kernel_metric_parse(const char *name, const char *const *services, bool all, struct kernel_metric *ret,
			struct fl_error *err);

/* Has it a label that makes it the kernel's, whatever it is without: service, from, to, method, path? */
bool kernel_metric_is_labelled(const char *name);

/* "payment" of "payment-svc", "payment_db" of "payment-db"; returns @buf. */
char *kernel_metric_short(const char *service, char *buf, size_t size);

/*
 * Its value over a window. @ret_n: what it was made from, requests or intervals. -ENODATA: the
 * service is not measured, or nothing happened that has such a value.
 */
int kernel_metric_value(const struct kernel_metric *m, const struct series *s, uint64_t from_ns, uint64_t to_ns,
			double *ret, uint32_t *ret_n);

/* Its values from interval to interval, in order, a latency as its mean; the caller's to free. */
int kernel_metric_samples(const struct kernel_metric *m, const struct series *s, uint64_t from_ns, uint64_t to_ns,
			  double **ret, uint32_t *ret_n);

/*
 * A window in figures. `n`, mean and quantiles are those of the requests for a latency, and of the
 * intervals for all others. `sd` is the standard deviation from interval to interval: the noise that
 * a detector has to live with. For a share it is at least what counting so few tries leaves open,
 * sqrt(p (1 - p) / tries an interval) with p = (errors + 1) / (tries + 2).
 */
struct kernel_window {
	uint32_t n;
	double mean, sd, p50, p95, p99; /* NaN: not known */
};
int kernel_metric_window(const struct kernel_metric *m, const struct series *s, uint64_t from_ns, uint64_t to_ns,
			 struct kernel_window *ret);

#endif
