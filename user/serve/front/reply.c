// SPDX-License-Identifier: GPL-2.0-only
/* reply.c - answers, with the headers that keep a browser from doing anything else with them; the dashboard's files. */
#include <jansson.h>
#include <string.h>

#include "serve/front/private.h"
#include "util/cleanup.h"

/* --- the dashboard -------------------------------------------------------------------------------- */

/* The Makefile writes the files of user/serve/web/ as bytes. */
static const unsigned char index_html[] = {
#include "user/serve/web/index.html.inc"
};
static const unsigned char style_css[] = {
#include "user/serve/web/style.css.inc"
};
static const unsigned char icon_svg[] = {
#include "user/serve/web/icon.svg.inc"
};
static const unsigned char app_js[] = {
#include "user/serve/web/app.js.inc"
};
static const unsigned char api_js[] = {
#include "user/serve/web/api.js.inc"
};
static const unsigned char dom_js[] = {
#include "user/serve/web/dom.js.inc"
};
static const unsigned char now_js[] = {
#include "user/serve/web/now.js.inc"
};
static const unsigned char fault_js[] = {
#include "user/serve/web/fault.js.inc"
};
static const unsigned char pages_js[] = {
#include "user/serve/web/pages.js.inc"
};

#define SCRIPT "text/javascript; charset=utf-8"

static const struct {
	const char *path, *type;
	const unsigned char *bytes;
	size_t n;
} assets[] = {
	{ "/", "text/html; charset=utf-8", index_html, sizeof(index_html) },
	{ "/style.css", "text/css; charset=utf-8", style_css, sizeof(style_css) },
	{ "/icon.svg", "image/svg+xml", icon_svg, sizeof(icon_svg) },
	{ "/app.js", SCRIPT, app_js, sizeof(app_js) },
	{ "/api.js", SCRIPT, api_js, sizeof(api_js) },
	{ "/dom.js", SCRIPT, dom_js, sizeof(dom_js) },
	{ "/now.js", SCRIPT, now_js, sizeof(now_js) },
	{ "/fault.js", SCRIPT, fault_js, sizeof(fault_js) },
	{ "/pages.js", SCRIPT, pages_js, sizeof(pages_js) },
};

bool asset_find(const char *path, const char **ret_type, const void **ret_bytes, size_t *ret_n)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(assets); i++) {
		if (strcmp(assets[i].path, path) != 0)
			continue;
		*ret_type = assets[i].type;
		*ret_bytes = assets[i].bytes;
		*ret_n = assets[i].n;
		return true;
	}
	return false;
}

/* --- answers -------------------------------------------------------------------------------------- */

void reply_headers(struct MHD_Response *r, unsigned int status, const char *type)
{
	static const char *const always[][2] = {
		{ "Content-Security-Policy",
		  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
		  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cross-Origin-Opener-Policy", "same-origin" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "Cache-Control", "no-store" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(always); i++)
		MHD_add_response_header(r, always[i][0], always[i][1]);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(r, MHD_HTTP_HEADER_RETRY_AFTER, "2");
}

static enum MHD_Result queue(struct MHD_Connection *c, unsigned int status, const char *type, struct MHD_Response *r)
{
	enum MHD_Result queued;

	if (!r)
		return MHD_NO;
	reply_headers(r, status, type);
	queued = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return queued;
}

enum MHD_Result reply(struct MHD_Connection *c, unsigned int status, const char *type, struct text *body)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(body->len, body->s ?: (char[]){ "" },
						body->s ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_MUST_COPY);

	if (!r)
		text_free(body);
	*body = (struct text){};
	return queue(c, status, type, r);
}

enum MHD_Result reply_static(struct MHD_Connection *c, const char *type, const void *bytes, size_t n)
{
	return queue(c, MHD_HTTP_OK, type,
		     MHD_create_response_from_buffer(n, (void *)(uintptr_t)bytes, MHD_RESPMEM_PERSISTENT));
}

enum MHD_Result reply_problem(struct MHD_Connection *c, unsigned int status, const char *detail)
{
	json_t *o = json_pack("{s:s, s:i, s:s, s:n, s:n}", "type", "about:blank", "status", (int)status, "detail",
			      detail, "hint", "exit_status");
	char *s = o ? json_dumps(o, JSON_COMPACT) : NULL;
	struct text body = { .s = s, .len = s ? strlen(s) : 0 };

	json_decref(o);
	return reply(c, status, "application/problem+json", &body);
}
