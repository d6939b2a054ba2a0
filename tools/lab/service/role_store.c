// SPDX-License-Identifier: GPL-2.0-only
/*
 * role_store.c - what keeps state: the databases (numbers by key over a working set in memory) and
 * the broker (one bounded queue).
 *
 * A database asks for a grant of memory for every query, like those that sort and hash in memory:
 * while the cgroup's headroom is below a reserve, a query waits for a grant, and when none comes in
 * time it does without and spills, which is slower. So memory pressure shows as latency, and
 * through the callers' pools as refused connections.
 */
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "tools/lab/common/container.h"
#include "tools/lab/service/forward.h"
#include "tools/lab/service/roles.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/units.h"

/* --- database -------------------------------------------------------------------------------- */

#define RECORDS       8192 /* direct-mapped by hash; a collision forgets the older key */
#define PAGE_BYTES    4096
#define WORKING_PAGES 4096 /* 16 MiB */
#define TOUCHED_PAGES 24   /* by one query */
#define GRANT_BYTES   (256 * 1024)
#define RESERVE_BYTES (10 * 1024 * 1024)
#define GRANT_WAIT_NS (700 * NS_PER_MSEC)
#define SPILL_US      20000
#define REFRESH_NS    (100 * NS_PER_MSEC)

struct record {
	char key[128];
	int64_t value;
};

static struct record *records;
static unsigned char *working_set;
static pthread_mutex_t records_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int64_t headroom; /* bytes that grants may still use */
static _Atomic int64_t *grant_waits, *spills;

static void *watch_memory(void *arg)
{
	uint64_t used, limit;

	(void)arg;
	for (;;) {
		if (!container_memory(&used, &limit))
			atomic_store(&headroom, INT64_MAX);
		else
			atomic_store(&headroom, (int64_t)limit - (int64_t)used - RESERVE_BYTES);
		nanosleep(&(struct timespec){ .tv_nsec = REFRESH_NS }, NULL);
	}
	return NULL;
}

static int store_start(struct service *s, struct fl_error *err)
{
	pthread_t thread;

	(void)s;
	records = calloc(RECORDS, sizeof(*records));
	working_set = malloc((size_t)WORKING_PAGES * PAGE_BYTES);
	if (!records || !working_set)
		return error_sys(err, ENOMEM, "out of memory");
	memset(working_set, 1, (size_t)WORKING_PAGES * PAGE_BYTES);
	atomic_store(&headroom, GRANT_BYTES);
	grant_waits = metric_counter("lab_memory_grant_waits_total", "");
	spills = metric_counter("lab_memory_grant_spills_total", "");
	if (pthread_create(&thread, NULL, watch_memory, NULL))
		return error_sys(err, EAGAIN, "cannot start a thread");
	pthread_detach(thread);
	return 0;
}

/* A grant, waited for when there is none; NULL: none came, the query spills. */
static unsigned char *grant_take(void)
{
	uint64_t until = clock_mono_ns() + GRANT_WAIT_NS;
	bool waited = false;

	while (atomic_load(&headroom) < GRANT_BYTES) {
		if (!waited)
			metric_add(grant_waits, 1);
		waited = true;
		if (clock_mono_ns() >= until)
			return NULL;
		nanosleep(&(struct timespec){ .tv_nsec = 10 * NS_PER_MSEC }, NULL);
	}
	return malloc(GRANT_BYTES);
}

/* The work of one query: pages of the working set, gathered in the granted memory. */
static void query(void)
{
	unsigned char *grant = grant_take();
	size_t i, page;

	if (!grant) {
		metric_add(spills, 1);
		service_work(SPILL_US);
		return;
	}
	for (i = 0; i < TOUCHED_PAGES; i++) {
		page = (size_t)random() % WORKING_PAGES;
		memcpy(grant + i * PAGE_BYTES, working_set + page * PAGE_BYTES, PAGE_BYTES);
	}
	free(grant);
}

static struct record *record_of(const char *key)
{
	uint32_t hash = 2166136261u; /* FNV-1a */
	const char *p;

	for (p = key; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 16777619u;
	return &records[hash % RECORDS];
}

static void get_value(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	const char *key = route_tail(rq, "/kv/");
	const struct record *r = record_of(key);

	(void)s;
	query();
	pthread_mutex_lock(&records_lock);
	if (strcmp(r->key, key))
		http_reply_text(rp, 404, "{\"error\": \"no such key\"}\n");
	else
		http_reply_text(rp, 200, "{\"value\": %lld}\n", (long long)r->value);
	pthread_mutex_unlock(&records_lock);
}

/* {"set": n} or {"add": n}; answers with the new value. */
static void post_value(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	const char *key = route_tail(rq, "/kv/");
	struct record *r = record_of(key);
	json_t *root = json_loads(rq->body, 0, NULL);
	json_t *set = json_object_get(root, "set"), *add = json_object_get(root, "add");

	(void)s;
	query();
	pthread_mutex_lock(&records_lock);
	if (!json_is_integer(set) && !json_is_integer(add)) {
		http_reply_text(rp, 400, "{\"error\": \"neither set nor add\"}\n");
	} else if (strlen(key) >= sizeof(r->key)) {
		http_reply_text(rp, 400, "{\"error\": \"key too long\"}\n");
	} else {
		if (strcmp(r->key, key)) {
			text_copy(r->key, sizeof(r->key), key);
			r->value = 0;
		}
		r->value = set ? json_integer_value(set) : r->value + json_integer_value(add);
		http_reply_text(rp, 200, "{\"value\": %lld}\n", (long long)r->value);
	}
	pthread_mutex_unlock(&records_lock);
	json_decref(root);
}

static const struct route store_routes[] = {
	{ "GET", "/kv/", false, get_value },
	{ "POST", "/kv/", false, post_value },
	{ NULL, NULL, false, NULL },
};

const struct role role_store = { "store", "a database: numbers by key", store_routes, store_start };

/* --- broker ---------------------------------------------------------------------------------- */

#define QUEUE_MESSAGES 10000
#define MESSAGE_BYTES  256

struct message {
	char text[MESSAGE_BYTES];
	uint64_t mono_ns;
};

static struct message *queue;
static uint64_t queue_head, queue_tail;
static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;

static int broker_start(struct service *s, struct fl_error *err)
{
	(void)s;
	queue = calloc(QUEUE_MESSAGES, sizeof(*queue));
	return queue ? 0 : error_sys(err, ENOMEM, "out of memory");
}

/* Depth and age of the queue; call locked. */
static void queue_measure(void)
{
	uint64_t age = 0;

	if (queue_head != queue_tail)
		age = clock_mono_ns() - queue[queue_tail % QUEUE_MESSAGES].mono_ns;
	metric_set(metric_gauge("lab_queue_depth", ""), (int64_t)(queue_head - queue_tail));
	metric_set(metric_gauge("lab_queue_age_seconds", ""), (int64_t)(age / 1000));
}

static void post_message(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	struct message *m;

	(void)s;
	pthread_mutex_lock(&queue_lock);
	if (queue_head - queue_tail == QUEUE_MESSAGES) {
		http_reply_text(rp, 503, "{\"error\": \"queue is full\"}\n");
	} else {
		m = &queue[queue_head++ % QUEUE_MESSAGES];
		text_copy(m->text, sizeof(m->text), rq->body);
		m->mono_ns = clock_mono_ns();
		http_reply_text(rp, 200, "{\"offset\": %llu}\n", (unsigned long long)queue_head);
	}
	queue_measure();
	pthread_mutex_unlock(&queue_lock);
}

static void get_messages(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	const char *text = http_argument(rq, "max");
	int64_t max = 100;
	uint64_t n;

	(void)s;
	if (text)
		units_int(text, 1, QUEUE_MESSAGES, &max, NULL);
	pthread_mutex_lock(&queue_lock);
	n = queue_head - queue_tail;
	if (n > (uint64_t)max)
		n = (uint64_t)max;
	queue_tail += n;
	queue_measure();
	pthread_mutex_unlock(&queue_lock);
	http_reply_text(rp, 200, "{\"taken\": %llu}\n", (unsigned long long)n);
}

static const struct route broker_routes[] = {
	{ "POST", "/topics/orders", false, post_message },
	{ "GET", "/topics/orders", false, get_messages },
	{ NULL, NULL, false, NULL },
};

const struct role role_broker = { "broker", "a bounded queue of messages", broker_routes, broker_start };
