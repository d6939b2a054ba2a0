/* SPDX-License-Identifier: GPL-2.0-only */
/* hold_tap.h - the TAP of a delay line. For hold.c alone. */
#ifndef FL_HOLD_TAP_H
#define FL_HOLD_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include "net/hold/hold_queue.h"
#include "util/error.h"

/* A non-blocking TAP in the namespace @netns_fd (-1: the caller's), up, silent, with offloads.
 * Returns the descriptor. */
int hold_tap_open(int netns_fd, const char *ifname, uint32_t *ret_ifindex, struct fl_error *err);

struct hold_order {
	uint64_t due_ns;
	uint32_t flow_hash;
	bool ordered;
};

/*
 * @packet holds @n bytes as read from the TAP: virtio_net_hdr, fl_hold_header, frame. Take the
 * fl_hold_header out (moving the virtio header up to the frame and its offsets with it), set
 * start and len to what is to be written back, and say when. False: not a packet of BPF's.
 */
bool hold_tap_decode(struct hold_packet *packet, uint32_t n, struct hold_order *ret);

#endif
