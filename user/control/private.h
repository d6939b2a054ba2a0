/* SPDX-License-Identifier: GPL-2.0-only */
/* private.h - what the files of control/ share. */
#ifndef FL_CONTROL_PRIVATE_H
#define FL_CONTROL_PRIVATE_H

#include <jansson.h>
#include <uv.h>

#include "control/control.h"
#include "control/events.h"
#include "control/who.h"
#include "serve/wire.h"

#define SUBSCRIBERS_MAX 1500

/* A connection that gets events. */
struct subscriber {
	uint32_t id;
	bool by_token; /* looked at again from time to time; false: it came by the Unix socket */
	char hash[65];
};

struct control {
	uv_loop_t loop;
	const struct control_options *o;
	int unix_fd, tcp_fd; /* listening; -1 */
	char address[64];    /* of tcp_fd */
	uv_signal_t on_int, on_term;
	uv_timer_t look, restart, check;
	struct events *events;
	struct looking *looking; /* look.c */
	bool stopping;
	/* The front that runs now. */
	uv_process_t *front;
	uv_poll_t poll;
	int channel;
	uint32_t generation; /* of the front: an answer for an earlier one is for nobody */
	uint64_t front_started_ns;
	struct wire_in in;
	struct wire_out out;
	struct subscriber subscribers[SUBSCRIBERS_MAX];
	unsigned int n_subscribers;
	struct request *waiting, **last_waiting; /* for a child to end */
	unsigned int n_waiting;
};

/* --- request.c ----------------------------------------------------------------------------------- */

/* A message of the front is in c->in. Negative: it is none; such a front is not believed any more. */
int request_take(struct control *c);
/* Answer all that wait: the server ends. */
void requests_drop(struct control *c);

/* The faults are known anew: answer @q, which waits for them (NULL: they could not be read). */
void request_list(struct request *q, json_t *rows, const struct fl_error *err);

/* --- look.c: what faults are there ------------------------------------------------------------------ */

bool look_init(struct control *c);
void look_free(struct control *c);
bool look_is_busy(const struct control *c);
/* Look at them, off the loop; a second look at a time is none. */
void look_begin(struct control *c);
/* Something was changed by us: what was seen before is old. */
void look_changed(struct control *c);
/* request_list() for @q: now, if what is known is LOOK_FRESH_NS old at most, else once it has been looked at. */
void look_for(struct control *c, struct request *q);
/* Their place in the list of those who wait. */
struct request **request_next(struct request *q);

/* --- front.c ------------------------------------------------------------------------------------- */

int front_listen(struct control *c, struct fl_error *err);
int front_start(struct control *c, struct fl_error *err);
/* End it, and start another one unless c->stopping. */
void front_end(struct control *c);
/* Queue a message for the front of @generation and send what can be sent. */
void front_send(struct control *c, uint32_t generation, enum wire_type type, uint32_t id, const void *bytes, size_t n);

/* --- once.c: Idempotency-Key --------------------------------------------------------------------- */

enum once { ONCE_NEW, ONCE_BUSY, ONCE_OTHER, ONCE_DONE, ONCE_FULL };

/* Has @who used @key within a day? ONCE_DONE: for the same body, answered by *ret_status and *ret_answer (borrowed). */
enum once once_begin(const char *who, const char *key, const char *body, unsigned int *ret_status,
		     const char **ret_answer);
/* What came of ONCE_NEW. Only what was done is kept: what failed may be asked for again. */
void once_end(const char *who, const char *key, unsigned int status, const char *answer);

#endif
