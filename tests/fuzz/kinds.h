/* SPDX-License-Identifier: GPL-2.0-only */
/* kinds.h - a table of one kind for the parsers of experiment files, with a parameter of each sort. */
#ifndef FLTEST_FUZZ_KINDS_H
#define FLTEST_FUZZ_KINDS_H

#include "fault/fault.h"

static const struct param params[] = { { .name = "delay", .type = PARAM_DURATION, .def = "1s", .live = true },
				       { .name = "percent", .type = PARAM_PERCENT },
				       { .name = "peer", .type = PARAM_PEERS },
				       {} };

static inline int update(struct fault *f, struct fl_error *err)
{
	(void)f;
	(void)err;
	return 0;
}

static const struct fault_ops latency = { .name = "latency", .params = params, .update = update };
static const struct fault_ops *const table[] = { &latency, NULL };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
