// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - lab-load: an open-loop generator of user journeys. Journeys start at random times at a
 * mean rate (a Poisson process), whether or not earlier ones have come back, as users do; a slow
 * shop therefore gets more of them at once, not fewer.
 *
 * Limits: at most MAX_FLIGHT at once; what would be more is counted as not sent.
 */
#include <argp.h>
#include <curl/curl.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tools/lab/common/httpd.h"
#include "tools/lab/common/metrics.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/units.h"

#define MAX_FLIGHT 256
#define TIMEOUT_MS 5000
#define USERS      32
#define PRODUCTS   50

/* What users do, and how often. */
static const struct journey {
	const char *name, *path;
	bool product; /* its number follows the path */
	bool post;
	unsigned int share; /* percent */
} journeys[] = {
	{ "home", "/", false, false, 20 },
	{ "browse", "/products/", true, false, 35 },
	{ "checkout", "/checkout", false, true, 30 },
	{ "payment", "/payments", false, true, 8 },
	{ "subscribe", "/subscribe", false, true, 7 },
};

struct flight {
	CURL *curl;
	const struct journey *journey;
	uint64_t began_ns;
	char url[256], body[64];
	bool busy;
};

struct load {
	const char *base;
	unsigned int rate;
	uint16_t port;
	CURLM *multi;
	struct flight flights[MAX_FLIGHT];
};

static struct load self = { .rate = 60 };
static volatile sig_atomic_t stopping;

static double uniform(void)
{
	return ((double)random() + 1) / ((double)RAND_MAX + 2);
}

static const struct journey *choose(void)
{
	unsigned int n = (unsigned int)random() % 100, i;

	for (i = 0; i < ARRAY_SIZE(journeys) - 1; i++) {
		if (n < journeys[i].share)
			break;
		n -= journeys[i].share;
	}
	return &journeys[i];
}

static size_t discard(char *data, size_t size, size_t n, void *arg)
{
	(void)data;
	(void)arg;
	return size * n;
}

static void depart(struct load *l)
{
	const struct journey *j = choose();
	unsigned int product = (unsigned int)random() % PRODUCTS, user = (unsigned int)random() % USERS;
	struct flight *f = l->flights;
	char number[16] = "";

	while (f < l->flights + MAX_FLIGHT && f->busy)
		f++;
	if (f == l->flights + MAX_FLIGHT || (!f->curl && !(f->curl = curl_easy_init()))) {
		metric_add(metric_counter("load_not_sent_total", ""), 1);
		return;
	}
	f->journey = j;
	f->began_ns = clock_mono_ns();
	f->busy = true;
	if (j->product)
		snprintf(number, sizeof(number), "%u", product);
	snprintf(f->url, sizeof(f->url), "%s%s%s?user=%u", l->base, j->path, number, user);
	snprintf(f->body, sizeof(f->body), "{\"sku\": %u}", product);
	curl_easy_reset(f->curl);
	curl_easy_setopt(f->curl, CURLOPT_URL, f->url);
	curl_easy_setopt(f->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(f->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(f->curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
	curl_easy_setopt(f->curl, CURLOPT_WRITEFUNCTION, discard);
	curl_easy_setopt(f->curl, CURLOPT_PRIVATE, f);
	if (j->post) {
		curl_easy_setopt(f->curl, CURLOPT_POST, 1L);
		curl_easy_setopt(f->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(f->body));
		curl_easy_setopt(f->curl, CURLOPT_POSTFIELDS, f->body);
	}
	curl_multi_add_handle(l->multi, f->curl);
}

static void arrive(struct load *l, CURL *curl, CURLcode rc)
{
	char labels[96], word[16] = "timeout";
	struct flight *f;
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_PRIVATE, &f);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (rc == CURLE_OK)
		snprintf(word, sizeof(word), "%ld", status);
	else if (rc != CURLE_OPERATION_TIMEDOUT)
		snprintf(word, sizeof(word), "refused");
	snprintf(labels, sizeof(labels), "journey=\"%s\",code=\"%s\"", f->journey->name, word);
	metric_add(metric_counter("load_journeys_total", labels), 1);
	snprintf(labels, sizeof(labels), "journey=\"%s\"", f->journey->name);
	histogram_record(metric_histogram("load_journey_duration_seconds", labels), clock_mono_ns() - f->began_ns);
	curl_multi_remove_handle(l->multi, curl);
	f->busy = false;
}

static void run(struct load *l)
{
	uint64_t next = clock_mono_ns(), now;
	struct CURLMsg *m;
	int running, left;

	while (!stopping) {
		for (now = clock_mono_ns(); next <= now; next += (uint64_t)(-log(uniform()) / l->rate * 1e9))
			depart(l);
		curl_multi_perform(l->multi, &running);
		while ((m = curl_multi_info_read(l->multi, &left)))
			if (m->msg == CURLMSG_DONE)
				arrive(l, m->easy_handle, m->data.result);
		now = clock_mono_ns();
		curl_multi_poll(l->multi, NULL, 0, next > now ? (int)((next - now) / NS_PER_MSEC) : 0, NULL);
	}
}

static void on_metrics(void *context, const struct http_request *rq, struct http_reply *rp)
{
	struct text out = { .s = NULL };

	(void)context;
	if (strcmp(rq->path, "/metrics")) {
		http_reply_text(rp, 404, "{\"error\": \"only /metrics\"}\n");
		return;
	}
	metrics_render(&out);
	rp->status = 200;
	rp->body = out.s;
	rp->body_len = out.len;
	rp->content_type = "text/plain; version=0.0.4";
}

static const struct argp_option options[] = {
	{ "rate", 'r', "N", 0, "journeys a second (60)", 0 },
	{ "port", 'p', "PORT", 0, "own counters at 127.0.0.1:PORT/metrics (none)", 0 },
	{ 0 },
};

static error_t on_option(int key, char *arg, struct argp_state *state)
{
	int64_t n;

	switch (key) {
	case 'r':
	case 'p':
		if (units_int(arg, 1, key == 'r' ? 10000 : 65535, &n, NULL))
			argp_error(state, "'%s' is out of range", arg);
		if (key == 'r')
			self.rate = (unsigned int)n;
		else
			self.port = (uint16_t)n;
		return 0;
	case ARGP_KEY_ARG:
		if (self.base)
			argp_error(state, "unexpected '%s'", arg);
		self.base = arg;
		return 0;
	case ARGP_KEY_END:
		if (!self.base)
			argp_error(state, "where to? give the URL of the entry");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static void on_stop(int sig)
{
	(void)sig;
	stopping = 1;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options, .parser = on_option, .args_doc = "URL", .doc = "Open-loop load on the lab's entry."
	};
	struct httpd_config http = {
		.address = "127.0.0.1", .max_connections = 8, .max_body = 1024, .handler = on_metrics
	};
	struct fl_error err = { .exit = FL_EXIT_OK };
	struct httpd *server = NULL;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGTERM, &(struct sigaction){ .sa_handler = on_stop }, NULL);
	sigaction(SIGINT, &(struct sigaction){ .sa_handler = on_stop }, NULL);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	srandom((unsigned int)clock_wall_ns());
	self.multi = curl_multi_init();
	http.port = self.port;
	if (self.port && httpd_start(&http, &server, &err)) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	run(&self);
	httpd_stop(server);
	return 0;
}
