/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clock_stub_x86_64.S - what a shifted process runs in place of its vDSO's clock functions.
 *
 * The code is assembled on its own, copied as bytes into the vDSO pages of another process, and the
 * kernel's functions jump to it. So it has no relocation, no stack frame of its own
 * beyond the pushes seen here, and reads its figures from the slot at its head. It calls the
 * kernel's function by way of pass_*, then moves the result on. The head is struct vdso_stub of
 * vdso_patch.h; pass_* are rewritten where the kernel's first instructions can be moved there, and
 * otherwise are the plain system call that stands here.
 *
 * C calling convention: rax, rcx, rdx, rsi, rdi, r8-r11 may be lost. Negative results of the
 * kernel are handed on, a NULL tv is left alone.
 */
	.text
	.globl	start
start:
	.ascii	"fl-vdso-clock"
	.zero	3
	.zero	32			/* which fault; written by vdso_patch.c */
offset_ns:
	.quad	0
drift_ppb:
	.quad	0
base_ns:
	.quad	0
	.long	gettime - start, gettimeofday - start, time - start
	.long	pass_gettime - start, pass_gettimeofday - start, 0

/* int clock_gettime(clockid_t edi, struct timespec *rsi) */
gettime:
	cmpl	$11, %edi		/* unsigned: negative ids are clocks of processes */
	ja	pass_gettime
	movl	$0x921, %eax		/* REALTIME 0, _COARSE 5, _ALARM 8, TAI 11 */
	btl	%edi, %eax
	jnc	pass_gettime
	pushq	%rsi
	call	pass_gettime
	popq	%rsi
	testl	%eax, %eax
	jnz	1f
	movq	(%rsi), %rax
	movq	8(%rsi), %rdx
	call	shift
	movq	%rax, (%rsi)
	movq	%rdx, 8(%rsi)
	xorl	%eax, %eax
1:	ret

/* int gettimeofday(struct timeval *rdi, struct timezone *rsi) */
gettimeofday:
	testq	%rdi, %rdi
	jz	pass_gettimeofday
	pushq	%rdi
	call	pass_gettimeofday
	popq	%rdi
	testl	%eax, %eax
	jnz	1f
	movq	(%rdi), %rax
	imulq	$1000, 8(%rdi), %rdx
	call	shift
	movq	%rax, (%rdi)
	movq	%rdx, %rax
	xorl	%edx, %edx
	movl	$1000, %ecx
	divq	%rcx
	movq	%rax, 8(%rdi)
	xorl	%eax, %eax
1:	ret

/*
 * time_t time(time_t *rdi). Whole seconds are not enough to add a part of a second to, so it asks
 * for REALTIME_COARSE, which is what the kernel's own time() reads.
 */
time:
	pushq	%rdi
	subq	$16, %rsp
	movl	$5, %edi
	movq	%rsp, %rsi
	call	gettime
	movq	(%rsp), %rax
	addq	$16, %rsp
	popq	%rdi
	testq	%rdi, %rdi
	jz	1f
	movq	%rax, (%rdi)
1:	ret

/*
 * (rax s, rdx ns) -> the same, moved by offset + (now - base) * drift / 10^9; ns in 0..10^9-1 also
 * before the epoch. The division cannot overflow: |drift| <= 10^9 (vdso_patch.h). Keeps rdi, rsi.
 */
shift:
	imulq	$1000000000, %rax, %rax
	leaq	(%rax,%rdx), %rcx
	movl	$1000000000, %r9d
	movq	drift_ppb(%rip), %r8
	testq	%r8, %r8
	jz	1f
	movq	%rcx, %rax
	subq	base_ns(%rip), %rax
	imulq	%r8
	idivq	%r9
	addq	%rax, %rcx
1:	addq	offset_ns(%rip), %rcx
	movq	%rcx, %rax
	cqto
	idivq	%r9
	testq	%rdx, %rdx
	jns	2f
	addq	%r9, %rdx
	decq	%rax
2:	ret

/* Room of VDSO_PASS_ROOM bytes each: the moved first instructions and a jump back. */
	.balign	8, 0x90
pass_gettime:
	movl	$228, %eax
	syscall
	ret
	.org	pass_gettime + 40, 0x90
pass_gettimeofday:
	movl	$96, %eax
	syscall
	ret
	.org	pass_gettimeofday + 40, 0x90
