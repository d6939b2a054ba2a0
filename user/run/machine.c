// SPDX-License-Identifier: GPL-2.0-only
/*
 * machine.c - see machine.h. Every way out of a state in which something may be armed leads through
 * ROLLBACK, and every experiment that was begun gets a result in SCORE.
 */
#include <stddef.h>

#include "run/machine.h"

#define TO(state) (1u << RUN_##state)

static const struct {
	const char *name;
	unsigned int next;
} table[RUN_STATES] = {
	[RUN_IDLE] = { "IDLE", TO(RESOLVE) | TO(DONE) },
	[RUN_RESOLVE] = { "RESOLVE", TO(ARM) | TO(SCORE) },
	[RUN_ARM] = { "ARM", TO(STEADY) | TO(ROLLBACK) },
	[RUN_STEADY] = { "STEADY", TO(BASELINE) | TO(ROLLBACK) },
	[RUN_BASELINE] = { "BASELINE", TO(INJECT) | TO(ROLLBACK) },
	[RUN_INJECT] = { "INJECT", TO(ROLLBACK) },
	[RUN_ROLLBACK] = { "ROLLBACK", TO(RECOVER) | TO(SCORE) },
	[RUN_RECOVER] = { "RECOVER", TO(SCORE) },
	[RUN_SCORE] = { "SCORE", TO(COOLDOWN) | TO(DONE) },
	[RUN_COOLDOWN] = { "COOLDOWN", TO(IDLE) | TO(DONE) },
	[RUN_DONE] = { "DONE", 0 },
};

bool run_may(enum run_state from, enum run_state to)
{
	return from < RUN_STATES && to < RUN_STATES && (table[from].next & (1u << to));
}

const char *run_state_text(enum run_state s)
{
	return s < RUN_STATES ? table[s].name : "?";
}
