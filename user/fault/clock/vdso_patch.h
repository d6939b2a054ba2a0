/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vdso_patch.h - how to change a vDSO so that its wall clock is moved, as data: which bytes
 * where, and what was there. It is the same for every process of a host, since all have the same
 * image, and position independent. So it is made once from faultline's own vDSO, written to the
 * journal, and any process can then be recognised as clean, ours, or somebody else's, and be
 * put back byte for byte.
 */
#ifndef FL_VDSO_PATCH_H
#define FL_VDSO_PATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault/clock/vdso.h"
#include "util/error.h"

#define VDSO_MAGIC     "fl-vdso-clock"
#define VDSO_ID_MAX    32
#define VDSO_STUB_MAX  640 /* bytes of code and data that are put in */
#define VDSO_PASS_ROOM 40
#define VDSO_DRIFT_MAX 1000000000 /* parts per billion; the stubs' divisions rely on it */

/* What the stub adds to the wall clock: offset + (now - base) * drift / 10^9. */
struct vdso_slot {
	int64_t offset_ns;
	int64_t drift_ppb;
	int64_t base_ns; /* CLOCK_REALTIME from which drift counts */
};

/* The head of the stub; clock_stub_*.S lay out the same. Offsets count from the head. */
struct vdso_stub {
	char magic[16];
	char id[VDSO_ID_MAX]; /* fault that put it there: SESSION.N */
	struct vdso_slot slot;
	uint32_t entry[VDSO_CALLS]; /* in the order of enum vdso_call; 0: has none */
	uint32_t pass[VDSO_CALLS];  /* where the stub calls what the kernel's function was */
};
_Static_assert(sizeof(struct vdso_stub) == 96, "clock_stub_*.S");

struct vdso_edit {
	uint32_t offset, size;
	uint8_t before[VDSO_STUB_MAX];
	_Alignas(8) uint8_t after[VDSO_STUB_MAX]; /* begins with a struct vdso_stub in the first */
};

struct vdso_patch {
	uint32_t image_size;
	char digest[65]; /* SHA-256 of the whole untouched mapping */
	uint32_t slot;   /* where the slot lies in the mapping */
	bool direct;     /* unshifted clocks still run in user space; false: through a system call */
	uint32_t n_edits;
	struct vdso_edit edits[1 + VDSO_CALLS]; /* the stub, then the heads: the jumps into it */
};

/*
 * Plan the change of a clean image. @id names the fault. Errors: those of vdso_parse(), -EBUSY
 * when the image already carries a stub, -ENOTSUP when there is no room. Pure.
 */
int vdso_patch_make(const uint8_t *image, size_t size, const char *id, struct vdso_patch *ret, struct fl_error *err);

enum vdso_state {
	VDSO_CLEAN,   /* the untouched image */
	VDSO_PATCHED, /* every edit is in; the slot may hold anything */
	VDSO_PARTLY,  /* some edits are in: half way out, or its writer died */
	VDSO_FOREIGN, /* something else: never to be touched */
};

/* What is @image with regard to @p? */
enum vdso_state vdso_patch_state(const struct vdso_patch *p, const uint8_t *image, size_t size);

/* For the journal, and back; what does not make sense is refused with -EINVAL. */
json_t *vdso_patch_json(const struct vdso_patch *p);
int vdso_patch_parse(const json_t *j, struct vdso_patch *ret, struct fl_error *err);

#endif
