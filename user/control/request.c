// SPDX-License-Identifier: GPL-2.0-only
/*
 * request.c - a request of the front, from what it says to the answer. Nothing in it is believed but what can be proved:
 * a token by its hash, a user by the connection that is passed along.
 */
#include <errno.h>
#include <string.h>

#include "control/answers.h"
#include "control/audit.h"
#include "control/command.h"
#include "control/job.h"
#include "control/private.h"
#include "fault/life/record.h"
#include "util/cleanup.h"
#include "util/json/json_path.h"
#include "util/json/yaml.h"

#define JOBS_MAX    6
#define WAITING_MAX 64
#define QUICK_MS    60000
#define INJECT_MS   180000

struct request {
	struct request *next;
	struct control *c;
	uint32_t id, generation;
	const struct route *route;
	struct who who;
	json_t *envelope; /* owns the texts below */
	const char *object, *from, *key, *text;
	json_t *body; /* of JSON; NULL: none */
	char **args;
	bool once; /* its key waits for what comes of it */
};

static void request_free(struct request *q)
{
	json_decref(q->envelope);
	json_decref(q->body);
	words_free(q->args);
	free(q);
}

/* --- answers ------------------------------------------------------------------------------------- */

static void send_answer(const struct request *q, unsigned int status, const char *body, size_t n)
{
	uint32_t code = status;
	struct text t = {};

	text_append_bytes(&t, &code, sizeof(code));
	text_append_bytes(&t, body, n);
	if (!t.failed)
		front_send(q->c, q->generation, WIRE_ANSWER, q->id, t.s, t.len);
	text_free(&t);
}

/* What became of it, for the audit log and whoever asks again with the same key; the request ends. */
static void conclude(struct request *q, unsigned int status, const char *body, size_t n, const char *result)
{
	struct audit_entry entry = { .who = &q->who,
				     .from = q->from,
				     .route = q->route,
				     .object = q->object,
				     .asked = q->body,
				     .status = status,
				     .result = result };

	if (q->route->changes)
		audit_write(&entry);
	if (q->once)
		once_end(q->who.name, q->key, status, body);
	send_answer(q, status, body, n);
	request_free(q);
}

static json_t *text_or_null(const char *s)
{
	return s && s[0] ? json_foreign(s) : json_null();
}

/* RFC 9457; the words are those of the command line. */
static void refuse(struct request *q, unsigned int status, const struct fl_error *err)
{
	json_t *o = json_pack("{s:s, s:i, s:o, s:o, s:i, s:o, s:o, s:o}", "type", "about:blank", "status", (int)status,
			      "detail", json_foreign(err->message[0] ? err->message : "unknown error"), "hint",
			      text_or_null(err->hint), "exit_status", (int)err->exit, "file", text_or_null(err->file),
			      "line", err->line ? json_integer(err->line) : json_null(), "column",
			      err->column ? json_integer(err->column) : json_null());
	_cleanup_free_ char *body = o ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(o);
	conclude(q, status, body ?: "{}", strlen(body ?: "{}"), err->message);
}

static void refuse_text(struct request *q, unsigned int status, const char *what, const char *hint)
{
	struct fl_error err = {};

	error_usage(&err, "%s", what);
	if (hint)
		error_hint(&err, "%s", hint);
	refuse(q, status, &err);
}

/* @o is stolen. */
static void answer(struct request *q, unsigned int status, json_t *o, const char *result)
{
	_cleanup_free_ char *body = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;

	json_decref(o);
	if (body)
		conclude(q, status, body, strlen(body), result);
	else
		refuse_text(q, 500, "the answer cannot be told as JSON", NULL);
}

/* --- by a command -------------------------------------------------------------------------------- */

static unsigned int status_of_exit(int exit_status)
{
	switch (exit_status) {
	case FL_EXIT_USAGE: return 422;
	case FL_EXIT_INTERNAL: return 500;
	default: return 409; /* the host or the kernel is in the way, or what is on */
	}
}

static const char *string_at(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key)) ?: "";
}

/* An error that the command has told as JSON. */
static void refuse_by(struct request *q, int exit_status, const json_t *said)
{
	struct fl_error err = { .exit = (enum fl_exit)exit_status };

	text_copy(err.message, sizeof(err.message), string_at(said, "message"));
	text_copy(err.hint, sizeof(err.hint), string_at(said, "hint"));
	text_copy(err.file, sizeof(err.file), string_at(said, "file"));
	err.line = (int)json_integer_value(json_object_get(said, "line"));
	err.column = (int)json_integer_value(json_object_get(said, "column"));
	refuse(q, status_of_exit(exit_status), &err);
}

/* The lines of standard error that are notes to whoever asked: an overlap, what is spared. */
static json_t *notes_of(const char *text)
{
	json_t *all = json_array();

	while (*text) {
		size_t n = strcspn(text, "\n");

		if (!strncmp(text, "note: ", 6)) {
			_cleanup_free_ char *line = strndup(text + 6, n - 6);

			json_array_append_new(all, json_foreign(line ?: ""));
		}
		text += n + (text[n] != '\0');
	}
	return all;
}

static void start_waiting(struct control *c);

static void on_done(void *ctx, const struct job_result *r)
{
	struct request *q = ctx;
	struct control *c = q->c;
	json_t *o = json_loadb(r->out, r->out_len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL), *said;

	said = json_object_get(o, "error");
	if (q->route->changes)
		look_changed(c);
	if (r->timed_out)
		refuse_text(q, 504, "it took too long and was ended", NULL);
	/* What has a result and an error beside it is a result, for who wants to know what is still open. */
	else if (r->exit_status > 0 && json_is_object(said) && q->route->verb != VERB_CHECK)
		refuse_by(q, r->exit_status, said);
	else if (r->exit_status < 0 || !o)
		refuse_text(q, 500, "the command ended without a result", NULL);
	else {
		if (q->route->verb == VERB_CHECK) /* it has no other name */
			json_object_set_new(o, "file", json_string("(body)"));
		if (q->route->verb == VERB_INJECT)
			json_object_set_new(o, "notes", notes_of(r->err));
		answer(q, q->route->status, json_incref(o), string_at(o, "id"));
	}
	json_decref(o);
	start_waiting(c);
}

/* What ends faults is not kept waiting by what begins them. */
static bool goes_first(const struct request *q)
{
	return q->route->verb == VERB_HALT || q->route->verb == VERB_STOP;
}

static void start_command(struct request *q)
{
	enum verb verb = q->route->verb;
	struct job_ask ask = {
		.args = q->args,
		.who = &q->who,
		.input = verb == VERB_CHECK ? q->text : NULL,
		.input_len = verb == VERB_CHECK ? strlen(q->text) : 0,
		.unprivileged = verb == VERB_CHECK,
		.timeout_ms = verb == VERB_INJECT ? INJECT_MS : QUICK_MS,
		.done = on_done,
		.ctx = q,
	};
	int r = job_start(&q->c->loop, &ask);

	if (r)
		refuse_text(q, 500, strerror(-r), "the command could not be started");
}

static void start_waiting(struct control *c)
{
	struct request *q = c->waiting;

	if (!q || job_count() >= JOBS_MAX || c->stopping)
		return;
	c->waiting = q->next;
	if (!c->waiting)
		c->last_waiting = &c->waiting;
	c->n_waiting--;
	start_command(q);
}

static void by_command(struct request *q)
{
	struct control *c = q->c;

	if (goes_first(q) || job_count() < JOBS_MAX) {
		start_command(q);
	} else if (c->n_waiting >= WAITING_MAX) {
		refuse_text(q, 503, "too many requests wait already", "ask again in some seconds");
	} else {
		q->next = NULL;
		*c->last_waiting = q;
		c->last_waiting = &q->next;
		c->n_waiting++;
	}
}

void requests_drop(struct control *c)
{
	struct request *q;

	while ((q = c->waiting)) {
		c->waiting = q->next;
		refuse_text(q, 503, "the server ends", NULL);
	}
	c->last_waiting = &c->waiting;
	c->n_waiting = 0;
}

/* --- here ---------------------------------------------------------------------------------------- */

void request_list(struct request *q, json_t *rows, const struct fl_error *err)
{
	struct fl_error none = {};
	json_t *row;

	if (!rows) {
		refuse(q, 500, err);
		return;
	}
	row = q->route->verb == VERB_FAULT ? answer_fault(rows, q->object) : json_incref(rows);
	if (row) {
		answer(q, 200, row, "");
		return;
	}
	error_usage(&none, "no fault '%.40s'", q->object);
	error_hint(&none, "GET /v1/faults lists those that are there");
	refuse(q, 404, &none);
}

struct request **request_next(struct request *q)
{
	return &q->next;
}

static void answer_report_text(struct request *q)
{
	struct text t = {};

	if (answer_report(q->c->o->runs, q->object, &t))
		refuse_text(q, 404, "there is no report of such a run", "GET /v1/runs lists them");
	else
		conclude(q, 200, t.s ?: "", t.len, "");
	text_free(&t);
}

static void answer_events(struct request *q)
{
	struct control *c = q->c;
	struct subscriber *s = &c->subscribers[c->n_subscribers];
	const char *token = string_at(q->envelope, "token");
	struct text past = {};

	if (c->n_subscribers == SUBSCRIBERS_MAX) {
		refuse_text(q, 503, "too many listen already", NULL);
		return;
	}
	events_since(c->events, string_at(q->envelope, "after"), &past);
	*s = (struct subscriber){ .id = q->id, .by_token = token[0] };
	text_sha256(token, strlen(token), s->hash);
	c->n_subscribers++;
	conclude(q, 200, past.s ?: "", past.len, "");
	text_free(&past);
}

static void answer_here(struct request *q)
{
	switch (q->route->verb) {
	case VERB_ME: answer(q, 200, answer_me(&q->who), ""); break;
	case VERB_KINDS: answer(q, 200, answer_kinds(), ""); break;
	case VERB_TARGETS: answer(q, 200, answer_targets(), ""); break;
	case VERB_FAULTS:
	case VERB_FAULT: look_for(q->c, q); break;
	case VERB_HALTED: answer(q, 200, events_halt_json(), ""); break;
	case VERB_RUNS: answer(q, 200, answer_runs(q->c->o->runs), ""); break;
	case VERB_REPORT: answer_report_text(q); break;
	case VERB_EVENTS: answer_events(q); break;
	case VERB_AUDIT: answer(q, 200, audit_read(200), ""); break;
	case VERB_OPENAPI: answer(q, 200, answer_openapi(), ""); break;
	default: refuse_text(q, 500, "nothing does that", NULL);
	}
}

/* --- may they? ----------------------------------------------------------------------------------- */

/* An id that names no fault is 404, one that is not theirs to change 403. */
static bool check_fault(struct request *q)
{
	struct fl_error err = {};
	json_t *fault = NULL;
	char session[16];
	int r = command_id_ok(q->object) ? record_find(q->object, session, &fault, &err) : -ENOENT;

	if (r) {
		error_usage(&err, "no fault '%.40s'", q->object);
		error_hint(&err, "GET /v1/faults lists those that are there");
		refuse(q, 404, &err);
		return false;
	}
	/* Whoever may end faults may end any. */
	r = q->route->verb == VERB_SET ? command_may_change(fault, &q->who, &err) : 0;
	json_decref(fault);
	if (r)
		refuse(q, 403, &err);
	return !r;
}

/* The same key again? True: the request goes on. */
static bool check_once(struct request *q)
{
	_cleanup_free_ char *body = q->body ? json_dumps(q->body, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	const char *given;
	unsigned int status;

	if (!q->route->once || !q->key[0])
		return true;
	switch (once_begin(q->who.name, q->key, body ?: "", &status, &given)) {
	case ONCE_NEW: q->once = true; return true;
	case ONCE_BUSY: refuse_text(q, 409, "a request with this Idempotency-Key is being carried out", NULL); break;
	case ONCE_OTHER: refuse_text(q, 422, "this Idempotency-Key was used for another body", NULL); break;
	case ONCE_FULL: refuse_text(q, 503, "too many requests are being carried out", NULL); break;
	case ONCE_DONE: conclude(q, status, given, strlen(given), "again, by its Idempotency-Key"); break;
	}
	return false;
}

static bool needs_command(enum verb verb)
{
	return verb == VERB_INJECT || verb == VERB_DRY_RUN || verb == VERB_SET || verb == VERB_STOP ||
	       verb == VERB_HALT || verb == VERB_ALLOW || verb == VERB_DOCTOR || verb == VERB_GRAPH ||
	       verb == VERB_CHECK || verb == VERB_RUN;
}

static void carry_out(struct request *q)
{
	enum verb verb = q->route->verb;
	_cleanup_free_ char *folder = NULL;
	struct fl_error err = {};
	int r;

	if (!needs_command(verb)) {
		answer_here(q);
		return;
	}
	if ((verb == VERB_SET || verb == VERB_STOP) && !check_fault(q))
		return;
	if (verb == VERB_RUN && !(folder = answer_run_path(q->c->o->runs, q->object))) {
		refuse_text(q, 404, "there is no such run", "GET /v1/runs lists them");
		return;
	}
	r = command_make(fault_table, verb, folder ?: q->object, q->body, &q->who, &q->args, &err);
	if (r) {
		refuse(q, r == -EPERM ? 403 : r == -EINVAL ? 422 : 500, &err);
		return;
	}
	if (q->route->changes && !goes_first(q) && audit_ready(&err))
		refuse(q, 503, &err);
	else if (check_once(q))
		by_command(q);
}

static bool read_body(struct request *q)
{
	json_error_t why;
	struct fl_error err = {};

	if (q->route->body != BODY_JSON || !q->text[0])
		return true;
	q->body = json_loads(q->text, JSON_REJECT_DUPLICATES, &why);
	if (q->body)
		return true;
	error_usage(&err, "the body is no JSON: %s", why.text);
	error_at(&err, "(body)", why.line, why.column);
	refuse(q, 400, &err);
	return false;
}

static void decide(struct request *q, int fd)
{
	const char *token = string_at(q->envelope, "token");
	struct fl_error err = {};
	int r = token[0]  ? who_by_token(token, &q->who, &err)
		: fd >= 0 ? who_by_peer(fd, q->c->o->socket, q->c->o->others_look, &q->who, &err)
			  : error_set(&err, FL_EXIT_USAGE, EACCES, "who are you? A token is needed");

	if (r) {
		error_hint(&err, "Authorization: Bearer TOKEN; faultline serve token add NAME --role ROLE makes one");
		q->who.role = ROLE_NONE;
		refuse(q, 401, &err);
		return;
	}
	if (q->who.role < q->route->role) {
		error_set(&err, FL_EXIT_USAGE, EPERM, "%s may only %s; this is for those who may %s", q->who.name,
			  role_name(q->who.role), role_name(q->route->role));
		refuse(q, 403, &err);
		return;
	}
	if (read_body(q))
		carry_out(q);
}

/* --- in ------------------------------------------------------------------------------------------ */

static void forget_subscriber(struct control *c, uint32_t id)
{
	unsigned int i;

	for (i = 0; i < c->n_subscribers; i++)
		if (c->subscribers[i].id == id) {
			c->subscribers[i] = c->subscribers[--c->n_subscribers];
			return;
		}
}

int request_take(struct control *c)
{
	json_t *envelope;
	struct request *q;
	const struct route *route;

	if (c->in.head.type == WIRE_GONE) {
		forget_subscriber(c, c->in.head.id);
		return 0;
	}
	if (c->in.head.type != WIRE_REQUEST)
		return -EPROTO;
	envelope = json_loadb(c->in.body.s, c->in.body.len, JSON_REJECT_DUPLICATES, NULL);
	route = route_of((enum verb)json_integer_value(json_object_get(envelope, "verb")));
	q = route ? calloc(1, sizeof(*q)) : NULL;
	if (!q) {
		json_decref(envelope);
		return route ? -ENOMEM : -EPROTO;
	}
	*q = (struct request){
		.c = c,
		.id = c->in.head.id,
		.generation = c->generation,
		.route = route,
		.envelope = envelope,
		.object = string_at(envelope, "object"),
		.from = string_at(envelope, "from"),
		.key = string_at(envelope, "key"),
		.text = string_at(envelope, "body"),
	};
	/* No front that is itself sends such a one: it becomes a part of paths. */
	if (!route_object_ok(q->object)) {
		request_free(q);
		return -EPROTO;
	}
	decide(q, c->in.fd);
	return 0;
}
