// SPDX-License-Identifier: GPL-2.0-only
/*
 * vdso_json.c - a vDSO patch as it stands in the journal. All that undoing it takes is in there:
 * guardian and recover never look at the process that made it.
 */
#include <errno.h>
#include <string.h>

#include "fault/clock/vdso_patch.h"
#include "util/text/hex.h"
#include "util/text/text.h"

json_t *vdso_patch_json(const struct vdso_patch *p)
{
	json_t *edits = json_array();
	uint32_t i;

	for (i = 0; i < p->n_edits; i++) {
		const struct vdso_edit *e = &p->edits[i];

		json_array_append_new(edits,
				      json_pack("{s:I, s:o, s:o}", "at", (json_int_t)e->offset, "old",
						hex_json(e->before, e->size), "new", hex_json(e->after, e->size)));
	}
	return json_pack("{s:I, s:s, s:I, s:b, s:o}", "size", (json_int_t)p->image_size, "digest", p->digest, "slot",
			 (json_int_t)p->slot, "direct", p->direct, "edits", edits);
}

static bool edit_parse(json_t *j, struct vdso_patch *p, struct vdso_edit *ret)
{
	const char *before, *after;
	json_int_t at;
	size_t size;

	if (json_unpack(j, "{s:I, s:s, s:s}", "at", &at, "old", &before, "new", &after))
		return false;
	size = strlen(before) / 2;
	if (!size || size > VDSO_STUB_MAX || at < 0 || at > p->image_size || size > p->image_size - (size_t)at)
		return false;
	ret->offset = (uint32_t)at;
	ret->size = (uint32_t)size;
	return hex_decode(before, ret->before, VDSO_STUB_MAX) == (ssize_t)size &&
	       hex_decode(after, ret->after, VDSO_STUB_MAX) == (ssize_t)size;
}

int vdso_patch_parse(const json_t *j, struct vdso_patch *ret, struct fl_error *err)
{
	json_int_t size, slot;
	const char *digest;
	json_t *edits, *edit;
	struct vdso_patch p = {};
	int direct;
	size_t i;

	/* json_unpack() does not change what it reads, but takes it unqualified. */
	if (json_unpack((json_t *)(uintptr_t)j, "{s:I, s:s, s:I, s:b, s:o}", "size", &size, "digest", &digest, "slot",
			&slot, "direct", &direct, "edits", &edits) ||
	    size <= 0 || size > VDSO_MAX || slot < 0 || slot > size - (json_int_t)sizeof(struct vdso_slot) ||
	    !text_copy(p.digest, sizeof(p.digest), digest) || !json_array_size(edits) ||
	    json_array_size(edits) > 1 + VDSO_CALLS)
		return error_sys(err, EINVAL, "the journal's vDSO patch makes no sense");
	p.image_size = (uint32_t)size;
	p.slot = (uint32_t)slot;
	p.direct = direct;
	json_array_foreach(edits, i, edit)
		if (!edit_parse(edit, &p, &p.edits[p.n_edits++]))
			return error_sys(err, EINVAL, "the journal's vDSO patch makes no sense");
	*ret = p;
	return 0;
}
