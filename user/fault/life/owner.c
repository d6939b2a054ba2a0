// SPDX-License-Identifier: GPL-2.0-only
/* owner.c - see owner.h. The asking side, which has no loop, is owner_order.c. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/queue.h>

#include "fault/life/course.h"
#include "fault/life/owner.h"
#include "fault/life/record.h"
#include "fault/protected.h"
#include "policy/gate.h"
#include "session/guardian.h"
#include "session/keeper.h"
#include "session/session.h"
#include "util/caller.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/loop/loop_time.h"
#include "util/text/text.h"

#define PUBLISH_EVERY 10          /* heartbeats */
#define ORDER_MAX     (64u << 10) /* bytes */
#define BACKLOG       8

/* What became of a fault's target, noted by a job and told on the loop. */
struct news {
	const struct fault *fault;
	json_t *change;
	STAILQ_ENTRY(news) link;
};

struct owner {
	struct session *session;
	struct offload work;
	struct offload_job round; /* the periodic work */
	pthread_mutex_t lock;     /* of the next two */
	struct fault **faults;
	uint32_t n;
	struct fault **seen; /* by the running job, when it began */
	uint32_t n_seen;
	unsigned int beats;
	bool publish; /* with the next round */
	bool again;   /* and with the one after it */
	bool quiet;   /* a job takes so long that the heartbeat has stopped */
	bool stopping;
	struct fl_error trouble;
	STAILQ_HEAD(, news) news; /* of the running job */
	uint64_t unsure_ns;       /* since when it cannot be told what is protected; 0: it can */
	bool must_end;            /* says the gate, for the reason in @why */
	struct ended why;
	changes_fn on_change;
	void *change_ctx;
	void (*on_gate)(void *ctx, const struct ended *why);
	void *gate_ctx;
	uv_timer_t timer;
	uv_pipe_t server;
	int handles; /* still open; the owner is freed with the last of them and of the jobs */
	LIST_HEAD(, client) clients;
};

/* One connection: a line in, a line out. */
struct client {
	struct owner *owner;
	uv_pipe_t pipe;
	uv_write_t write;
	struct text in;
	json_t *order;
	struct fault *fault; /* that it is about */
	char *answer;
	struct offload_job job;
	bool closed;
	LIST_ENTRY(client) link;
};

/* --- orders --------------------------------------------------------------------------------
 */

static struct fault *find(const struct owner *o, const char *id)
{
	uint32_t i;

	for (i = 0; id && i < o->n; i++)
		if (!strcmp(o->faults[i]->id, id))
			return o->faults[i];
	return NULL;
}

/* The faults as they are when a job begins: none of these goes before a job that is queued later. */
static void see_faults(struct owner *o)
{
	struct fault **grown;

	pthread_mutex_lock(&o->lock);
	grown = reallocarray(o->seen, o->n ? o->n : 1, sizeof(*grown));
	if (grown) {
		o->seen = grown;
		if (o->n)
			memcpy(grown, o->faults, o->n * sizeof(*grown));
	}
	o->n_seen = grown ? o->n : 0;
	pthread_mutex_unlock(&o->lock);
}

/* A changes_fn for jobs: it is told on the loop. */
static void keep_news(void *ctx, const struct fault *f, const json_t *change)
{
	struct owner *o = ctx;
	struct news *n = calloc(1, sizeof(*n));

	if (!n)
		return;
	n->fault = f;
	n->change = json_incref((json_t *)(uintptr_t)change);
	STAILQ_INSERT_TAIL(&o->news, n, link);
}

static void tell_news(struct owner *o)
{
	struct news *n;

	while ((n = STAILQ_FIRST(&o->news))) {
		STAILQ_REMOVE_HEAD(&o->news, link);
		if (o->on_change)
			o->on_change(o->change_ctx, n->fault, n->change);
		json_decref(n->change);
		free(n);
	}
}

/* Who did what to the fault, for its result. @words: "switched it off". Steals @detail. */
static void note_deed(struct owner *o, struct fault *f, const json_t *order, const char *what, const char *words,
		      json_t *detail)
{
	struct caller by;
	char who[128];
	json_t *change;

	caller_from_json(json_object_get(order, "by"), &by);
	change = json_pack("{s:f, s:s, s:o, s:o, s:o}", "t", clock_wall_s(), "what", what, "by", caller_json(&by),
			   "detail", detail, "text", json_sprintf("%s %s", caller_text(&by, who, sizeof(who)), words));
	changes_note(f, change, keep_news, o);
}

/* "set delay=300ms (was 200ms), which ends its schedule"; the parameters of @f are the old ones. */
static void describe_set(const struct fault *f, json_t *changes, struct text *words, json_t *detail)
{
	json_t *before = params_now_json(&f->params), *value;
	const char *name;

	text_append(words, "set");
	json_object_foreach(changes, name, value) {
		const char *after = json_string_value(value) ?: "";
		json_t *old = json_object_get(before, name);

		text_append(words, " %s=%s (was %s)%s%s", name, after, json_string_value(old) ?: "unset",
			    *course_words(f->courses, name) ? ", which ends its schedule: " : "",
			    course_words(f->courses, name));
		json_object_set_new(detail, name, json_pack("{s:O?, s:s}", "before", old, "after", after));
	}
	json_decref(before);
}

static int set_params(struct owner *o, struct fault *f, const json_t *order, struct fl_error *err)
{
	json_t *changes = json_object_get(order, "params"), *value, *detail = json_object();
	struct params wanted = {};
	struct text words = {};
	const char *name;
	int r = params_copy(&wanted, &f->params, err);

	json_object_foreach(changes, name, value) {
		if (!r)
			r = params_set(&wanted, name, json_string_value(value) ?: "", err);
	}
	describe_set(f, changes, &words, detail);
	if (!r)
		r = fault_update(f, &wanted, err);
	if (!r)
		note_deed(o, f, order, "set", words.s ?: "set it", json_incref(detail));
	json_decref(detail);
	text_free(&words);
	params_free(&wanted);
	return r;
}

static int stop_fault(struct owner *o, struct fault *f, const json_t *order, struct fl_error *err)
{
	bool was = f->active;
	int r = fault_activate(f, false, err);

	if (!r && was)
		note_deed(o, f, order, "stopped", "switched it off", json_null());
	return r;
}

static int obey(struct owner *o, struct fault *f, const json_t *order, struct fl_error *err)
{
	const char *op = json_string_value(json_object_get(order, "op"));
	const char *id = json_string_value(json_object_get(order, "id"));
	int r;

	if (!f)
		return error_usage(err, "no fault '%.40s'", id ? id : "");
	if (op && !strcmp(op, "set"))
		r = set_params(o, f, order, err);
	else if (op && !strcmp(op, "stop"))
		r = stop_fault(o, f, order, err);
	else
		return error_usage(err, "no order '%.40s'", op ? op : "");
	return r ? r : owner_publish(o, err);
}

static void obey_work(void *client)
{
	struct client *c = client;
	_cleanup_free_ char *text = NULL;
	struct fl_error err = {};
	json_t *reply;

	if (obey(c->owner, c->fault, c->order, &err))
		reply = json_pack("{s:o, s:s, s:i, s:i}", "error",
				  err.file[0]
					  ? json_sprintf("%s:%d:%d: %s", err.file, err.line, err.column, err.message)
					  : json_string(err.message),
				  "hint", err.hint, "exit", (int)err.exit, "code", err.code);
	else
		reply = json_pack("{s:b}", "ok", 1);
	text = json_dumps(reply, JSON_COMPACT);
	json_decref(reply);
	c->answer = text ? text_format("%s\n", text) : NULL;
}

/* --- connections ---------------------------------------------------------------------------
 */

static void free_when_over(void *owner)
{
	struct owner *o = owner;

	if (o->handles || !offload_idle(&o->work))
		return;
	pthread_mutex_destroy(&o->lock);
	free(o->faults);
	free(o->seen);
	free(o);
}

static void drop_handle(struct owner *o)
{
	o->handles--;
	free_when_over(o);
}

static void client_free(struct client *c)
{
	struct owner *o = c->owner;

	LIST_REMOVE(c, link);
	text_free(&c->in);
	json_decref(c->order);
	free(c->answer);
	free(c);
	drop_handle(o);
}

static void on_client_closed(uv_handle_t *h)
{
	LOOP_CALLBACK();
	struct client *c = h->data;

	c->closed = true;
	if (!c->job.queued)
		client_free(c);
}

static void close_client(struct client *c)
{
	if (!uv_is_closing((uv_handle_t *)&c->pipe))
		uv_close((uv_handle_t *)&c->pipe, on_client_closed);
}

static void on_written(uv_write_t *w, int status)
{
	LOOP_CALLBACK();

	(void)status;
	close_client(w->data);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	LOOP_CALLBACK();
	static char chunk[4096]; /* one loop, and libuv reads right after it asked */

	(void)h;
	(void)suggested;
	*buf = uv_buf_init(chunk, sizeof(chunk));
}

static void obey_done(void *client)
{
	struct client *c = client;
	uv_buf_t out;

	tell_news(c->owner);
	if (c->closed) {
		client_free(c);
		return;
	}
	if (!c->answer || uv_is_closing((uv_handle_t *)&c->pipe)) {
		close_client(c);
		return;
	}
	c->write.data = c;
	out = uv_buf_init(c->answer, (unsigned int)strlen(c->answer));
	if (uv_write(&c->write, (uv_stream_t *)&c->pipe, &out, 1, on_written))
		close_client(c);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	LOOP_CALLBACK();
	struct client *c = stream->data;

	if (n > 0)
		text_append_bytes(&c->in, buf->base, (size_t)n);
	if (n < 0 || c->in.failed || c->in.len > ORDER_MAX) {
		close_client(c);
		return;
	}
	if (!c->in.s || !strchr(c->in.s, '\n'))
		return;
	uv_read_stop(stream);
	c->order = json_loads(c->in.s, 0, NULL);
	/* It stays until a job that is queued after this one. */
	c->fault = find(c->owner, json_string_value(json_object_get(c->order, "id")));
	c->job = (struct offload_job){ .work = obey_work, .done = obey_done, .arg = c };
	offload_do(&c->owner->work, &c->job);
}

static void on_connection(uv_stream_t *server, int status)
{
	LOOP_CALLBACK();
	struct owner *o = server->data;
	struct client *c = status ? NULL : calloc(1, sizeof(*c));

	if (!c)
		return;
	c->owner = o;
	o->handles++;
	LIST_INSERT_HEAD(&o->clients, c, link);
	c->pipe.data = c;
	uv_pipe_init(server->loop, &c->pipe, 0);
	if (uv_accept(server, (uv_stream_t *)&c->pipe) || uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read))
		close_client(c);
}

/* --- the faults ----------------------------------------------------------------------------
 */

static void round_work(void *owner)
{
	struct owner *o = owner;
	uint32_t i;

	see_faults(o);
	for (i = 0; i < o->n_seen; i++) {
		fault_tick(o->seen[i], &o->trouble);
		course_follow(o->seen[i], keep_news, o, &o->publish, &o->trouble);
		o->publish |= changes_look(o->seen[i], keep_news, o);
	}
	if (o->publish)
		protected_watch(o->seen, o->n_seen, &o->unsure_ns, keep_news, o, &o->trouble);
	if (o->publish)
		owner_publish(o, &o->trouble);
	if (o->publish && o->on_gate && !o->must_end)
		o->must_end = gate_must_end(&o->why);
}

static void begin_round(struct owner *o)
{
	if (!o->round.queued && !o->stopping)
		offload_do(&o->work, &o->round);
}

/* What record_write() has read, for those who are on the loop. */
static void show_proofs(struct owner *o)
{
	uint32_t i;

	for (i = 0; o->publish && i < o->n_seen; i++)
		o->seen[i]->shown = o->seen[i]->fresh;
}

static void round_done(void *owner)
{
	struct owner *o = owner;
	void (*fn)(void *ctx, const struct ended *why) = o->on_gate;

	show_proofs(o);
	o->publish = o->again;
	o->again = false;
	tell_news(o);
	if (o->publish)
		begin_round(o);
	if (!o->must_end || !fn)
		return;
	o->on_gate = NULL;
	fn(o->gate_ctx, &o->why);
}

/*
 * As long as the loop turns the owner lives, but one whose job does not come back hangs as well: from
 * then on its leases run out, and in the end its guardian acts.
 */
static void beat(struct owner *o)
{
	if (offload_age_ns(&o->work) < KEEPER_MOST_NS) {
		session_heartbeat(o->session);
		o->quiet = false;
	} else if (!o->quiet) {
		o->quiet = true;
		if (o->work.running != &o->round)
			guardian_beat(o->session->guardian, FL_BUSY_NS);
	}
}

static void on_beat(uv_timer_t *timer)
{
	LOOP_CALLBACK();
	struct owner *o = timer->data;

	beat(o);
	if (++o->beats % PUBLISH_EVERY == 0 && !o->round.queued)
		o->publish = true;
	begin_round(o);
}

int owner_add(struct owner *o, struct fault *f, struct fl_error *err)
{
	struct fault **grown;
	int r = 0;

	pthread_mutex_lock(&o->lock);
	grown = reallocarray(o->faults, o->n + 1, sizeof(*grown));
	if (grown) {
		o->faults = grown;
		o->faults[o->n++] = f;
	} else {
		r = error_sys(err, ENOMEM, "fault %s: out of memory", f->id);
	}
	pthread_mutex_unlock(&o->lock);
	return r;
}

void owner_on_change(struct owner *o, changes_fn fn, void *ctx)
{
	o->on_change = fn;
	o->change_ctx = ctx;
}

void owner_on_gate(struct owner *o, void (*fn)(void *ctx, const struct ended *why), void *ctx)
{
	o->on_gate = fn;
	o->gate_ctx = ctx;
}

void owner_remove(struct owner *o, struct fault *f)
{
	uint32_t i;

	pthread_mutex_lock(&o->lock);
	for (i = 0; i < o->n; i++)
		if (o->faults[i] == f) {
			o->faults[i] = o->faults[--o->n];
			break;
		}
	pthread_mutex_unlock(&o->lock);
	owner_changed(o);
}

void owner_changed(struct owner *o)
{
	o->again = o->round.queued;
	o->publish |= !o->again;
	begin_round(o);
}

int owner_publish(struct owner *o, struct fl_error *err)
{
	see_faults(o);
	return record_write(o->session, o->seen, o->n_seen, err);
}

void owner_do(struct owner *o, struct offload_job *job)
{
	offload_do(&o->work, job);
}

bool owner_idle(const struct owner *o)
{
	return offload_idle(&o->work);
}

void owner_rest(struct owner *o)
{
	o->stopping = true;
}

void owner_settle(struct owner *o)
{
	owner_rest(o);
	while (!offload_idle(&o->work))
		uv_run(o->work.loop, UV_RUN_ONCE);
}

const struct fl_error *owner_trouble(const struct owner *o)
{
	return o->trouble.exit ? &o->trouble : NULL;
}

/* --- beginning and end ---------------------------------------------------------------------
 */

static void on_closed(uv_handle_t *h)
{
	LOOP_CALLBACK();

	drop_handle(h->data);
}

int owner_start(uv_loop_t *loop, struct session *s, struct owner **ret, struct fl_error *err)
{
	struct owner *o = calloc(1, sizeof(*o));
	_cleanup_free_ char *path = text_format("%s/control", s->dir);
	int r;

	if (!o || !path) {
		free(o);
		return error_sys(err, ENOMEM, "session %s: out of memory", s->name);
	}
	o->session = s;
	pthread_mutex_init(&o->lock, NULL);
	offload_init(&o->work, loop, free_when_over, o);
	o->round = (struct offload_job){ .work = round_work, .done = round_done, .arg = o };
	STAILQ_INIT(&o->news);
	o->handles = 2;
	o->timer.data = o;
	o->server.data = o;
	uv_timer_init(loop, &o->timer);
	uv_pipe_init(loop, &o->server, 0);
	r = uv_pipe_bind(&o->server, path);
	if (!r)
		r = uv_listen((uv_stream_t *)&o->server, BACKLOG, on_connection);
	if (!r)
		r = uv_timer_start(&o->timer, on_beat, 0, FL_LEASE_PERIOD_MS);
	/* libuv starts its threads with the first job, and waits for each of them: here, not on the loop. */
	if (!r)
		begin_round(o);
	if (r) {
		owner_stop(o);
		return error_env(err, -r, "cannot listen on %s: %s", path, uv_strerror(r));
	}
	*ret = o;
	return 0;
}

void owner_stop(struct owner *o)
{
	struct client *c;

	o->stopping = true;

	LIST_FOREACH(c, &o->clients, link)
	close_client(c);
	uv_close((uv_handle_t *)&o->timer, on_closed);
	uv_close((uv_handle_t *)&o->server, on_closed);
}
