// SPDX-License-Identifier: GPL-2.0-only
/* token.c - see token.h */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tools/lab/service/token.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define PREFIX "Bearer v1."

const char *const token_verdict_names[TOKEN_VERDICTS] = { "good", "missing", "malformed", "issued_in_future",
							  "expired" };

void token_write(const struct token *t, char *buf, size_t size)
{
	snprintf(buf, size, PREFIX "%s.%s.%llu.%llu", t->issuer, t->user, (unsigned long long)t->issued_ms,
		 (unsigned long long)t->expires_ms);
}

static bool read_ms(const char *text, uint64_t *ret)
{
	int64_t n;

	if (!text || units_int(text, 0, INT64_MAX, &n, NULL))
		return false;
	*ret = (uint64_t)n;
	return true;
}

static bool token_read(const char *header, struct token *ret)
{
	char copy[256], *save, *issuer, *user;

	if (strncmp(header, PREFIX, strlen(PREFIX)) || !text_copy(copy, sizeof(copy), header + strlen(PREFIX)))
		return false;
	issuer = strtok_r(copy, ".", &save);
	user = issuer ? strtok_r(NULL, ".", &save) : NULL;
	return user && text_copy(ret->issuer, sizeof(ret->issuer), issuer) &&
	       text_copy(ret->user, sizeof(ret->user), user) && read_ms(strtok_r(NULL, ".", &save), &ret->issued_ms) &&
	       read_ms(strtok_r(NULL, ".", &save), &ret->expires_ms) && !strtok_r(NULL, ".", &save);
}

enum token_verdict token_check(const char *header, uint64_t now_ms, uint64_t leeway_ms, struct token *ret)
{
	struct token t = { .issued_ms = 0 };

	if (!header)
		return TOKEN_MISSING;
	if (!token_read(header, &t))
		return TOKEN_MALFORMED;
	if (ret)
		*ret = t;
	if (t.issued_ms > now_ms + leeway_ms)
		return TOKEN_FUTURE;
	if (t.expires_ms + leeway_ms < now_ms)
		return TOKEN_EXPIRED;
	return TOKEN_GOOD;
}
