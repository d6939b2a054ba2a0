// SPDX-License-Identifier: GPL-2.0-only
/* cache_keys.c - see cache_keys.h */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "fault/state/cache_keys.h"
#include "util/cleanup.h"
#include "util/text/hex.h"
#include "util/text/text.h"

#define SAVED_MAX (256u << 20) /* bytes of a saved file */

int cache_keys_add(struct cache_keys *k, const struct bytes *name)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		if (content_equal(&k->v[i].name, name))
			return 0;
	if (k->n == k->size) {
		size_t size = k->size ? 2 * k->size : 64;
		struct cache_key *v = reallocarray(k->v, size, sizeof(*v));

		if (!v)
			return -ENOMEM;
		k->v = v;
		k->size = size;
	}
	k->v[k->n] = (struct cache_key){};
	if (bytes_copy(name->v, name->n, &k->v[k->n].name))
		return -ENOMEM;
	k->n++;
	return 1;
}

void cache_keys_free(struct cache_keys *k)
{
	size_t i;

	for (i = 0; i < k->n; i++) {
		bytes_free(&k->v[i].name);
		bytes_free(&k->v[i].old);
		bytes_free(&k->v[i].poison);
	}
	free(k->v);
	*k = (struct cache_keys){};
}

int cache_keys_write(const struct cache_keys *k, const char *path, struct fl_error *err)
{
	json_t *all = json_array();
	_cleanup_free_ char *text = NULL;
	size_t i;

	for (i = 0; i < k->n; i++) {
		const struct cache_key *one = &k->v[i];

		if (one->old.v)
			json_array_append_new(all,
					      json_pack("{s:o, s:o, s:o}", "key", hex_json(one->name.v, one->name.n),
							"old", hex_json(one->old.v, one->old.n), "new",
							hex_json(one->poison.v, one->poison.n)));
	}
	text = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	if (!text)
		return error_sys(err, ENOMEM, "%s: out of memory", path);
	return file_write(path, text, strlen(text), 0600, err);
}

int cache_keys_read(const char *path, struct cache_keys *ret, struct fl_error *err)
{
	_cleanup_free_ char *text = NULL;
	struct cache_keys k = {};
	json_t *all, *one;
	size_t len, i;
	int r = file_read(path, SAVED_MAX, &text, &len, err);

	if (r)
		return r;
	all = json_loadb(text, len, 0, NULL);
	k.v = calloc(json_array_size(all) ?: 1, sizeof(*k.v));
	if (!json_is_array(all) || !k.v)
		r = error_sys(err, EBADMSG, "%s is damaged", path);
	json_array_foreach(all, i, one) {
		struct cache_key *key = &k.v[i];

		if (r)
			break;
		key->name.v = hex_from_json(json_object_get(one, "key"), &key->name.n);
		key->old.v = hex_from_json(json_object_get(one, "old"), &key->old.n);
		key->poison.v = hex_from_json(json_object_get(one, "new"), &key->poison.n);
		k.n++;
		if (!key->name.v || !key->old.v || !key->poison.v)
			r = error_sys(err, EBADMSG, "%s is damaged", path);
	}
	json_decref(all);
	if (r)
		cache_keys_free(&k);
	else
		*ret = k;
	return r;
}

bool cache_scramble(struct bytes *value, uint64_t seed)
{
	bool any = false;
	size_t i;

	for (i = 0; i < value->n; i++) {
		uint8_t digit = (uint8_t)(value->v[i] - '0');

		if (digit > 9)
			continue;
		/* 1..8 steps on in the circle of 1..9; from 0 to any of them. */
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		value->v[i] = (uint8_t)('1' + (digit ? (digit - 1 + 1 + (seed >> 33) % 8) % 9 : (seed >> 33) % 9));
		any = true;
	}
	return any || content_flip(value, value->n / 4 + 1, seed);
}
