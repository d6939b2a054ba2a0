/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * halt.h - the state in which no fault may be on: FL_STATE_DIR/halt.json, which survives a reboot.
 * It is there: halted. It cannot be read, or says nothing that is understood: halted as well.
 */
#ifndef FL_HALT_H
#define FL_HALT_H

#include <stdbool.h>

#include "util/caller.h"
#include "util/error.h"
#include "util/kept.h"

#define HALT_FILE FL_STATE_DIR "/halt.json"

struct halt {
	bool on;
	struct caller by;
	double since;     /* epoch seconds; 0 unknown */
	char reason[200]; /* may be empty */
};

void halt_read(struct halt *ret);
int halt_set(const struct halt *h, struct fl_error *err);
int halt_clear(struct fl_error *err);

/* "halted by alice (pts/3) since 2026-11-30 12:00:01: deploy freeze". Returns @buf. */
const char *halt_text(const struct halt *h, char *buf, size_t size);

/* {"by": {...}, "since_wall", "reason"}; null when not halted. */
json_t *halt_json(const struct halt *h);

#endif
