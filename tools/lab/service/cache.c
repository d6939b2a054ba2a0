// SPDX-License-Identifier: GPL-2.0-only
/*
 * cache.c - see cache.h. Connections are kept in a small stack; one that failed in any way is
 * closed. While no connection can be made, one attempt per RETRY_NS is enough.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <hiredis.h>
#include <pthread.h>
#include <string.h>

#include "tools/lab/common/metrics.h"
#include "tools/lab/service/cache.h"
#include "tools/lab/service/resolver.h"
#include "tools/lab/service/upstream.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/units.h"

#define POOL       8
#define TIMEOUT_MS 250
#define RETRY_NS   (500 * NS_PER_MSEC)

struct cache {
	char name[64], host[128];
	int port;
	pthread_mutex_t lock;
	redisContext *idle[POOL];
	int n_idle;
	uint64_t down_until_ns;
	struct peer_metrics *metrics;
	_Atomic int64_t *hits, *misses;
};

int cache_open(const char *spec, struct cache **ret, struct fl_error *err)
{
	struct cache *c = calloc(1, sizeof(*c));
	_cleanup_free_ char *copy = strdup(spec);
	char *host = copy ? strchr(copy, '=') : NULL, *port = host ? strrchr(host, ':') : NULL;
	int64_t n;

	if (!c || !port || units_int(port + 1, 1, 65535, &n, NULL)) {
		free(c);
		return error_usage(err, "a cache is NAME=HOST:PORT, not '%s'", spec);
	}
	*host++ = '\0';
	*port = '\0';
	text_copy(c->name, sizeof(c->name), copy);
	text_copy(c->host, sizeof(c->host), host);
	c->port = (int)n;
	pthread_mutex_init(&c->lock, NULL);
	c->metrics = peer_metrics_get(c->name);
	c->hits = metric_counter("lab_cache_hits_total", "");
	c->misses = metric_counter("lab_cache_misses_total", "");
	*ret = c;
	return 0;
}

static redisContext *dial(struct cache *c, uint64_t deadline_ns, enum call_result *ret_why)
{
	struct timeval limit = { .tv_usec = TIMEOUT_MS * 1000 };
	char ip[INET_ADDRSTRLEN];
	struct in_addr addr;
	redisContext *r;

	*ret_why = CALL_DNS;
	if (resolver_lookup(c->host, deadline_ns, &addr))
		return NULL;
	*ret_why = CALL_REFUSED;
	inet_ntop(AF_INET, &addr, ip, sizeof(ip));
	r = redisConnectWithTimeout(ip, c->port, limit);
	if (r && !r->err && !redisSetTimeout(r, limit))
		return r;
	if (r) {
		if (r->err == REDIS_ERR_IO && (errno == ETIMEDOUT || errno == EAGAIN))
			*ret_why = CALL_TIMEOUT;
		redisFree(r);
	}
	return NULL;
}

/* One command on a pooled connection; NULL when it failed. The reply is the caller's to free. */
static redisReply *command(struct cache *c, int argc, const char **argv)
{
	uint64_t began = clock_mono_ns();
	enum call_result result = CALL_OK;
	redisReply *reply = NULL;
	redisContext *r = NULL;

	pthread_mutex_lock(&c->lock);
	if (c->down_until_ns > began) {
		pthread_mutex_unlock(&c->lock);
		return NULL;
	}
	if (c->n_idle)
		r = c->idle[--c->n_idle];
	pthread_mutex_unlock(&c->lock);
	if (!r)
		r = dial(c, began + TIMEOUT_MS * NS_PER_MSEC, &result);
	if (r) {
		reply = redisCommandArgv(r, argc, argv, NULL);
		if (!reply)
			result = errno == EAGAIN ? CALL_TIMEOUT : CALL_REFUSED;
		else if (reply->type == REDIS_REPLY_ERROR)
			result = CALL_ERROR;
	}
	peer_metrics_record(c->metrics, result, clock_mono_ns() - began);
	pthread_mutex_lock(&c->lock);
	if (reply && c->n_idle < POOL)
		c->idle[c->n_idle++] = take_ptr(r);
	if (!reply)
		c->down_until_ns = clock_mono_ns() + RETRY_NS;
	/* Where one connection broke the others are not to be trusted: the server may be new. */
	while (!reply && c->n_idle)
		redisFree(c->idle[--c->n_idle]);
	pthread_mutex_unlock(&c->lock);
	if (r)
		redisFree(r);
	return reply;
}

bool cache_get(struct cache *c, const char *key, char *buf, size_t size)
{
	redisReply *reply;
	bool hit = false;

	if (!c)
		return false;
	reply = command(c, 2, (const char *[]){ "GET", key });
	if (reply && reply->type == REDIS_REPLY_STRING)
		hit = snprintf(buf, size, "%s", reply->str) >= 0;
	if (reply)
		freeReplyObject(reply);
	metric_add(hit ? c->hits : c->misses, 1);
	return hit;
}

void cache_set(struct cache *c, const char *key, const char *value, unsigned int seconds)
{
	char life[16];
	redisReply *reply;

	if (!c)
		return;
	snprintf(life, sizeof(life), "%u", seconds);
	reply = command(c, 5, (const char *[]){ "SET", key, value, "EX", life });
	if (reply)
		freeReplyObject(reply);
}
