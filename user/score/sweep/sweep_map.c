// SPDX-License-Identifier: GPL-2.0-only
/* sweep_map.c - see sweep_map.h */
#include <string.h>

#include "score/sweep/sweep_map.h"

static void append_limit(const struct sweep *s, enum sweep_curve c, struct text *out)
{
	struct limit l;
	char at[32];

	sweep_limit(s, c, false, &l);
	switch (l.state) {
	case LIMIT_FOUND: text_append(out, "%s", sweep_size_text(&s->size, limit_at(&l), at, sizeof(at))); break;
	case LIMIT_BELOW:
		text_append(out, "%s%s", s->size.falling ? ">" : "<",
			    sweep_size_text(&s->size, s->range.lo, at, sizeof(at)));
		break;
	case LIMIT_ABOVE:
		text_append(out, "%s%s", s->size.falling ? "<" : ">",
			    sweep_size_text(&s->size, s->range.hi, at, sizeof(at)));
		break;
	case LIMIT_NOISY: text_append(out, "noisy"); break;
	default: text_append(out, "?");
	}
}

const char *sweep_cell_text(const struct sweep *s, char *buf, size_t len)
{
	struct text t = {};

	append_limit(s, SWEEP_FELT, &t);
	if (sweep_asks(s, SWEEP_REPORTED)) {
		text_append(&t, " / ");
		append_limit(s, SWEEP_REPORTED, &t);
	}
	text_copy(buf, len, t.s ? t.s : "");
	text_free(&t);
	return buf;
}

uint32_t sweep_map_words(const struct sweep_cell *v, uint32_t n, bool kinds, const char **ret)
{
	uint32_t i, k, count = 0;

	for (i = 0; i < n; i++) {
		const char *word = kinds ? v[i].kind : v[i].service;

		for (k = 0; k < count && strcmp(ret[k], word) != 0; k++)
			;
		if (k == count)
			ret[count++] = word;
	}
	return count;
}

void sweep_map_at(const struct sweep_cell *v, uint32_t n, const char *service, const char *kind, struct text *out)
{
	const char *between = "";
	uint32_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(v[i].service, service) && !strcmp(v[i].kind, kind)) {
			text_append(out, "%s%s", between, v[i].text);
			between = "; ";
		}
}
