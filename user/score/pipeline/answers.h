/* SPDX-License-Identifier: GPL-2.0-only */
/* answers.h - what of a pipeline's answers could not be used, so that it is not taken for its silence. */
#ifndef FL_ANSWERS_H
#define FL_ANSWERS_H

#include "score/score.h"

/*
 * Is what could not be read the reason why the experiment counts as missed (or as without a cause)? Then no
 * rule may blame the detector. *ret_symptom and *ret_cause are filled.
 */
bool answers_explain(const struct result *r, char *ret_symptom, char *ret_cause, size_t size);

/* The lines below the scoreboard: nothing when every answer was understood. */
void answers_print(const struct result *results, uint32_t n, struct text *out);

#endif
