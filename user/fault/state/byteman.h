/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * byteman.h - talk to a Byteman agent inside a JVM: a line protocol on a TCP port of the JVM's own
 * network namespace (org.jboss.byteman.agent.submit). The agent is the target's; nothing is brought.
 */
#ifndef FL_BYTEMAN_H
#define FL_BYTEMAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/process/process.h"
#include "util/error.h"

/* Does @pid have Byteman's jar open, as a JVM has that loaded the agent, at its start or later? */
bool byteman_loaded(pid_t pid);
/* Does any process of the host? */
bool byteman_anywhere(void);

#define BYTEMAN_PATIENT_MS 3000 /* to load a rule is work for a JVM */

/*
 * Send @request to the agent of @id and read its answer up to "OK". *ret (may be NULL) is the
 * caller's to free. All of it, connecting included, takes no longer than @timeout_ms, however the agent
 * spreads its bytes. What it means is the caller's to judge: a refusal begins with "ERROR" or
 * "EXCEPTION".
 */
int byteman_ask(struct process_id id, uint16_t port, unsigned int timeout_ms, const char *request, char **ret,
		struct fl_error *err);

/* "LOAD" or "DELETE": the request that does so with the one rule in @script. NULL: no memory. */
char *byteman_request(const char *verb, const char *script);

#endif
