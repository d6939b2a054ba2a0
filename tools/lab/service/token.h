/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * token.h - bearer tokens: who, issued when, good until when, on the issuer's wall clock. They are
 * not signed: nobody attacks the lab. What is real is the check against the verifier's own clock.
 */
#ifndef LAB_TOKEN_H
#define LAB_TOKEN_H

#include <stddef.h>
#include <stdint.h>

enum token_verdict {
	TOKEN_GOOD,
	TOKEN_MISSING,
	TOKEN_MALFORMED,
	TOKEN_FUTURE, /* issued later than now: the clocks differ */
	TOKEN_EXPIRED,
	TOKEN_VERDICTS,
};
extern const char *const token_verdict_names[TOKEN_VERDICTS];

struct token {
	char user[64], issuer[64];
	uint64_t issued_ms, expires_ms; /* since the epoch */
};

/* "Bearer v1.ISSUER.USER.ISSUED.EXPIRES" into @buf. Dots do not occur in names. */
void token_write(const struct token *t, char *buf, size_t size);

/* Judge an Authorization header (may be NULL) at wall time @now_ms. @ret may be NULL. */
enum token_verdict token_check(const char *header, uint64_t now_ms, uint64_t leeway_ms, struct token *ret);

#endif
