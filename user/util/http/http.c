// SPDX-License-Identifier: GPL-2.0-only
/* http.c - see http.h */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>

#include "util/clock.h"
#include "util/http/http.h"

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_setup(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

int http_check_url(const char *url, struct fl_error *err)
{
	CURLU *u = curl_url();
	char *scheme = NULL;
	CURLUcode code;
	bool known;

	if (!u)
		return error_sys(err, ENOMEM, "out of memory");
	code = url ? curl_url_set(u, CURLUPART_URL, url, 0) : CURLUE_MALFORMED_INPUT;
	if (!code)
		code = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0);
	known = scheme && (!strcasecmp(scheme, "http") || !strcasecmp(scheme, "https"));
	curl_free(scheme);
	curl_url_cleanup(u);
	if (!code && known)
		return 0;
	error_usage(err, "'%s' is not a URL to call: %s", url ? url : "",
		    code ? curl_url_strerror(code) : "only http and https are");
	error_hint(err, "write it whole, like http://localhost:8080/checkout/health");
	return -EINVAL;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct http_exchange *x = ctx;
	size_t len = size * n;

	if (x->response.body.len + len > x->body_max) {
		x->response.too_large = true;
		return 0; /* makes libcurl end the transfer */
	}
	text_append_bytes(&x->response.body, bytes, len);
	return x->response.body.failed ? 0 : len;
}

static long timeout_ms(uint64_t ns)
{
	uint64_t ms = (ns + NS_PER_MSEC - 1) / NS_PER_MSEC;

	return ms > INT32_MAX ? INT32_MAX : (long)ms;
}

int http_exchange_init(struct http_exchange *x, const struct http_request *req, struct fl_error *err)
{
	int rc;

	memset(x, 0, sizeof(*x));
	rc = http_check_url(req->url, err);
	if (rc)
		return rc;
	pthread_once(&curl_once, curl_setup);
	x->easy = curl_easy_init();
	if (!x->easy)
		return error_sys(err, ENOMEM, "cannot call %s: out of memory", req->url);
	x->body_max = req->body_max;
	curl_easy_setopt(x->easy, CURLOPT_URL, req->url);
	curl_easy_setopt(x->easy, CURLOPT_UNIX_SOCKET_PATH, req->unix_socket);
	curl_easy_setopt(x->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(x->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(x->easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(x->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(x->easy, CURLOPT_TIMEOUT_MS, timeout_ms(req->timeout_ns));
	curl_easy_setopt(x->easy, CURLOPT_USERAGENT, "faultline");
	if (req->decode)
		curl_easy_setopt(x->easy, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(x->easy, CURLOPT_ERRORBUFFER, x->response.error);
	curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, x);
	if (req->fresh) {
		curl_easy_setopt(x->easy, CURLOPT_FRESH_CONNECT, 1L);
		curl_easy_setopt(x->easy, CURLOPT_FORBID_REUSE, 1L);
	}
	if (req->json_body) {
		/* Without the empty Expect libcurl waits for a 100 that small servers never send. */
		x->headers = curl_slist_append(NULL, "Content-Type: application/json");
		x->headers = curl_slist_append(x->headers, "Expect:");
		curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers);
		curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, req->json_body);
	}
	return 0;
}

void http_exchange_start(struct http_exchange *x)
{
	x->response.start_wall_s = clock_wall_s();
	x->response.start_mono_ns = clock_mono_ns();
}

void http_exchange_finish(struct http_exchange *x, CURLcode code)
{
	struct http_response *r = &x->response;
	curl_off_t connect_us = 0;
	long status = 0;

	curl_easy_getinfo(x->easy, CURLINFO_CONNECT_TIME_T, &connect_us);
	r->connected = connect_us > 0;
	r->elapsed_ms = (double)(clock_mono_ns() - r->start_mono_ns) / 1e6;
	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	r->status = (int)status;
	r->complete = code == CURLE_OK && status > 0;
	if (r->complete)
		r->error[0] = '\0';
	else if (r->too_large)
		snprintf(r->error, sizeof(r->error), "the answer is larger than %zu bytes", x->body_max);
	else if (!r->error[0])
		text_copy(r->error, sizeof(r->error), curl_easy_strerror(code));
}

void http_exchange_free(struct http_exchange *x)
{
	curl_easy_cleanup(x->easy);
	curl_slist_free_all(x->headers);
	text_free(&x->response.body);
	memset(x, 0, sizeof(*x));
}

int http_fetch(const struct http_request *req, struct http_response *ret, struct fl_error *err)
{
	struct http_exchange x;
	int rc = http_exchange_init(&x, req, err);

	if (!rc) {
		http_exchange_start(&x);
		http_exchange_finish(&x, curl_easy_perform(x.easy));
		*ret = x.response;
		memset(&x.response.body, 0, sizeof(x.response.body));
	}
	http_exchange_free(&x);
	return rc;
}
