// SPDX-License-Identifier: GPL-2.0-only
/*
 * http.c - http_error and http_latency: responses that go wrong or come late, done to packets at tc
 * with no proxy. The kernel side (bpf/http/http_flow.bpf.h) follows both directions of a connection;
 * the request decides, the response is changed: its three status digits, or the time it starts.
 *
 * "direction" is that of the responses: from the target (what it serves), to it (what it asks of
 * others), or both. Limits: HTTP/1.x in the clear; TLS and HTTP/2 pass.
 */
#include <errno.h>
#include <string.h>

#include "fault/net/net.h"
#include "util/http/http_method.h"

static const char *const error_aliases[] = { "cascade_retry", NULL };

/* Of both kinds. */
struct http_params {
	struct net_late late;
	const char *path, *method;
	uint32_t status;
};

/* clang-format off */
#define HTTP_PARAMS \
	{ PARAM_FIELD(struct http_params, path), .name = "path", .type = PARAM_STRING, .live = true, \
	  .help = "only requests whose target begins so" }, \
	{ PARAM_FIELD(struct http_params, method), .name = "method", .type = PARAM_STRING, .live = true, \
	  .help = "only these methods (comma-separated)" }, \
	NET_PARAM_DIRECTION_OF("from", "responses from the target, to it, or both")

static const struct param error_params[] = {
	{ PARAM_FIELD(struct http_params, status), .name = "status", .type = PARAM_INT, .def = "500", .min = 200, .max = 599,
	  .live = true, .help = "the status that clients see" },
	NET_PARAM_PERCENT("100%", "the matching requests that are answered so"),
	HTTP_PARAMS,
	{}
};

static const struct param latency_params[] = {
	{ PARAM_FIELD(struct net_late, wait.delay_ns), .name = "delay", .type = PARAM_DURATION, .def = "!", .live = true,
	  .from = "1ms", .to = "5s", .help = "how much later a response begins" },
	NET_PARAM_JITTER,
	NET_PARAM_PERCENT("100%", "the matching requests that are answered late"),
	HTTP_PARAMS,
	{}
};
/* clang-format on */

static int method_bit(const char *word, size_t len, __u16 *mask, struct fl_error *err)
{
	unsigned int bit = http_method_parse(word, len);

	if (bit && bit != FL_HTTP_OTHER) {
		*mask |= (__u16)bit;
		return 0;
	}
	error_usage(err, "http: no method '%.*s'", (int)(len > 20 ? 20 : len), word);
	error_hint(err, HTTP_METHOD_WORDS);
	return -EINVAL;
}

static int method_mask(const char *text, __u16 *ret, struct fl_error *err)
{
	int r = 0;

	*ret = 0;
	while (text && *text && !r) {
		size_t len = strcspn(text, ", ");

		if (len)
			r = method_bit(text, len, ret, err);
		text += len;
		text += strspn(text, ", ");
	}
	return r;
}

/* The requests travel against the responses. */
static __u8 requests(enum net_direction responses)
{
	switch (responses) {
	case NET_FROM: return 1 << FL_DIR_TO;
	case NET_TO: return 1 << FL_DIR_FROM;
	case NET_BOTH: break;
	}
	return 0;
}

static int compile_http(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	const struct http_params *own = p->own;
	const char *path = own->path;
	struct fl_http *http = &rule->http;
	int r = net_match(p, rule, err);

	rule->probability_ppm = own->late.net.percent_ppm;
	*http = (struct fl_http){ .requests = requests(own->late.net.direction) };
	if (!r)
		r = method_mask(own->method, &http->methods, err);
	if (r || !path)
		return r;
	if (strlen(path) > sizeof(http->path))
		return error_usage(err, "http: path is longer than %zu bytes", sizeof(http->path));
	http->path_len = (__u16)strlen(path);
	memcpy(http->path, path, http->path_len);
	return 0;
}

static int compile_error(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	const struct http_params *own = p->own;
	int r = compile_http(p, rule, err);

	rule->kind = FL_KIND_HTTP_ERROR;
	rule->http.status = (__u16)own->status;
	return r;
}

static int compile_latency(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	const struct net_late *own = p->own;
	int r = compile_http(p, rule, err);

	rule->kind = FL_KIND_HTTP_DELAY;
	return r ? r : net_delay(&own->wait, &rule->delay, err);
}

static int validate_http(const struct params *p, struct fl_error *err)
{
	struct fl_rule rule = {};
	int r = net_validate(p, err);

	return r ? r : compile_http(p, &rule, err);
}

/* A response whose status says that it has no body would be cut off by a client that has it, and
 * the other way round: 204, 205 and 304 frame a message differently. */
static int validate_error(const struct params *p, struct fl_error *err)
{
	const struct http_params *own = p->own;
	int r = validate_http(p, err);

	if (!r && (own->status == 204 || own->status == 205 || own->status == 304))
		r = error_usage(err, "http_error: a response with a body cannot become a %u", own->status);
	return r;
}

static int arm_error(struct fault *f, struct fl_error *err)
{
	return net_arm(f, NET_BOTH_HOOKS, err);
}

static int arm_latency(struct fault *f, struct fl_error *err)
{
	return net_arm_hold(f, NET_BOTH_HOOKS, err);
}

const struct fault_ops fault_http_error = {
	NET_OPS,
	.class = FAULT_APPLICATION,
	.name = "http_error",
	.aliases = error_aliases,
	.summary = "Give HTTP responses another status",
	.params = error_params,
	.supported = net_supported,
	.validate = validate_error,
	.arm = arm_error,
	.compile = compile_error,
	.hints = {
		.unmatched = "No HTTP/1.x exchange in the clear met its match: is there traffic at all, and is "
			"it neither TLS nor HTTP/2?",
		.skipped = "They were encrypted, no HTTP/1.x, cut into pieces that are not put together, or "
			"responses whose status must stay (1xx, 204, 304).",
	},
};

const struct fault_ops fault_http_latency = {
	NET_OPS,
	.class = FAULT_APPLICATION,
	.name = "http_latency",
	.summary = "Make HTTP responses late",
	.params = latency_params,
	.supported = net_supported_hold,
	.validate = validate_http,
	.arm = arm_latency,
	.compile = compile_latency,
	.hints = {
		.unmatched = "No HTTP/1.x exchange in the clear met its match: is there traffic at all, and is "
			"it neither TLS nor HTTP/2?",
		.skipped = "They were encrypted, no HTTP/1.x, or cut into pieces that are not put together.",
	},
};
