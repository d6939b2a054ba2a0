// SPDX-License-Identifier: GPL-2.0-only
/*
 * svg_graph.c - the dependency graph (see svg.h): a column per number of calls from the outside,
 * callers left, one box a service. A service that most others call (a resolver, a log store) would
 * cover the picture with lines that say nothing: it stands apart, dashed, without them.
 */
#include <string.h>
#include <strings.h>

#include "report/svg.h"
#include "score/evidence.h"
#include "score/graph.h"

#define BOX_W   118
#define BOX_H   26
#define COLUMN  150
#define ROW     36
#define SHOWN   60 /* larger graphs would be no picture */
#define TARGETS 16

struct layout {
	struct graph g;
	int column[GRAPH_MAX], row[GRAPH_MAX];
	uint32_t shared[GRAPH_MAX]; /* by how many it is called, when that is most of them */
	int columns, rows;
};

/* Take the edges of the shared services out. */
static void set_apart(struct layout *l)
{
	uint32_t i, j, callers;

	for (i = 0; i < l->g.n; i++) {
		for (callers = 0, j = 0; j < l->g.n; j++)
			callers += l->g.calls[j][i];
		if (callers < 4 || 2 * callers < l->g.n)
			continue;
		l->shared[i] = callers;
		for (j = 0; j < l->g.n; j++)
			l->g.calls[j][i] = false;
	}
}

/* The longest way from a service that nobody calls; a cycle ends at the number of services. */
static void place(struct layout *l)
{
	int used[GRAPH_MAX] = {};
	uint32_t i, j, round;

	for (round = 0; round < l->g.n; round++)
		for (i = 0; i < l->g.n; i++)
			for (j = 0; j < l->g.n; j++)
				if (l->g.calls[i][j] && i != j && l->column[j] <= l->column[i] &&
				    l->column[i] + 1 < (int)l->g.n)
					l->column[j] = l->column[i] + 1;
	for (i = 0; i < l->g.n; i++) {
		l->row[i] = used[l->column[i]]++;
		if (l->row[i] >= l->rows)
			l->rows = l->row[i] + 1;
		if (l->column[i] >= l->columns)
			l->columns = l->column[i] + 1;
	}
}

static bool among(const char *name, const char **list, uint32_t n)
{
	while (n--)
		if (!strcasecmp(name, list[n]))
			return true;
	return false;
}

static const char *box_class(const char *name, const struct result *r, const char **targets, uint32_t n)
{
	bool hit = among(name, targets, n);
	bool blamed = r->rca_service && !strcasecmp(name, r->rca_service);

	if (hit && blamed)
		return " hitblamed";
	return hit ? " hit" : blamed ? " blamed" : "";
}

static int x_of(const struct layout *l, uint32_t i)
{
	return 4 + l->column[i] * COLUMN;
}

static int y_of(const struct layout *l, uint32_t i)
{
	return 6 + l->row[i] * ROW;
}

static void edge(const struct layout *l, uint32_t from, uint32_t to, struct text *out)
{
	int x1 = x_of(l, from) + BOX_W, y1 = y_of(l, from) + BOX_H / 2;
	int x2 = x_of(l, to), y2 = y_of(l, to) + BOX_H / 2, bend = (COLUMN - BOX_W) / 2 + 10;

	text_append(out, "<path class='edge' d='M%d %dC%d %d %d %d %d %d'/>", x1, y1, x1 + bend, y1, x2 - bend, y2,
		    x2 - 3, y2);
}

static void box(const struct layout *l, uint32_t i, const struct result *r, const char *class, struct text *out)
{
	uint32_t j, alerts = 0;

	for (j = 0; j < r->alerts.n; j++)
		alerts += !strcasecmp(r->alerts.v[j].service, l->g.name[i]) &&
			  alert_place(r, &r->alerts.v[j]) == ALERT_IN_FAULT;
	text_append(out,
		    "<g class='box%s%s'><rect x='%d' y='%d' width='%d' height='%d' rx='5'/>"
		    "<text x='%d' y='%d' text-anchor='middle'>",
		    l->shared[i] ? " shared" : "", class, x_of(l, i), y_of(l, i), BOX_W, BOX_H, x_of(l, i) + BOX_W / 2,
		    y_of(l, i) + 17);
	html_escape(out, l->g.name[i]);
	text_append(out, "</text>");
	if (l->shared[i])
		text_append(out, "<title>%u ←</title>", l->shared[i]);
	if (alerts)
		text_append(out,
			    "<circle class='count' cx='%d' cy='%d' r='8'/>"
			    "<text class='count' x='%d' y='%d' text-anchor='middle'>%u</text>",
			    x_of(l, i) + BOX_W - 3, y_of(l, i) + 2, x_of(l, i) + BOX_W - 3, y_of(l, i) + 6, alerts);
	text_append(out, "</g>");
}

void svg_graph(const struct folder *f, const struct result *r, const struct words *w, struct text *out)
{
	struct layout *l = calloc(1, sizeof(*l));
	const char *targets[TARGETS];
	uint32_t n =
		evidence_was_on(r) && r->status != RESULT_NOT_MANIFESTED ? evidence_targets(r, targets, TARGETS) : 0;
	uint32_t i, j;

	if (l)
		graph_init(&l->g, folder_graph(f));
	if (!l || !l->g.n || l->g.n > SHOWN) {
		free(l);
		return;
	}
	set_apart(l);
	place(l);
	text_append(out,
		    "<svg class='graph' viewBox='0 -8 %d %d' style='max-width:%dpx' role='img' "
		    "aria-label='%s'>",
		    l->columns * COLUMN, l->rows * ROW + 10, l->columns * COLUMN, w->dependencies);
	for (i = 0; i < l->g.n; i++)
		for (j = 0; j < l->g.n; j++)
			if (l->g.calls[i][j])
				edge(l, i, j, out);
	for (i = 0; i < l->g.n; i++)
		box(l, i, r, box_class(l->g.name[i], r, targets, n), out);
	text_append(out, "</svg>\n");
	free(l);
}
