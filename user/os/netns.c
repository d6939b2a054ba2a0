// SPDX-License-Identifier: GPL-2.0-only
/*
 * netns.c - see netns.h
 *
 * Everything is asked over rtnetlink (nl.h) from inside the namespace. Finding a namespace is
 * netns_find.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#include "os/netns.h"
#include "os/nl.h"
#include "util/cleanup.h"
#include "util/text/text.h"

/* The walking macros of libmnl and rtnetlink.h cast const away; clang says so where they are used. */
#pragma GCC diagnostic ignored "-Wcast-qual"

int netns_enter(int fd, int *ret_old, struct fl_error *err)
{
	_cleanup_fd_ int old = -1;

	*ret_old = -1;
	if (fd < 0)
		return 0;
	old = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (old < 0)
		return error_sys(err, errno, "open /proc/thread-self/ns/net: %s", strerror(errno));
	if (setns(fd, CLONE_NEWNET)) {
		int code = errno;

		error_env(err, code, "enter a network namespace: %s", strerror(code));
		if (code == EPERM)
			error_hint(err, "run as root (CAP_SYS_ADMIN)");
		return -code;
	}
	*ret_old = take_fd(old);
	return 0;
}

void netns_leave(int old)
{
	if (old < 0)
		return;
	/* In the wrong namespace every later step would touch what it must not. */
	if (setns(old, CLONE_NEWNET))
		abort();
	close(old);
}

int netns_open_name(const char *name, struct fl_error *err)
{
	char path[280];
	int fd;

	if (!*name || strchr(name, '/') || strlen(name) > 255)
		return error_usage(err, "network namespace '%.60s': not a name", name);
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		int code = errno;

		error_usage(err, "network namespace %s: %s", name, strerror(code));
		error_hint(err, "'ip netns list' shows the named ones");
		return -code;
	}
	return fd;
}

int netns_open_pid(int pid, struct fl_error *err)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_usage(err, "network namespace of process %d: %s", pid, strerror(errno));
	return fd;
}

uint64_t netns_inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

/* The initial namespace's number, fixed since Linux 6.18 (NET_NS_INIT_INO). */
#define NETNS_INITIAL_INODE 0xeffffff9u

bool netns_is_initial(uint64_t inode)
{
	struct stat st;

	/* Init may not be ours to look at, as in a container that shares the host's network. */
	if (stat("/proc/1/ns/net", &st))
		return inode == NETNS_INITIAL_INODE;
	return st.st_ino == inode;
}

/* A dump's results: an array that grows. */
struct list {
	void *items;
	uint32_t n, room;
	size_t size; /* of one item */
};

static void *list_add(struct list *l)
{
	if (l->n == l->room) {
		uint32_t room = l->room ? 2 * l->room : 16;
		void *more = reallocarray(l->items, room, l->size);

		if (!more) {
			errno = ENOMEM;
			return NULL;
		}
		l->items = more;
		l->room = room;
	}
	return memset((char *)l->items + l->n++ * l->size, 0, l->size);
}

/* @l (may be NULL) is what @cb fills. */
static int dump(uint16_t type, size_t body, mnl_cb_t cb, void *arg, struct list *l)
{
	char buf[256];
	struct nlmsghdr *nlh;
	void *extra; /* all zero: every family */
	int r;

	/* A change of the table while it is read makes the kernel say EINTR: read it again. */
	do {
		if (l)
			l->n = 0;
		nlh = nl_begin(buf, type, NLM_F_DUMP, &extra, body);
		r = nl_ask(nlh, cb, arg);
	} while (r == -EINTR);
	return r;
}

static int link_kind_cb(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
		text_copy(data, sizeof(((struct netns_link *)0)->kind), mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

static int link_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct netns_link *l = list_add(arg);
	const struct nlattr *a;

	if (!l)
		return MNL_CB_ERROR;
	l->ifindex = (uint32_t)ifi->ifi_index;
	l->up = ifi->ifi_flags & IFF_UP;
	l->peer_nsid = -1;
	l->loopback = ifi->ifi_flags & IFF_LOOPBACK;
	l->ethernet = ifi->ifi_type == ARPHRD_ETHER;
	mnl_attr_for_each(a, nlh, sizeof(*ifi))
	{
		switch (mnl_attr_get_type(a)) {
		case IFLA_IFNAME: text_copy(l->ifname, sizeof(l->ifname), mnl_attr_get_str(a)); break;
		case IFLA_LINK: l->peer_ifindex = mnl_attr_get_u32(a); break;
		case IFLA_LINK_NETNSID: l->peer_nsid = (int32_t)mnl_attr_get_u32(a); break;
		case IFLA_MASTER: l->master = mnl_attr_get_u32(a); break;
		case IFLA_LINKINFO: mnl_attr_parse_nested(a, link_kind_cb, l->kind); break;
		}
	}
	return MNL_CB_OK;
}

int netns_links(struct netns_link **ret, uint32_t *ret_n, struct fl_error *err)
{
	struct list l = { .size = sizeof(struct netns_link) };
	int r = dump(RTM_GETLINK, sizeof(struct ifinfomsg), link_cb, &l, &l);

	if (r) {
		free(l.items);
		return error_sys(err, -r, "list the network interfaces: %s", strerror(-r));
	}
	*ret = l.items;
	*ret_n = l.n;
	return 0;
}

static void map_v4(struct in6_addr *dst, const void *v4)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	memcpy(dst->s6_addr, prefix, sizeof(prefix));
	memcpy(dst->s6_addr + 12, v4, 4);
}

static int addr_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a, *addr = NULL;
	struct netns_addr *item;

	/* On a point-to-point link IFA_ADDRESS is the other end and IFA_LOCAL ours. */
	mnl_attr_for_each(a, nlh, sizeof(*ifa))
	{
		if (mnl_attr_get_type(a) == IFA_LOCAL || (mnl_attr_get_type(a) == IFA_ADDRESS && !addr))
			addr = a;
	}
	if (!addr || (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6))
		return MNL_CB_OK;
	if (mnl_attr_get_payload_len(addr) < (ifa->ifa_family == AF_INET ? 4 : 16))
		return MNL_CB_OK;
	item = list_add(arg);
	if (!item)
		return MNL_CB_ERROR;
	item->ifindex = ifa->ifa_index;
	item->prefix_len = ifa->ifa_prefixlen;
	if (ifa->ifa_family == AF_INET) {
		map_v4(&item->addr, mnl_attr_get_payload(addr));
		item->prefix_len += 96;
	} else {
		memcpy(&item->addr, mnl_attr_get_payload(addr), 16);
	}
	return MNL_CB_OK;
}

int netns_addrs(struct netns_addr **ret, uint32_t *ret_n, struct fl_error *err)
{
	struct list l = { .size = sizeof(struct netns_addr) };
	int r = dump(RTM_GETADDR, sizeof(struct ifaddrmsg), addr_cb, &l, &l);

	if (r) {
		free(l.items);
		return error_sys(err, -r, "list the network addresses: %s", strerror(-r));
	}
	*ret = l.items;
	*ret_n = l.n;
	return 0;
}

struct default_route {
	uint32_t ifindex;
	bool found;
};

static int nexthops_have(const struct nlattr *a, uint32_t ifindex)
{
	const struct rtnexthop *nh = mnl_attr_get_payload(a);
	int left = mnl_attr_get_payload_len(a);

	for (; RTNH_OK(nh, left); left -= RTNH_ALIGN(nh->rtnh_len), nh = RTNH_NEXT(nh))
		if ((uint32_t)nh->rtnh_ifindex == ifindex)
			return 1;
	return 0;
}

static int route_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(nlh);
	struct default_route *q = arg;
	const struct nlattr *a;

	if (rt->rtm_dst_len || rt->rtm_type != RTN_UNICAST)
		return MNL_CB_OK;
	mnl_attr_for_each(a, nlh, sizeof(*rt))
	{
		if ((mnl_attr_get_type(a) == RTA_OIF && mnl_attr_get_u32(a) == q->ifindex) ||
		    (mnl_attr_get_type(a) == RTA_MULTIPATH && nexthops_have(a, q->ifindex)))
			q->found = true;
	}
	return MNL_CB_OK;
}

bool netns_has_default_route(uint32_t ifindex)
{
	struct default_route q = { .ifindex = ifindex };

	/* What cannot be read counts as yes: the answer protects the host's own connection. */
	return dump(RTM_GETROUTE, sizeof(struct rtmsg), route_cb, &q, NULL) || q.found;
}

static int link_change(uint32_t ifindex, bool up, const uint32_t *txqlen)
{
	char buf[256];
	struct nlmsghdr *nlh;
	struct ifinfomsg *ifi;
	void *extra;

	nlh = nl_begin(buf, RTM_NEWLINK, 0, &extra, sizeof(*ifi));
	ifi = extra;
	ifi->ifi_index = (int)ifindex;
	if (up)
		ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	if (txqlen)
		mnl_attr_put_u32(nlh, IFLA_TXQLEN, *txqlen);
	return nl_ask(nlh, NULL, NULL);
}

int netns_link_up(uint32_t ifindex, struct fl_error *err)
{
	int r = link_change(ifindex, true, NULL);

	if (r)
		return error_sys(err, -r, "set interface %u up: %s", ifindex, strerror(-r));
	return 0;
}

int netns_link_txqlen(uint32_t ifindex, uint32_t packets, struct fl_error *err)
{
	int r = link_change(ifindex, false, &packets);

	if (r)
		return error_sys(err, -r, "set the queue length of interface %u: %s", ifindex, strerror(-r));
	return 0;
}
