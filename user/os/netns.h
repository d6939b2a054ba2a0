/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * netns.h - network namespaces and the links in them, by netlink only: /sys/class/net keeps
 * showing the namespace it was mounted from.
 */
#ifndef FL_NETNS_H
#define FL_NETNS_H

#include <jansson.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

/* Go to the namespace of @fd (-1: stay); returns a descriptor of the old one in *ret_old. */
int netns_enter(int fd, int *ret_old, struct fl_error *err);
/* Back; closes @old. */
void netns_leave(int old);

/* open("/run/netns/NAME") / "/proc/PID/ns/net"; descriptors are the caller's. */
int netns_open_name(const char *name, struct fl_error *err);
int netns_open_pid(int pid, struct fl_error *err);
uint64_t netns_inode(int fd);
/* Is it the one of pid 1: the host's? */
bool netns_is_initial(uint64_t inode);

struct netns_link {
	uint32_t ifindex;
	char ifname[IFNAMSIZ];
	char kind[16];         /* "veth", "bridge", "tun", ...; empty for physical ones */
	uint32_t peer_ifindex; /* IFLA_LINK; 0 none */
	int32_t peer_nsid;     /* IFLA_LINK_NETNSID; -1: same namespace or unknown */
	uint32_t master;       /* ifindex of the bridge it is a port of */
	bool up, loopback;
	bool ethernet; /* its frames have such a header */
};

/* Links of the namespace that the caller is in. *ret is the caller's to free. */
int netns_links(struct netns_link **ret, uint32_t *ret_n, struct fl_error *err);

struct netns_addr {
	uint32_t ifindex;
	struct in6_addr addr; /* IPv4 as ::ffff:a.b.c.d */
	uint8_t prefix_len;   /* 0..128 on the mapped scale */
};
int netns_addrs(struct netns_addr **ret, uint32_t *ret_n, struct fl_error *err);

/* Does @ifindex carry a default route (v4 or v6) in the caller's namespace? */
bool netns_has_default_route(uint32_t ifindex);

/*
 * Find the namespace in which the other end of a link lives: @nsid as seen from the caller's
 * namespace. Searched, in this order: the names in /run/netns and /run/docker/netns, the namespaces
 * of all processes, what is mounted in any process's mount namespace (an engine keeps those of
 * overlay networks there), what any process holds open. Returns a descriptor; -ENOENT: none of these.
 */
int netns_find_peer(int32_t nsid, struct fl_error *err);

/*
 * The same by the inode of the namespace. -ENOENT: it is gone, that is, every place and process where it
 * could have a path was looked into, but for those of @sealed (os/sealed.h; may be NULL). Any other error:
 * that cannot be told.
 */
int netns_find_inode(uint64_t inode, const json_t *sealed, struct fl_error *err);

/* Link changes in the caller's namespace. */
int netns_link_up(uint32_t ifindex, struct fl_error *err);
int netns_link_txqlen(uint32_t ifindex, uint32_t packets, struct fl_error *err);

#endif
