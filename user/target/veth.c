// SPDX-License-Identifier: GPL-2.0-only
/*
 * veth.c - the host sides of a target's veths, and its addresses, by netlink from inside its
 * network namespace. The other end of a veth need not live in the initial namespace (a bridge
 * in a hub namespace, nested containers): IFLA_LINK_NETNSID says where, and the found interface
 * is asked back whether this one is its peer, since numbers alone can be those of a stranger.
 */
#include <errno.h>
#include <string.h>

#include "os/netns.h"
#include "target/provider.h"
#include "util/cleanup.h"
#include "util/text/text.h"

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

	for (i = 0; !r && i < n; i++) {
		if (is_loopback(&all[i].addr))
			continue;
		if (t->n_addrs == TARGET_MAX_ADDRS)
			t->more_addrs = true;
		else
			t->addrs[t->n_addrs++].addr = all[i].addr;
	}
	return r;
}

/* Called in the namespace where the other end should be. */
static int check_host_side(struct target_veth *v, struct fl_error *err)
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
		return error_env(err, ENODEV, "interface %u is not the other end of a veth any more", v->ifindex);
	text_copy(v->ifname, sizeof(v->ifname), all[i].ifname);
	return 0;
}

/* Called in the target's namespace; @link is a veth there whose other end is in another. */
static int add_veth(struct target *t, const struct netns_link *link, struct fl_error *err)
{
	struct target_veth *v = &t->veths[t->n_veths];
	_cleanup_fd_ int fd = -1;
	int old, r;

	if (t->n_veths == TARGET_MAX_VETHS)
		return error_env(err, ENOSPC, "more than %d interfaces", TARGET_MAX_VETHS);
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
	r = check_host_side(v, err);
	netns_leave(old);
	if (r)
		return r;
	v->netns_fd = take_fd(fd);
	t->n_veths++;
	return 0;
}

/* One that is up counts more than one that is not: only that one carries anything now. */
static void note_gap(struct target *t, const struct netns_link *link, const struct fl_error *why)
{
	if (t->gap.why[0] && (!t->gap.down || !link->up))
		return;
	t->gap.down = !link->up;
	text_copy(t->gap.ifname, sizeof(t->gap.ifname), link->ifname);
	text_copy(t->gap.why, sizeof(t->gap.why), why->message);
}

/* Does it lead out of the namespace? What only wraps packets (tunnels, bridges, a veth pair with both
 * ends here) sends them through another interface in the end. */
static bool leads_out(const struct netns_link *link)
{
	return link->peer_nsid >= 0 || (!link->kind[0] && !link->loopback);
}

static void add_link(struct target *t, const struct netns_link *link)
{
	struct fl_error why = {};

	if (!leads_out(link))
		return;
	if (!strcmp(link->kind, "veth"))
		add_veth(t, link, &why);
	else if (link->kind[0])
		error_env(&why, ENODEV, "it is no veth but of the kind %s", link->kind);
	else
		error_env(&why, ENODEV, "it is no veth but a network card");
	if (why.message[0])
		note_gap(t, link, &why);
}

void target_find_veths(struct target *t)
{
	_cleanup_free_ struct netns_link *links = NULL;
	struct fl_error why = {};
	uint32_t n = 0, i;
	int old, r;

	/* The host's own veths lead to its guests; it has no "host side" itself. */
	if (t->netns_fd < 0 || netns_is_initial(t->netns_inode))
		return;
	r = netns_enter(t->netns_fd, &old, &why);
	if (!r) {
		r = netns_links(&links, &n, &why);
		for (i = 0; !r && i < n; i++)
			add_link(t, &links[i]);
		if (!r)
			r = read_addrs(t, &why);
		netns_leave(old);
	}
	if (r)
		note_gap(t, &(struct netns_link){ .up = true }, &why);
}

int target_check_veths(const struct target *t, struct fl_error *err)
{
	/* Nothing passes where an interface is down. */
	if (!t->gap.why[0] || (t->gap.down && t->n_veths))
		return 0;
	if (t->gap.ifname[0])
		error_env(err, ENODEV, "%s: its interface %s cannot be reached: %s", t->spec, t->gap.ifname,
			  t->gap.why);
	else
		error_env(err, ENODEV, "%s: no fault of its network: %s", t->spec, t->gap.why);
	error_hint(err, "%sa fault of the network would miss what passes there; the other kinds work",
		   t->n_veths ? "it has others that can, but " : "");
	return -ENODEV;
}

int target_refuse_uplink(const struct target_veth *v, struct fl_error *err)
{
	bool uplink;
	int old, r;

	if (!netns_is_initial(v->netns_inode))
		return 0;
	r = netns_enter(v->netns_fd, &old, err);
	if (r)
		return r;
	uplink = netns_has_default_route(v->ifindex);
	netns_leave(old);
	if (!uplink)
		return 0;
	error_usage(err, "refused: the host's default route leaves through %s", v->ifname);
	error_hint(err, "--allow-host-interface takes the risk of losing this host");
	return -EPERM;
}
