/* SPDX-License-Identifier: GPL-2.0-only */
/* socket_cgroup.h - can this kernel tell packets by the cgroup of their socket (bpf/net/owner.bpf.h), and how? */
#ifndef FL_OWNER_H
#define FL_OWNER_H

#include "bpf/abi/abi.h"
#include "util/error.h"

/* From the kernel's own description of its types. -ENOTSUP: it has none, or keeps it otherwise. */
int owner_offsets(struct fl_owner_offsets *ret, struct fl_error *err);

/* The same, and the verifier lets the programs pass. */
int owner_supported(struct fl_error *err);

#endif
