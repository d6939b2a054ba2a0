// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes through the suite loader: it answers with a suite or with an error, and soon. Run it with
 * -detect_leaks=0: libfyaml 0.7.12 loses some blocks of its own when a document ends in an error.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "model/experiment.h"
#include "tests/fuzz/kinds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_error err = {};
	struct finding *found = NULL;
	struct suite *s = NULL;
	uint32_t n;

	if (suite_parse("fuzz", (const char *)data, size, table, &s, &err)) {
		if (s || err.exit == FL_EXIT_OK)
			abort();
		return 0;
	}
	if (!s->n || suite_check(s, &found, &n, &err))
		abort();
	free(found);
	suite_free(s);
	return 0;
}
