// SPDX-License-Identifier: GPL-2.0-only
/*
 * store.c - see store.h. hiredis speaks the protocol; reading is done here, because its blocking calls
 * take answers of any size for any time.
 *
 * A swap is WATCH, GET, PTTL, then MULTI, SET, EXEC: optimistic locking that every version and every
 * other server of this protocol has. SET with the remaining PX, for KEEPTTL came with Redis 6.
 */
#include <errno.h>
#include <hiredis.h>
#include <string.h>

#include "fault/state/store.h"
#include "os/netns.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define CONNECT_S  2
#define ANSWER_NS  (2 * NS_PER_SEC)
#define ANSWER_MAX (4u << 20)
#define SCAN_COUNT "200"
#define ARGS_MAX   6

struct store {
	redisContext *c;
	uint64_t deadline_ns; /* of all that is asked over this connection */
	char where[80];       /* for messages */
};

static void drop_reply(redisReply **r)
{
	if (*r)
		freeReplyObject(*r);
}

#define _cleanup_reply_ __attribute__((cleanup(drop_reply)))

static int broken(struct store *s, struct fl_error *err)
{
	return error_env(err, EIO, "the store at %s: %s", s->where,
			 s->c->errstr[0] ? s->c->errstr : "no answer in time");
}

/* --- commands: sent together, answered in order -------------------------------------------------- */

static int send_bytes(struct store *s, const struct bytes *args, int n, struct fl_error *err)
{
	const char *argv[ARGS_MAX];
	size_t lengths[ARGS_MAX];
	int i;

	for (i = 0; i < n; i++) {
		argv[i] = (const char *)args[i].v;
		lengths[i] = args[i].n;
	}
	return redisAppendCommandArgv(s->c, n, argv, lengths) ? broken(s, err) : 0;
}

/* A word of a command. */
static struct bytes word(const char *text)
{
	/* Not written to; struct bytes owns what it points to elsewhere. */
	return (struct bytes){ (uint8_t *)(uintptr_t)text, strlen(text) };
}

/* Of one answer, and of the whole. */
static uint64_t answer_deadline(const struct store *s)
{
	uint64_t answer = clock_mono_ns() + ANSWER_NS;

	return answer < s->deadline_ns ? answer : s->deadline_ns;
}

/* hiredis waits in the kernel, for as long as the socket is told to. False: there is no time left. */
static bool limit_wait(struct store *s, uint64_t deadline_ns)
{
	uint64_t now = clock_mono_ns(), left = deadline_ns > now ? deadline_ns - now : 0;
	const struct timeval limit = { .tv_sec = (time_t)(left / NS_PER_SEC),
				       .tv_usec = (suseconds_t)(left % NS_PER_SEC / 1000) };

	return left >= NS_PER_USEC && !redisSetTimeout(s->c, limit);
}

static int receive(struct store *s, redisReply **ret, struct fl_error *err)
{
	uint64_t deadline = answer_deadline(s);
	void *reply = NULL;
	int sent = 0;

	while (!sent)
		if (!limit_wait(s, deadline) || redisBufferWrite(s->c, &sent))
			return broken(s, err);
	for (;;) {
		if (redisGetReplyFromReader(s->c, &reply))
			return broken(s, err);
		if (reply) {
			*ret = reply;
			return 0;
		}
		if (s->c->reader->len > ANSWER_MAX)
			return error_env(err, EMSGSIZE, "the store at %s: an answer of more than %u bytes", s->where,
					 ANSWER_MAX);
		if (!limit_wait(s, deadline) || redisBufferRead(s->c))
			return broken(s, err);
	}
}

/* An answer that has to be of @type. */
static int expect(struct store *s, int type, redisReply **ret, struct fl_error *err)
{
	int r = receive(s, ret, err);

	if (r || (*ret)->type == type)
		return r;
	return error_env(err, EPROTO, "the store at %s: %s", s->where,
			 (*ret)->type == REDIS_REPLY_ERROR ? (*ret)->str : "an answer of the wrong type");
}

/* A command whose answer is a status ("OK"). */
static int order(struct store *s, const struct bytes *args, int n, struct fl_error *err)
{
	_cleanup_reply_ redisReply *reply = NULL;
	int r = send_bytes(s, args, n, err);

	return r ? r : expect(s, REDIS_REPLY_STATUS, &reply, err);
}

/* --- connecting ---------------------------------------------------------------------------------- */

static int log_in(struct store *s, const struct store_address *a, struct fl_error *err)
{
	char db[16];
	int r = 0;

	snprintf(db, sizeof(db), "%u", a->db);
	if (a->password)
		r = order(s, (struct bytes[]){ word("AUTH"), word(a->password) }, 2, err);
	if (!r)
		r = order(s, (struct bytes[]){ word("PING") }, 1, err);
	if (r)
		error_hint(err, "a store with a password needs password-file: a file in /etc/faultline/secrets");
	if (!r && a->db)
		r = order(s, (struct bytes[]){ word("SELECT"), word(db) }, 2, err);
	return r;
}

int store_open(int netns_fd, const struct store_address *a, struct store **ret, struct fl_error *err)
{
	const struct timeval limit = { .tv_sec = CONNECT_S };
	struct store *s = calloc(1, sizeof(*s));
	int old, r;

	if (!s)
		return error_sys(err, ENOMEM, "out of memory");
	s->deadline_ns = clock_mono_ns() + (a->patience_ns ?: STORE_OP_NS);
	snprintf(s->where, sizeof(s->where), "%s port %u", a->host, a->port);
	r = netns_enter(netns_fd, &old, err);
	if (r) {
		free(s);
		return r;
	}
	s->c = redisConnectWithTimeout(a->host, a->port, limit);
	netns_leave(old);
	if (!s->c)
		r = error_sys(err, ENOMEM, "out of memory");
	else if (s->c->err)
		r = error_env(err, ECONNREFUSED, "no store answers at %s: %s", s->where, s->c->errstr);
	else if (redisSetTimeout(s->c, limit))
		r = broken(s, err);
	else
		r = log_in(s, a, err);
	if (r) {
		store_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	if (s->c)
		redisFree(s->c);
	free(s);
}

/* --- keys and values ----------------------------------------------------------------------------- */

/* One page of a scan: [cursor, [key, ...]]. */
static int scan_page(struct store *s, const char *pattern, char cursor[32],
		     int (*found)(void *arg, const struct bytes *key), void *arg, struct fl_error *err)
{
	const struct bytes args[] = { word("SCAN"),  word(cursor),  word("MATCH"),
				      word(pattern), word("COUNT"), word(SCAN_COUNT) };
	_cleanup_reply_ redisReply *reply = NULL;
	const redisReply *keys;
	size_t i;
	int r = send_bytes(s, args, 6, err);

	if (!r)
		r = expect(s, REDIS_REPLY_ARRAY, &reply, err);
	if (r)
		return r;
	if (reply->elements != 2 || reply->element[0]->type != REDIS_REPLY_STRING || reply->element[0]->len >= 32 ||
	    reply->element[1]->type != REDIS_REPLY_ARRAY)
		return error_env(err, EPROTO, "the store at %s: SCAN answers something else", s->where);
	keys = reply->element[1];
	for (i = 0; !r && i < keys->elements; i++) {
		const struct bytes key = { (uint8_t *)keys->element[i]->str, keys->element[i]->len };

		if (keys->element[i]->type == REDIS_REPLY_STRING)
			r = found(arg, &key);
	}
	snprintf(cursor, 32, "%s", reply->element[0]->str);
	return r;
}

int store_scan(struct store *s, const char *pattern, int (*found)(void *arg, const struct bytes *key), void *arg,
	       struct fl_error *err)
{
	uint64_t deadline = clock_mono_ns() + 10 * ANSWER_NS;
	char cursor[32] = "0";
	int r;

	do {
		r = scan_page(s, pattern, cursor, found, arg, err);
		if (!r && clock_mono_ns() > deadline)
			r = error_env(err, ETIMEDOUT, "the store at %s has too many keys to look through", s->where);
	} while (!r && strcmp(cursor, "0"));
	return r < 0 ? r : 0;
}

int store_get(struct store *s, const struct bytes *key, struct bytes *ret, struct fl_error *err)
{
	_cleanup_reply_ redisReply *length = NULL, *value = NULL;
	int r = send_bytes(s, (struct bytes[]){ word("STRLEN"), *key }, 2, err);

	if (!r)
		r = receive(s, &length, err);
	if (r)
		return r;
	/* Another type answers with an error; a key that is not there with 0. */
	if (length->type != REDIS_REPLY_INTEGER || length->integer <= 0 || length->integer > STORE_VALUE_MAX)
		return 0;
	r = send_bytes(s, (struct bytes[]){ word("GET"), *key }, 2, err);
	if (!r)
		r = receive(s, &value, err);
	if (r || value->type != REDIS_REPLY_STRING)
		return r;
	r = bytes_copy(value->str, value->len, ret);
	return r ? error_sys(err, ENOMEM, "out of memory") : 1;
}

/* Under WATCH: does the key hold @expected, and how long has it to live? -1 ms: for ever. */
static int look(struct store *s, const struct bytes *key, const struct bytes *expected, bool *ret_same,
		long long *ret_ttl_ms, struct fl_error *err)
{
	_cleanup_reply_ redisReply *watch = NULL, *value = NULL, *ttl = NULL;
	struct bytes now;
	int r = send_bytes(s, (struct bytes[]){ word("WATCH"), *key }, 2, err) ?:
		send_bytes(s, (struct bytes[]){ word("GET"), *key }, 2, err) ?:
		send_bytes(s, (struct bytes[]){ word("PTTL"), *key }, 2, err) ?:
		expect(s, REDIS_REPLY_STATUS, &watch, err) ?: receive(s, &value, err) ?:
		expect(s, REDIS_REPLY_INTEGER, &ttl, err);

	if (r)
		return r;
	now = (struct bytes){ (uint8_t *)value->str, value->len };
	*ret_ttl_ms = ttl->integer;
	*ret_same = value->type == REDIS_REPLY_STRING && content_equal(&now, expected) &&
		    (ttl->integer > 0 || ttl->integer == -1);
	return 0;
}

int store_swap(struct store *s, const struct bytes *key, const struct bytes *expected, const struct bytes *value,
	       struct fl_error *err)
{
	_cleanup_reply_ redisReply *multi = NULL, *queued = NULL, *done = NULL;
	long long ttl_ms = -1;
	bool same = false;
	char px[24];
	int r = look(s, key, expected, &same, &ttl_ms, err);

	if (r)
		return r;
	if (!same)
		return order(s, (struct bytes[]){ word("UNWATCH") }, 1, err);
	snprintf(px, sizeof(px), "%lld", ttl_ms);
	r = send_bytes(s, (struct bytes[]){ word("MULTI") }, 1, err) ?:
	    send_bytes(s, (struct bytes[]){ word("SET"), *key, *value, word("PX"), word(px) },
		       ttl_ms < 0 ? 3 : 5, err) ?:
	    send_bytes(s, (struct bytes[]){ word("EXEC") }, 1, err) ?:
	    expect(s, REDIS_REPLY_STATUS, &multi, err) ?: expect(s, REDIS_REPLY_STATUS, &queued, err) ?:
	    receive(s, &done, err);
	if (r)
		return r;
	if (done->type == REDIS_REPLY_NIL)
		return 0; /* somebody was quicker */
	if (done->type == REDIS_REPLY_ARRAY && done->elements == 1 && done->element[0]->type == REDIS_REPLY_STATUS)
		return 1;
	return error_env(err, EPROTO, "the store at %s does not take a value: %s", s->where,
			 done->type == REDIS_REPLY_ERROR ? done->str : "SET failed");
}
