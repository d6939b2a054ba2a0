/* SPDX-License-Identifier: GPL-2.0-only */
/* try_params.h - parameters of a kind, as somebody may give them. */
#ifndef FLTEST_TRY_PARAMS_H
#define FLTEST_TRY_PARAMS_H

#include <string.h>

#include "fault/fault.h"
#include "util/cleanup.h"

/* "name=value name=value" given to @kind: what fault_validate() says. */
static inline int try(const char *kind, const char *words, struct fl_error *err)
{
	_cleanup_free_ char *copy = strdup(words);
	char *word, *save = NULL;
	struct fault f;
	int r = fault_init(&f, NULL, kind, err);

	for (word = strtok_r(copy, " ", &save); !r && word; word = strtok_r(NULL, " ", &save)) {
		char *value = strchr(word, '=');

		*value++ = '\0';
		r = params_set(&f.params, word, value, err);
	}
	if (!r)
		r = fault_validate(&f, err);
	fault_free(&f);
	return r;
}

/* Parameters, and a part of what is said of them. */
struct tried {
	const char *kind, *words, *says;
};

static inline void assert_accepted(const char *const (*v)[2], size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct fl_error err = {};

		if (try(v[i][0], v[i][1], &err))
			fail_msg("%s %s: %s", v[i][0], v[i][1], err.message);
	}
}

static inline void assert_refused(const struct tried *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct fl_error err = {};

		if (!try(v[i].kind, v[i].words, &err))
			fail_msg("%s %s is accepted", v[i].kind, v[i].words);
		if (!strstr(err.message, v[i].says) && !strstr(err.hint, v[i].says))
			fail_msg("%s %s: %s", v[i].kind, v[i].words, err.message);
		assert_int_equal(err.exit, FL_EXIT_USAGE);
	}
}

#endif
