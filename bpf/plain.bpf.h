/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plain.bpf.h - the same programs for kernels before 5.12. Each source is compiled twice: once as it
 * is, and once with FL_PLAIN, for kernels that lack two things.
 *
 * Atomic operations that return a value (5ffa25502b5a): see state_take().
 *
 * Pointers as parameters of functions that are verified on their own (e5069b9c23b3): such functions take
 * the context and numbers, and nothing else. To check them with each of their callers instead would take
 * the verifier millions of instructions. So, for each function here, a macro drops the pointers from its
 * definition and from the calls alike (a macro is not expanded within itself), and the function begins
 * by looking up what was dropped. All of it is in maps, and none of it is ever two things in one packet.
 */
#ifndef FL_PLAIN_BPF_H
#define FL_PLAIN_BPF_H

/* Verified once, on its own, whoever calls it. */
#define apart __noinline

#ifdef FL_PLAIN

/* Functions that are checked with each of their callers: they take pointers to the stack. */
#define inner static __noinline

#else

#define inner __noinline

#endif
#endif
