/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pins.h - the pinned maps of a session as another process sees them: read and change a rule,
 * read its proof, without a word to the owner.
 */
#ifndef FL_PINS_H
#define FL_PINS_H

#include <stdint.h>

#include "bpf/abi/abi.h"
#include "util/error.h"

struct pins {
	int rules_fd, proofs_fd;
};

/* Open the maps of session @name; release with pins_close(). */
int pins_open(const char *name, struct pins *ret, struct fl_error *err);
void pins_close(struct pins *p);

int pins_get_rule(const struct pins *p, uint32_t rule, struct fl_rule *ret, struct fl_error *err);
int pins_set_rule(const struct pins *p, uint32_t rule, const struct fl_rule *value, struct fl_error *err);

/* Add the rule's proof, summed over CPUs, to *sum. */
int pins_add_proof(const struct pins *p, uint32_t rule, struct fl_proof *sum, struct fl_error *err);

#endif
