// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - lab-pipeline: the reference AIOps pipeline. Scrapes the targets every second, and
 * answers GET /alerts?since=, POST /correlate, POST /rca. All it knows is the metrics and the
 * dependency graph.
 */
#include <argp.h>
#include <curl/curl.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tools/lab/common/httpd.h"
#include "tools/lab/common/proc.h"
#include "tools/lab/pipeline/control.h"
#include "tools/lab/pipeline/detector.h"
#include "tools/lab/pipeline/scrape.h"
#include "tools/lab/pipeline/wire.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define TICK_NS         NS_PER_SEC
#define SCRAPE_LIMIT_MS 800
#define WINDOW_TICKS    3 /* rates and quantiles are of this many seconds */
#define HISTORY         (WINDOW_TICKS + 1)
/* Woken later than this we share a machine that is out of breath, and so do the services. */
#define LATE_NS          (150 * NS_PER_MSEC)
#define MAX_CONFIG_BYTES (1024 * 1024)

struct pipeline {
	const char *config_path;
	uint16_t port;
	struct graph graph;
	struct scraper *scraper;
	struct detector *detector;
	pthread_mutex_t lock; /* of the detector */
	struct observation history[HISTORY][GRAPH_MAX];
	struct control control;
	unsigned long tick;
};

static struct pipeline self = { .port = 8000, .lock = PTHREAD_MUTEX_INITIALIZER };

/* --- the loop --- */

static void tick(struct pipeline *p, bool late)
{
	static struct signal signals[SIGNALS_MAX];
	struct observation *now = p->history[p->tick % HISTORY];
	const struct observation *old = p->history[(p->tick + 1) % HISTORY];
	struct window windows[GRAPH_MAX];
	unsigned int i, n;
	bool calm;

	scraper_run(p->scraper, SCRAPE_LIMIT_MS, now);
	calm = control_is_calm(&p->control, now, p->graph.n, late, WINDOW_TICKS);
	for (i = 0; i < p->graph.n; i++)
		windows[i] = (struct window){ &old[i], &now[i] };
	if (p->tick++ < WINDOW_TICKS)
		return;
	n = signals_derive(&p->graph, windows, signals, SIGNALS_MAX);
	pthread_mutex_lock(&p->lock);
	detector_tick(p->detector, clock_wall_s(), calm, signals, n);
	pthread_mutex_unlock(&p->lock);
}

static void *loop(void *arg)
{
	uint64_t next = clock_mono_ns(), late;
	struct timespec at;

	for (;;) {
		at = (struct timespec){ .tv_sec = (time_t)(next / NS_PER_SEC), .tv_nsec = (long)(next % NS_PER_SEC) };
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
		late = clock_mono_ns() - next;
		tick(arg, late >= LATE_NS);
		for (next += TICK_NS; next < clock_mono_ns();)
			next += TICK_NS;
	}
	return NULL;
}

/* --- HTTP --- */

static void reply_json(struct http_reply *rp, unsigned int status, json_t *json)
{
	rp->status = json ? status : 500;
	rp->body = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
	rp->body_len = rp->body ? strlen(rp->body) : 0;
	json_decref(json);
}

/* A copy of the alerts from @since on; the caller frees it. */
static struct alert *copy_alerts(struct pipeline *p, double since, unsigned int *ret_n)
{
	const struct alert *alerts;
	struct alert *copy;

	pthread_mutex_lock(&p->lock);
	alerts = detector_alerts(p->detector, since, ret_n);
	copy = calloc(*ret_n + 1, sizeof(*copy));
	if (copy)
		memcpy(copy, alerts, *ret_n * sizeof(*copy));
	pthread_mutex_unlock(&p->lock);
	return copy;
}

static void get_alerts(struct pipeline *p, const struct http_request *rq, struct http_reply *rp)
{
	const char *text = http_argument(rq, "since");
	_cleanup_free_ struct alert *alerts = NULL;
	json_t *list;
	double since = 0;
	unsigned int i, n;

	if (text && units_double(text, &since, NULL)) {
		http_reply_text(rp, 400, "{\"error\": \"since is epoch seconds\"}\n");
		return;
	}
	alerts = copy_alerts(p, since, &n);
	list = json_array();
	for (i = 0; alerts && i < n; i++)
		json_array_append_new(list, wire_alert(&p->graph, &alerts[i]));
	reply_json(rp, 200, json_pack("{s:o}", "alerts", list));
}

/* For sweeps: what it has seen so far is not to decide what it says next. */
static void post_forget(struct pipeline *p, const struct http_request *rq, struct http_reply *rp)
{
	(void)rq;
	pthread_mutex_lock(&p->lock);
	detector_forget(p->detector, clock_wall_s());
	pthread_mutex_unlock(&p->lock);
	reply_json(rp, 200, json_pack("{s:b}", "forgotten", true));
}

static void post_correlate(struct pipeline *p, const struct http_request *rq, struct http_reply *rp)
{
	json_t *root = json_loads(rq->body, 0, NULL), *window = json_object_get(root, "window");
	_cleanup_free_ struct alert *alerts = NULL;
	double start, end;
	unsigned int n, m;

	if (json_unpack(window, "{s:F, s:F}", "start", &start, "end", &end)) {
		http_reply_text(rp, 400, "{\"error\": \"window needs start and end\"}\n");
	} else {
		alerts = copy_alerts(p, start, &n);
		for (m = 0; alerts && m < n && alerts[m].fired_at_s <= end; m++)
			;
		reply_json(rp, 200, wire_clusters(&p->graph, alerts, alerts ? m : 0));
	}
	json_decref(root);
}

static void post_rca(struct pipeline *p, const struct http_request *rq, struct http_reply *rp)
{
	json_t *root = json_loads(rq->body, 0, NULL), *item;
	json_t *list = json_object_get(json_object_get(root, "cluster"), "alerts");
	_cleanup_free_ struct alert *alerts = calloc(json_array_size(list) + 1, sizeof(*alerts));
	unsigned int n = 0;
	size_t i;

	if (!json_is_array(list) || !alerts) {
		http_reply_text(rp, 400, "{\"error\": \"cluster needs its alerts\"}\n");
	} else {
		json_array_foreach(list, i, item)
			n += wire_read_alert(&p->graph, item, &alerts[n]);
		reply_json(rp, 200, wire_cause(&p->graph, alerts, n));
	}
	json_decref(root);
}

static const struct {
	const char *method, *path;
	void (*handle)(struct pipeline *p, const struct http_request *rq, struct http_reply *rp);
} routes[] = {
	{ "GET", "/alerts", get_alerts },
	{ "POST", "/correlate", post_correlate },
	{ "POST", "/forget", post_forget },
	{ "POST", "/rca", post_rca },
};

static void on_request(void *context, const struct http_request *rq, struct http_reply *rp)
{
	bool known = false;
	size_t i;

	if (!strcmp(rq->path, "/health")) {
		http_reply_text(rp, 200, "{\"status\": \"ok\"}\n");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(routes); i++) {
		if (strcmp(routes[i].path, rq->path))
			continue;
		known = true;
		if (!strcmp(routes[i].method, rq->method)) {
			routes[i].handle(context, rq, rp);
			return;
		}
	}
	http_reply_text(rp, known ? 405 : 404, "{\"error\": \"%s\"}\n", known ? "method not allowed" : "no such path");
}

/* --- start --- */

static const struct argp_option options[] = {
	{ "config", 'c', "FILE", 0, "targets and edges, JSON", 0 },
	{ "port", 'p', "PORT", 0, "where to listen on 127.0.0.1 (8000)", 0 },
	{ "listen", 'l', "ADDRESS", 0, "another address to listen on", 0 },
	{ 0 },
};

static const char *listen_on = "127.0.0.1";

static error_t on_option(int key, char *arg, struct argp_state *state)
{
	int64_t n;

	switch (key) {
	case 'c': self.config_path = arg; return 0;
	case 'l': listen_on = arg; return 0;
	case 'p':
		if (units_int(arg, 1, 65535, &n, NULL))
			argp_error(state, "'%s' is no port", arg);
		self.port = (uint16_t)n;
		return 0;
	case ARGP_KEY_END:
		if (!self.config_path)
			argp_error(state, "--config is missing");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static int pipeline_open(struct pipeline *p, struct fl_error *err)
{
	_cleanup_free_ char *text = NULL;
	json_error_t why;
	json_t *config;
	size_t len;
	int rc;

	rc = file_read(p->config_path, MAX_CONFIG_BYTES, &text, &len, err);
	if (rc)
		return rc;
	config = json_loadb(text, len, 0, &why);
	if (!config)
		return error_usage(err, "%s:%d: %s", p->config_path, why.line, why.text);
	rc = graph_read(config, &p->graph, err);
	if (!rc)
		rc = scraper_open(config, &p->graph, &p->scraper, err);
	json_decref(config);
	p->detector = detector_new();
	return rc ? rc : p->detector ? 0 : error_sys(err, ENOMEM, "out of memory");
}

int main(int argc, char **argv)
{
	static const struct argp argp = { .options = options,
					  .parser = on_option,
					  .doc = "The lab's reference AIOps pipeline." };
	struct httpd_config http = {
		.max_connections = 32, .max_body = 4 * 1024 * 1024, .handler = on_request, .context = &self
	};
	struct fl_error err = { .exit = FL_EXIT_OK };
	struct httpd *server = NULL;
	pthread_t thread;
	sigset_t stop;
	int sig;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	proc_hold_stop(&stop);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	http.address = listen_on;
	http.port = self.port;
	if (pipeline_open(&self, &err) || httpd_start(&http, &server, &err) ||
	    pthread_create(&thread, NULL, loop, &self)) {
		fprintf(stderr, "lab-pipeline: %s\n", err.message);
		return 1;
	}
	sigwait(&stop, &sig);
	return 0;
}
