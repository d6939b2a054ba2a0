// SPDX-License-Identifier: GPL-2.0-only
/*
 * nl_ask() ends with every kind of request, in a network namespace of its own: one that changes
 * something and succeeds, one that is refused, a dump. A wait in vain is ended by an alarm.
 */
#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "os/nl.h"

#define LOOPBACK 1

/* A handler, because process 1 of a sandbox has no signals by default. */
static void give_up(int sig)
{
	static const char line[] = "not ok 1 - an answer was waited for in vain\n";
	(void)sig;

	_exit(write(STDOUT_FILENO, line, sizeof(line) - 1) < 0 ? 2 : 1);
}

static int setup(void **state)
{
	(void)state;
	signal(SIGALRM, give_up);
	return unshare(CLONE_NEWNET);
}

static int qdisc(uint16_t flags, const char *kind)
{
	struct nlmsghdr *nlh;
	struct tcmsg *tc;
	char buf[1024];
	void *body;
	int r;

	nlh = nl_begin(buf, RTM_NEWQDISC, flags, &body, sizeof(*tc));
	tc = body;
	tc->tcm_ifindex = LOOPBACK;
	tc->tcm_parent = TC_H_ROOT;
	mnl_attr_put_strz(nlh, TCA_KIND, kind);
	alarm(5);
	r = nl_ask(nlh, NULL, NULL);
	alarm(0);
	return r;
}

static void changes(void **state)
{
	(void)state;
	assert_int_equal(qdisc(NLM_F_CREATE, "pfifo"), 0);
	assert_int_equal(qdisc(NLM_F_CREATE | NLM_F_REPLACE, "pfifo"), 0);
	assert_int_equal(qdisc(NLM_F_CREATE | NLM_F_EXCL, "pfifo"), -EEXIST);
	assert_int_equal(qdisc(NLM_F_CREATE | NLM_F_REPLACE, "nonesuch"), -ENOENT);
}

static int count(const struct nlmsghdr *nlh, void *n)
{
	(void)nlh;
	++*(int *)n;
	return MNL_CB_OK;
}

static void dumps(void **state)
{
	struct nlmsghdr *nlh;
	char buf[256];
	void *body;
	int n = 0;
	(void)state;

	nlh = nl_begin(buf, RTM_GETLINK, NLM_F_DUMP, &body, sizeof(struct ifinfomsg));
	alarm(5);
	assert_int_equal(nl_ask(nlh, count, &n), 0);
	alarm(0);
	assert_true(n >= 1); /* the loopback; some kernels add tunnels */
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(changes), cmocka_unit_test(dumps) };

	return cmocka_run_group_tests(tests, setup, NULL);
}
