// SPDX-License-Identifier: GPL-2.0-only
/* body_regex.c - see body_regex.h */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tre/tre.h>

#include "measure/probe/body_regex.h"
#include "util/text/units.h"

#define PATTERN_MAX 1024
#define TIMES_MAX   4096 /* product of all counted repetitions: states that the matcher has to follow */

struct body_regex {
	regex_t re;
};

/* "a{3}", "a{2,9}", "a{4,}": what the largest numbers of all of them come to, multiplied. */
static int64_t times(const char *p)
{
	int64_t product = 1, n;

	for (; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		if (*p != '{')
			continue;
		for (p++, n = 0; *p && *p != '}'; p++) {
			char digits[8] = "";
			size_t len = strspn(p, "0123456789");
			int64_t v = 0;

			if (!len)
				continue;
			if (len < sizeof(digits))
				memcpy(digits, p, len);
			if (units_int(digits, 0, TIMES_MAX, &v, NULL))
				v = TIMES_MAX + 1;
			n = v > n ? v : n;
			p += len - 1;
		}
		product *= n > 1 ? n : 1;
		if (product > TIMES_MAX || !*p)
			break;
	}
	return product;
}

int body_regex_compile(const char *pattern, struct body_regex **ret, struct fl_error *err)
{
	struct body_regex *b;
	char why[128];
	int code;

	if (strlen(pattern) > PATTERN_MAX || times(pattern) > TIMES_MAX)
		return error_usage(err,
				   "body regex '%.80s': it is too large: at most %d bytes, and counted "
				   "repetitions of %d in all",
				   pattern, PATTERN_MAX, TIMES_MAX);
	b = calloc(1, sizeof(*b));
	if (!b)
		return error_sys(err, ENOMEM, "body regex: out of memory");
	code = tre_regcomp(&b->re, pattern, REG_EXTENDED | REG_NOSUB);
	if (code) {
		tre_regerror(code, &b->re, why, sizeof(why));
		free(b);
		return error_usage(err, "body regex '%s': %s", pattern, why);
	}
	if (tre_have_backrefs(&b->re)) {
		body_regex_free(b);
		error_usage(err, "body regex '%s': a back-reference", pattern);
		error_hint(err, "how long that takes has no bound; say it without one");
		return -EINVAL;
	}
	*ret = b;
	return 0;
}

void body_regex_free(struct body_regex *b)
{
	if (!b)
		return;
	tre_regfree(&b->re);
	free(b);
}

bool body_regex_found(const struct body_regex *b, const char *body, size_t len)
{
	return !tre_regnexec(&b->re, body, len, 0, NULL, 0);
}
