// SPDX-License-Identifier: GPL-2.0-only
/* Tokens against the clock, and the wait between tries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tools/lab/service/backoff.h"
#include "tools/lab/service/token.h"

#define NOW    1700000000000ull
#define LEEWAY 5000

static enum token_verdict verdict(uint64_t issued_ms, uint64_t expires_ms)
{
	struct token t = { .user = "user1", .issuer = "auth-svc", .issued_ms = issued_ms, .expires_ms = expires_ms };
	char header[256];

	token_write(&t, header, sizeof(header));
	return token_check(header, NOW, LEEWAY, NULL);
}

static void token_within_its_life_is_good(void **state)
{
	(void)state;
	assert_int_equal(verdict(NOW, NOW + 30000), TOKEN_GOOD);
	assert_int_equal(verdict(NOW - 29999, NOW + 1), TOKEN_GOOD);
}

static void token_of_the_future_is_refused_beyond_the_leeway(void **state)
{
	(void)state;
	assert_int_equal(verdict(NOW + LEEWAY, NOW + 40000), TOKEN_GOOD);
	assert_int_equal(verdict(NOW + LEEWAY + 1, NOW + 40000), TOKEN_FUTURE);
	assert_int_equal(verdict(NOW + 60000, NOW + 90000), TOKEN_FUTURE);
}

static void expired_token_is_refused_beyond_the_leeway(void **state)
{
	(void)state;
	assert_int_equal(verdict(NOW - 40000, NOW - LEEWAY), TOKEN_GOOD);
	assert_int_equal(verdict(NOW - 40000, NOW - LEEWAY - 1), TOKEN_EXPIRED);
}

static void token_carries_its_claims(void **state)
{
	struct token t = { .user = "u", .issuer = "auth-svc", .issued_ms = NOW, .expires_ms = NOW + 1 };
	struct token back;
	char header[256];

	(void)state;
	token_write(&t, header, sizeof(header));
	assert_int_equal(token_check(header, NOW, 0, &back), TOKEN_GOOD);
	assert_string_equal(back.user, "u");
	assert_string_equal(back.issuer, "auth-svc");
	assert_int_equal(back.issued_ms, NOW);
	assert_int_equal(back.expires_ms, NOW + 1);
}

static void what_is_no_token_is_malformed(void **state)
{
	static const char *const bad[] = {
		"",
		"Bearer",
		"Bearer v1.",
		"Bearer v1.a.b.1",
		"Bearer v1.a.b.1.2.3",
		"Bearer v1.a.b.x.2",
		"Bearer v1.a.b.1.2 ",
		"Bearer v2.a.b.1.2",
		"Bearer v1.a.b.-1.2",
		"Bearer v1.a.b.1.99999999999999999999",
		"Basic YTpi",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(token_check(bad[i], NOW, LEEWAY, NULL), TOKEN_MALFORMED);
	assert_int_equal(token_check(NULL, NOW, LEEWAY, NULL), TOKEN_MISSING);
}

static void backoff_doubles_up_to_its_limit(void **state)
{
	static const struct backoff b = { 25, 400 };
	static const uint64_t full[] = { 25, 50, 100, 200, 400, 400, 400 };
	unsigned int n;

	(void)state;
	for (n = 1; n <= sizeof(full) / sizeof(full[0]); n++) {
		assert_int_equal(backoff_ns(&b, n, 0), full[n - 1] / 2);
		assert_in_range(backoff_ns(&b, n, UINT32_MAX), full[n - 1] / 2, full[n - 1]);
		assert_true(backoff_ns(&b, n, UINT32_MAX) > backoff_ns(&b, n, 0));
	}
	/* Far beyond the limit nothing overflows. */
	assert_in_range(backoff_ns(&b, 1000, UINT32_MAX), 200, 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(token_within_its_life_is_good),
		cmocka_unit_test(token_of_the_future_is_refused_beyond_the_leeway),
		cmocka_unit_test(expired_token_is_refused_beyond_the_leeway),
		cmocka_unit_test(token_carries_its_claims),
		cmocka_unit_test(what_is_no_token_is_malformed),
		cmocka_unit_test(backoff_doubles_up_to_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
