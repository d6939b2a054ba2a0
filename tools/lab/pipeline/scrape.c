// SPDX-License-Identifier: GPL-2.0-only
/* scrape.c - see scrape.h. One kept connection per target, all in one libcurl multi handle. */
#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#include "tools/lab/pipeline/scrape.h"
#include "util/clock.h"
#include "util/text/text.h"

#define MAX_PAGE_BYTES (1024 * 1024)

struct target {
	CURL *curl;
	struct text page;
};

struct scraper {
	CURLM *multi;
	struct target targets[GRAPH_MAX];
	unsigned int n;
};

static size_t on_page(char *data, size_t size, size_t n, void *arg)
{
	struct text *page = arg;

	if (page->len + size * n > MAX_PAGE_BYTES)
		return 0;
	text_append_bytes(page, data, size * n);
	return size * n;
}

int scraper_open(const json_t *config, const struct graph *g, struct scraper **ret, struct fl_error *err)
{
	const json_t *targets = json_object_get(config, "targets");
	struct scraper *s = calloc(1, sizeof(*s));
	const char *url;

	if (!s || !(s->multi = curl_multi_init())) {
		free(s);
		return error_sys(err, ENOMEM, "out of memory");
	}
	for (s->n = 0; s->n < g->n; s->n++) {
		struct target *t = &s->targets[s->n];

		url = json_string_value(json_object_get(targets, g->names[s->n]));
		t->curl = url ? curl_easy_init() : NULL;
		if (!t->curl) {
			error_usage(err, "target %s has no URL", g->names[s->n]);
			scraper_close(s);
			return -EINVAL;
		}
		curl_easy_setopt(t->curl, CURLOPT_URL, url);
		curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
		curl_easy_setopt(t->curl, CURLOPT_PROXY, "");
		curl_easy_setopt(t->curl, CURLOPT_FAILONERROR, 1L);
		curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_page);
		curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, &t->page);
		curl_easy_setopt(t->curl, CURLOPT_PRIVATE, t);
	}
	*ret = s;
	return 0;
}

void scraper_close(struct scraper *s)
{
	unsigned int i;

	if (!s)
		return;
	for (i = 0; i < s->n; i++) {
		curl_easy_cleanup(s->targets[i].curl);
		text_free(&s->targets[i].page);
	}
	curl_multi_cleanup(s->multi);
	free(s);
}

static void finish(struct scraper *s, struct CURLMsg *m, struct observation *ret)
{
	struct target *t;
	struct observation *o;
	curl_off_t took_us = 0;

	curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
	o = &ret[t - s->targets];
	if (m->data.result == CURLE_OK && t->page.s && !t->page.failed)
		observation_read(o, t->page.s);
	curl_easy_getinfo(m->easy_handle, CURLINFO_TOTAL_TIME_T, &took_us);
	o->took_s = (double)took_us / 1e6;
	o->at_s = (double)clock_mono_ns() / 1e9;
	o->wall_s = clock_wall_s();
}

void scraper_run(struct scraper *s, unsigned int limit_ms, struct observation *ret)
{
	struct CURLMsg *m;
	unsigned int i;
	int running, left;

	for (i = 0; i < s->n; i++) {
		struct target *t = &s->targets[i];

		memset(&ret[i], 0, sizeof(ret[i]));
		text_free(&t->page);
		curl_easy_setopt(t->curl, CURLOPT_TIMEOUT_MS, (long)limit_ms);
		curl_multi_add_handle(s->multi, t->curl);
	}
	do {
		curl_multi_perform(s->multi, &running);
		while ((m = curl_multi_info_read(s->multi, &left)))
			if (m->msg == CURLMSG_DONE)
				finish(s, m, ret);
		if (running)
			curl_multi_poll(s->multi, NULL, 0, 100, NULL);
	} while (running);
	for (i = 0; i < s->n; i++)
		curl_multi_remove_handle(s->multi, s->targets[i].curl);
}
