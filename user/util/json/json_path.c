// SPDX-License-Identifier: GPL-2.0-only
/* json_path.c - see json_path.h */
#include <math.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/json/json_path.h"
#include "util/text/text.h"
#include "util/text/utf8.h"

static json_t *step_index(json_t *at, const char **path)
{
	const char *p = *path + 1;
	size_t index = 0;
	int digits = 0;

	for (; *p >= '0' && *p <= '9' && digits < 9; p++, digits++)
		index = index * 10 + (size_t)(*p - '0');
	if (!digits || *p != ']')
		return NULL;
	*path = p + 1;
	return json_array_get(at, index);
}

static json_t *step_name(json_t *at, const char **path)
{
	size_t n = strcspn(*path, ".[");
	char name[256];

	if (!n || n >= sizeof(name))
		return NULL;
	memcpy(name, *path, n);
	name[n] = '\0';
	*path += n;
	return json_object_get(at, name);
}

json_t *json_path(const json_t *root, const char *path)
{
	/* jansson's getters take const and return what is not; so does this one. */
	json_t *at = (json_t *)(uintptr_t)root;

	if (*path == '$')
		path++;
	while (at && *path) {
		if (*path == '.')
			path++;
		at = *path == '[' ? step_index(at, &path) : step_name(at, &path);
	}
	return at;
}

bool json_scalar_text(const json_t *value, char *buf, size_t size)
{
	char *text;
	bool fits;

	buf[0] = '\0';
	if (json_is_string(value))
		return text_copy(buf, size, json_string_value(value));
	if (!json_is_number(value) && !json_is_boolean(value))
		return false;
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	fits = text && text_copy(buf, size, text);
	free(text);
	return fits;
}

json_t *json_foreign(const char *s)
{
	_cleanup_free_ char *copy = strdup(s);

	if (!copy)
		return NULL;
	utf8_mend(copy);
	return json_string(copy);
}

char *json_joined(const json_t *words)
{
	struct text t = {};
	size_t i;

	text_append(&t, "%s", "");
	for (i = 0; i < json_array_size(words); i++)
		text_append(&t, "%s%s", i ? "," : "", json_string_value(json_array_get(words, i)) ?: "");
	return t.s;
}

double json_number_or_nan(const json_t *value)
{
	return json_is_number(value) ? json_number_value(value) : NAN;
}

double json_number_of(const json_t *object, const char *key)
{
	return json_number_or_nan(json_object_get(object, key));
}

json_t *json_six_digits(double v)
{
	double digits;

	if (!isfinite(v) || v == 0)
		return isfinite(v) ? json_real(0) : json_null();
	digits = pow(10, 5 - floor(log10(fabs(v))));
	return json_real(round(v * digits) / digits);
}
