// SPDX-License-Identifier: GPL-2.0-only
/*
 * vdso_aarch64.c - the same for arm64, where a jump is one instruction and so only one has to move.
 */
#include <elf.h>
#include <stdbool.h>
#include <string.h>

#include "fault/clock/vdso_arch.h"

#define INSN_SIZE 4

static const uint8_t stub[] = {
#include "user/fault/clock/clock_stub_aarch64.inc"
};

/* Does the instruction depend on where it stands? Arm ARM C4.1: the classes of adr and adrp, of
 * load literal, and all of the branches except those by register. */
static bool is_relative(uint32_t insn)
{
	return (insn & 0x1f000000) == 0x10000000 || /* adr, adrp */
	       (insn & 0x3b000000) == 0x18000000 || /* ldr literal */
	       (insn & 0x7c000000) == 0x14000000 || /* b, bl */
	       (insn & 0x7c000000) == 0x34000000 || /* cbz, cbnz, tbz, tbnz */
	       (insn & 0xfe000000) == 0x54000000;   /* b.cond */
}

/* adr, moved: its offset has 21 bits, the lowest two in bits 29 and 30 (Arm ARM C6.2.12). So begins
 * __kernel_gettimeofday of Linux 6.12, with the address of its data. 0: too far away there. */
static uint32_t adr_moved(uint32_t insn, uint32_t from, uint32_t to)
{
	uint32_t bits = (insn >> 5 & 0x7ffff) << 2 | (insn >> 29 & 3);
	int32_t offset = ((int32_t)(bits << 11) >> 11) + (int32_t)from - (int32_t)to;

	if (offset < -(1 << 20) || offset >= 1 << 20)
		return 0;
	bits = (uint32_t)offset;
	return (insn & 0x9f00001f) | (bits & 3) << 29 | (bits >> 2 & 0x7ffff) << 5;
}

static uint32_t jump(uint32_t from, uint32_t to, uint8_t ret[VDSO_JUMP_MAX])
{
	uint32_t insn = 0x14000000 | (((to - from) >> 2) & 0x03ffffff);

	memcpy(ret, &insn, sizeof(insn));
	return INSN_SIZE;
}

static uint32_t move(const uint8_t *image, size_t size, const struct vdso_function *f, uint32_t to, uint8_t *ret,
		     size_t room)
{
	uint32_t insn;

	(void)size;
	if (f->offset % INSN_SIZE || f->size < 2 * INSN_SIZE || room < INSN_SIZE)
		return 0;
	memcpy(&insn, image + f->offset, sizeof(insn));
	if ((insn & 0x9f000000) == 0x10000000)
		insn = adr_moved(insn, f->offset, to);
	else if (is_relative(insn))
		return 0;
	if (!insn)
		return 0;
	memcpy(ret, &insn, sizeof(insn));
	return INSN_SIZE;
}

const struct vdso_arch vdso_aarch64 = {
	.machine = EM_AARCH64,
	.stub = stub,
	.stub_size = sizeof(stub),
	.jump = jump,
	.move = move,
};
