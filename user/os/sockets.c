// SPDX-License-Identifier: GPL-2.0-only
/* sockets.c - see sockets.h */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "os/netns.h"
#include "os/nl.h"
#include "os/sockets.h"

/* enum in net/tcp_states.h, which user space has no header of */
#define STATE_TIME_WAIT 6
#define STATE_LISTEN    10
#define TIME_WAIT_MS    60000 /* TCP_TIMEWAIT_LEN */
#define TIMER_TIME_WAIT 3     /* idiag_timer */
#define CONNECTIONS_MAX 65536

struct list {
	struct tcp_connection *v;
	uint32_t n, room;
};

static void copy_addr(struct in6_addr *to, const __be32 from[4], uint8_t family)
{
	if (family == AF_INET) {
		memset(to, 0, sizeof(*to));
		to->s6_addr[10] = to->s6_addr[11] = 0xff;
		memcpy(to->s6_addr + 12, from, 4);
	} else {
		memcpy(to, from, sizeof(*to));
	}
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t idle_of(const struct nlmsghdr *nlh, const struct inet_diag_msg *m)
{
	uint32_t idle = UINT32_MAX;
	struct nlattr *attr;

	if (m->idiag_state == STATE_TIME_WAIT)
		return m->idiag_timer == TIMER_TIME_WAIT && m->idiag_expires <= TIME_WAIT_MS
			       ? TIME_WAIT_MS - m->idiag_expires
			       : UINT32_MAX;
	mnl_attr_for_each(attr, nlh, sizeof(*m))
	{
		struct tcp_info info = {};
		size_t len = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) != INET_DIAG_INFO)
			continue;
		memcpy(&info, mnl_attr_get_payload(attr), len < sizeof(info) ? len : sizeof(info));
		idle = least(info.tcpi_last_data_sent, least(info.tcpi_last_data_recv, info.tcpi_last_ack_recv));
	}
	return idle;
}

static int on_socket(const struct nlmsghdr *nlh, void *arg)
{
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(nlh);
	struct list *l = arg;
	struct tcp_connection *c;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*m) || l->n == CONNECTIONS_MAX)
		return MNL_CB_OK;
	if (l->n == l->room) {
		c = reallocarray(l->v, l->room ? 2 * l->room : 64, sizeof(*c));
		if (!c) {
			errno = ENOMEM;
			return MNL_CB_ERROR;
		}
		l->v = c;
		l->room = l->room ? 2 * l->room : 64;
	}
	c = &l->v[l->n++];
	*c = (struct tcp_connection){
		.local_port = ntohs(m->id.idiag_sport),
		.peer_port = ntohs(m->id.idiag_dport),
		.idle_ms = idle_of(nlh, m),
		.closed = m->idiag_state == STATE_TIME_WAIT,
	};
	copy_addr(&c->local, m->id.idiag_src, m->idiag_family);
	copy_addr(&c->peer, m->id.idiag_dst, m->idiag_family);
	return MNL_CB_OK;
}

static int ask(uint8_t family, struct list *l)
{
	char buf[256];
	struct inet_diag_req_v2 *req;
	struct nlmsghdr *nlh;
	void *body;

	nlh = nl_begin(buf, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &body, sizeof(*req));
	req = body;
	req->sdiag_family = family;
	req->sdiag_protocol = IPPROTO_TCP;
	req->idiag_ext = 1u << (INET_DIAG_INFO - 1);
	req->idiag_states = ~(1u << STATE_LISTEN | 1u << 7 /* CLOSE */);
	return nl_ask_diag(nlh, on_socket, l);
}

int sockets_tcp(int netns_fd, struct tcp_connection **ret, uint32_t *ret_n, struct fl_error *err)
{
	struct list l = {};
	int old = -1, r = netns_enter(netns_fd, &old, err);

	if (r)
		return r;
	r = ask(AF_INET, &l);
	if (!r)
		r = ask(AF_INET6, &l);
	netns_leave(old);
	if (r) {
		free(l.v);
		return error_env(err, -r, "cannot list the TCP connections: %s", strerror(-r));
	}
	*ret = l.v;
	*ret_n = l.n;
	return 0;
}
