// SPDX-License-Identifier: GPL-2.0-only
/* inject_hint.c - a fault hit nothing: why that may be, in the words of its kind and with the options
 * that were given. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bpf/abi/abi.h"
#include "cmd/cmd.h"
#include "cmd/fault/inject.h"
#include "util/cleanup.h"
#include "util/text/text.h"

#define WIDTH 90

/* What was asked for, of what narrows a match. */
static void add_narrowing(const struct fault *f, struct text *to)
{
	static const char *const names[] = { "peer", "port",   "local-port", "peer-port", "protocol",
					     "path", "method", "name",       "syscall",   NULL };
	uint32_t i, j, n = 0;

	for (i = 0; i < f->params.n; i++) {
		const struct param_value *v = &f->params.v[i];

		for (j = 0; names[j] && strcmp(names[j], v->param->name) != 0; j++)
			;
		if (!names[j] || !v->given)
			continue;
		text_append(to, "%s--%s %s", n++ ? ", " : " Is what flows really ", v->param->name, v->text);
	}
	if (n)
		text_append(to, "?");
}

static void say_unmatched(const struct fault *f, struct text *to)
{
	const struct param_value *way = params_find(&f->params, "direction"), *share = params_find(&f->params, "share");
	const char *words = f->ops->hints.unmatched;

	if (words || f->ops->need_veth)
		text_append(to, "%s", words ? words : "No packet met its match: is there traffic at all?");
	add_narrowing(f, to);
	if (way && strcmp(way->text, "both") != 0)
		text_append(to, " Is --direction %s the right way round?", way->text);
	if (share && share->u64 < FL_PPM)
		text_append(to, " Is --share %s too small?", share->text);
	if (f->ops->look)
		f->ops->look(f, to);
}

static void say_spared(const struct fault *f, const struct fault_proof *p, struct text *to)
{
	const struct param_value *percent = params_find(&f->params, "percent");
	const char *words = f->ops->hints.spared;

	text_append(to, "%" PRIu64 " matched. ", p->matched);
	if (words)
		text_append(to, "%s", words);
	else if (percent && percent->u64 < FL_PPM)
		text_append(to, "The draw spared all of them: a higher --percent, or a longer --for.");
	else
		text_append(to, "None of them was hit.");
}

void inject_print_hint(const struct fault *f, const struct fault_proof *p)
{
	struct text text = {};

	if (p->skipped) {
		text_append(&text, "%" PRIu64 " should have been hit and could not be. ", p->skipped);
		text_append(&text, "%s", f->ops->hints.skipped ? f->ops->hints.skipped : "");
	} else if (p->matched) {
		say_spared(f, p, &text);
	} else if (p->spared) {
		text_append(&text, "All that met its match is protected, and was left out: faultline doctor "
				   "lists what is.");
	} else {
		say_unmatched(f, &text);
	}
	if (text.len) {
		printf("  ");
		cmd_print_wrapped(text.s[0] == ' ' ? text.s + 1 : text.s, 2, WIDTH);
	}
	text_free(&text);
}
