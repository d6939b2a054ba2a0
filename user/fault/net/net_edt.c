// SPDX-License-Identifier: GPL-2.0-only
/*
 * net_edt.c - the parameter "backend" of the kinds that make packets wait: in a delay line of ours
 * (hold), or in the kernel, by departure times that an fq qdisc honours (edt; net/fq.h). On request
 * only: edt puts a qdisc on the interface, serves one direction, and a TCP sender on this host, or
 * behind a bridge of it, is told by its own small queues to send less (docs/faults/network.md).
 */
#include <errno.h>

#include "doctor/features.h"
#include "fault/net/net.h"
#include "net/fq.h"
#include "util/text/text.h"
#include "util/text/units.h"

const char *const net_backends[] = { "hold", "edt", NULL };

bool net_is_edt(const struct params *p)
{
	const struct net_own *own = p->own;

	return own->backend == NET_EDT;
}

int net_check_edt(const struct params *p, const char *kind, uint64_t longest_ns, struct fl_error *err)
{
	const struct net_own *own = p->own;
	char horizon[32];

	if (!net_is_edt(p))
		return 0;
	if (own->direction != NET_TO) {
		error_usage(err,
			    "%s: edt acts on packets to the target only: there is no qdisc on "
			    "the way from it",
			    kind);
		error_hint(err, "direction to; or backend hold, which works both ways");
		return -EINVAL;
	}
	if (longest_ns <= FQ_HORIZON_NS)
		return 0;
	error_usage(err, "%s: by edt a packet can wait %s at most, fq's horizon", kind,
		    units_format_ns(FQ_HORIZON_NS, horizon, sizeof(horizon)));
	error_hint(err, "backend hold has no such bound");
	return -EINVAL;
}

void net_supported_edt(struct fault_support *ret, const char *summary)
{
	static struct feature_answer fq; /* found out once: it takes a network namespace */

	net_supported_hold(ret);
	if (!ret->supported)
		return;
	if (!fq.yes && !fq.reason[0])
		probe_fq(&fq);
	snprintf(ret->reason, sizeof(ret->reason), "%s (edt: %s%s)", summary, fq.yes ? "yes, on request" : "no, ",
		 fq.reason);
}

void net_tell_edt(const struct engine *e, char *effect, size_t size)
{
	uint64_t dropped;
	uint32_t gone;

	engine_fq_stats(e, &dropped, &gone);
	if (gone)
		snprintf(effect, size, "the fq qdisc was removed by somebody: packets do not wait");
	else
		snprintf(effect, size, "fq dropped %llu packets", (unsigned long long)dropped);
}
