/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fan.h - fanotify permission events: a call on a file waits until who asked for the event says yes or no.
 * What this kernel has of them, by trying.
 */
#ifndef FL_FAN_H
#define FL_FAN_H

#include <stdint.h>
#include <sys/fanotify.h>

/* Both of Linux 6.14; headers of older systems lack them. */
#ifndef FAN_PRE_ACCESS
#define FAN_PRE_ACCESS 0x00100000 /* before read, write, truncate and mmap */
#endif
#ifndef FAN_ERRNO
#define FAN_ERRNO(code) (((uint32_t)(code)&0xff) << 24) /* beside FAN_DENY */
#endif

/* A group for permission events; its queue has no bound, or calls would fail when it is full. Closing the last
 * descriptor of it lets everybody go. Negative errno. */
int fan_open(void);

/*
 * Have a call of a child fail: in a mount namespace that is made for this, on a tmpfs there, or on a private bind
 * mount of the root's file system (FAN_PRE_ACCESS, which tmpfs has not). @mask: FAN_OPEN_PERM, FAN_ACCESS_PERM or
 * FAN_PRE_ACCESS; @code: the errno to answer with, 0: none of choice. Returns the errno that the child saw; 0: it
 * was not asked about. Negative errno: it cannot be tried, or (-EINVAL, -EOPNOTSUPP) there is no such event.
 */
int fan_try(uint64_t mask, int code);

#endif
