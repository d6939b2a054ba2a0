/* SPDX-License-Identifier: GPL-2.0-only */
/* sweep_map.h - the limits of several sweeps as a map: services by kinds of fault, "22ms / 168ms" in each cell. Pure. */
#ifndef FL_SWEEP_MAP_H
#define FL_SWEEP_MAP_H

#include "score/sweep/sweep.h"

/* One sweep's. */
struct sweep_cell {
	const char *service, *kind;
	char text[96];
};

/* "22ms / 168ms": felt, and reported where a pipeline was asked; "<1ms" and ">1s" for a limit outside of what was tried, "?" for
 * one that is not known. Returns @buf. */
const char *sweep_cell_text(const struct sweep *s, char *buf, size_t len);

/* The services, or the @kinds, each once, in their order; @ret has room for @n. Returns how many. */
uint32_t sweep_map_words(const struct sweep_cell *v, uint32_t n, bool kinds, const char **ret);

/* What is known of that service and that kind, appended; nothing where nothing was swept. */
void sweep_map_at(const struct sweep_cell *v, uint32_t n, const char *service, const char *kind, struct text *out);

#endif
