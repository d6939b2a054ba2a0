/* SPDX-License-Identifier: GPL-2.0-only */
/* promtext.h - reads the Prometheus text format, sample by sample. */
#ifndef LAB_PROMTEXT_H
#define LAB_PROMTEXT_H

#include <stdbool.h>
#include <stddef.h>

#define PROM_MAX_LABELS 8

struct prom_sample {
	const char *name;
	struct {
		const char *name, *value;
	} labels[PROM_MAX_LABELS];
	unsigned int n_labels;
	double value; /* +Inf, -Inf and NaN as they are */
};

/* The label's value, or NULL. */
const char *prom_label(const struct prom_sample *s, const char *name);

/*
 * Call @each for every sample of @text, which is cut up. Comments, empty lines, time stamps and
 * lines that make no sense are passed over. Returns how many made no sense.
 */
unsigned int prom_parse(char *text, void (*each)(void *context, const struct prom_sample *s), void *context);

#endif
