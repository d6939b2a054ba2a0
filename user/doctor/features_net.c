// SPDX-License-Identifier: GPL-2.0-only
/*
 * features_net.c - probes on an interface: the loopback of a network namespace that is made for
 * one probe. Closing the last reference to it takes everything along.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "doctor/features.h"
#include "net/engine.h"
#include "net/tcx.h"
#include "os/netns.h"
#include "os/nl.h"
#include "os/socket_cgroup.h"
#include "util/cleanup.h"
#include "util/text/text.h"

#define LOOPBACK 1 /* its ifindex in every namespace */

static const struct bpf_insn pass[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
	{ .code = BPF_JMP | BPF_EXIT },
};

/* Leave for a new namespace; a descriptor of the old one, or -1 with the answer filled. */
static int leave_for_scratch(struct feature_answer *a)
{
	int old = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (old >= 0 && !unshare(CLONE_NEWNET))
		return old;
	feature_no(a, "make a network namespace: %s", strerror(errno));
	if (old >= 0)
		close(old);
	return -1;
}

static int load(struct feature_answer *a)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "fl_probe", "GPL", pass, ARRAY_SIZE(pass), NULL);

	if (fd < 0)
		feature_no(a, "load: %s", strerror(errno));
	return fd;
}

void probe_tc(struct feature_answer *a)
{
	_cleanup_fd_ int prog = load(a);

	if (prog >= 0)
		feature_yes(a, "%s", "");
}

void probe_packet_owner(struct feature_answer *a)
{
	struct fl_error err = {};

	if (owner_supported(&err) || engine_try(TARGET_SIDE_HOST, &err))
		feature_no(a, "%s", err.message);
	else
		feature_yes(a, "%s", "");
}

void probe_tcx(struct feature_answer *a)
{
	_cleanup_fd_ int prog = load(a), link = -1;
	int old = prog < 0 ? -1 : leave_for_scratch(a);

	if (old < 0)
		return;
	link = tcx_attach(LOOPBACK, false, prog, 1, 0);
	if (link < 0)
		feature_no(a, "attach: %s%s", strerror(-link), link == -EINVAL ? " (before Linux 6.6)" : "");
	else
		feature_yes(a, "%s", "");
	netns_leave(old);
}

void probe_clsact(struct feature_answer *a)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = LOOPBACK, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts);
	_cleanup_fd_ int prog = load(a);
	int old = prog < 0 ? -1 : leave_for_scratch(a), r;
	libbpf_print_fn_t print;

	if (old < 0)
		return;
	print = libbpf_set_print(NULL);
	opts.prog_fd = prog;
	r = bpf_tc_hook_create(&hook);
	if (r)
		feature_no(a, "make the qdisc: %s", strerror(-r));
	else if ((r = bpf_tc_attach(&hook, &opts)))
		feature_no(a, "attach a filter: %s", strerror(-r));
	else
		feature_yes(a, "%s", "");
	libbpf_set_print(print);
	netns_leave(old);
}

void probe_tap(struct feature_answer *a)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	_cleanup_fd_ int tun = -1;
	int old = leave_for_scratch(a);

	if (old < 0)
		return;
	tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (tun < 0)
		feature_no(a, "/dev/net/tun: %s", strerror(errno));
	else if (ioctl(tun, TUNSETIFF, &ifr))
		feature_no(a, "make a TAP: %s", strerror(errno));
	else
		feature_yes(a, "%s", "");
	netns_leave(old);
}

void probe_loopback_dns(struct feature_answer *a)
{
	struct feature_answer tap = {};
	struct fl_error err = {};
	bool nscd = !access("/var/run/nscd/socket", F_OK);

	probe_tcx(a);
	if (!a->yes)
		probe_clsact(a);
	if (!a->yes)
		return;
	if (engine_try(TARGET_SIDE_LOOPBACK, &err)) {
		feature_no(a, "%s", err.message);
		return;
	}
	probe_tap(&tap);
	if (!tap.yes || libbpf_probe_bpf_helper(BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_redirect_neigh, NULL) != 1)
		feature_yes(a, "errors and drops only, no delays: %s",
			    tap.yes ? "no bpf_redirect_neigh()" : tap.reason);
	else
		feature_yes(a, "Docker's 127.0.0.11, systemd-resolved's 127.0.0.53, a dnsmasq%s",
			    nscd ? "; not what this host's nscd answers (no DNS: a unix socket)"
				 : "; not nscd (no DNS: a unix socket)");
}

/* Set a qdisc of @kind on the loopback. A kernel that has the kind but wants options says
 * -EINVAL. */
static void probe_qdisc(const char *kind, struct feature_answer *a)
{
	char buf[1024];
	struct nlmsghdr *nlh;
	struct tcmsg *tc;
	void *body;
	int old = leave_for_scratch(a), r;

	if (old < 0)
		return;
	nlh = nl_begin(buf, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &body, sizeof(*tc));
	tc = body;
	tc->tcm_ifindex = LOOPBACK;
	tc->tcm_parent = TC_H_ROOT;
	mnl_attr_put_strz(nlh, TCA_KIND, kind);
	r = nl_ask(nlh, NULL, NULL);
	netns_leave(old);
	if (!r || r == -EINVAL)
		feature_yes(a, "%s", "");
	else
		feature_no(a, "sch_%s: %s", kind, strerror(-r));
}

void probe_fq(struct feature_answer *a)
{
	probe_qdisc("fq", a);
}

void probe_netem(struct feature_answer *a)
{
	probe_qdisc("netem", a);
}
