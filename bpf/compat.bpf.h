/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.bpf.h - what compilers and verifiers (Linux 6.1 is the oldest) need to hear.
 */
#ifndef FL_COMPAT_BPF_H
#define FL_COMPAT_BPF_H

#include "vmlinux.h"

/*
 * An index below @size, a power of two. The compiler proves such a mask away where the verifier
 * cannot follow it; the asm keeps it.
 */
#define bounded(index, size)                                                     \
	({                                                                       \
		__u64 i_ = (index);                                              \
		_Static_assert(((size) & ((size)-1)) == 0, "a power of two");    \
		asm volatile("%0 &= %1" : "+r"(i_) : "i"((size)-1));             \
		i_;                                                              \
	})

#endif
