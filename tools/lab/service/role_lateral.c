// SPDX-License-Identifier: GPL-2.0-only
/*
 * role_lateral.c - what everybody leans on: auth (issues tokens), collector (takes log lines) and
 * the exporters that stand beside a real redis-server and a real dnsmasq, which have no /metrics.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tools/lab/service/cache.h"
#include "tools/lab/service/forward.h"
#include "tools/lab/service/resolver.h"
#include "tools/lab/service/roles.h"
#include "tools/lab/service/token.h"
#include "util/cleanup.h"
#include "util/clock.h"

/* --- auth ------------------------------------------------------------------------------------ */

static void post_token(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	json_t *root = json_loads(rq->body, 0, NULL);
	const char *user = json_string_value(json_object_get(root, "user"));
	uint64_t life_ms = s->config.token_life_ns / NS_PER_MSEC;
	struct token t = { .issued_ms = clock_wall_ns() / NS_PER_MSEC };
	char text[256];

	if (!user || !*user || strchr(user, '.') || !text_copy(t.user, sizeof(t.user), user)) {
		http_reply_text(rp, 400, "{\"error\": \"no user\"}\n");
	} else {
		service_work(1000); /* a password hash takes its time */
		text_copy(t.issuer, sizeof(t.issuer), s->config.name);
		t.expires_ms = t.issued_ms + life_ms;
		token_write(&t, text, sizeof(text));
		metric_add(metric_counter("lab_tokens_issued_total", ""), 1);
		http_reply_text(rp, 200, "{\"token\": \"%s\", \"expires_in_ms\": %llu}\n", text,
				(unsigned long long)life_ms);
	}
	json_decref(root);
}

static const struct route auth_routes[] = {
	{ "POST", "/token", false, post_token },
	{ NULL, NULL, false, NULL },
};

const struct role role_auth = { "auth", "issues bearer tokens", auth_routes, NULL };

/* --- log collector --------------------------------------------------------------------------- */

#define FILE_BYTES    (1024 * 1024) /* then the next file */
#define FILES         4
#define FLOOD_PERCENT 90 /* of the volume: from here on nothing is taken, as search stores do */

static pthread_mutex_t volume_lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static off_t log_size;

/* current.log becomes 1.log, 1.log 2.log, and so on; the oldest goes. */
static int volume_rotate(const char *volume)
{
	char from[300], to[300];
	int i;

	if (log_fd >= 0)
		close(log_fd);
	for (i = FILES - 2; i >= 0; i--) {
		snprintf(from, sizeof(from), i ? "%s/%d.log" : "%s/current.log", volume, i);
		snprintf(to, sizeof(to), "%s/%d.log", volume, i + 1);
		rename(from, to);
	}
	snprintf(to, sizeof(to), "%s/current.log", volume);
	log_fd = open(to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	log_size = 0;
	return log_fd < 0 ? -errno : 0;
}

/* How full the volume is, in percent of what an ordinary user may fill. */
static unsigned int volume_used(const char *volume)
{
	struct statvfs fs;
	unsigned long used;

	if (statvfs(volume, &fs) || !(fs.f_blocks - fs.f_bfree + fs.f_bavail))
		return 0;
	used = fs.f_blocks - fs.f_bfree;
	metric_set(metric_gauge("lab_volume_used_bytes", ""), (int64_t)(used * fs.f_frsize));
	metric_set(metric_gauge("lab_volume_size_bytes", ""), (int64_t)(fs.f_blocks * fs.f_frsize));
	return (unsigned int)(used * 100 / (used + fs.f_bavail));
}

static int volume_write(const char *volume, const char *bytes, size_t n)
{
	ssize_t done;

	if (volume_used(volume) >= FLOOD_PERCENT)
		return -ENOSPC;
	if (log_fd < 0 || log_size > FILE_BYTES) {
		int rc = volume_rotate(volume);

		if (rc)
			return rc;
	}
	done = write(log_fd, bytes, n);
	if (done < 0)
		return -errno;
	log_size += done;
	return (size_t)done < n ? -ENOSPC : 0;
}

/* One JSON line per log line; the lag is the age of the oldest line of the batch. */
static double lines_render(const json_t *root, struct text *out)
{
	const char *service = json_string_value(json_object_get(root, "service"));
	double oldest = clock_wall_s(), now = oldest, t;
	json_t *line;
	size_t i;

	json_array_foreach(json_object_get(root, "lines"), i, line) {
		t = json_number_value(json_object_get(line, "t"));
		oldest = t < oldest ? t : oldest;
		text_append(out, "%.3f %s %s %s\n", t, service ? service : "?",
			    json_string_value(json_object_get(line, "level")),
			    json_string_value(json_object_get(line, "text")));
	}
	return now - oldest;
}

static void post_ingest(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	json_t *root = json_loads(rq->body, 0, NULL);
	struct text out = { .s = NULL };
	double lag_s = lines_render(root, &out);
	int rc;

	if (!root || out.failed) {
		http_reply_text(rp, 400, "{\"error\": \"no lines\"}\n");
	} else {
		pthread_mutex_lock(&volume_lock);
		rc = volume_write(s->config.volume, out.s ? out.s : "", out.len);
		pthread_mutex_unlock(&volume_lock);
		metric_set(metric_gauge("lab_ingest_lag_seconds", ""), (int64_t)(lag_s * 1e6));
		if (rc) {
			metric_add(metric_counter("lab_volume_write_errors_total", ""), 1);
			http_reply_text(rp, 507, "{\"error\": \"%s\"}\n", strerror(-rc));
		} else {
			metric_add(metric_counter("lab_ingest_bytes_total", ""), (int64_t)out.len);
			http_reply_text(rp, 200, "{}\n");
		}
	}
	text_free(&out);
	json_decref(root);
}

static const struct route collector_routes[] = {
	{ "POST", "/ingest", false, post_ingest },
	{ NULL, NULL, false, NULL },
};

const struct role role_collector = { "collector", "writes log lines to a volume", collector_routes, NULL };

/* --- exporters ------------------------------------------------------------------------------- */

#define EXPORT_PERIOD_NS (500 * NS_PER_MSEC)

static const struct route no_routes[] = { { NULL, NULL, false, NULL } };

static void *probe_run(void *arg)
{
	struct service *s = arg;
	struct histogram *h = metric_histogram("lab_request_duration_seconds", "path=\"probe\"");
	uint64_t began;
	char buf[64];
	bool up;

	for (;;) {
		struct in_addr addr;

		began = clock_mono_ns();
		if (s->cache) {
			cache_set(s->cache, "exporter:probe", "1", 60);
			up = cache_get(s->cache, "exporter:probe", buf, sizeof(buf));
		} else {
			up = !resolver_lookup("exporter.probe", began + 2 * NS_PER_SEC, &addr);
		}
		histogram_record(h, clock_mono_ns() - began);
		metric_add(metric_counter("lab_requests_total",
					  up ? "path=\"probe\",code=\"200\"" : "path=\"probe\",code=\"503\""),
			   1);
		nanosleep(&(struct timespec){ .tv_nsec = EXPORT_PERIOD_NS }, NULL);
	}
	return NULL;
}

static int exporter_start(struct service *s, struct fl_error *err)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, probe_run, s))
		return error_sys(err, EAGAIN, "cannot start a thread");
	pthread_detach(thread);
	return 0;
}

const struct role role_exporter = { "exporter", "tries the --cache (or the --resolver) beside it and tells how it did",
				    no_routes, exporter_start };
