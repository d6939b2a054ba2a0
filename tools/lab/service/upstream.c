// SPDX-License-Identifier: GPL-2.0-only
/*
 * upstream.c - see upstream.h. A pool slot is a libcurl easy handle with its one kept connection.
 * Slots are handed out last-in first-out, so an idle pool keeps few connections busy and warm.
 */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "tools/lab/common/metrics.h"
#include "tools/lab/service/resolver.h"
#include "tools/lab/service/upstream.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/units.h"

#define MAX_POOL       256
#define MAX_BODY_BYTES (1024 * 1024)

const char *const call_result_names[CALL_RESULTS] = { "ok", "error", "timeout", "refused", "pool", "dns" };

struct peer_metrics {
	_Atomic int64_t *calls[CALL_RESULTS];
	struct histogram *duration;
	_Atomic int64_t *retries, *given_up, *pool_in_use, *pool_waits, *pool_wait_us;
};

struct upstream {
	char name[64], host[128];
	uint16_t port;
	unsigned int pool_size, tries;
	uint64_t timeout_ns, wait_ns;
	struct backoff backoff;
	struct curl_slist *headers; /* those that every call sends */
	pthread_mutex_t lock;
	pthread_cond_t freed;
	CURL *idle[MAX_POOL];
	unsigned int n_idle;
	struct peer_metrics *metrics;
};

struct peer_metrics *peer_metrics_get(const char *peer)
{
	struct peer_metrics *m = calloc(1, sizeof(*m));
	char labels[160];
	int i;

	if (!m)
		abort();
	for (i = 0; i < CALL_RESULTS; i++) {
		snprintf(labels, sizeof(labels), "peer=\"%s\",result=\"%s\"", peer, call_result_names[i]);
		m->calls[i] = metric_counter("lab_upstream_calls_total", labels);
	}
	snprintf(labels, sizeof(labels), "peer=\"%s\"", peer);
	m->duration = metric_histogram("lab_upstream_duration_seconds", labels);
	m->retries = metric_counter("lab_upstream_retries_total", labels);
	m->given_up = metric_counter("lab_upstream_given_up_total", labels);
	m->pool_in_use = metric_gauge("lab_pool_in_use", labels);
	m->pool_waits = metric_counter("lab_pool_waits_total", labels);
	m->pool_wait_us = metric_counter("lab_pool_wait_seconds_total", labels);
	return m;
}

void peer_metrics_record(struct peer_metrics *m, enum call_result result, uint64_t duration_ns)
{
	metric_add(m->calls[result], 1);
	/* A call that never left says nothing about the peer's speed. */
	if (result != CALL_POOL && result != CALL_DNS)
		histogram_record(m->duration, duration_ns);
}

static int set_option(struct upstream *u, const char *key, const char *value, struct fl_error *err)
{
	int64_t n;

	if (!strcmp(key, "timeout"))
		return units_duration_ns(value, &u->timeout_ns, err);
	if (!strcmp(key, "wait"))
		return units_duration_ns(value, &u->wait_ns, err);
	if (!strcmp(key, "backoff"))
		return units_duration_ns(value, &u->backoff.first_ns, err);
	if (strcmp(key, "pool") && strcmp(key, "tries"))
		return error_usage(err, "upstream %s: no option '%s'", u->name, key);
	if (units_int(value, 1, !strcmp(key, "pool") ? MAX_POOL : 100, &n, err))
		return -EINVAL;
	if (!strcmp(key, "pool"))
		u->pool_size = (unsigned int)n;
	else
		u->tries = (unsigned int)n;
	return 0;
}

/* "name=host:port,key=value,..."; cuts @text up. */
static int parse_spec(struct upstream *u, char *text, struct fl_error *err)
{
	char *save, *word = strtok_r(text, ",", &save), *value, *port;
	int64_t n;
	int rc = 0;

	value = word ? strchr(word, '=') : NULL;
	port = value ? strrchr(value, ':') : NULL;
	if (!port)
		return error_usage(err, "an upstream is NAME=HOST:PORT[,key=value...]");
	*value++ = '\0';
	*port++ = '\0';
	if (!text_copy(u->name, sizeof(u->name), word) || !text_copy(u->host, sizeof(u->host), value))
		return error_usage(err, "upstream '%s': the name is too long", word);
	if (units_int(port, 1, 65535, &n, err))
		return -EINVAL;
	u->port = (uint16_t)n;
	while (!rc && (word = strtok_r(NULL, ",", &save))) {
		value = strchr(word, '=');
		if (!value)
			return error_usage(err, "upstream %s: '%s' has no value", u->name, word);
		*value++ = '\0';
		rc = set_option(u, word, value, err);
	}
	return rc;
}

static int open_pool(struct upstream *u, struct fl_error *err)
{
	pthread_condattr_t attr;
	char host[256], labels[96];

	snprintf(host, sizeof(host), "Host: %s:%u", u->host, u->port);
	u->headers = curl_slist_append(NULL, host);
	/* Without these libcurl waits for "100 Continue" and claims a form. */
	u->headers = curl_slist_append(u->headers, "Expect:");
	u->headers = curl_slist_append(u->headers, "Content-Type: application/json");
	pthread_mutex_init(&u->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&u->freed, &attr);
	for (u->n_idle = 0; u->n_idle < u->pool_size; u->n_idle++) {
		u->idle[u->n_idle] = curl_easy_init();
		if (!u->idle[u->n_idle])
			return error_sys(err, ENOMEM, "out of memory");
	}
	snprintf(labels, sizeof(labels), "peer=\"%s\"", u->name);
	metric_set(metric_gauge("lab_pool_size", labels), u->pool_size);
	u->metrics = peer_metrics_get(u->name);
	return 0;
}

int upstream_open(const char *spec, struct upstream **ret, struct fl_error *err)
{
	_cleanup_free_ char *copy = strdup(spec);
	struct upstream *u = calloc(1, sizeof(*u));
	int rc;

	if (!u || !copy) {
		free(u);
		return error_sys(err, ENOMEM, "out of memory");
	}
	u->pool_size = 16;
	u->tries = 1;
	u->timeout_ns = NS_PER_SEC;
	u->wait_ns = 250 * NS_PER_MSEC;
	u->backoff = (struct backoff){ 25 * NS_PER_MSEC, 400 * NS_PER_MSEC };
	rc = parse_spec(u, copy, err);
	if (!rc)
		rc = open_pool(u, err);
	if (!rc)
		*ret = u;
	else
		free(u); /* the process ends over it */
	return rc;
}

const char *upstream_name(const struct upstream *u)
{
	return u->name;
}

/* A slot of the pool, or NULL when none came free until @deadline_ns. */
static CURL *slot_take(struct upstream *u, uint64_t deadline_ns)
{
	struct timespec until = { .tv_sec = (time_t)(deadline_ns / NS_PER_SEC),
				  .tv_nsec = (long)(deadline_ns % NS_PER_SEC) };
	uint64_t began = 0;
	CURL *slot = NULL;
	int rc = 0;

	pthread_mutex_lock(&u->lock);
	if (!u->n_idle) {
		began = clock_mono_ns();
		metric_add(u->metrics->pool_waits, 1);
	}
	while (!u->n_idle && !rc)
		rc = pthread_cond_timedwait(&u->freed, &u->lock, &until);
	if (u->n_idle) {
		slot = u->idle[--u->n_idle];
		metric_set(u->metrics->pool_in_use, u->pool_size - u->n_idle);
	}
	pthread_mutex_unlock(&u->lock);
	if (began)
		metric_add(u->metrics->pool_wait_us, (int64_t)((clock_mono_ns() - began) / 1000));
	return slot;
}

static void slot_give(struct upstream *u, CURL *slot)
{
	pthread_mutex_lock(&u->lock);
	u->idle[u->n_idle++] = slot;
	metric_set(u->metrics->pool_in_use, u->pool_size - u->n_idle);
	pthread_cond_signal(&u->freed);
	pthread_mutex_unlock(&u->lock);
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct text *body = arg;

	if (body->len + size * n > MAX_BODY_BYTES)
		return 0;
	text_append_bytes(body, data, size * n);
	return size * n;
}

/* The exchange itself, on one connection, within what is left until @deadline_ns. */
static enum call_result exchange(const struct upstream *u, CURL *slot, const struct in_addr *addr, const char *path,
				 const char *body, const char *authorization, uint64_t deadline_ns,
				 struct upstream_reply *ret)
{
	char url[512], ip[INET_ADDRSTRLEN], header[320];
	struct curl_slist own = { .data = header, .next = u->headers };
	uint64_t now = clock_mono_ns();
	long status = 0;
	CURLcode rc;

	inet_ntop(AF_INET, addr, ip, sizeof(ip));
	snprintf(url, sizeof(url), "http://%s:%u%s", ip, u->port, path);
	snprintf(header, sizeof(header), "Authorization: %s", authorization ? authorization : "");
	curl_easy_setopt(slot, CURLOPT_URL, url);
	curl_easy_setopt(slot, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(slot, CURLOPT_PROXY, "");
	curl_easy_setopt(slot, CURLOPT_HTTPHEADER, authorization ? &own : u->headers);
	curl_easy_setopt(slot, CURLOPT_TIMEOUT_MS,
			 now < deadline_ns ? (long)((deadline_ns - now) / NS_PER_MSEC) + 1 : 1L);
	curl_easy_setopt(slot, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(slot, CURLOPT_WRITEDATA, &ret->body);
	if (body) {
		curl_easy_setopt(slot, CURLOPT_POST, 1L);
		curl_easy_setopt(slot, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
		curl_easy_setopt(slot, CURLOPT_POSTFIELDS, body);
	} else {
		curl_easy_setopt(slot, CURLOPT_HTTPGET, 1L);
	}
	rc = curl_easy_perform(slot);
	curl_easy_setopt(slot, CURLOPT_HTTPHEADER, NULL); /* `own` is about to go */
	if (rc == CURLE_OPERATION_TIMEDOUT)
		return CALL_TIMEOUT;
	if (rc != CURLE_OK)
		return CALL_REFUSED;
	curl_easy_getinfo(slot, CURLINFO_RESPONSE_CODE, &status);
	ret->status = (unsigned int)status;
	return status >= 500 ? CALL_ERROR : CALL_OK;
}

static void one_try(struct upstream *u, const char *path, const char *body, const char *authorization,
		    struct upstream_reply *ret)
{
	uint64_t began = clock_mono_ns(), deadline = began + u->timeout_ns;
	uint64_t patience = began + (u->wait_ns < u->timeout_ns ? u->wait_ns : u->timeout_ns);
	struct in_addr addr;
	CURL *slot;

	text_free(&ret->body);
	ret->status = 0;
	slot = slot_take(u, patience);
	if (!slot) {
		ret->result = CALL_POOL;
		peer_metrics_record(u->metrics, CALL_POOL, 0);
		return;
	}
	ret->result = CALL_DNS;
	if (!resolver_lookup(u->host, deadline, &addr)) {
		began = clock_mono_ns();
		ret->result = exchange(u, slot, &addr, path, body, authorization, deadline, ret);
	}
	slot_give(u, slot);
	peer_metrics_record(u->metrics, ret->result, clock_mono_ns() - began);
}

void upstream_call(struct upstream *u, const char *path, const char *body, const char *authorization,
		   struct upstream_reply *ret)
{
	uint64_t wait;

	memset(ret, 0, sizeof(*ret));
	for (;;) {
		ret->tries++;
		one_try(u, path, body, authorization, ret);
		if (ret->result == CALL_OK)
			return;
		if (ret->tries >= u->tries)
			break;
		metric_add(u->metrics->retries, 1);
		wait = backoff_ns(&u->backoff, ret->tries, (uint32_t)random());
		nanosleep(&(struct timespec){ .tv_sec = (time_t)(wait / NS_PER_SEC),
					      .tv_nsec = (long)(wait % NS_PER_SEC) },
			  NULL);
	}
	if (u->tries > 1)
		metric_add(u->metrics->given_up, 1);
}

void upstream_reply_free(struct upstream_reply *r)
{
	text_free(&r->body);
}
