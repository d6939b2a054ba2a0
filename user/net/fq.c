// SPDX-License-Identifier: GPL-2.0-only
/*
 * fq.c - see fq.h
 *
 * That nobody's qdisc is replaced is the kernel's word, not a look before a leap: a request to make
 * one exclusively succeeds only in the place of a default one, and one to remove it only with our
 * handle. A session that uses the qdisc has a mark in its run directory; whoever finds no other
 * mark removes it. The run directory's lock keeps two sessions from making and removing at once.
 *
 * Limits: fq counts packets, not bytes: 65,536 may wait on an interface. A local TCP sender's own
 * pacing times are kept, but fq is told not to pace by itself ("nopacing"): sockets would go on
 * counting on it after it is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "net/fq.h"
#include "os/netns.h"
#include "os/nl.h"
#include "os/sealed.h"
#include "session/session.h"
#include "util/cleanup.h"

#define HANDLE      TC_H_MAKE(0xfa170000u, 0) /* by which ours is known */
#define MAX_PACKETS 65536

struct mark {
	char path[128];
};

/* @session "*": of any session. */
static struct mark mark_of(const struct fq_qdisc *q, const char *session)
{
	struct mark m;

	snprintf(m.path, sizeof(m.path), FL_RUN_DIR "/%s/fq-%llu-%u", session, (unsigned long long)q->netns_inode,
		 q->ifindex);
	return m;
}

/* What cannot be looked up counts as in use: the qdisc is not ours alone to remove. -EIO. */
static int in_use(const struct fq_qdisc *q)
{
	glob_t found = {};
	int r = glob(mark_of(q, "*").path, GLOB_NOSORT | GLOB_ERR, NULL, &found);

	globfree(&found);
	return !r ? 1 : r == GLOB_NOMATCH ? 0 : -EIO;
}

static struct nlmsghdr *request(void *buf, uint16_t type, uint16_t flags, uint32_t ifindex)
{
	struct nlmsghdr *nlh;
	struct tcmsg *tc;
	void *body;

	nlh = nl_begin(buf, type, flags, &body, sizeof(*tc));
	tc = body;
	tc->tcm_ifindex = (int)ifindex;
	tc->tcm_parent = TC_H_ROOT;
	tc->tcm_handle = HANDLE;
	mnl_attr_put_strz(nlh, TCA_KIND, "fq");
	return nlh;
}

static int make(uint32_t ifindex)
{
	char buf[1024];
	struct nlmsghdr *nlh = request(buf, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, ifindex);
	struct nlattr *options = mnl_attr_nest_start(nlh, TCA_OPTIONS);

	mnl_attr_put_u32(nlh, TCA_FQ_PLIMIT, MAX_PACKETS);
	mnl_attr_put_u32(nlh, TCA_FQ_FLOW_PLIMIT, MAX_PACKETS);
	mnl_attr_put_u32(nlh, TCA_FQ_RATE_ENABLE, 0);
	mnl_attr_put_u32(nlh, TCA_FQ_HORIZON, FQ_HORIZON_NS / 1000);
	mnl_attr_put_u8(nlh, TCA_FQ_HORIZON_DROP, 0);
	mnl_attr_nest_end(nlh, options);
	return nl_ask(nlh, NULL, NULL);
}

static int unmake(uint32_t ifindex)
{
	char buf[1024];

	return nl_ask(request(buf, RTM_DELQDISC, 0, ifindex), NULL, NULL);
}

struct look {
	uint32_t ifindex;
	struct fq_state state;
};

static int read_queue(const struct nlattr *attr, void *arg)
{
	struct fq_state *state = arg;
	struct gnet_stats_queue queue;

	if (mnl_attr_get_type(attr) != TCA_STATS_QUEUE || mnl_attr_get_payload_len(attr) < sizeof(queue))
		return MNL_CB_OK;
	memcpy(&queue, mnl_attr_get_payload(attr), sizeof(queue));
	state->waiting = queue.qlen;
	state->dropped = queue.drops;
	return MNL_CB_OK;
}

static int look_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(nlh);
	struct look *look = arg;
	struct nlattr *attr;

	if (tc->tcm_ifindex != (int)look->ifindex || tc->tcm_parent != TC_H_ROOT || tc->tcm_handle != HANDLE)
		return MNL_CB_OK;
	look->state.there = true;
	mnl_attr_for_each(attr, nlh, sizeof(*tc))
	{
		if (mnl_attr_get_type(attr) == TCA_STATS2)
			mnl_attr_parse_nested(attr, read_queue, &look->state);
	}
	return MNL_CB_OK;
}

int fq_state(uint32_t ifindex, struct fq_state *ret)
{
	struct look look = { .ifindex = ifindex };
	char buf[1024];
	void *body;
	int r = nl_ask(nl_begin(buf, RTM_GETQDISC, NLM_F_DUMP, &body, sizeof(struct tcmsg)), look_cb, &look);

	*ret = look.state;
	return r;
}

static int refused(int r, const char *ifname, struct fl_error *err)
{
	if (r == -EEXIST) {
		error_env(err, EBUSY, "edt on %s: it has a qdisc of its own, which stays", ifname);
		error_hint(err, "--backend hold needs no qdisc");
		return -EBUSY;
	}
	error_env(err, -r, "edt on %s: make an fq qdisc: %s", ifname, strerror(-r));
	if (r == -ENOENT || r == -EOPNOTSUPP)
		error_hint(err, "modprobe sch_fq (CONFIG_NET_SCH_FQ), or --backend hold, which "
				"needs none");
	return r;
}

/* With the lock held. */
static int make_or_share(const struct fq_qdisc *q, const char *ifname, struct fl_error *err)
{
	struct fq_state state;
	int r = make(q->ifindex);

	if (r == -EEXIST && !fq_state(q->ifindex, &state) && state.there)
		r = 0; /* another session's */
	return r ? refused(r, ifname, err) : 0;
}

int fq_add(struct fq_qdisc *q, const char *ifname, struct fl_error *err)
{
	struct mark mark = mark_of(q, q->session);
	_cleanup_fd_ int lock __attribute__((unused)) = session_lock_host();
	_cleanup_fd_ int file = -1;
	int r = journal_add(q->journal, "fq-qdisc",
			    json_pack("{s:I, s:I, s:s, s:o*}", "netns", (json_int_t)q->netns_inode, "ifindex",
				      (json_int_t)q->ifindex, "session", q->session, "sealed", sealed_now()),
			    &q->entry, err);

	if (r)
		return r;
	file = open(mark.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (file < 0)
		r = error_sys(err, errno, "make %s: %s", mark.path, strerror(errno));
	else
		r = make_or_share(q, ifname, err);
	if (r) {
		unlink(mark.path);
		journal_done(q->journal, q->entry, NULL);
	}
	return r;
}

/* In the namespace. Whatever the kernel says to the request: the list of qdiscs is the proof. */
static int remove_seen(const struct fq_qdisc *q)
{
	struct fq_state state = {};
	int asked = unmake(q->ifindex), r;

	do
		r = fq_state(q->ifindex, &state);
	while (r == -EINTR); /* a change while it was read */
	return r == -ENODEV ? 0 : r ? r : !state.there ? 0 : asked ? asked : -EBUSY;
}

static int remove_in_netns(const struct fq_qdisc *q, const json_t *sealed, struct fl_error *err)
{
	_cleanup_fd_ int lock __attribute__((unused)) = session_lock_host();
	struct fl_error why = {};
	_cleanup_fd_ int netns = netns_find_inode(q->netns_inode, sealed, &why);
	int old, r;

	unlink(mark_of(q, q->session).path);
	if (netns == -ENOENT)
		return 0;
	if (netns < 0)
		return error_env(err, -netns, "an fq qdisc may still be on interface %u: %s", q->ifindex, why.message);
	r = in_use(q);
	if (r > 0)
		return 0;
	if (!r)
		r = netns_enter(netns, &old, err);
	if (!r) {
		r = remove_seen(q);
		netns_leave(old);
	}
	if (!r)
		return 0;
	error_sys(err, -r, "the fq qdisc of interface %u in network namespace %llu may still be there: %s", q->ifindex,
		  (unsigned long long)q->netns_inode, strerror(-r));
	error_hint(err, "tc qdisc del dev IFACE root removes it");
	return r;
}

int fq_remove(struct fq_qdisc *q, struct fl_error *err)
{
	return journal_undo(q->journal, q->entry, err);
}

static enum undo_state undo_fq(const json_t *args, struct fl_error *err)
{
	struct fq_qdisc q = {};
	json_int_t netns, ifindex;
	const char *session;

	if (json_unpack((json_t *)(uintptr_t)args, "{s:I, s:I, s:s}", "netns", &netns, "ifindex", &ifindex, "session",
			&session) ||
	    strchr(session, '/'))
		return undo_of(error_sys(err, EINVAL, "fq-qdisc: arguments are missing"));
	q.netns_inode = (uint64_t)netns;
	q.ifindex = (uint32_t)ifindex;
	snprintf(q.session, sizeof(q.session), "%s", session);
	return undo_of(remove_in_netns(&q, json_object_get(args, "sealed"), err));
}

const struct undo_op undo_fq_qdisc[] = {
	{ .name = "fq-qdisc", .undo = undo_fq, .ends_with_boot = true },
	{},
};
