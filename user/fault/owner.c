// SPDX-License-Identifier: GPL-2.0-only
/* owner.c - see owner.h. The asking side, which has no loop, is owner_order.c. */
#include <errno.h>
#include <string.h>
#include <sys/queue.h>

#include "fault/owner.h"
#include "fault/record.h"
#include "kern/session.h"
#include "policy/gate.h"
#include "util/caller.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text.h"

#define PUBLISH_EVERY 10	  /* heartbeats */
#define ORDER_MAX     (64u << 10) /* bytes */
#define BACKLOG	      8

struct owner {
	struct session *session;
	struct fault **faults;
	uint32_t n;
	unsigned int beats;
	struct fl_error trouble;
	changes_fn on_change;
	void *change_ctx;
	void (*on_gate)(void *ctx, const struct ended *why);
	void *gate_ctx;
	uv_timer_t timer;
	uv_pipe_t server;
	int handles; /* still open; the owner is freed with the last of them */
	LIST_HEAD(, client) clients;
};

/* One connection: a line in, a line out. */
struct client {
	struct owner *owner;
	uv_pipe_t pipe;
	uv_write_t write;
	struct text in;
	char *answer;
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

/* Who did what to the fault, for its result. @words: "switched it off". Steals @detail. */
static void note_deed(struct owner *o, struct fault *f, const json_t *order, const char *what,
		      const char *words, json_t *detail)
{
	struct caller by;
	char who[128];
	json_t *change;

	caller_from_json(json_object_get(order, "by"), &by);
	change = json_pack("{s:f, s:s, s:o, s:o, s:o}", "t", clock_wall_s(), "what", what, "by",
			   caller_json(&by), "detail", detail, "text",
			   json_sprintf("%s %s", caller_text(&by, who, sizeof(who)), words));
	changes_note(f, change, o->on_change, o->change_ctx);
}

/* "set delay=300ms (was 200ms)"; the parameters of @f are the old ones. */
static void describe_set(const struct fault *f, json_t *changes, struct text *words,
			 json_t *detail)
{
	json_t *before = params_json(&f->params), *value;
	const char *name;

	text_append(words, "set");
	json_object_foreach(changes, name, value) {
		const char *after = json_string_value(value) ?: "";
		json_t *old = json_object_get(before, name);

		text_append(words, " %s=%s (was %s)", name, after, json_string_value(old) ?: "unset");
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

static int obey(struct owner *o, json_t *order, struct fl_error *err)
{
	const char *op = json_string_value(json_object_get(order, "op"));
	const char *id = json_string_value(json_object_get(order, "id"));
	struct fault *f = find(o, id);
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

static char *answer(struct owner *o, const char *line)
{
	_cleanup_free_ char *text = NULL;
	json_t *order = json_loads(line, 0, NULL), *reply;
	struct fl_error err = {};

	if (obey(o, order, &err))
		reply = json_pack("{s:s, s:s, s:i, s:i}", "error", err.message, "hint",
				  err.hint, "exit", (int)err.exit, "code", err.code);
	else
		reply = json_pack("{s:b}", "ok", 1);
	text = json_dumps(reply, JSON_COMPACT);
	json_decref(order);
	json_decref(reply);
	return text ? text_format("%s\n", text) : NULL;
}

/* --- connections ---------------------------------------------------------------------------
 */

static void drop_handle(struct owner *o)
{
	if (--o->handles)
		return;
	free(o->faults);
	free(o);
}

static void on_client_closed(uv_handle_t *h)
{
	struct client *c = h->data;

	LIST_REMOVE(c, link);
	drop_handle(c->owner);
	text_free(&c->in);
	free(c->answer);
	free(c);
}

static void close_client(struct client *c)
{
	if (!uv_is_closing((uv_handle_t *)&c->pipe))
		uv_close((uv_handle_t *)&c->pipe, on_client_closed);
}

static void on_written(uv_write_t *w, int status)
{
	(void)status;
	close_client(w->data);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	static char chunk[4096]; /* one loop, and libuv reads right after it asked */

	(void)h;
	(void)suggested;
	*buf = uv_buf_init(chunk, sizeof(chunk));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct client *c = stream->data;
	uv_buf_t out;

	if (n > 0)
		text_append_bytes(&c->in, buf->base, (size_t)n);
	if (n < 0 || c->in.failed || c->in.len > ORDER_MAX) {
		close_client(c);
		return;
	}
	if (!c->in.s || !strchr(c->in.s, '\n'))
		return;
	uv_read_stop(stream);
	c->answer = answer(c->owner, c->in.s);
	if (!c->answer) {
		close_client(c);
		return;
	}
	c->write.data = c;
	out = uv_buf_init(c->answer, (unsigned int)strlen(c->answer));
	if (uv_write(&c->write, stream, &out, 1, on_written))
		close_client(c);
}

static void on_connection(uv_stream_t *server, int status)
{
	struct owner *o = server->data;
	struct client *c = status ? NULL : calloc(1, sizeof(*c));

	if (!c)
		return;
	c->owner = o;
	o->handles++;
	LIST_INSERT_HEAD(&o->clients, c, link);
	c->pipe.data = c;
	uv_pipe_init(server->loop, &c->pipe, 0);
	if (uv_accept(server, (uv_stream_t *)&c->pipe) ||
	    uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read))
		close_client(c);
}

/* --- the faults ----------------------------------------------------------------------------
 */

static void look_at_gate(struct owner *o)
{
	void (*fn)(void *ctx, const struct ended *why) = o->on_gate;
	struct ended why;

	if (!fn || !gate_must_end(&why))
		return;
	o->on_gate = NULL;
	fn(o->gate_ctx, &why);
}

static void on_beat(uv_timer_t *timer)
{
	struct owner *o = timer->data;
	bool changed = false;
	uint32_t i;

	session_heartbeat(o->session);
	for (i = 0; i < o->n; i++) {
		fault_tick(o->faults[i], &o->trouble);
		changed |= changes_look(o->faults[i], o->on_change, o->change_ctx);
	}
	if (++o->beats % PUBLISH_EVERY == 0 || changed)
		owner_publish(o, &o->trouble);
	if (o->beats % PUBLISH_EVERY == 0)
		look_at_gate(o);
}

int owner_add(struct owner *o, struct fault *f, struct fl_error *err)
{
	struct fault **grown = reallocarray(o->faults, o->n + 1, sizeof(*grown));

	if (!grown)
		return error_sys(err, ENOMEM, "fault %s: out of memory", f->id);
	o->faults = grown;
	o->faults[o->n++] = f;
	return owner_publish(o, err);
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

	for (i = 0; i < o->n; i++)
		if (o->faults[i] == f) {
			o->faults[i] = o->faults[--o->n];
			owner_publish(o, &o->trouble);
			return;
		}
}

int owner_publish(struct owner *o, struct fl_error *err)
{
	return record_write(o->session, o->faults, o->n, err);
}

const struct fl_error *owner_trouble(const struct owner *o)
{
	return o->trouble.exit ? &o->trouble : NULL;
}

/* --- beginning and end ---------------------------------------------------------------------
 */

static void on_closed(uv_handle_t *h)
{
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

	LIST_FOREACH(c, &o->clients, link)
		close_client(c);
	uv_close((uv_handle_t *)&o->timer, on_closed);
	uv_close((uv_handle_t *)&o->server, on_closed);
}
