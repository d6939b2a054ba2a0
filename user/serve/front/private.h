/* SPDX-License-Identifier: GPL-2.0-only */
/* private.h - what the files of serve/front/ share. */
#ifndef FL_FRONT_PRIVATE_H
#define FL_FRONT_PRIVATE_H

#include <microhttpd.h>

#include "serve/front/front.h"
#include "serve/routes.h"
#include "serve/wire.h"

#define CONNECTIONS_MAX 4096            /* of each listener */
#define RING            1024            /* events that slow readers may lag behind */
#define BUFFERED_MAX    (8u << 20)      /* of all bodies that are being received */
#define REQUEST_NS      20000000000ull  /* from the connection (or the last answer) to the end of a request */
#define RESPONSE_NS     240000000000ull /* for an answer to be made and read, but of events */
#define EXCHANGES_MAX   256             /* that wait for the privileged half */

struct front;

/* A connection: when it is to be closed. */
struct conn {
	struct conn *next, **self;
	struct front *f;
	int fd;
	bool is_unix, listens; /* to events: no limit of time */
	uint64_t since_ns;     /* of what it is doing */
	bool answering;        /* a whole request has come */
	char from[64];
};

/* A request and its answer. */
struct exchange {
	struct exchange *next, **self; /* in front.waiting or front.streams; NULL: in neither */
	struct front *f;
	struct conn *conn;
	struct MHD_Connection *c;
	uint32_t id;
	const struct route *route;
	char object[ROUTE_OBJECT_MAX];
	struct text body;
	unsigned int refused; /* a status: what comes of the body is thrown away */
	const char *why;
	bool answered;
	unsigned int status;
	struct text answer;
	/* Events. */
	size_t sent;     /* of `answer`, then of the event at the cursor */
	uint64_t cursor; /* the next event of the ring */
	bool in_ring, suspended, ended, ping;
};

struct front {
	int channel;
	const char *host_name;
	struct MHD_Daemon *daemons[2]; /* by the Unix socket, by TCP; NULL */
	struct wire_in in;
	struct wire_out out;
	struct conn *conns;
	unsigned int n_conns, n_waiting;
	struct exchange *waiting, *streams;
	uint32_t next_id;
	size_t buffered;
	char *ring[RING];
	size_t ring_len[RING];
	uint64_t n_events; /* n-th event is at ring[n % RING] */
};

/* --- request.c ----------------------------------------------------------------------------------- */

enum MHD_Result request_handle(void *cls, struct MHD_Connection *c, const char *url, const char *method,
			       const char *version, const char *data, size_t *data_size, void **request);
void request_completed(void *cls, struct MHD_Connection *c, void **request, enum MHD_RequestTerminationCode why);

/* Give @x its answer (stolen) and wake its connection. */
void request_answer(struct exchange *x, unsigned int status, struct text *body);
void exchange_unlink(struct exchange *x);
void exchange_link(struct exchange *x, struct exchange **list);

/* --- reply.c ------------------------------------------------------------------------------------- */

/* Queue @body (stolen) with the headers that every answer has. */
enum MHD_Result reply(struct MHD_Connection *c, unsigned int status, const char *type, struct text *body);
enum MHD_Result reply_static(struct MHD_Connection *c, const char *type, const void *bytes, size_t n);
/* Problem details for what is refused here. */
enum MHD_Result reply_problem(struct MHD_Connection *c, unsigned int status, const char *detail);
void reply_headers(struct MHD_Response *r, unsigned int status, const char *type);

/* A file of the dashboard; false: it is none. */
bool asset_find(const char *path, const char **ret_type, const void **ret_bytes, size_t *ret_n);

/* --- events.c ------------------------------------------------------------------------------------ */

/* Answer @x, which has what is past in x->answer, with a stream. */
enum MHD_Result stream_begin(struct exchange *x);
/* An event for all. */
void stream_add(struct front *f, const char *text, size_t n);
/* Wake those that have something to send; @ping: all. */
void stream_wake(struct front *f, bool ping);

/* --- confine ------------------------------------------------------------------------------------- */

/* Give up root, user, network, capabilities and system calls. Negative errno. */
int front_confine(void);

#endif
