// SPDX-License-Identifier: GPL-2.0-only
/*
 * clsact.c - see clsact.h
 *
 * A clsact qdisc that was there before is shared and left alone. One that faultline made is marked
 * by an empty file in the run directory, written before the qdisc is made; whichever session takes
 * the last filter off removes qdisc and mark. The run directory's lock keeps two sessions from
 * making and removing at once.
 *
 * Limit: a qdisc of kind "ingress" in the place of clsact has no egress side; such an interface
 * cannot be used on a kernel without tcx.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "net/clsact.h"
#include "os/netns.h"
#include "os/nl.h"
#include "os/sealed.h"
#include "session/session.h"
#include "util/cleanup.h"

#define HANDLE_TRIES 16 /* filters of one preference: those of sessions that died, in the worst case */

struct made_mark {
	char path[96];
};

static struct made_mark made_mark(uint64_t netns_inode, uint32_t ifindex)
{
	struct made_mark m;

	snprintf(m.path, sizeof(m.path), FL_RUN_DIR "/.clsact-%llu-%u", (unsigned long long)netns_inode, ifindex);
	return m;
}

static int count_cb(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	++*(unsigned int *)arg;
	return MNL_CB_OK;
}

/* Hand the filters on one side of the clsact qdisc of @ifindex to @cb. */
static int dump_filters(uint32_t ifindex, bool egress, mnl_cb_t cb, void *arg)
{
	char buf[256];
	struct tcmsg *tc;
	void *extra;
	struct nlmsghdr *nlh;

	nlh = nl_begin(buf, RTM_GETTFILTER, NLM_F_DUMP, &extra, sizeof(*tc));
	tc = extra;
	tc->tcm_ifindex = (int)ifindex;
	tc->tcm_parent = TC_H_MAKE(TC_H_CLSACT, egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS);
	return nl_ask(nlh, cb, arg);
}

/* Filters on both sides of the clsact qdisc of @ifindex; a negative errno when it has none. */
static int count_filters(uint32_t ifindex)
{
	unsigned int n = 0;
	int r = dump_filters(ifindex, false, count_cb, &n);

	if (!r)
		r = dump_filters(ifindex, true, count_cb, &n);
	return r ? r : (int)n;
}

/* The name of a filter's program, as libbpf gives it: "fl_ingress:[ID]"; "" of other filters. */
static const char *filter_name(const struct nlmsghdr *nlh)
{
	struct nlattr *option, *attr; /* the macros of libmnl cast const away, which clang refuses */

	mnl_attr_for_each(attr, nlh, sizeof(struct tcmsg))
	{
		if (mnl_attr_get_type(attr) != TCA_OPTIONS)
			continue;
		mnl_attr_for_each_nested(
			option,
			attr) if (mnl_attr_get_type(option) == TCA_BPF_NAME &&
				  !mnl_attr_validate(option, MNL_TYPE_NUL_STRING)) return mnl_attr_get_str(option);
	}
	return "";
}

struct older {
	uint32_t generation;
	bool found;
};

static int older_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(nlh);
	const char *name = filter_name(nlh);
	struct older *o = arg;

	if (TC_H_MAJ(tc->tcm_info) >> 16 < CLSACT_FIRST + o->generation && !strncmp(name, "fl_", 3) &&
	    strncmp(name, "fl_measure_", 11))
		o->found = true;
	return MNL_CB_OK;
}

bool clsact_has_older(uint32_t ifindex, bool egress, uint32_t generation)
{
	struct older o = { .generation = generation };

	dump_filters(ifindex, egress, older_cb, &o); /* no clsact qdisc: none */
	return o.found;
}

/* The kernel's words for "there is no such thing": no filter, no interface, no qdisc to hold it. */
static bool says_gone(int r)
{
	return r == -ENOENT || r == -ENODEV || r == -EINVAL;
}

/* With the lock held, in the namespace. The mark goes when the qdisc has gone, or somebody uses it. */
static int remove_if_made(uint64_t netns_inode, uint32_t ifindex)
{
	struct made_mark mark = made_mark(netns_inode, ifindex);
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	int r;

	if (access(mark.path, F_OK))
		return errno == ENOENT ? 0 : -errno;
	r = count_filters(ifindex);
	if (r > 0)
		return 0; /* whoever takes the last one off removes it */
	if (!r)
		r = bpf_tc_hook_destroy(&hook);
	if (r && !says_gone(r))
		return r;
	return unlink(mark.path) && errno != ENOENT ? -errno : 0;
}

/* With the lock held, in the namespace: have a clsact qdisc. */
static int need_qdisc(const struct clsact_filter *f, const char *ifname, struct fl_error *err)
{
	struct made_mark mark = made_mark(f->netns_inode, f->ifindex);
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)f->ifindex, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	bool marked = !access(mark.path, F_OK);
	int fd, r;

	if (f->journal && !marked) {
		fd = open(mark.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			return error_sys(err, errno, "make %s: %s", mark.path, strerror(errno));
		close(fd);
	}
	r = bpf_tc_hook_create(&hook);
	if (r && f->journal && !marked)
		unlink(mark.path); /* somebody else's, or none at all */
	if (!r || r == -EEXIST)
		return 0;
	error_env(err, -r, "attach to %s: make a clsact qdisc: %s", ifname, strerror(-r));
	if (r == -ENOENT || r == -EOPNOTSUPP)
		error_hint(err, "the kernel needs CONFIG_NET_SCH_INGRESS (modprobe sch_ingress)");
	return r;
}

static enum bpf_tc_attach_point side(const struct clsact_filter *f)
{
	return f->egress ? BPF_TC_EGRESS : BPF_TC_INGRESS;
}

static int write_ahead(struct clsact_filter *f, struct fl_error *err)
{
	char tag[17];
	int i;

	if (!f->journal)
		return 0;
	for (i = 0; i < 8; i++)
		snprintf(tag + 2 * i, 3, "%02x", f->tag[i]);
	return journal_add(f->journal, "tc-filter",
			   json_pack("{s:I, s:I, s:b, s:I, s:I, s:s, s:o*}", "netns", (json_int_t)f->netns_inode,
				     "ifindex", (json_int_t)f->ifindex, "egress", f->egress, "prio",
				     (json_int_t)f->prio, "handle", (json_int_t)f->handle, "tag", tag, "sealed",
				     sealed_now()),
			   &f->entry, err);
}

/* With the lock held. */
static int add_filter(struct clsact_filter *f, const char *ifname, int prog_fd, struct fl_error *err)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)f->ifindex, .attach_point = side(f));
	int r = -EEXIST;

	/* A handle may be taken by the filter of a session that died and left its generation. */
	for (f->handle = 1; r == -EEXIST && f->handle <= HANDLE_TRIES; f->handle++) {
		LIBBPF_OPTS(bpf_tc_opts, opts, .handle = f->handle, .priority = f->prio);
		LIBBPF_OPTS(bpf_tc_opts, mine, .handle = f->handle, .priority = f->prio, .prog_fd = prog_fd);

		if (!bpf_tc_query(&hook, &opts))
			continue;
		r = write_ahead(f, err);
		if (r)
			return r;
		r = bpf_tc_attach(&hook, &mine);
		if (!r)
			return 0;
		if (f->journal)
			journal_done(f->journal, f->entry, NULL);
	}
	return error_env(err, -r, "attach to %s by a clsact filter: %s", ifname, strerror(-r));
}

int clsact_attach(struct clsact_filter *f, const char *ifname, int prog_fd, struct fl_error *err)
{
	struct bpf_prog_info info = {};
	_cleanup_fd_ int lock = -1;
	__u32 len = sizeof(info);
	int r;

	if (bpf_obj_get_info_by_fd(prog_fd, &info, &len))
		return error_sys(err, errno, "ask for the tag of a program: %s", strerror(errno));
	memcpy(f->tag, info.tag, sizeof(f->tag));
	lock = session_lock_host();
	r = need_qdisc(f, ifname, err);
	if (r)
		return r;
	r = add_filter(f, ifname, prog_fd, err);
	if (r && f->journal)
		remove_if_made(f->netns_inode, f->ifindex);
	return r;
}

/* 1: it is there and ours; 0: proved not to be; negative: cannot be told. */
static int still_ours(const struct clsact_filter *f, const struct bpf_tc_hook *hook)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = f->handle, .priority = f->prio);
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	_cleanup_fd_ int prog = -1;
	int r = bpf_tc_query(hook, &opts);

	if (r)
		return says_gone(r) ? 0 : r;
	prog = bpf_prog_get_fd_by_id(opts.prog_id);
	if (prog < 0)
		return errno == ENOENT ? 0 : -errno;
	if (bpf_obj_get_info_by_fd(prog, &info, &len))
		return -errno;
	return !memcmp(info.tag, f->tag, sizeof(f->tag));
}

/* In the namespace; what is gone or is no longer ours is left alone. */
static int remove_filter(const struct clsact_filter *f, struct fl_error *err)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)f->ifindex, .attach_point = side(f));
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = f->handle, .priority = f->prio);
	_cleanup_fd_ int lock __attribute__((unused)) = session_lock_host(); /* until the end */
	int r = still_ours(f, &hook);

	if (r > 0)
		r = bpf_tc_detach(&hook, &opts);
	if (!r || r == -ENOENT || r == -ENODEV)
		r = remove_if_made(f->netns_inode, f->ifindex);
	if (!r)
		return 0;
	error_sys(err, -r,
		  "a tc filter or qdisc of faultline may still be on interface %u of network "
		  "namespace %llu: %s",
		  f->ifindex, (unsigned long long)f->netns_inode, strerror(-r));
	error_hint(err, "it passes what it sees since its lease has ended; tc qdisc del dev IFACE clsact removes "
			"it with all filters there");
	return r;
}

static int remove_in_netns(const struct clsact_filter *f, const json_t *sealed, struct fl_error *err)
{
	struct fl_error why = {};
	_cleanup_fd_ int netns = netns_find_inode(f->netns_inode, sealed, &why);
	int old, r;

	if (netns == -ENOENT) {
		/* Gone, and filter and qdisc with it. */
		unlink(made_mark(f->netns_inode, f->ifindex).path);
		return 0;
	}
	if (netns < 0)
		return error_env(err, -netns, "a tc filter may still be on interface %u: %s", f->ifindex, why.message);
	r = netns_enter(netns, &old, err);
	if (r)
		return r;
	r = remove_filter(f, err);
	netns_leave(old);
	return r;
}

int clsact_detach(struct clsact_filter *f, struct fl_error *err)
{
	return f->journal ? journal_undo(f->journal, f->entry, err) : remove_in_netns(f, NULL, err);
}

static json_int_t number(const json_t *args, const char *key)
{
	return json_integer_value(json_object_get(args, key));
}

static enum undo_state undo_filter(const json_t *args, struct fl_error *err)
{
	struct clsact_filter f = {
		.netns_inode = (uint64_t)number(args, "netns"),
		.ifindex = (uint32_t)number(args, "ifindex"),
		.egress = json_is_true(json_object_get(args, "egress")),
		.prio = (uint32_t)number(args, "prio"),
		.handle = (uint32_t)number(args, "handle"),
	};
	const char *tag = json_string_value(json_object_get(args, "tag"));
	int i;

	for (i = 0; i < 8; i++)
		if (!tag || strlen(tag) != 16 || sscanf(tag + 2 * i, "%2hhx", &f.tag[i]) != 1)
			return undo_of(error_sys(err, EINVAL, "tc-filter: no program tag"));
	if (!f.netns_inode || !f.ifindex || !f.prio || !f.handle)
		return undo_of(error_sys(err, EINVAL, "tc-filter: arguments are missing"));
	return undo_of(remove_in_netns(&f, json_object_get(args, "sealed"), err));
}

const struct undo_op undo_clsact[] = {
	{ .name = "tc-filter", .undo = undo_filter, .ends_with_boot = true },
	{},
};
