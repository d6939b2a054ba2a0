// SPDX-License-Identifier: GPL-2.0-only
/* nl.c - see nl.h */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "os/nl.h"

#define NL_REPLY_SIZE 32768 /* a dump fills at most this much per datagram (NLMSG_GOODSIZE max) */

struct nlmsghdr *nl_begin(void *buf, uint16_t type, uint16_t flags, void **ret_body, size_t body)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	*ret_body = mnl_nlmsg_put_extra_header(nlh, body);
	return nlh;
}

static int ask(int family, struct nlmsghdr *nlh, mnl_cb_t cb, void *arg)
{
	char reply[NL_REPLY_SIZE];
	struct mnl_socket *nl;
	unsigned int port;
	ssize_t n;
	int r = 0;

	nl = mnl_socket_open2(family, SOCK_CLOEXEC);
	if (!nl)
		return -errno;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = -errno;
		goto out;
	}
	port = mnl_socket_get_portid(nl);
	nlh->nlmsg_seq = 1;
	/* A request without a dump ends with the acknowledgement. (A dump is two bits, of which one
	 * is also NLM_F_REPLACE: taken for a dump, a request that succeeds is waited for in vain.) */
	if ((nlh->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		nlh->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0) {
		r = -errno;
		goto out;
	}
	do {
		n = mnl_socket_recvfrom(nl, reply, sizeof(reply));
		if (n < 0) {
			r = errno == EINTR ? 1 : -errno;
			continue;
		}
		r = mnl_cb_run(reply, (size_t)n, 1, port, cb, arg);
		if (r < 0)
			r = -errno;
	} while (r > 0);
out:
	mnl_socket_close(nl);
	return r;
}

int nl_ask(struct nlmsghdr *nlh, mnl_cb_t cb, void *arg)
{
	return ask(NETLINK_ROUTE, nlh, cb, arg);
}

int nl_ask_diag(struct nlmsghdr *nlh, mnl_cb_t cb, void *arg)
{
	return ask(NETLINK_SOCK_DIAG, nlh, cb, arg);
}
