/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf_load.h - which form of an object suits this kernel, and why one could not be loaded.
 *
 * Most objects are there twice: as they are, and in a plain form for kernels before 5.18
 * (bpf/plain.bpf.h). Both have the same maps, programs and data, so one skeleton serves both.
 */
#ifndef FL_BPF_LOAD_H
#define FL_BPF_LOAD_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "util/error.h"

struct bpf_object_open_opts;

/* This kernel wants the plain form. It is asked once, by a helper; FAULTLINE_BPF=plain says so as well. */
bool bpf_load_plain(void);

/* How objects are opened: with the BTF that bpf_load_btf() names. */
const struct bpf_object_open_opts *bpf_load_options(void);

/* The file with this kernel's BTF where the kernel has none of its own, or where one was named
 * (--btf, FAULTLINE_BTF); NULL: the kernel's own. */
const char *bpf_load_btf(void);

/* NAME_bpf__open() in the form that suits this kernel. NULL and errno on failure. */
#define bpf_load_open(name)                                                                                          \
	({                                                                                                           \
		struct name##_bpf *o_ = calloc(1, sizeof(*o_));                                                      \
		int r_ = o_ ? name##_bpf__create_skeleton(o_) : -ENOMEM;                                             \
                                                                                                                     \
		if (!r_ && bpf_load_plain())                                                                         \
			o_->skeleton->data = (void *)(uintptr_t)name##_plain_bpf__elf_bytes(&o_->skeleton->data_sz); \
		r_ = r_ ?: bpf_object__open_skeleton(o_->skeleton, bpf_load_options());                              \
		if (r_ && o_) {                                                                                      \
			name##_bpf__destroy(o_);                                                                     \
			o_ = NULL;                                                                                   \
		}                                                                                                    \
		if (r_)                                                                                              \
			errno = -r_;                                                                                 \
		o_;                                                                                                  \
	})

/* Keep libbpf's words from the terminal from now on; those that were kept are forgotten. */
void bpf_load_begin(void);

/* @r: what libbpf returned, @what: "the network programs". Fills *err and returns @r. */
int bpf_load_error(int r, const char *what, struct fl_error *err);

#endif
