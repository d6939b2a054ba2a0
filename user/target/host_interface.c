// SPDX-License-Identifier: GPL-2.0-only
/*
 * host_interface.c - where the packets of a target pass that is in the host's own network: at every
 * interface of the host by which they can leave or come. Others use the same ones, so the kernel tells the
 * target's packets by the cgroup of their socket (bpf/net/owner.bpf.h), and only a target that is a cgroup can be
 * told so.
 *
 * A packet is seen where it leaves the host's IP stack and nowhere after that: ports of a bridge or a bond
 * are left out. What leaves it by a tunnel would be seen again as the packet of the tunnel, with the same
 * socket, so beside a tunnel there are no such faults. The loopback is left out: a packet that has waited
 * in a delay line is not let in there again.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/abi/abi.h"
#include "os/cgroup_mount.h"
#include "os/netns.h"
#include "os/socket_cgroup.h"
#include "target/provider.h"
#include "util/cleanup.h"
#include "util/text/text.h"

/* Is being in the (v2) cgroup what makes a process the target's? */
static bool is_cgroup(const struct target *t)
{
	return t->members & TARGET_BY_CGROUP && !(t->members & (TARGET_BY_NETNS | TARGET_BY_TREE));
}

/* How many directories @t's cgroup is below the root of the v2 tree. */
static uint32_t level_of(const struct target *t, const char *root)
{
	const char *p = t->cgroup + strlen(root);
	uint32_t n = 0;

	for (; *p; p++)
		n += p[0] == '/' && p[1] && p[1] != '/';
	return n;
}

/* The id of the root of the whole tree is 1: below another one, levels would be counted wrong. */
static bool is_whole_tree(const char *root)
{
	struct stat st;

	return !stat(root, &st) && st.st_ino == 1;
}

static int check_cgroup(struct target *t, struct fl_error *err)
{
	char root[128];
	int r;

	if (!is_cgroup(t))
		return error_env(err, ENOTSUP,
				 "in the host's network packets are told by their cgroup, and others "
				 "may be in that of %s: name a container, or its cgroup (cgroup:PATH)",
				 t->spec);
	if (!t->cgroup_id)
		return error_env(err, ENOTSUP,
				 "in the host's network packets are told by their cgroup, and it has "
				 "none in the v2 tree");
	r = owner_supported(err);
	if (r)
		return r;
	cgroup_v2_root(root, sizeof(root));
	if (!is_whole_tree(root))
		return error_env(err, ENOTSUP, "%s is not the whole cgroup tree of this host", root);
	t->cgroup_level = level_of(t, root);
	if (t->cgroup_level < 1 || t->cgroup_level > FL_CGROUP_LEVELS)
		return error_env(err, ENOTSUP, "its cgroup is %u levels deep, and packets are told by %d",
				 t->cgroup_level, FL_CGROUP_LEVELS);
	return 0;
}

/* Does what is sent through it leave this host's stack by it, as it is? */
static bool is_plain(const struct netns_link *l)
{
	static const char *const kinds[] = { "", "bridge", "bond", "team", "vlan", "veth", "dummy" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(l->kind, kinds[i]))
			return l->ethernet;
	return false;
}

static bool is_own(const struct netns_link *l)
{
	return !strncmp(l->ifname, "flh", 3) && !strcmp(l->kind, "tun");
}

static int add_interface(struct target *t, const struct netns_link *l, struct fl_error *err)
{
	struct target_veth *v = &t->veths[t->n_veths];

	if (l->loopback || !l->up || l->master || is_own(l))
		return 0;
	if (!is_plain(l))
		return error_env(err, ENOTSUP, "what it sends through %s (%s) would be seen twice or not at all",
				 l->ifname, l->kind[0] ? l->kind : "no Ethernet");
	if (t->n_veths == TARGET_MAX_VETHS)
		return error_env(err, ENOSPC, "the host has more than %d interfaces", TARGET_MAX_VETHS);
	*v = (struct target_veth){
		.ifindex = l->ifindex,
		.netns_inode = t->netns_inode,
		.netns_fd = fcntl(t->netns_fd, F_DUPFD_CLOEXEC, 0),
		.side = TARGET_SIDE_HOST,
	};
	text_copy(v->ifname, sizeof(v->ifname), l->ifname);
	if (v->netns_fd < 0)
		return error_sys(err, errno, "keep a network namespace: %s", strerror(errno));
	t->n_veths++;
	return 0;
}

static int add_interfaces(struct target *t, struct fl_error *err)
{
	_cleanup_free_ struct netns_link *links = NULL;
	uint32_t n = 0, i;
	int old, r = netns_enter(t->netns_fd, &old, err);

	if (r)
		return r;
	r = netns_links(&links, &n, err);
	netns_leave(old);
	for (i = 0; !r && i < n; i++)
		r = add_interface(t, &links[i], err);
	return r;
}

void target_find_host_interfaces(struct target *t)
{
	struct fl_error why = {};

	if (t->netns_fd < 0 || !netns_is_initial(t->netns_inode))
		return;
	if (check_cgroup(t, &why) || add_interfaces(t, &why)) {
		while (t->n_veths)
			close(t->veths[--t->n_veths].netns_fd);
		text_copy(t->gap.why, sizeof(t->gap.why), why.message);
		return;
	}
	text_copy(t->note, sizeof(t->note),
		  "it is in the host's network: its packets are told by their cgroup; those "
		  "over the loopback pass, and so does what it gets that is neither TCP nor UDP");
}
