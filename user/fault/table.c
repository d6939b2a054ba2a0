// SPDX-License-Identifier: GPL-2.0-only
/*
 * table.c - every kind of fault of this build. A kind that this kernel cannot do stays in the
 * table; its supported() says why, and `doctor` prints that.
 *
 * To add one: a declaration and a line, in the order of spec and docs (by class).
 */
#include "fault/fault.h"

extern const struct fault_ops fault_cpu_saturation;
extern const struct fault_ops fault_disk_io;
extern const struct fault_ops fault_http_error;
extern const struct fault_ops fault_http_latency;
extern const struct fault_ops fault_latency;
extern const struct fault_ops fault_memory;
extern const struct fault_ops fault_network_loss;
extern const struct fault_ops fault_network_partition;
extern const struct fault_ops fault_null;
extern const struct fault_ops fault_syscall_error;

const struct fault_ops *const fault_table[] = {
	/* network */
	&fault_latency,
	&fault_network_loss,
	&fault_network_partition,
	/* application */
	&fault_http_error,
	&fault_http_latency,
	/* resource */
	&fault_cpu_saturation,
	&fault_memory,
	&fault_disk_io,
	/* to try out runner and commands without a kernel */
	&fault_null,
	/* kernel */
	&fault_syscall_error,
	NULL,
};
