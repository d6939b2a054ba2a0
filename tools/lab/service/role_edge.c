// SPDX-License-Identifier: GPL-2.0-only
/*
 * role_edge.c - what stands before the shop: frontend (sessions, pages, the health of a whole
 * checkout) and api-gateway (checks the token, routes).
 */
#include <pthread.h>
#include <stdatomic.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "tools/lab/service/cache.h"
#include "tools/lab/service/forward.h"
#include "tools/lab/service/roles.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/units.h"

/* --- frontend -------------------------------------------------------------------------------- */

#define USERS      33
#define PROBE_USER 32 /* has a session of its own */
#define PROBE_SKU  1

struct session {
	pthread_mutex_t lock;
	char token[256];
	uint64_t renew_ns; /* CLOCK_MONOTONIC */
};

static struct session sessions[USERS];
static struct upstream *gateway, *auth;
static _Atomic unsigned long order_count;

static int frontend_start(struct service *s, struct fl_error *err)
{
	int i;

	(void)err;
	gateway = service_upstream(s, "api-gateway");
	auth = service_upstream(s, "auth-svc");
	for (i = 0; i < USERS; i++)
		pthread_mutex_init(&sessions[i].lock, NULL);
	return 0;
}

/* Read {"token", "expires_in_ms"}; a token is renewed after a third of its life. */
static bool session_store(struct session *session, const char *answer)
{
	json_t *root = json_loads(answer ? answer : "", 0, NULL);
	const char *token;
	json_int_t life_ms;
	bool ok;

	ok = root && !json_unpack(root, "{s:s, s:I}", "token", &token, "expires_in_ms", &life_ms) &&
	     text_copy(session->token, sizeof(session->token), token);
	if (ok)
		session->renew_ns = clock_mono_ns() + (uint64_t)life_ms * NS_PER_MSEC / 3;
	json_decref(root);
	return ok;
}

/* The user's token, asked of auth-svc when there is none, it is old, or @refused came back. */
static bool session_token(unsigned int user, const char *refused, char *buf, size_t size, struct http_reply *rp)
{
	struct session *session = &sessions[user];
	struct upstream_reply r;
	char body[64];
	bool ok = true;

	pthread_mutex_lock(&session->lock);
	if (refused && !strcmp(session->token, refused))
		session->renew_ns = 0;
	if (clock_mono_ns() >= session->renew_ns) {
		snprintf(body, sizeof(body), "{\"user\": \"user%u\"}", user);
		upstream_call(auth, "/token", body, NULL, &r);
		ok = r.result == CALL_OK && session_store(session, r.body.s);
		if (!ok)
			forward_reply("auth-svc", &r, rp);
		upstream_reply_free(&r);
	}
	text_copy(buf, size, session->token);
	pthread_mutex_unlock(&session->lock);
	return ok;
}

/* Call the gateway for a user; a token that it refuses is replaced once. */
static bool call_gateway(unsigned int user, const char *path, const char *body, struct http_reply *rp)
{
	char token[256], fresh[256];

	if (!session_token(user, NULL, token, sizeof(token), rp))
		return false;
	if (forward(gateway, path, body, token, rp) || rp->status != 401)
		return rp->status < 400;
	if (!session_token(user, token, fresh, sizeof(fresh), rp))
		return false;
	free(take_ptr(rp->body));
	return forward(gateway, path, body, fresh, rp);
}

static unsigned int user_of(const struct http_request *rq)
{
	const char *text = http_argument(rq, "user");
	int64_t n;

	return text && !units_int(text, 0, INT32_MAX, &n, NULL) ? (unsigned int)(n % PROBE_USER) : 0;
}

static void get_home(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	char banner[128];

	(void)rq;
	if (!cache_get(s->cache, "home:banner", banner, sizeof(banner))) {
		text_copy(banner, sizeof(banner), "Everything must go");
		cache_set(s->cache, "home:banner", banner, 5);
	}
	service_work(300);
	http_reply_text(rp, 200, "<html><h1>%s</h1></html>\n", banner);
	rp->content_type = "text/html";
}

static void get_product(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	char path[256];

	(void)s;
	snprintf(path, sizeof(path), "/api/products/%s", route_tail(rq, "/products/"));
	call_gateway(user_of(rq), path, NULL, rp);
}

static bool checkout(struct service *s, unsigned int user, long sku, struct http_reply *rp)
{
	char body[160];

	snprintf(body, sizeof(body), "{\"order\": \"%s-%d-%lu\", \"user\": %u, \"sku\": %ld, \"qty\": 1}",
		 s->config.name, (int)getpid(), atomic_fetch_add(&order_count, 1), user, sku);
	return call_gateway(user, "/api/checkout", body, rp);
}

static void post_checkout(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	checkout(s, user_of(rq), json_number(rq->body, "sku", PROBE_SKU), rp);
}

/* A real purchase through the whole chain; healthy only when the total is right. */
static void get_checkout_health(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	long total;

	(void)rq;
	if (!checkout(s, PROBE_USER, PROBE_SKU, rp))
		return;
	total = json_number(rp->body, "total", -1);
	if (total != catalog_price(PROBE_SKU))
		http_reply_text(rp, 500, "{\"error\": \"total %ld, should be %ld\"}\n", total,
				catalog_price(PROBE_SKU));
}

static void post_payment(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	char body[160];

	snprintf(body, sizeof(body), "{\"order\": \"gift-%s-%d-%lu\", \"amount\": 500}", s->config.name, (int)getpid(),
		 atomic_fetch_add(&order_count, 1));
	call_gateway(user_of(rq), "/api/payments", body, rp);
}

static void post_subscribe(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	(void)s;
	call_gateway(user_of(rq), "/api/notifications", "{\"text\": \"subscribed\"}", rp);
}

static const struct route frontend_routes[] = {
	{ "GET", "/", false, get_home },
	{ "GET", "/products/", false, get_product },
	{ "POST", "/checkout", false, post_checkout },
	{ "GET", "/checkout/health", false, get_checkout_health },
	{ "POST", "/payments", false, post_payment },
	{ "POST", "/subscribe", false, post_subscribe },
	{ NULL, NULL, false, NULL },
};

const struct role role_frontend = { "frontend", "pages and sessions; needs api-gateway, auth-svc", frontend_routes,
				    frontend_start };

/* --- api-gateway ----------------------------------------------------------------------------- */

static struct upstream *inventory, *payment, *checkout_svc, *notification;

/* CPU time of a request: what ending TLS and checking a signature cost. */
#define GATEWAY_COMPUTE_US 1000

static int gateway_start(struct service *s, struct fl_error *err)
{
	(void)err;
	inventory = service_upstream(s, "inventory-svc");
	payment = service_upstream(s, "payment-svc");
	checkout_svc = service_upstream(s, "checkout-svc");
	notification = service_upstream(s, "notification-svc");
	return 0;
}

static void api_product(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	char path[256];

	(void)s;
	service_compute(GATEWAY_COMPUTE_US);
	snprintf(path, sizeof(path), "/stock/%s", route_tail(rq, "/api/products/"));
	forward(inventory, path, NULL, NULL, rp);
}

/* The customer hears of the order even when the message about it cannot be sent. */
static void api_checkout(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	struct upstream_reply r;

	service_compute(GATEWAY_COMPUTE_US);
	if (!forward(checkout_svc, "/checkout", rq->body, http_header(rq, "Authorization"), rp))
		return;
	upstream_call(notification, "/notify", rq->body, NULL, &r);
	if (r.result != CALL_OK)
		service_log(s, "warn", "order not announced: %s", call_result_names[r.result]);
	upstream_reply_free(&r);
}

static void api_payment(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	(void)s;
	service_compute(GATEWAY_COMPUTE_US);
	forward(payment, "/charge", rq->body, http_header(rq, "Authorization"), rp);
}

static void api_notification(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	(void)s;
	service_compute(GATEWAY_COMPUTE_US);
	forward(notification, "/notify", rq->body, NULL, rp);
}

static const struct route gateway_routes[] = {
	{ "GET", "/api/products/", true, api_product },
	{ "POST", "/api/checkout", true, api_checkout },
	{ "POST", "/api/payments", true, api_payment },
	{ "POST", "/api/notifications", true, api_notification },
	{ NULL, NULL, false, NULL },
};

const struct role role_gateway = { "gateway", "checks tokens, routes; needs the four services behind it",
				   gateway_routes, gateway_start };
