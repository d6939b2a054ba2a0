// SPDX-License-Identifier: GPL-2.0-only
/* protected_watch.c - see protected.h */
#include <errno.h>
#include <string.h>

#include "fault/protected.h"
#include "policy/protect.h"
#include "util/clock.h"

#define UNSURE_NS (5 * NS_PER_SEC)

/* False: it cannot be told whether it has to end. */
static bool end_one(struct fault *f, bool patient, changes_fn fn, void *ctx, struct fl_error *err)
{
	struct fl_error why = {};
	const char *text;
	int r = protected_again(f, &why);

	if (!r)
		return true;
	if (r != -EPERM && patient)
		return false;
	text = !strncmp(why.message, "refused: ", 9) ? why.message + 9 : why.message;
	if (!fault_activate(f, false, err))
		changes_note(f,
			     json_pack("{s:f, s:s, s:o}", "t", clock_wall_s(), "what", "protected", "text",
				       json_sprintf("the fault has been ended: %s", text)),
			     fn, ctx);
	return true;
}

void protected_watch(struct fault *const *v, uint32_t n, uint64_t *unsure_ns, changes_fn fn, void *ctx,
		     struct fl_error *err)
{
	uint64_t stamp = protect_stamp(), now = clock_mono_ns();
	bool patient = !*unsure_ns || now - *unsure_ns < UNSURE_NS, unsure = false;
	uint32_t i;

	for (i = 0; i < n; i++) {
		if (!v[i]->active || v[i]->protect_stamp == stamp)
			continue;
		if (end_one(v[i], patient, fn, ctx, err))
			v[i]->protect_stamp = stamp;
		else
			unsure = true;
	}
	*unsure_ns = !unsure ? 0 : *unsure_ns ? *unsure_ns : now;
}
