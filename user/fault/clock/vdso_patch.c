// SPDX-License-Identifier: GPL-2.0-only
/*
 * vdso_patch.c - plan the change of a vDSO image.
 *
 * The stub goes into the padding behind the ELF file, where nothing is; each clock function then
 * begins with a jump to it, and the instructions that the jump covers move to the stub's pass_* area,
 * from where they go on in the kernel's function. So all clocks keep running in user space, and those
 * that are not shifted cost a compare more. Where the padding is too small, the stub takes the place
 * of the section headers: about a kilobyte in every image, which only debuggers read.
 *
 * Limit: assumes that the image holds no code but the kernel's; another tool that patches vDSOs
 * makes an image FOREIGN, and it is left alone.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "fault/clock/vdso_arch.h"
#include "fault/clock/vdso_patch.h"
#include "util/cleanup.h"
#include "util/text/text.h"

#define PAGE 4096u

static const struct vdso_arch *const arches[] = { &vdso_x86_64, &vdso_aarch64 };

static const struct vdso_arch *arch_find(uint16_t machine)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(arches); i++)
		if (arches[i]->machine == machine)
			return arches[i];
	return NULL;
}

static uint32_t align(uint32_t v, uint32_t to)
{
	return (v + to - 1) & ~(to - 1);
}

/* The stub stays in one page, so that writing it is one copy for the kernel: a writer that is
 * killed leaves all of it or nothing. 0: no room. */
static uint32_t place_in(uint32_t start, uint32_t end, uint32_t size)
{
	start = align(start, 16);
	if (start / PAGE != (start + size - 1) / PAGE)
		start = align(start, PAGE);
	return start < end && size <= end - start ? start : 0;
}

static void edit_set(struct vdso_edit *e, const uint8_t *image, uint32_t offset, const uint8_t *after, uint32_t size)
{
	e->offset = offset;
	e->size = size;
	memcpy(e->before, image + offset, size);
	memcpy(e->after, after, size);
}

/* Lead one function to the stub. True: the kernel's own stays in use behind it. */
static bool divert(const struct vdso_arch *arch, const uint8_t *image, size_t size, const struct vdso_function *f,
		   enum vdso_call call, struct vdso_patch *p)
{
	struct vdso_edit *code = &p->edits[0];
	struct vdso_stub *stub = (struct vdso_stub *)(void *)code->after;
	uint32_t pass = stub->pass[call], moved = 0;
	uint8_t bytes[VDSO_JUMP_MAX];
	uint32_t n;

	if (pass)
		moved = arch->move(image, size, f, code->offset + pass, code->after + pass,
				   VDSO_PASS_ROOM - VDSO_JUMP_MAX);
	if (moved) {
		n = arch->jump(code->offset + pass + moved, f->offset + moved, bytes);
		memcpy(code->after + pass + moved, bytes, n);
	}
	n = arch->jump(f->offset, code->offset + stub->entry[call], bytes);
	edit_set(&p->edits[p->n_edits++], image, f->offset, bytes, n);
	return !pass || moved;
}

int vdso_patch_make(const uint8_t *image, size_t size, const char *id, struct vdso_patch *ret, struct fl_error *err)
{
	const struct vdso_arch *arch;
	struct vdso_patch p = {};
	struct vdso_stub *stub;
	uint32_t at, need;
	struct vdso v;
	int r, c;

	r = vdso_parse(image, size, &v, err);
	if (r)
		return r;
	if (memmem(image, size, VDSO_MAGIC, sizeof(VDSO_MAGIC)))
		return error_env(err, EBUSY, "this vDSO is shifted already");
	arch = arch_find(v.machine);
	need = (uint32_t)arch->stub_size;
	at = place_in(v.end, (uint32_t)size, need);
	if (!at)
		at = place_in(v.loaded_end, (uint32_t)size, need);
	if (!at)
		return error_env(err, ENOTSUP, "the vDSO has no room for the %zu bytes of a stub", arch->stub_size);
	p.image_size = (uint32_t)size;
	text_sha256(image, size, p.digest);
	edit_set(&p.edits[p.n_edits++], image, at, arch->stub, (uint32_t)arch->stub_size);
	stub = (struct vdso_stub *)(void *)p.edits[0].after;
	if (!text_copy(stub->id, sizeof(stub->id), id))
		return error_sys(err, EINVAL, "'%s' is too long for the name of a fault", id);
	p.slot = at + (uint32_t)offsetof(struct vdso_stub, slot);
	p.direct = true;
	for (c = 0; c < VDSO_CALLS; c++) {
		const struct vdso_function *f = &v.calls[c];

		if (!f->size || !stub->entry[c])
			continue;
		if (f->size < VDSO_JUMP_MAX)
			return error_env(err, ENOTSUP, "a clock function of %u bytes is too short", f->size);
		if (!divert(arch, image, size, f, (enum vdso_call)c, &p))
			p.direct = false;
	}
	*ret = p;
	return 0;
}

/* Does @image hold @bytes at the edit, but for the slot? */
static bool edit_is(const struct vdso_patch *p, const struct vdso_edit *e, const uint8_t *bytes, const uint8_t *image)
{
	uint32_t i;

	for (i = 0; i < e->size; i++) {
		uint32_t at = e->offset + i;

		if (at >= p->slot && at < p->slot + sizeof(struct vdso_slot))
			continue;
		if (image[at] != bytes[i])
			return false;
	}
	return true;
}

enum vdso_state vdso_patch_state(const struct vdso_patch *p, const uint8_t *image, size_t size)
{
	uint32_t i, in = 0;
	char digest[65];

	if (size != p->image_size)
		return VDSO_FOREIGN;
	for (i = 0; i < p->n_edits; i++) {
		const struct vdso_edit *e = &p->edits[i];

		if (edit_is(p, e, e->after, image))
			in++;
		else if (memcmp(image + e->offset, e->before, e->size))
			return VDSO_FOREIGN;
	}
	if (in)
		return in == p->n_edits ? VDSO_PATCHED : VDSO_PARTLY;
	text_sha256(image, size, digest);
	return strcmp(digest, p->digest) ? VDSO_FOREIGN : VDSO_CLEAN;
}
