/* SPDX-License-Identifier: GPL-2.0-only */
/* vdso_arch.h - what differs between architectures when a function is led to a stub. */
#ifndef FL_VDSO_ARCH_H
#define FL_VDSO_ARCH_H

#include "fault/clock/vdso.h"

#define VDSO_JUMP_MAX 8

struct vdso_arch {
	uint16_t machine;
	const uint8_t *stub;
	size_t stub_size;

	/* Write a jump from @from to @to (offsets in the image); returns its length. */
	uint32_t (*jump)(uint32_t from, uint32_t to, uint8_t ret[VDSO_JUMP_MAX]);

	/*
	 * Copy the instructions of @f that a jump would overwrite so that they run at offset @to,
	 * at most @room bytes. Returns how many bytes were moved; 0 when that cannot be done.
	 */
	uint32_t (*move)(const uint8_t *image, size_t size, const struct vdso_function *f, uint32_t to, uint8_t *ret,
			 size_t room);
};

extern const struct vdso_arch vdso_x86_64, vdso_aarch64;

#endif
