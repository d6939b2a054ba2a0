/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf_load.h - why an object could not be loaded. libbpf says it on stderr, line by line; the last
 * warning is mostly the best reason there is, and belongs into the error.
 */
#ifndef FL_BPF_LOAD_H
#define FL_BPF_LOAD_H

#include "util/error.h"

/* Keep libbpf's words from the terminal from now on; those that were kept are forgotten. */
void bpf_load_begin(void);

/* @r: what libbpf returned, @what: "the network programs". Fills *err and returns @r. */
int bpf_load_error(int r, const char *what, struct fl_error *err);

#endif
