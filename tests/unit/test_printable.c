// SPDX-License-Identifier: GPL-2.0-only
/* Text from outside on its way to people: nothing that commands a terminal is left of it. */
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
#include "util/text/printable.h"
#include "util/text/utf8.h"

static void expect(const char *in, const char *want)
{
	size_t n = strlen(in), cut;

	/* However the text is cut into pieces, the result is the same. */
	for (cut = 0; cut <= n; cut++) {
		struct printable p = {};
		struct text out = {};

		printable_append(&p, &out, in, cut);
		printable_append(&p, &out, in + cut, n - cut);
		printable_end(&p, &out);
		assert_string_equal(out.s ? out.s : "", want);
		text_free(&out);
	}
}

static void plain_text_stays(void **state)
{
	(void)state;
	expect("", "");
	expect("two words\n\tand a tab", "two words\n\tand a tab");
	expect("Dịch vụ → ≥ 95 % 🐦", "Dịch vụ → ≥ 95 % 🐦");
	expect("\xf4\x8f\xbf\xbd", "\xf4\x8f\xbf\xbd");
}

static void controls_are_escaped(void **state)
{
	(void)state;
	expect("\x1b]0;title\x07", "\\u001b]0;title\\u0007");
	expect("a\rb\x7f\x08", "a\\u000db\\u007f\\u0008");
	expect("\xc2\x9b"
	       "31m",
	       "\\u009b31m"); /* CSI as one C1 character */
	expect("\xc2\x80\xc2\x9f\xc2\xa0", "\\u0080\\u009f\xc2\xa0");
	expect("abc\xe2\x80\xae"
	       "fed",
	       "abc\\u202efed"); /* right-to-left override */
	expect("\xe2\x81\xa6\xe2\x80\xa8\xd8\x9c", "\\u2066\\u2028\\u061c");
}

static void what_is_no_utf8_is_replaced(void **state)
{
	static const char r[] = "\xef\xbf\xbd";

	(void)state;
	expect("\x9b"
	       "31m",
	       "\xef\xbf\xbd"
	       "31m"); /* CSI in a Latin-1 terminal */
	expect("\xff", r);
	expect("\xe2\x82", r); /* cut at the end */
	expect("\xe2\x82"
	       "a",
	       "\xef\xbf\xbd"
	       "a");
	expect("\xe2\x1b[2J", "\xef\xbf\xbd\\u001b[2J"); /* what follows is looked at by itself */
	expect("\xc0\x9b", "\xef\xbf\xbd\xef\xbf\xbd");  /* overlong */
	expect("\xe0\x80\x9b", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	expect("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* a surrogate */
	expect("\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	expect("\xf0\x9f\x90\xf0\x9f\x90\xa6", "\xef\xbf\xbd🐦");
}

static void zero_bytes_are_escaped(void **state)
{
	struct printable p = {};
	struct text out = {};

	(void)state;
	printable_append(&p, &out, "a\0b", 3);
	assert_string_equal(out.s, "a\\u0000b");
	text_free(&out);
}

static void an_error_is_one_line(void **state)
{
	struct fl_error err = {};

	(void)state;
	error_usage(&err, "the agent said: %s", "no\nfaultline: all is well");
	error_hint(&err, "look at %s", "a\r\nb");
	assert_string_equal(err.message, "the agent said: no faultline: all is well");
	assert_string_equal(err.hint, "look at a  b");
}

static void expect_mended(const char *in, const char *want)
{
	char text[64];

	snprintf(text, sizeof(text), "%s", in);
	utf8_mend(text);
	assert_string_equal(text, want);
	assert_true(utf8_is(text));
}

/* JSON has no place for anything else, and loses the whole object that it is in. */
static void what_is_no_utf8_can_be_mended(void **state)
{
	(void)state;
	expect_mended("", "");
	expect_mended("Dịch vụ → 🐦", "Dịch vụ → 🐦");
	expect_mended("bad\xff.yaml", "bad?.yaml");
	expect_mended("\xc0\x9b", "??");
	expect_mended("\xed\xa0\x80", "???");
	expect_mended("\x80", "?");
	expect_mended("a\xe2\x82", "a"); /* cut at the end */
	expect_mended("a\xe2", "a");
	expect_mended("a\xf0\x9f\x90", "a");
	expect_mended("\xe2\x82 b", "?\? b");
}

static void what_is_cut_to_fit_ends_with_a_character(void **state)
{
	char fits[] = "aếế", four[8], bad[4];
	struct fl_error err = {};
	size_t size;

	(void)state;
	for (size = 2; size <= sizeof(fits); size++) {
		assert_int_equal(text_copy(four, size, fits), size == sizeof(fits));
		assert_true(utf8_is(four));
	}
	assert_string_equal(four, "aếế");
	assert_true(text_copy(bad, sizeof(bad), "\xff\xe2")); /* a name that fits is left as it is */
	assert_string_equal(bad, "\xff\xe2");
	error_usage(&err, "'%.3s' is no name, nor is %s", "aế", "bad\xff");
	assert_string_equal(err.message, "'a?\?' is no name, nor is bad?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_stays),
		cmocka_unit_test(controls_are_escaped),
		cmocka_unit_test(what_is_no_utf8_is_replaced),
		cmocka_unit_test(zero_bytes_are_escaped),
		cmocka_unit_test(an_error_is_one_line),
		cmocka_unit_test(what_is_no_utf8_can_be_mended),
		cmocka_unit_test(what_is_cut_to_fit_ends_with_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
