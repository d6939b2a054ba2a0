/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clock_stub_aarch64.S - the arm64 twin of clock_stub_x86_64.S, where all is explained. arm64 has no
 * time() in its vDSO. Only x0-x18 may be lost. No landing pads are needed: everything here is reached
 * by direct branches and left by ret.
 */
	.text
	.globl	start
start:
	.ascii	"fl-vdso-clock"
	.zero	3
	.zero	32
offset_ns:
	.quad	0
drift_ppb:
	.quad	0
base_ns:
	.quad	0
	.long	gettime - start, gettimeofday - start, 0
	.long	pass_gettime - start, pass_gettimeofday - start, 0

/* int clock_gettime(clockid_t w0, struct timespec *x1) */
gettime:
	cmp	w0, #11
	b.hi	pass_gettime
	mov	w9, #0x921
	lsr	w9, w9, w0
	tbz	w9, #0, pass_gettime
	stp	x29, x30, [sp, #-32]!
	mov	x29, sp
	str	x1, [sp, #16]
	bl	pass_gettime
	ldr	x1, [sp, #16]
	cbnz	w0, 1f
	ldp	x9, x10, [x1]
	bl	shift
	stp	x9, x10, [x1]
1:	ldp	x29, x30, [sp], #32
	ret

/* int gettimeofday(struct timeval *x0, struct timezone *x1) */
gettimeofday:
	cbz	x0, pass_gettimeofday
	stp	x29, x30, [sp, #-32]!
	mov	x29, sp
	str	x0, [sp, #16]
	bl	pass_gettimeofday
	ldr	x1, [sp, #16]
	cbnz	w0, 1f
	ldp	x9, x10, [x1]
	mov	w11, #1000
	mul	x10, x10, x11
	bl	shift
	mov	w11, #1000
	udiv	x10, x10, x11
	stp	x9, x10, [x1]
1:	ldp	x29, x30, [sp], #32
	ret

/* (x9 s, x10 ns) -> the same, moved. Keeps x0, x1. There is no 128-bit division, so seconds and the
 * rest of the time since base are multiplied on their own; each product fits for |drift| <= 10^9. */
shift:
	mov	w11, #0xca00
	movk	w11, #0x3b9a, lsl #16	/* 10^9 */
	madd	x12, x9, x11, x10
	ldr	x13, drift_ppb
	cbz	x13, 1f
	ldr	x14, base_ns
	sub	x14, x12, x14
	sdiv	x15, x14, x11
	msub	x14, x15, x11, x14
	mul	x15, x15, x13
	mul	x14, x14, x13
	sdiv	x14, x14, x11
	add	x12, x12, x15
	add	x12, x12, x14
1:	ldr	x13, offset_ns
	add	x12, x12, x13
	sdiv	x9, x12, x11
	msub	x10, x9, x11, x12
	tbz	x10, #63, 2f
	add	x10, x10, x11
	sub	x9, x9, #1
2:	ret

pass_gettime:
	mov	x8, #113
	svc	#0
	ret
pass_gettimeofday:
	mov	x8, #169
	svc	#0
	ret
