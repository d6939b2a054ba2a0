// SPDX-License-Identifier: GPL-2.0-only
/* meter_paths.c - see meter_paths.h */
#include <errno.h>
#include <string.h>

#include "measure/meter/meter_paths.h"
#include "util/text/text.h"

static int refuse(struct fl_error *err, const char *prefix, const char *why, const char *todo)
{
	int r = error_usage(err, "path prefix '%.60s': %s", prefix, why);

	error_hint(err, "%s", todo);
	return r;
}

int meter_path_check(const char *prefix, struct fl_error *err)
{
	size_t len = strlen(prefix), i;

	if (prefix[0] != '/')
		return refuse(err, prefix, "it does not begin with '/', as a request's target does",
			      "write it as it stands in the request: /pay");
	for (i = 0; i < len; i++)
		if (prefix[i] <= ' ' || prefix[i] > '~')
			return refuse(err, prefix, "no request target has such a byte",
				      "write it as it stands in the request, with %20 for a space");
	/* That is how it is shown, and what one tries; it would match no request. */
	if (prefix[len - 1] == '*')
		return refuse(err, prefix, "a prefix needs no '*'", "leave it out: /pay is all that begins with /pay");
	if (len > FL_PREFIX_MAX) {
		error_usage(err, "path prefix '%.60s': it has %zu bytes, and the kernel compares %d", prefix, len,
			    FL_PREFIX_MAX);
		error_hint(err, "a shorter one will do: '%.*s'", FL_PREFIX_MAX, prefix);
		return -EINVAL;
	}
	return 0;
}

int meter_paths_add(struct meter_paths *paths, const char *prefix, struct fl_error *err)
{
	uint32_t at;
	int r = meter_path_check(prefix, err);

	if (r)
		return r;
	for (at = 0; at < paths->n; at++)
		if (!strcmp(paths->v[at], prefix))
			return 0;
	if (paths->n == FL_PREFIXES) {
		error_usage(err, "path prefix '%.60s': there are %d others already, and no more at once", prefix,
			    FL_PREFIXES);
		error_hint(err, "take several together by what they begin with: /pay for /pay/a, /pay/b");
		return -EINVAL;
	}
	for (at = paths->n++; at && strlen(paths->v[at - 1]) < strlen(prefix); at--)
		memcpy(paths->v[at], paths->v[at - 1], sizeof(paths->v[at]));
	text_copy(paths->v[at], sizeof(paths->v[at]), prefix);
	return 0;
}

const char *meter_path_text(const struct meter_paths *paths, uint32_t path)
{
	return path && path <= paths->n ? paths->v[path - 1] : NULL;
}

uint32_t meter_paths_below(const struct meter_paths *paths, const char *prefix)
{
	uint32_t mask = 0, i;

	for (i = 0; i < paths->n; i++)
		if (!strncmp(paths->v[i], prefix, strlen(prefix)))
			mask |= 1u << (i + 1);
	return mask;
}
