/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * front.h - the process that speaks HTTP: without rights, without files, without a network of its own. It gets the
 * listening sockets and a channel to the privileged half (serve/wire.h), and answers nothing by itself but the
 * dashboard's files and what is malformed.
 *
 * HTTP is libmicrohttpd's, in its external mode on one thread: a request that waits for an answer, and a reader of
 * events to whom there is nothing to say, are suspended and cost no more than their memory.
 */
#ifndef FL_FRONT_H
#define FL_FRONT_H

/* Its descriptors, as it is started. */
enum { FRONT_CHANNEL = 3, FRONT_UNIX, FRONT_TCP, FRONT_FDS };

/* Until the channel ends; an exit status. @host_name: see route_check_browser(). */
int front_main(const char *host_name);

#endif
