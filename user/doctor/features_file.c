// SPDX-License-Identifier: GPL-2.0-only
/* features_file.c - probes on files: each makes a mount namespace of its own, and denies a call in there. */
#include <errno.h>
#include <string.h>

#include "doctor/features.h"
#include "os/fan.h"

static void tell(struct feature_answer *a, int r, int wanted)
{
	if (r == wanted)
		feature_yes(a, "%s", "");
	else if (r < 0)
		feature_no(a, "%s", strerror(-r));
	else
		feature_no(a, "denied with %s, a call has seen %s", strerrorname_np(wanted),
			   r ? strerrorname_np(r) : "nothing");
}

void probe_file_events(struct feature_answer *a)
{
	tell(a, fan_try(FAN_OPEN_PERM, 0), EPERM);
	if (a->yes)
		tell(a, fan_try(FAN_ACCESS_PERM, 0), EPERM);
}

void probe_file_errno(struct feature_answer *a)
{
	tell(a, fan_try(FAN_ACCESS_PERM, EIO), EIO);
}

void probe_file_pre_access(struct feature_answer *a)
{
	int r = fan_try(FAN_PRE_ACCESS, EIO);

	if (r == -EOPNOTSUPP)
		feature_yes(a, "the kernel has it, the root's file system has not");
	else if (r == -EINVAL)
		feature_no(a, "no FAN_PRE_ACCESS");
	else
		tell(a, r, EIO);
}
