// SPDX-License-Identifier: GPL-2.0-only
/* forward.c - see forward.h */
#include <jansson.h>

#include "tools/lab/service/forward.h"
#include "util/cleanup.h"

static unsigned int status_of(enum call_result result)
{
	switch (result) {
	case CALL_TIMEOUT:
	case CALL_DNS: return 504;
	case CALL_POOL: return 503;
	default: return 502;
	}
}

void forward_reply(const char *peer, struct upstream_reply *r, struct http_reply *rp)
{
	if (!r->status) {
		http_reply_text(rp, status_of(r->result), "{\"error\": \"%s: %s\", \"tries\": %u}\n", peer,
				call_result_names[r->result], r->tries);
		return;
	}
	rp->status = r->status;
	rp->body_len = r->body.len;
	rp->body = take_ptr(r->body.s);
}

bool forward(struct upstream *u, const char *path, const char *body, const char *authorization, struct http_reply *rp)
{
	struct upstream_reply r;

	upstream_call(u, path, body, authorization, &r);
	forward_reply(upstream_name(u), &r, rp);
	upstream_reply_free(&r);
	return rp->status < 400;
}

long json_number(const char *text, const char *key, long fallback)
{
	json_t *root = text ? json_loads(text, 0, NULL) : NULL;
	json_t *value = json_object_get(root, key);
	long n = json_is_integer(value) ? (long)json_integer_value(value) : fallback;

	json_decref(root);
	return n;
}
