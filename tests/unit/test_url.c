// SPDX-License-Identifier: GPL-2.0-only
/* What is secret in a URL is not shown; the rest of a text stays as it is. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "util/cleanup.h"
#include "util/error.h"
#include "util/text/url.h"

static void masked(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "", "" },
		{ "no URL: a@b, x://y", "no URL: a@b, x://y" },
		{ "http://shop/health?verbose=1#a", "http://shop/health?verbose=1#a" },
		{ "http://me:secret@shop/x", "http://***@shop/x" },
		{ "http://me@shop", "http://**@shop" },
		{ "http://a@shop", "http://*@shop" },
		{ "https://me:p@ss@shop:81/x@y?q=me@b", "https://***@shop:81/x@y?q=me@b" },
		{ "http://me:p/ss@shop/", "http://me:p/ss@shop/" }, /* RFC 3986: the host is "me" */
		{ "cannot call http://u:p@a/ nor 'http://v:q@b/': refused",
		  "cannot call http://***@a/ nor 'http://***@b/': refused" },
		{ "http://h/?token=abcdef&n=3&API_KEY=k&x-amz-signature=zz#key=1",
		  "http://h/?token=***&n=3&API_KEY=*&x-amz-signature=**#key=1" },
		{ "http://h/?token=", "http://h/?token=" },
		{ "http://h/?flag&token=abcd&", "http://h/?flag&token=***&" },
		{ "--pipeline=http://me:secret@h:8000", "--pipeline=http://***@h:8000" },
		{ "://", "://" },
		{ "http://@", "http://@" },
	};
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *s = strdup(cases[i].in);

		url_mask(s);
		assert_string_equal(s, cases[i].want);
	}
}

static void in_errors(void **state)
{
	struct fl_error err = {};

	(void)state;
	error_usage(&err, "the pipeline does not answer %s", "http://me:secret@h/alerts?since=1");
	error_hint(&err, "try %s", "http://me:secret@h/");
	assert_string_equal(err.message, "the pipeline does not answer http://***@h/alerts?since=1");
	assert_string_equal(err.hint, "try http://***@h/");
}

/* Wherever the message ends: a URL that is cut before its "@" still shows nothing. */
static void in_errors_that_are_cut(void **state)
{
	char blanks[sizeof(((struct fl_error *)0)->message)];
	size_t n;

	(void)state;
	for (n = 400; n < sizeof(blanks) - 1; n++) {
		struct fl_error err = {};

		memset(blanks, ' ', n);
		blanks[n] = '\0';
		error_usage(&err, "%s http://me:sesame@shop/x?token=sesame", blanks);
		assert_null(strstr(err.message, "ses"));
		error_hint(&err, "%s http://me:sesame@shop/x", blanks);
		assert_null(strstr(err.hint, "ses"));
	}
}

static void in_the_command_line(void **state)
{
	char a[] = "faultline", b[] = "--probe", c[] = "http://me:secret@h/x", *argv[] = { a, b, c, NULL };
	size_t n = strlen(c), i;
	char **kept;

	(void)state;
	kept = url_hide_arguments(3, argv);
	assert_string_equal(kept[2], "http://me:secret@h/x");
	assert_null(kept[3]);
	assert_string_equal(c, "http://***@h/x");
	for (i = strlen(c); i < n; i++)
		assert_int_equal(c[i], 0);
	for (i = 0; i < 3; i++)
		free(kept[i]);
	free(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masked),
		cmocka_unit_test(in_errors),
		cmocka_unit_test(in_errors_that_are_cut),
		cmocka_unit_test(in_the_command_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
