/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.bpf.h - what compilers and verifiers (Linux 5.10 is the oldest) need to hear.
 */
#ifndef FL_COMPAT_BPF_H
#define FL_COMPAT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "plain.bpf.h"

/*
 * An index below @size, a power of two. The compiler proves such a mask away where the verifier
 * cannot follow it; the asm keeps it.
 */
#define bounded(index, size)                                                  \
	({                                                                    \
		__u64 i_ = (index);                                           \
		_Static_assert(((size) & ((size)-1)) == 0, "a power of two"); \
		asm volatile("%0 &= %1" : "+r"(i_) : "i"((size)-1));          \
		i_;                                                           \
	})

/*
 * Load at most @size bytes (a power of two) of the @left at @off. Returns how many; 0: none.
 * Verifiers before 6.8 do not learn from `n != 0` that n is at least 1; the mask tells them.
 */
#define load_some(skb, off, to, size, left)                                  \
	({                                                                   \
		__u32 n_ = (left) < (size) ? (left) : (size);                \
		__u64 m_ = bounded(n_ - 1, size) + 1;                        \
		!n_ || bpf_skb_load_bytes(skb, off, to, m_) ? 0 : (__u32)m_; \
	})

#endif
