/* SPDX-License-Identifier: GPL-2.0-only */
/* fd_pass.h - a message and one descriptor with it, over a Unix socket. */
#ifndef FL_FD_PASS_H
#define FL_FD_PASS_H

#include <sys/types.h>

/* @fd -1: without. Returns as sendmsg(2), never SIGPIPE. */
ssize_t fd_send(int to, const void *bytes, size_t n, int fd);
/* *ret_fd, close-on-exec, is the caller's; -1: none came. Returns as recvmsg(2). */
ssize_t fd_receive(int from, void *bytes, size_t n, int *ret_fd);

#endif
