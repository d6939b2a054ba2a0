// SPDX-License-Identifier: GPL-2.0-only
/*
 * table.c - every kind of fault of this build. A kind that this kernel cannot do stays in the
 * table; its supported() says why, and `doctor` prints that.
 *
 * To add one: a declaration and a line, in the order of spec and docs (by class).
 */
#include "fault/fault.h"

extern const struct fault_ops fault_availability;
extern const struct fault_ops fault_bandwidth;
extern const struct fault_ops fault_cache_poisoning;
extern const struct fault_ops fault_config_corruption;
extern const struct fault_ops fault_corrupt;
extern const struct fault_ops fault_cpu_saturation;
extern const struct fault_ops fault_crash;
extern const struct fault_ops fault_disk_fill;
extern const struct fault_ops fault_disk_io;
extern const struct fault_ops fault_dns_error;
extern const struct fault_ops fault_dns_latency;
extern const struct fault_ops fault_duplicate;
extern const struct fault_ops fault_fd_exhaustion;
extern const struct fault_ops fault_http_error;
extern const struct fault_ops fault_http_latency;
extern const struct fault_ops fault_jvm_exception;
extern const struct fault_ops fault_latency;
extern const struct fault_ops fault_memory;
extern const struct fault_ops fault_network_loss;
extern const struct fault_ops fault_network_partition;
extern const struct fault_ops fault_null;
extern const struct fault_ops fault_pause;
extern const struct fault_ops fault_reorder;
extern const struct fault_ops fault_restart;
extern const struct fault_ops fault_stop;
extern const struct fault_ops fault_syscall_error;
extern const struct fault_ops fault_tcp_reset;
extern const struct fault_ops fault_time_jump;
extern const struct fault_ops fault_time_skew;

const struct fault_ops *const fault_table[] = {
	/* network */
	&fault_latency,
	&fault_network_loss,
	&fault_network_partition,
	&fault_bandwidth,
	&fault_duplicate,
	&fault_corrupt,
	&fault_reorder,
	&fault_tcp_reset,
	&fault_dns_latency,
	&fault_dns_error,
	/* resource */
	&fault_cpu_saturation,
	&fault_memory,
	&fault_disk_io,
	&fault_disk_fill,
	&fault_fd_exhaustion,
	/* application */
	&fault_http_error,
	&fault_http_latency,
	&fault_availability,
	&fault_stop,
	&fault_restart,
	&fault_pause,
	&fault_crash,
	&fault_jvm_exception,
	/* state */
	&fault_time_skew,
	&fault_time_jump,
	&fault_config_corruption,
	&fault_cache_poisoning,
	/* kernel */
	&fault_syscall_error,
	/* to try out runner and commands without a kernel */
	&fault_null,
	NULL,
};
