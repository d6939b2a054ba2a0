/* SPDX-License-Identifier: GPL-2.0-only */
/* machine.h - the states of a run and the one table of transitions between them. */
#ifndef FL_MACHINE_H
#define FL_MACHINE_H

#include <stdbool.h>

enum run_state {
	RUN_IDLE,     /* between experiments: take the next one */
	RUN_RESOLVE,  /* find its targets */
	RUN_ARM,      /* load and attach its faults, inert */
	RUN_STEADY,   /* wait for the steady state */
	RUN_BASELINE, /* watch what is normal; alerts now are false alarms */
	RUN_INJECT,   /* faults on */
	RUN_ROLLBACK, /* faults off, disarmed */
	RUN_RECOVER,  /* wait for the steady state again, and for late alerts */
	RUN_SCORE,    /* ask the pipeline for clusters and causes, write the result */
	RUN_COOLDOWN, /* let everything settle */
	RUN_DONE,
	RUN_STATES,
};

/* Is the transition in the table? */
bool run_may(enum run_state from, enum run_state to);

/* "IDLE", "RESOLVE", ... */
const char *run_state_text(enum run_state s);

#endif
