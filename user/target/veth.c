// SPDX-License-Identifier: GPL-2.0-only
/*
 * veth.c - the host sides of a target's veths, and its addresses, by netlink from inside its
 * network namespace. The other end of a veth need not live in the initial namespace (a bridge
 * in a hub namespace, nested containers): IFLA_LINK_NETNSID says where, and the found interface
 * is asked back whether this one is its peer, since numbers alone can be those of a stranger.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kern/netns.h"
#include "target/provider.h"
#include "util/cleanup.h"
#include "util/text.h"

static uint64_t initial_netns_inode(void)
{
	struct stat st;

	return stat("/proc/1/ns/net", &st) ? 0 : st.st_ino;
}

static bool is_loopback(const struct in6_addr *a)
{
	static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	return IN6_IS_ADDR_LOOPBACK(a) || (!memcmp(a, mapped, 12) && a->s6_addr[12] == 127);
}

static int read_addrs(struct target *t, struct fl_error *err)
{
	_cleanup_free_ struct netns_addr *all = NULL;
	uint32_t n = 0, i;
	int r = netns_addrs(&all, &n, err);

	for (i = 0; !r && i < n && t->n_addrs < TARGET_MAX_ADDRS; i++)
		if (!is_loopback(&all[i].addr))
			t->addrs[t->n_addrs++].addr = all[i].addr;
	return r;
}

/* Called in the namespace where the other end should be. */
static int check_host_side(struct target_veth *v, const struct target_options *options,
			   struct fl_error *err)
{
	_cleanup_free_ struct netns_link *all = NULL;
	uint32_t n = 0, i;
	int r = netns_links(&all, &n, err);

	for (i = 0; !r && i < n; i++)
		if (all[i].ifindex == v->ifindex)
			break;
	if (r)
		return r;
	if (i == n || strcmp(all[i].kind, "veth") || all[i].peer_ifindex != v->peer_ifindex)
		return error_env(err, ENODEV,
				 "interface %u is not the other end of a veth any more",
				 v->ifindex);
	text_copy(v->ifname, sizeof(v->ifname), all[i].ifname);
	if (v->netns_inode == initial_netns_inode() && !options->allow_host_interface &&
	    netns_has_default_route(v->ifindex)) {
		error_usage(err, "refused: the host's default route leaves through %s",
			    v->ifname);
		error_hint(err, "--allow-host-interface takes the risk of losing this host");
		return -EPERM;
	}
	return 0;
}

/* Called in the target's namespace; @link is a veth there. */
static int add_veth(struct target *t, const struct netns_link *link,
		    const struct target_options *options, struct fl_error *err)
{
	struct target_veth *v = &t->veths[t->n_veths];
	_cleanup_fd_ int fd = -1;
	int old, r;

	/* Both ends in this namespace: its inner business, nothing passes to or from outside.
	 */
	if (link->peer_nsid < 0 || !link->peer_ifindex || t->n_veths == TARGET_MAX_VETHS)
		return 0;
	fd = netns_find_peer(link->peer_nsid, err);
	if (fd < 0)
		return fd;
	*v = (struct target_veth){
		.ifindex = link->peer_ifindex,
		.peer_ifindex = link->ifindex,
		.netns_inode = netns_inode(fd),
	};
	r = netns_enter(fd, &old, err);
	if (r)
		return r;
	r = check_host_side(v, options, err);
	netns_leave(old);
	if (r)
		return r;
	v->netns_fd = take_fd(fd);
	t->n_veths++;
	return 0;
}

int target_find_veths(struct target *t, const struct target_options *options,
		      struct fl_error *err)
{
	_cleanup_free_ struct netns_link *links = NULL;
	uint32_t n = 0, i;
	int old, r;

	/* The host's own veths lead to its guests; it has no "host side" itself. */
	if (t->netns_fd < 0 || t->netns_inode == initial_netns_inode())
		return 0;
	r = netns_enter(t->netns_fd, &old, err);
	if (r)
		return r;
	r = netns_links(&links, &n, err);
	for (i = 0; !r && i < n; i++)
		if (!strcmp(links[i].kind, "veth"))
			r = add_veth(t, &links[i], options, err);
	if (!r)
		r = read_addrs(t, err);
	netns_leave(old);
	return r;
}
