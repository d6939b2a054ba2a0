/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * preview.h - whom a fault would hit, told before it begins and without touching anything: its targets
 * with their processes (by the member function that faults use, target/process/member.h), the connections of the
 * last seconds, its share, and what undoes it.
 *
 *     {"kind": "latency", "params": {...}, "for_s": 60 or null,
 *      "targets": [{"name", "provider", "container", "members", "note", "processes": [{"pid", "command"}],
 *                   "interfaces": ["veth1"],
 *                   "flows": [{"local", "peer", "idle_s", "closed", "spared"}] or null, "error"}],
 *      "share": "30% of packets", "stack": {"hit": ["payment-svc"], "services": 13} or null,
 *      "spared": ["your ssh connection ..."], "also": ["k3x9aa.1 latency by bob ..."],
 *      "undone_by": "..."}
 *
 * Flows: TCP connections of the target's network namespace that carried something in the last 10 seconds
 * and that the fault's match wants (sockets.h has the limits); null for what acts on no packets.
 */
#ifndef FL_PREVIEW_H
#define FL_PREVIEW_H

#include "fault/fault.h"

#define PREVIEW_FLOWS_MS 10000

/* Of a fault with parameters and targets, not armed. @for_ns 0: until it is stopped. New reference. */
json_t *preview_of(const struct fault *f, uint64_t for_ns);

#endif
