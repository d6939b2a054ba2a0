// SPDX-License-Identifier: GPL-2.0-only
/* control.c - see control.h */
#include <stdlib.h>

#include "tools/lab/pipeline/control.h"
#include "tools/lab/pipeline/graph.h"

/* So much slower than usual, and slow enough for what latencies are judged by (detector.c). */
#define FACTOR   5.0
#define SLOW_S   0.03
#define FAILED_S 1.0 /* no answer in time: slower than any answer */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const double *v, unsigned int n)
{
	double sorted[CONTROL_TICKS > GRAPH_MAX ? CONTROL_TICKS : GRAPH_MAX] = {};
	unsigned int i;

	for (i = 0; i < n; i++)
		sorted[i] = v[i];
	qsort(sorted, n, sizeof(sorted[0]), by_value);
	return n ? sorted[n / 2] : 0;
}

bool control_is_calm(struct control *c, const struct observation *now, unsigned int n, bool late, unsigned int window)
{
	double took[GRAPH_MAX] = {}, middle;
	unsigned int i;

	for (i = 0; i < n && i < GRAPH_MAX; i++)
		took[i] = now[i].up ? now[i].took_s : FAILED_S;
	middle = median(took, i);
	if (late || (middle > SLOW_S && middle > FACTOR * median(c->usual, c->n))) {
		c->wait = window;
		return false;
	}
	c->usual[c->next] = middle;
	c->next = (c->next + 1) % CONTROL_TICKS;
	if (c->n < CONTROL_TICKS)
		c->n++;
	if (!c->wait)
		return true;
	c->wait--;
	return false;
}
