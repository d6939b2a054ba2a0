// SPDX-License-Identifier: GPL-2.0-only
/* results_file.c - chaos_results.json: an array with an entry per experiment. See result.h. */
#include <errno.h>
#include <string.h>

#include "score/result.h"
#include "util/cleanup.h"
#include "util/text/text.h"

#define RESULTS_MAX (256u << 20)

void results_free(struct result *results, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		result_free(&results[i]);
	free(results);
}

/* "entry 3 (payment_loss): ..." in front of what a result's reader said. */
static void name_entry(struct fl_error *err, const char *file, size_t index, const json_t *entry)
{
	const char *id = json_string_value(json_object_get(entry, "id"));
	char why[sizeof(err->message)];

	if (!err)
		return;
	text_copy(why, sizeof(why), err->message);
	snprintf(err->message, sizeof(err->message), "entry %zu%s%.40s%s: %.400s", index + 1, id ? " (" : "",
		 id ? id : "", id ? ")" : "", why);
	error_at(err, file, 0, 0);
}

static int read_entries(const char *name, const json_t *root, struct result **ret, uint32_t *ret_n,
			struct fl_error *err)
{
	size_t n = json_array_size(root), i;
	struct result *v;
	int rc;

	if (!json_is_array(root)) {
		error_usage(err, "a results file is an array of experiments, this is none");
		error_at(err, name, 0, 0);
		return -EINVAL;
	}
	v = calloc(n + 1, sizeof(*v));
	if (!v)
		return error_sys(err, ENOMEM, "cannot read %s: out of memory", name);
	for (i = 0; i < n; i++) {
		const json_t *entry = json_array_get(root, i);

		rc = result_is_foreign(entry) ? result_from_foreign(entry, (int)i + 1, &v[i], err)
					      : result_from_json(entry, &v[i], err);
		if (rc) {
			name_entry(err, name, i, entry);
			results_free(v, (uint32_t)i);
			return rc;
		}
	}
	*ret = v;
	*ret_n = (uint32_t)n;
	return 0;
}

int results_parse(const char *name, const char *text, size_t len, struct result **ret, uint32_t *ret_n,
		  struct fl_error *err)
{
	json_error_t why;
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	int rc;

	if (!root) {
		rc = error_usage(err, "it is no whole JSON: %s", why.text);
		error_at(err, name, why.line, why.column);
		error_hint(err, "the file is cut off or was edited; events.jsonl beside it says how "
				"far the run came, and run --resume goes on from there");
		return rc;
	}
	rc = read_entries(name, root, ret, ret_n, err);
	json_decref(root);
	return rc;
}

int results_load(const char *path, struct result **ret, uint32_t *ret_n, struct fl_error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int rc = file_read(path, RESULTS_MAX, &text, &len, err);

	return rc ? rc : results_parse(path, text, len, ret, ret_n, err);
}

char *results_text(const struct result *results, uint32_t n)
{
	json_t *root = json_array();
	char *text = NULL;
	uint32_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(root, result_json(&results[i]));
	if (json_array_size(root) == n)
		text = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	return text;
}

int results_save(const char *path, const struct result *results, uint32_t n, struct fl_error *err)
{
	_cleanup_free_ char *text = results_text(results, n);

	return text ? file_write(path, text, strlen(text), 0644, err)
		    : error_sys(err, ENOMEM, "cannot write %s: out of memory", path);
}
