/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * phrase.h - the services in a phrase, English or Vietnamese: "100% of checkout-svc requests",
 * "1 instance của payment-svc", "liên kết giữa frontend và api-gateway", "w3d2-payment-svc".
 */
#ifndef FL_EXERCISE_PHRASE_H
#define FL_EXERCISE_PHRASE_H

#include <stdbool.h>
#include <stddef.h>

#define PHRASE_MAX 8

struct phrase {
	char found[PHRASE_MAX][100]; /* services, in the order of the phrase, each once */
	size_t n;
	bool edge; /* an arrow, or words for what is between two */
};

/*
 * Read @text; @known (NULL-terminated) are services that exist. A known one counts wherever it stands, also
 * inside a container's name and without its -svc; an unknown one only when no other word can be meant.
 */
void phrase_read(const char *text, const char *const *known, struct phrase *ret);

#endif
