/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nl.h - one rtnetlink question and its answer, over libmnl. Each call uses a socket of its own,
 * made in the network namespace that the caller is in: that is the namespace it asks.
 */
#ifndef FL_NL_H
#define FL_NL_H

#include <libmnl/libmnl.h>
#include <stddef.h>

/* Begin a request in @buf (MNL_SOCKET_BUFFER_SIZE bytes would do); the body is zeroed. */
struct nlmsghdr *nl_begin(void *buf, uint16_t type, uint16_t flags, void **ret_body, size_t body);

/*
 * Send @nlh and hand every message of the answer to @cb (MNL_CB_OK to go on, MNL_CB_ERROR with
 * errno set to stop); @cb may be NULL. A dump that was interrupted by a change is an -EINTR.
 * Returns 0 or a negative errno, the kernel's own where it refused.
 */
int nl_ask(struct nlmsghdr *nlh, mnl_cb_t cb, void *arg);

/* The same of sock_diag(7). */
int nl_ask_diag(struct nlmsghdr *nlh, mnl_cb_t cb, void *arg);

#endif
