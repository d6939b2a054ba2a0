// SPDX-License-Identifier: GPL-2.0-only
/* role_shop.c - the shop itself: checkout, payment, inventory, notification. */
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <string.h>

#include "tools/lab/service/cache.h"
#include "tools/lab/service/forward.h"
#include "tools/lab/service/roles.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/units.h"

#define INITIAL_STOCK 1000000
#define CACHE_LIFE_S  2

/* --- checkout -------------------------------------------------------------------------------- */

static struct upstream *inventory, *payment;

static int checkout_start(struct service *s, struct fl_error *err)
{
	(void)err;
	inventory = service_upstream(s, "inventory-svc");
	payment = service_upstream(s, "payment-svc");
	return 0;
}

struct order {
	char id[96];
	long sku, qty;
};

static bool order_read(const char *body, struct order *ret)
{
	json_t *root = json_loads(body, 0, NULL);
	const char *id = NULL;
	json_int_t sku = 0, qty = 0;
	bool ok;

	ok = root && !json_unpack(root, "{s:s, s:I, s:I}", "order", &id, "sku", &sku, "qty", &qty) &&
	     text_copy(ret->id, sizeof(ret->id), id);
	ret->sku = (long)sku;
	ret->qty = (long)qty;
	json_decref(root);
	return ok;
}

/* Price, reservation, payment: each step must succeed before the next. */
static void post_checkout(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	struct order order;
	char path[64], body[256];
	long total;

	if (!order_read(rq->body, &order)) {
		http_reply_text(rp, 400, "{\"error\": \"no order\"}\n");
		return;
	}
	snprintf(path, sizeof(path), "/stock/%ld", order.sku);
	if (!forward(inventory, path, NULL, NULL, rp))
		return;
	total = json_number(rp->body, "price", 0) * order.qty;
	free(take_ptr(rp->body));
	snprintf(body, sizeof(body), "{\"order\": \"%s\", \"sku\": %ld, \"qty\": %ld}", order.id, order.sku, order.qty);
	if (!forward(inventory, "/reserve", body, NULL, rp))
		return;
	free(take_ptr(rp->body));
	service_work(500);
	/* A charge is idempotent by its order, so trying again is safe. */
	snprintf(body, sizeof(body), "{\"order\": \"%s\", \"amount\": %ld}", order.id, total);
	if (!forward(payment, "/charge", body, http_header(rq, "Authorization"), rp)) {
		service_log(s, "error", "order %s: payment failed", order.id);
		return;
	}
	http_reply_text(rp, 200, "{\"order\": \"%s\", \"total\": %ld, \"status\": \"confirmed\"}\n", order.id, total);
}

static const struct route checkout_routes[] = {
	{ "POST", "/checkout", true, post_checkout },
	{ NULL, NULL, false, NULL },
};

const struct role role_checkout = { "checkout", "orders; needs inventory-svc, payment-svc", checkout_routes,
				    checkout_start };

/* --- payment --------------------------------------------------------------------------------- */

static struct upstream *payment_db;

static int payment_start(struct service *s, struct fl_error *err)
{
	(void)err;
	payment_db = service_upstream(s, "payment-db");
	return 0;
}

static void post_charge(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	long amount = json_number(rq->body, "amount", -1);
	json_t *root = json_loads(rq->body, 0, NULL);
	const char *order = json_string_value(json_object_get(root, "order"));
	char path[160], body[64];

	if (!order || amount < 0) {
		http_reply_text(rp, 400, "{\"error\": \"no order or amount\"}\n");
	} else {
		service_work(1000);
		snprintf(path, sizeof(path), "/kv/charge-%s", order);
		snprintf(body, sizeof(body), "{\"set\": %ld}", amount);
		if (forward(payment_db, path, body, NULL, rp))
			http_reply_text(rp, 200, "{\"order\": \"%s\", \"charged\": %ld}\n", order, amount);
		else
			service_log(s, "error", "charge of %s not stored", order);
	}
	json_decref(root);
}

static const struct route payment_routes[] = {
	{ "POST", "/charge", true, post_charge },
	{ NULL, NULL, false, NULL },
};

const struct role role_payment = { "payment", "charges; needs payment-db", payment_routes, payment_start };

/* --- inventory ------------------------------------------------------------------------------- */

static struct upstream *inventory_db;

static int inventory_start(struct service *s, struct fl_error *err)
{
	(void)err;
	inventory_db = service_upstream(s, "inventory-db");
	return 0;
}

/* "PRICE:STOCK" as the cache holds it. */
static bool stock_read(const char *text, long *ret_price, long *ret_stock)
{
	const char *colon = strchr(text, ':');
	char price[32] = "";
	int64_t p, n;

	if (!colon || (size_t)(colon - text) >= sizeof(price))
		return false;
	memcpy(price, text, (size_t)(colon - text));
	if (units_int(price, 0, INT32_MAX, &p, NULL) || units_int(colon + 1, INT32_MIN, INT32_MAX, &n, NULL))
		return false;
	*ret_price = (long)p;
	*ret_stock = (long)n;
	return true;
}

static void get_stock(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	char key[64], path[96], value[64];
	long price, stock;
	int64_t sku;

	if (units_int(route_tail(rq, "/stock/"), 0, 1000000, &sku, NULL)) {
		http_reply_text(rp, 404, "{\"error\": \"no such product\"}\n");
		return;
	}
	snprintf(key, sizeof(key), "stock:%ld", (long)sku);
	if (cache_get(s->cache, key, value, sizeof(value))) {
		if (!stock_read(value, &price, &stock)) {
			metric_add(metric_counter("lab_cache_invalid_total", ""), 1);
			service_log(s, "error", "cache holds '%s' under %s", value, key);
			http_reply_text(rp, 500, "{\"error\": \"cache entry cannot be read\"}\n");
			return;
		}
	} else {
		snprintf(path, sizeof(path), "/kv/stock-%ld", (long)sku);
		if (!forward(inventory_db, path, NULL, NULL, rp) && rp->status != 404)
			return;
		price = catalog_price((long)sku);
		stock = INITIAL_STOCK + json_number(rp->body, "value", 0);
		snprintf(value, sizeof(value), "%ld:%ld", price, stock);
		cache_set(s->cache, key, value, CACHE_LIFE_S);
	}
	http_reply_text(rp, 200, "{\"sku\": %ld, \"price\": %ld, \"stock\": %ld}\n", (long)sku, price, stock);
}

static void post_reserve(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	long sku = json_number(rq->body, "sku", -1), qty = json_number(rq->body, "qty", 0);
	char path[96], body[64];

	(void)s;
	if (sku < 0 || qty < 1) {
		http_reply_text(rp, 400, "{\"error\": \"no sku or quantity\"}\n");
		return;
	}
	snprintf(path, sizeof(path), "/kv/stock-%ld", sku);
	snprintf(body, sizeof(body), "{\"add\": %ld}", -qty);
	forward(inventory_db, path, body, NULL, rp);
}

static const struct route inventory_routes[] = {
	{ "GET", "/stock/", false, get_stock },
	{ "POST", "/reserve", false, post_reserve },
	{ NULL, NULL, false, NULL },
};

const struct role role_inventory = { "inventory", "stock and prices; needs inventory-db", inventory_routes,
				     inventory_start };

/* --- notification ---------------------------------------------------------------------------- */

static struct upstream *broker;

/* Takes messages off the queue and delivers them (to nobody). */
static void *deliver(void *arg)
{
	_Atomic int64_t *delivered = metric_counter("lab_notifications_delivered_total", "");
	struct upstream_reply r;

	(void)arg;
	for (;;) {
		nanosleep(&(struct timespec){ .tv_nsec = 500 * NS_PER_MSEC }, NULL);
		upstream_call(broker, "/topics/orders?max=200", NULL, NULL, &r);
		if (r.result == CALL_OK)
			metric_add(delivered, json_number(r.body.s, "taken", 0));
		upstream_reply_free(&r);
	}
	return NULL;
}

static int notification_start(struct service *s, struct fl_error *err)
{
	pthread_t thread;

	broker = service_upstream(s, "broker");
	if (pthread_create(&thread, NULL, deliver, NULL))
		return error_sys(err, EAGAIN, "cannot start the delivery thread");
	pthread_detach(thread);
	return 0;
}

static void post_notify(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	(void)s;
	forward(broker, "/topics/orders", rq->body, NULL, rp);
}

static const struct route notification_routes[] = {
	{ "POST", "/notify", false, post_notify },
	{ NULL, NULL, false, NULL },
};

const struct role role_notification = { "notification", "messages to customers; needs broker", notification_routes,
					notification_start };
