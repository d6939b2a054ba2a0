// SPDX-License-Identifier: GPL-2.0-only
/* gate.c - see gate.h. One thread asks: the one that switches faults on. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/gate.h"
#include "policy/halt.h"
#include "policy/policy.h"
#include "util/clock.h"
#include "util/text/text.h"

#define UNREADABLE_NS (5 * NS_PER_SEC)

/* The policy is read again when its file is another one than before. */
static int current_policy(const struct policy **ret, struct fl_error *err)
{
	static struct policy policy;
	static struct stat seen;
	static bool loaded;
	struct stat now = {};
	int r;

	if (stat(POLICY_FILE, &now))
		now = (struct stat){ .st_ino = 0 };
	if (!loaded || !now.st_ino || now.st_ino != seen.st_ino || now.st_size != seen.st_size ||
	    now.st_mode != seen.st_mode || now.st_uid != seen.st_uid ||
	    memcmp(&now.st_ctim, &seen.st_ctim, sizeof(now.st_ctim))) {
		policy_free(&policy);
		loaded = false;
		r = policy_load(&policy, err);
		if (r)
			return r;
		loaded = true;
		seen = now;
	}
	*ret = &policy;
	return 0;
}

static int find_window(const struct window **ret, struct fl_error *err)
{
	const struct policy *p = NULL;
	int r = current_policy(&p, err);
	uint32_t i;
	bool on;

	*ret = NULL;
	for (i = 0; !r && !*ret && i < p->n_windows; i++) {
		r = window_is_on(&p->windows[i], (int64_t)clock_wall_s(), &on, err);
		if (!r && on)
			*ret = &p->windows[i];
	}
	return r;
}

int gate_check(struct fl_error *err)
{
	const struct window *w;
	struct halt halt;
	char text[400];
	int r;

	halt_read(&halt);
	if (halt.on) {
		error_env(err, EPERM, "refused: this host is %s", halt_text(&halt, text, sizeof(text)));
		error_hint(err, "faultline allow lifts it");
		return -EPERM;
	}
	r = find_window(&w, err);
	if (r || !w)
		return r;
	error_env(err, EPERM, "refused: it is the forbidden window %s", window_text(w, text, sizeof(text)));
	error_hint(err, "see " POLICY_FILE);
	return -EPERM;
}

bool gate_must_end(struct ended *ret)
{
	static uint64_t unreadable_since_ns;
	const struct window *w;
	struct fl_error err = {};
	struct halt halt;
	char text[300];

	*ret = (struct ended){ .when = clock_wall_s() };
	halt_read(&halt);
	if (halt.on) {
		ret->by = halt.by;
		snprintf(ret->why, sizeof(ret->why), "halt%s%.180s", halt.reason[0] ? ": " : "", halt.reason);
		return true;
	}
	if (find_window(&w, &err)) {
		if (!unreadable_since_ns)
			unreadable_since_ns = clock_mono_ns();
		snprintf(ret->why, sizeof(ret->why), "%.190s", err.message);
		return clock_mono_ns() - unreadable_since_ns > UNREADABLE_NS;
	}
	unreadable_since_ns = 0;
	if (w)
		snprintf(ret->why, sizeof(ret->why), "forbidden window %.170s", window_text(w, text, sizeof(text)));
	return w != NULL;
}
