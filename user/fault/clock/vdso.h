/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vdso.h - the clock functions in a vDSO image. The image comes out of another process's memory,
 * so it is hostile input: every offset is checked against the size before it is followed.
 */
#ifndef FL_VDSO_H
#define FL_VDSO_H

#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

#define VDSO_MAX (64u * 1024) /* no kernel maps more; larger is refused */

enum vdso_call { VDSO_GETTIME, VDSO_GETTIMEOFDAY, VDSO_TIME, VDSO_CALLS };

/* One function in the image; size 0: this architecture or kernel has none. */
struct vdso_function {
	uint32_t offset, size;
};

struct vdso {
	uint16_t machine; /* EM_X86_64 or EM_AARCH64 */
	struct vdso_function calls[VDSO_CALLS];
	uint32_t loaded_end; /* behind what a process can need: the end of the loaded segment */
	uint32_t end;        /* behind the last byte of the ELF file; the rest of the mapping is padding */
};

/*
 * Find the clock functions of a 64-bit little-endian vDSO. Errors: -ENOEXEC for what is no such
 * ELF file or contradicts itself, -ENOTSUP for another machine or one without clock_gettime.
 * Pure; *ret is untouched on failure.
 */
int vdso_parse(const uint8_t *image, size_t size, struct vdso *ret, struct fl_error *err);

#endif
