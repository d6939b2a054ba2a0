// SPDX-License-Identifier: GPL-2.0-only
/*
 * probe.c - the external black-box probe (see probe.h).
 *
 * A try is one HTTP exchange over a connection of its own, as a new user makes it, timed on
 * CLOCK_MONOTONIC. It passes with HTTP 200, in less than the slow limit, and with the right body
 * when one is asked for. The n-th try is due at start + n * interval, so nothing drifts; what was
 * missed while the machine slept is not made up for. Log lines are written whole, when a try ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "measure/probe/body_regex.h"
#include "measure/probe/http_loop.h"
#include "measure/probe/probe.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/json/json_path.h"
#include "util/loop/loop_time.h"
#include "util/loop/loop_work.h"

#define PROBE_BODY_MAX (1u << 20)
#define BODY_AT_ONCE   4096 /* bytes; longer bodies are judged by another thread, for the loop carries the heartbeat */
#define JUDGING_MAX    16

struct probe {
	uv_loop_t *loop;
	uv_timer_t timer;
	struct http_loop *http;
	struct probe_config config; /* owns its strings */
	struct body_regex *regex;   /* NULL: none */
	bool stopping, closed;
	unsigned int judging; /* bodies that other threads look at */
	int log_fd;
	uint32_t lines_lost;
	uint64_t next_ns;             /* CLOCK_MONOTONIC of the next try */
	struct probe_sample *samples; /* ascending by mono_ns */
	uint32_t n, size;
	probe_callback cb;
	void *ctx;
};

static void probe_free(struct probe *p)
{
	free(p->config.url);
	free(p->config.body_regex);
	free(p->config.json_path);
	free(p->config.json_value);
	body_regex_free(p->regex);
	if (p->log_fd >= 0)
		close(p->log_fd);
	free(p->samples);
	free(p);
}

/* Does the JSON body have the value asked for? Without a value, that the path is there is enough. */
static bool json_passes(const struct probe *p, const char *body, size_t len)
{
	json_t *root = json_loadb(body, len, JSON_DECODE_ANY, NULL);
	json_t *found = root ? json_path(root, p->config.json_path) : NULL;
	char text[256];
	bool pass = found != NULL;

	if (pass && p->config.json_value)
		pass = json_scalar_text(found, text, sizeof(text)) && !strcmp(text, p->config.json_value);
	json_decref(root);
	return pass;
}

static bool body_passes(const struct probe *p, const char *body, size_t len)
{
	if (p->regex && !body_regex_found(p->regex, body, len))
		return false;
	return !p->config.json_path || json_passes(p, body, len);
}

static void log_sample(struct probe *p, const struct probe_sample *s)
{
	char line[128];
	size_t len;

	if (p->log_fd < 0)
		return;
	probe_format(s, line, sizeof(line) - 1);
	len = strlen(line);
	line[len++] = '\n';
	if (write(p->log_fd, line, len) != (ssize_t)len)
		p->lines_lost++;
}

/* Keep @s in order of start: tries overlap, so a later one may have ended before. */
static bool keep_sample(struct probe *p, const struct probe_sample *s)
{
	uint32_t i;

	if (p->n == p->size) {
		uint32_t size = p->size ? p->size * 2 : 256;
		struct probe_sample *v = reallocarray(p->samples, size, sizeof(*v));

		if (!v)
			return false;
		p->samples = v;
		p->size = size;
	}
	for (i = p->n; i > 0 && p->samples[i - 1].mono_ns > s->mono_ns; i--)
		p->samples[i] = p->samples[i - 1];
	p->samples[i] = *s;
	p->n++;
	return true;
}

static void take_sample(struct probe *p, const struct probe_sample *s)
{
	log_sample(p, s);
	if (!keep_sample(p, s))
		p->lines_lost++;
	if (p->cb)
		p->cb(p->ctx, s);
}

/* A long body on its way through another thread. */
struct judgement {
	struct loop_work work; /* first */
	struct probe *probe;
	struct probe_sample sample;
	char *body;
	size_t len;
};

static void judge_work(struct loop_work *work)
{
	struct judgement *j = (struct judgement *)work;

	j->sample.pass = body_passes(j->probe, j->body, j->len);
}

static void judge_done(struct loop_work *work)
{
	LOOP_CALLBACK();
	struct judgement *j = (struct judgement *)work;
	struct probe *p = j->probe;

	p->judging--;
	if (!p->stopping)
		take_sample(p, &j->sample);
	free(j->body);
	free(j);
	if (p->closed && !p->judging)
		probe_free(p);
}

/* False: it cannot be, for want of memory or because too many are under way. */
static bool judge_elsewhere(struct probe *p, const struct probe_sample *s, const struct http_response *r)
{
	struct judgement *j = p->judging < JUDGING_MAX ? calloc(1, sizeof(*j)) : NULL;

	if (!j)
		return false;
	*j = (struct judgement){ .work = { .run = judge_work, .done = judge_done },
				 .probe = p,
				 .sample = *s,
				 .len = r->body.len,
				 .body = malloc(r->body.len) };
	if (j->body)
		memcpy(j->body, r->body.s, r->body.len);
	if (!j->body || loop_work_start(p->loop, &j->work)) {
		free(j->body);
		free(j);
		return false;
	}
	p->judging++;
	return true;
}

static void on_done(void *ctx, const struct http_response *r)
{
	struct probe *p = ctx;
	struct probe_sample s = {
		.wall_s = r->start_wall_s,
		.mono_ns = r->start_mono_ns,
		.http_code = r->status,
		.latency_ms = r->elapsed_ms,
	};

	s.pass = r->complete && r->status == 200 && s.latency_ms * 1e6 < (double)p->config.slow_ns;
	if (s.pass && r->body.len > BODY_AT_ONCE && (p->regex || p->config.json_path)) {
		if (!judge_elsewhere(p, &s, r))
			p->lines_lost++; /* nobody knows whether it would have passed */
		return;
	}
	s.pass = s.pass && body_passes(p, r->body.s ?: "", r->body.len);
	take_sample(p, &s);
}

static void on_due(uv_timer_t *timer);

/* Arm the timer for the first due time that is still ahead. */
static void schedule(struct probe *p)
{
	uint64_t now = clock_mono_ns(), interval = p->config.interval_ns;

	if (p->next_ns <= now)
		p->next_ns += (now - p->next_ns) / interval * interval + interval;
	uv_update_time(p->loop);
	uv_timer_start(&p->timer, on_due, (p->next_ns - now + NS_PER_MSEC - 1) / NS_PER_MSEC, 0);
}

static void on_due(uv_timer_t *timer)
{
	LOOP_CALLBACK();
	struct probe *p = timer->data;
	const struct http_request req = {
		.url = p->config.url,
		.timeout_ns = p->config.timeout_ns,
		.body_max = PROBE_BODY_MAX,
		.fresh = true,
	};

	/* uv counts whole milliseconds and may wake us a fraction of one early. */
	if (p->next_ns > clock_mono_ns()) {
		schedule(p);
		return;
	}
	schedule(p);
	if (http_loop_start(p->http, &req, on_done, p, NULL)) {
		/* Out of memory or descriptors is no answer either: log it as one. */
		struct http_response none = { .start_wall_s = clock_wall_s(), .start_mono_ns = clock_mono_ns() };

		on_done(p, &none);
	}
}

static int copy_config(struct probe *p, const struct probe_config *c, struct fl_error *err)
{
	char **strings[] = { &p->config.url, &p->config.body_regex, &p->config.json_path, &p->config.json_value };
	size_t i;

	p->config = *c;
	for (i = 0; i < ARRAY_SIZE(strings); i++) {
		if (!*strings[i])
			continue;
		*strings[i] = strdup(*strings[i]);
		if (!*strings[i]) {
			for (i++; i < ARRAY_SIZE(strings); i++)
				*strings[i] = NULL;
			return error_sys(err, ENOMEM, "cannot start the probe: out of memory");
		}
	}
	return 0;
}

static int check_config(struct probe *p, struct fl_error *err)
{
	const struct probe_config *c = &p->config;

	if (http_check_url(c->url, err))
		return -EINVAL;
	if (!c->interval_ns || !c->timeout_ns || !c->slow_ns)
		return error_usage(err, "probe %s: interval, timeout and slow must be over 0", c->url);
	if (c->interval_ns < 10 * NS_PER_MSEC)
		return error_usage(err, "probe %s: an interval under 10ms is a load test", c->url);
	return c->body_regex ? body_regex_compile(c->body_regex, &p->regex, err) : 0;
}

int probe_start(uv_loop_t *loop, const struct probe_config *config, int log_fd, probe_callback cb, void *ctx,
		struct probe **ret, struct fl_error *err)
{
	struct probe *p = calloc(1, sizeof(*p));
	int rc;

	if (!p) {
		if (log_fd >= 0)
			close(log_fd);
		return error_sys(err, ENOMEM, "cannot start the probe: out of memory");
	}
	p->log_fd = log_fd;
	p->loop = loop;
	p->cb = cb;
	p->ctx = ctx;
	rc = copy_config(p, config, err);
	if (!rc)
		rc = check_config(p, err);
	if (!rc)
		rc = http_loop_open(loop, &p->http, err);
	if (rc) {
		probe_free(p);
		return rc;
	}
	uv_timer_init(loop, &p->timer);
	p->timer.data = p;
	p->next_ns = clock_mono_ns();
	uv_timer_start(&p->timer, on_due, 0, 0);
	*ret = p;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	LOOP_CALLBACK();
	struct probe *p = handle->data;

	p->closed = true;
	if (!p->judging)
		probe_free(p);
}

void probe_stop(struct probe *p)
{
	if (!p || p->stopping)
		return;
	p->stopping = true;
	http_loop_close(p->http);
	uv_close((uv_handle_t *)&p->timer, on_closed);
}

void probe_summarise(const struct probe *p, uint64_t from_mono_ns, uint64_t to_mono_ns, struct probe_summary *ret)
{
	probe_summarise_samples(p->samples, p->n, from_mono_ns, to_mono_ns, ret);
}

uint32_t probe_samples(const struct probe *p, const struct probe_sample **ret)
{
	*ret = p->samples;
	return p->n;
}

uint32_t probe_lines_lost(const struct probe *p)
{
	return p->lines_lost;
}
