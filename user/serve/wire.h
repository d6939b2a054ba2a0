/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wire.h - what the process that speaks HTTP (front) and the privileged one (back) say to each other: messages over a
 * SOCK_SEQPACKET pair, cut into packets.
 *
 *	front -> back	WIRE_REQUEST	JSON: {"verb", "object", "token", "from", "key", "after", "body"}; with it
 *					the descriptor of the connection where that is a Unix socket
 *			WIRE_GONE	nobody listens to the events of request `id` any more
 *	back -> front	WIRE_ANSWER	4 bytes of HTTP status (host order), then the body
 *			WIRE_EVENT	a server-sent event, for all who listen
 *			WIRE_GONE	request `id` is to get no more events
 *
 * What comes in is bounded before it is kept; a packet that is none of these is an error, after which the other side is
 * not believed any more.
 */
#ifndef FL_WIRE_H
#define FL_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/text/text.h"

#define WIRE_PACKET      (32u << 10)
#define WIRE_REQUEST_MAX (2u << 20) /* of a body of 256 KiB as JSON text */
#define WIRE_ANSWER_MAX  (16u << 20)

enum wire_type { WIRE_REQUEST = 1, WIRE_ANSWER, WIRE_EVENT, WIRE_GONE };

struct wire_head {
	uint32_t id;
	uint8_t type; /* enum wire_type */
	uint8_t more; /* another packet of this message follows */
	uint16_t zero;
};

/* Messages that wait until the other side reads, as packets. Zero-initialise. */
struct wire_out {
	struct wire_packet *first, **last;
	size_t bytes;
};

/* Queue a message. @fd (-1: none) is duplicated. False: out of memory or of descriptors. */
bool wire_put(struct wire_out *out, enum wire_type type, uint32_t id, const void *bytes, size_t n, int fd);
/* Send what can be sent now. 0: all of it; 1: the rest waits for the socket to be writable; negative errno. */
int wire_flush(struct wire_out *out, int to);
void wire_out_free(struct wire_out *out);

/* A message as it comes in; one at a time, packets of two are not mixed. Zero-initialise. */
struct wire_in {
	struct wire_head head; /* of the message that is complete */
	struct text body;
	int fd; /* that came with it, -1: none; who takes it sets -1 */
	bool begun;
};

void wire_in_init(struct wire_in *in);

/*
 * Read packets until a message is complete: 1, and it stays in @in until the next call. 0: nothing more to read now.
 * Negative errno: -EPIPE when the other side is gone, -EPROTO when it does not keep to this.
 */
int wire_get(struct wire_in *in, int from, size_t max);
void wire_in_free(struct wire_in *in);

#endif
