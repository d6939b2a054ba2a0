// SPDX-License-Identifier: GPL-2.0-only
/*
 * table.c - every kind of fault of this build. A kind that this kernel cannot do stays in the
 * table; its supported() says why, and `doctor` prints that.
 *
 * To add one: a line, in the order of spec and docs (by class).
 */
#include "fault/fault.h"

#define FAULTS(X)                                             \
	/* network */                                         \
	X(latency)                                            \
	X(network_loss)                                       \
	X(network_partition)                                  \
	X(bandwidth)                                          \
	X(duplicate)                                          \
	X(corrupt)                                            \
	X(reorder)                                            \
	X(tcp_reset)                                          \
	X(mtu_blackhole)                                      \
	X(connect_drop)                                       \
	X(connect_latency)                                    \
	X(connect_refused)                                    \
	X(half_open)                                          \
	X(slow_close)                                         \
	X(idle_timeout)                                       \
	X(connection_limit)                                   \
	X(port_exhaustion)                                    \
	X(dns_latency)                                        \
	X(dns_error)                                          \
	X(dns_answer)                                         \
	/* resource */                                        \
	X(cpu_saturation)                                     \
	X(memory)                                             \
	X(disk_io)                                            \
	X(disk_fill)                                          \
	X(fd_exhaustion)                                      \
	X(cpu_throttle)                                       \
	X(pids_limit)                                         \
	X(io_throttle)                                        \
	X(memory_pressure)                                    \
	/* application */                                     \
	X(http_error)                                         \
	X(http_latency)                                       \
	X(availability)                                       \
	X(stop)                                               \
	X(restart)                                            \
	X(pause)                                              \
	X(crash)                                              \
	X(jvm_exception)                                      \
	/* state */                                           \
	X(time_skew)                                          \
	X(time_jump)                                          \
	X(config_corruption)                                  \
	X(cache_poisoning)                                    \
	/* kernel */                                          \
	X(syscall_error)                                      \
	X(file_latency)                                       \
	X(file_error)                                         \
	/* to try out runner and commands without a kernel */ \
	X(null)

#define DECLARE(kind) extern const struct fault_ops fault_##kind;
FAULTS(DECLARE)

#define ROW(kind) &fault_##kind,
const struct fault_ops *const fault_table[] = { FAULTS(ROW) NULL };
