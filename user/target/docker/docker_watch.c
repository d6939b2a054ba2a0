// SPDX-License-Identifier: GPL-2.0-only
/*
 * docker_watch.c - watch.h for containers.
 *
 * The thread listens to the engine's events, and four times a second looks whether the watched
 * processes live. What has changed is inspected again in the thread: an engine that is slow to
 * answer holds up nobody but itself. After a stream that was cut, the next one begins at the last
 * event of it, and every container is looked at once.
 *
 * Limits: a target is followed by its container's name; one of a set (a service, a label) that was
 * removed is followed to another container of the set that has come instead.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "target/docker/docker_events.h"
#include "target/docker/docker_watch_impl.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

#define LOOK_MS   250
#define RETRY_MS  300                 /* between two tries to reach an engine that is away */
#define MISSED_NS (500 * NS_PER_MSEC) /* a process ended that long ago, and no event said so */

struct docker_watch docker_watch = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.all = LIST_HEAD_INITIALIZER(docker_watch.all),
};

/* Under the same lock. */
static struct target_watch_status status;
static bool stopping;

/* The loop's. */
static bool running;
static pthread_t thread;
static CURLM *multi;

/* The thread's own. */
static uint64_t last_event_ns;

/* --- events ------------------------------------------------------------------------------------ */

/* What an event was about, copied out of the list so that the lock need not be held. */
struct task {
	uint32_t id;
	char name[128], scope[256];
};

struct tasks {
	struct task *v;
	uint32_t n;
};

static void add_task(struct tasks *tasks, const struct watched *w)
{
	struct task *grown = reallocarray(tasks->v, tasks->n + 1, sizeof(*grown));

	if (!grown)
		return;
	tasks->v = grown;
	grown += tasks->n++;
	grown->id = w->id;
	text_copy(grown->name, sizeof(grown->name), w->name);
	text_copy(grown->scope, sizeof(grown->scope), w->scope);
}

static void do_task(const struct task *t, uint64_t since_ns)
{
	struct watched *w;

	if (docker_watch_look(t->id, t->name, since_ns) != -ENOENT)
		return;
	pthread_mutex_lock(&docker_watch.lock);
	w = docker_watch_find(t->id);
	if (w)
		docker_watch_down(w, since_ns);
	pthread_mutex_unlock(&docker_watch.lock);
	if (*t->scope)
		docker_watch_heir(t->id, t->scope, since_ns);
}

struct event {
	const char *type, *action, *container, *name;
	uint64_t time_ns;
};

static const char *member(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key)) ?: "";
}

static struct event read_event(const json_t *o)
{
	const json_t *actor = json_object_get(o, "Actor");
	const json_t *attributes = json_object_get(actor, "Attributes");
	json_int_t time_ns = json_integer_value(json_object_get(o, "timeNano"));
	struct event e = {
		.type = member(o, "Type"),
		.action = member(o, "Action"),
		.time_ns = time_ns > 0 ? (uint64_t)time_ns : clock_wall_ns(),
	};

	if (!strcmp(e.type, "network")) {
		e.container = member(attributes, "container");
		e.name = "";
	} else {
		e.container = member(actor, "ID");
		e.name = member(attributes, "name");
	}
	return e;
}

static bool is_action(const struct event *e, const char *action)
{
	return !strcmp(e->type, "container") && !strcmp(e->action, action);
}

/* Has to be asked about @w? The end of a process has not: the engine has just said it. */
static bool concerns(const struct event *e, const struct watched *w, bool is_it)
{
	if (is_action(e, "die"))
		return false;
	return is_it || (*e->name && !strcmp(w->name, e->name)) || (w->down && *w->scope && is_action(e, "start"));
}

static void on_event(const json_t *o, void *arg)
{
	struct event e = read_event(o);
	struct tasks tasks = {};
	struct watched *w;
	uint32_t i;

	(void)arg;
	if (e.time_ns > last_event_ns)
		last_event_ns = e.time_ns;
	pthread_mutex_lock(&docker_watch.lock);
	LIST_FOREACH(w, &docker_watch.all, link)
	{
		bool is_it = *e.container && !strcmp(w->container, e.container);

		if (is_it && is_action(&e, "die"))
			docker_watch_down(w, e.time_ns);
		if (concerns(&e, w, is_it))
			add_task(&tasks, w);
	}
	pthread_mutex_unlock(&docker_watch.lock);
	for (i = 0; i < tasks.n; i++)
		do_task(&tasks.v[i], e.time_ns);
	free(tasks.v);
	if (is_action(&e, "start") && docker_is_name(e.name))
		docker_watch_joins(e.name, e.time_ns);
}

/* --- the thread -------------------------------------------------------------------------------- */

/* @due: only those whose process ended and of which no event came; else all. */
static void look_at_all(bool due)
{
	uint64_t now = clock_mono_ns();
	struct tasks tasks = {};
	struct watched *w;
	uint32_t i;

	pthread_mutex_lock(&docker_watch.lock);
	LIST_FOREACH(w, &docker_watch.all, link)
	{
		if (!w->dead_ns && !proc_same(w->pid, w->start))
			w->dead_ns = now;
		if (!due || (w->dead_ns && !w->down && now - w->dead_ns > MISSED_NS))
			add_task(&tasks, w);
	}
	pthread_mutex_unlock(&docker_watch.lock);
	for (i = 0; i < tasks.n; i++)
		do_task(&tasks.v[i], clock_wall_ns());
	free(tasks.v);
}

static void set_status(bool lost, const struct fl_error *why)
{
	pthread_mutex_lock(&docker_watch.lock);
	if (lost != status.lost) {
		status.lost = lost;
		status.losses += lost;
		status.changed_wall_ns = clock_wall_ns();
		text_copy(status.why, sizeof(status.why), why ? why->message : "");
	}
	pthread_mutex_unlock(&docker_watch.lock);
}

static bool is_stopping(void)
{
	bool ret;

	pthread_mutex_lock(&docker_watch.lock);
	ret = stopping;
	pthread_mutex_unlock(&docker_watch.lock);
	return ret;
}

/* One stream, from its begin to its end. */
static int listen_once(struct fl_error *err)
{
	struct docker_events e;
	bool was_open = false;
	int r = docker_events_begin(&e, multi, last_event_ns, err);

	while (!r && !is_stopping()) {
		r = docker_events_wait(&e, LOOK_MS, on_event, NULL, err);
		if (e.open && !was_open) {
			set_status(false, NULL);
			look_at_all(false); /* what happened while nobody listened */
			was_open = true;
		}
		if (e.open)
			look_at_all(true);
	}
	if (e.multi)
		docker_events_end(&e);
	return r;
}

static void *watch_main(void *arg)
{
	(void)arg;
	while (!is_stopping()) {
		struct fl_error err = {};

		if (!listen_once(&err) || is_stopping())
			continue;
		set_status(true, &err);
		curl_multi_poll(multi, NULL, 0, RETRY_MS, NULL);
	}
	return NULL;
}

static int start_thread(struct fl_error *err)
{
	int r;

	if (running)
		return 0;
	multi = curl_multi_init();
	status = (struct target_watch_status){};
	last_event_ns = clock_wall_ns();
	stopping = false;
	r = multi ? pthread_create(&thread, NULL, watch_main, NULL) : ENOMEM;
	if (r) {
		curl_multi_cleanup(take_ptr(multi));
		return error_sys(err, r, "cannot watch containers: %s", strerror(r));
	}
	running = true;
	return 0;
}

static void stop_thread(void)
{
	pthread_mutex_lock(&docker_watch.lock);
	stopping = true;
	pthread_mutex_unlock(&docker_watch.lock);
	curl_multi_wakeup(multi);
	pthread_join(thread, NULL);
	curl_multi_cleanup(take_ptr(multi));
	running = false;
}

/* --- the loop's side --------------------------------------------------------------------------- */

int target_watch_begin(struct target *t, const void *group, struct fl_error *err)
{
	struct docker_container c;
	struct watched *w;
	int r;

	if (t->watch || strcmp(t->provider, "docker"))
		return 0;
	r = docker_inspect(t->id, &c, err);
	if (r)
		return r == -ENOENT ? error_env(err, ENOENT, "%s: its container is gone", t->name) : r;
	w = calloc(1, sizeof(*w));
	if (!w)
		return error_sys(err, ENOMEM, "cannot watch containers: out of memory");
	w->group = group;
	w->takes_all = t->takes_all;
	text_copy(w->spec, sizeof(w->spec), t->spec);
	text_copy(w->scope, sizeof(w->scope), t->scope);
	text_copy(w->shown, sizeof(w->shown), t->name);
	text_copy(w->name, sizeof(w->name), c.name);
	docker_watch_remember(w, t);
	pthread_mutex_lock(&docker_watch.lock);
	w->id = t->watch = ++docker_watch.last_id;
	LIST_INSERT_HEAD(&docker_watch.all, w, link);
	pthread_mutex_unlock(&docker_watch.lock);
	return start_thread(err);
}

void target_watch_end(const void *group)
{
	struct watched *w, *next;
	bool empty;

	pthread_mutex_lock(&docker_watch.lock);
	for (w = LIST_FIRST(&docker_watch.all); w; w = next) {
		next = LIST_NEXT(w, link);
		if (w->group != group)
			continue;
		LIST_REMOVE(w, link);
		if (w->has_fresh)
			target_free(&w->fresh);
		free(w);
	}
	empty = LIST_EMPTY(&docker_watch.all);
	pthread_mutex_unlock(&docker_watch.lock);
	if (empty && running)
		stop_thread();
}

/* @ret NULL: only look. */
static enum target_news news_of(uint32_t watch, struct target *ret, uint64_t *ret_since_ns)
{
	enum target_news news = TARGET_SAME;
	struct watched *w;

	pthread_mutex_lock(&docker_watch.lock);
	w = docker_watch_find(watch);
	if (w && w->has_fresh) {
		news = TARGET_NEW;
		if (ret) {
			*ret = w->fresh;
			w->has_fresh = false;
		}
	} else if (w && w->down) {
		news = TARGET_DOWN;
	}
	*ret_since_ns = w ? w->since_ns : 0;
	pthread_mutex_unlock(&docker_watch.lock);
	return news;
}

enum target_news target_watch_take(uint32_t watch, struct target *ret, uint64_t *ret_since_ns)
{
	return news_of(watch, ret, ret_since_ns);
}

enum target_news target_watch_peek(uint32_t watch, uint64_t *ret_since_ns)
{
	return news_of(watch, NULL, ret_since_ns);
}

bool target_watch_joined(const void *group, struct target *ret)
{
	struct watched *w;
	bool found = false;

	pthread_mutex_lock(&docker_watch.lock);
	LIST_FOREACH(w, &docker_watch.all, link)
	if (w->group == group && w->joined && w->has_fresh) {
		*ret = w->fresh;
		ret->takes_all = true;
		ret->moves = 1; /* told as one that the fault has gone to */
		ret->changed_wall_ns = w->since_ns;
		ret->moved_wall_ns = clock_wall_ns();
		w->has_fresh = w->joined = false;
		found = true;
		break;
	}
	pthread_mutex_unlock(&docker_watch.lock);
	return found;
}

void target_watch_status(struct target_watch_status *ret)
{
	pthread_mutex_lock(&docker_watch.lock);
	*ret = status;
	pthread_mutex_unlock(&docker_watch.lock);
}
