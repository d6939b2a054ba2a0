// SPDX-License-Identifier: GPL-2.0-only
/*
 * vdso_x86_64.c - make room for a five-byte jump at the head of a function: copy the instructions
 * there to the stub, with what they address relative to themselves corrected.
 *
 * Limit: it knows the few instructions that compilers begin these functions with. At anything else
 * it gives up, and the stub takes the system call instead, which is slower and just as right.
 */
#include <elf.h>
#include <stdbool.h>
#include <string.h>

#include "fault/clock/vdso_arch.h"

#define JUMP_SIZE 5

static const uint8_t stub[] = {
#include "user/fault/clock/clock_stub_x86_64.inc"
};

struct instruction {
	size_t size;
	size_t relative; /* where its 32-bit displacement from its own end is; 0 none */
};

/* Bytes of ModRM, SIB and displacement at @p (they may be up to 6); 0: not all there. */
static size_t modrm_size(const uint8_t *p, size_t n, bool *ret_relative)
{
	size_t size = 1;
	uint8_t mod, rm;

	*ret_relative = false;
	if (n < 2)
		return 0;
	mod = p[0] >> 6;
	rm = p[0] & 7;
	if (mod == 3)
		return 1;
	if (rm == 4) {
		size++;
		if (mod == 0 && (p[1] & 7) == 5)
			size += 4;
	} else if (mod == 0 && rm == 5) {
		*ret_relative = true;
		size += 4;
	}
	size += mod == 1 ? 1 : mod == 2 ? 4 : 0;
	return size <= n ? size : 0;
}

/* Immediate bytes behind the ModRM of a one-byte opcode; -1: not one that is known here. */
static int immediate_size(uint8_t op)
{
	switch (op) {
	case 0x01:
	case 0x03:
	case 0x29:
	case 0x2b:
	case 0x31:
	case 0x33:
	case 0x39:
	case 0x3b:
	case 0x63:
	case 0x85:
	case 0x89:
	case 0x8b:
	case 0x8d: return 0;
	case 0x83: return 1;
	case 0x81:
	case 0xc7: return 4;
	default: return -1;
	}
}

/* Read one instruction of at most @n bytes; false when it is not one of those known. */
static bool decode(const uint8_t *p, size_t n, struct instruction *ret)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	bool wide = false, relative;
	size_t i = 0, m;
	int imm;

	*ret = (struct instruction){};
	if (n >= sizeof(endbr64) && !memcmp(p, endbr64, sizeof(endbr64))) {
		ret->size = sizeof(endbr64);
		return true;
	}
	if (n && (p[0] & 0xf0) == 0x40)
		wide = p[i++] & 8;
	if (i >= n)
		return false;
	if ((p[i] & 0xf8) == 0x50 || p[i] == 0x90) { /* push, nop */
		ret->size = i + 1;
		return true;
	}
	if ((p[i] & 0xf8) == 0xb8 && !wide) { /* mov imm32 */
		ret->size = i + 5;
		return ret->size <= n;
	}
	if (p[i] == 0x0f && i + 1 < n && (p[i + 1] & 0xf0) == 0x80) { /* jcc rel32 */
		ret->relative = i + 2;
		ret->size = i + 6;
		return ret->size <= n;
	}
	imm = immediate_size(p[i++]);
	if (imm < 0)
		return false;
	m = modrm_size(p + i, n - i, &relative);
	ret->relative = relative ? i + 1 : 0;
	ret->size = i + m + (size_t)imm;
	return m && ret->size <= n;
}

static int32_t read_i32(const uint8_t *p)
{
	int32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/*
 * Might something jump between the instructions that the jump will cover? Short jumps are looked
 * for in the function, long ones everywhere, at every byte: a false alarm costs speed only.
 */
static bool entered_inside(const uint8_t *image, size_t size, const struct vdso_function *f)
{
	int64_t low = f->offset, high = low + JUMP_SIZE, end = low + f->size, i, to;

	for (i = 0; i + 6 <= (int64_t)size; i++) {
		const uint8_t *p = image + i;
		bool brief = (p[0] & 0xf0) == 0x70 || p[0] == 0xeb || (p[0] & 0xfc) == 0xe0;

		if (brief && i >= high && i < end)
			to = i + 2 + (int8_t)p[1];
		else if (p[0] == 0xe9 || p[0] == 0xe8)
			to = i + 5 + read_i32(p + 1);
		else if (p[0] == 0x0f && (p[1] & 0xf0) == 0x80)
			to = i + 6 + read_i32(p + 2);
		else
			continue;
		if (to > low && to < high)
			return true;
	}
	return false;
}

static uint32_t jump(uint32_t from, uint32_t to, uint8_t ret[VDSO_JUMP_MAX])
{
	int32_t relative = (int32_t)(to - (from + JUMP_SIZE));

	ret[0] = 0xe9;
	memcpy(ret + 1, &relative, sizeof(relative));
	return JUMP_SIZE;
}

static uint32_t move(const uint8_t *image, size_t size, const struct vdso_function *f, uint32_t to, uint8_t *ret,
		     size_t room)
{
	const uint8_t *p = image + f->offset;
	struct instruction in;
	uint32_t done = 0;

	if (entered_inside(image, size, f))
		return 0;
	while (done < JUMP_SIZE) {
		if (!decode(p + done, f->size - done, &in) || done + in.size > room)
			return 0;
		memcpy(ret + done, p + done, in.size);
		if (in.relative) {
			int32_t d = read_i32(p + done + in.relative) + (int32_t)(f->offset - to);

			memcpy(ret + done + in.relative, &d, sizeof(d));
		}
		done += (uint32_t)in.size;
	}
	return done;
}

const struct vdso_arch vdso_x86_64 = {
	.machine = EM_X86_64,
	.stub = stub,
	.stub_size = sizeof(stub),
	.jump = jump,
	.move = move,
};
