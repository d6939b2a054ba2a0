// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as a file of the chaos exercise: read with all findings, completed, and as a Prometheus configuration.
 * Run it with
 * -detect_leaks=0: libfyaml 0.7.12 loses some blocks of its own when a document ends in an error.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "model/experiment.h"
#include "suite/exercise/entry.h"
#include "tests/fuzz/kinds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct finding *found = NULL;
	struct suite *s = NULL;
	struct fl_error err = {};
	struct text out = {};
	char **services = NULL;
	uint32_t n = 0;

	/* All findings at once: a suite, whatever is wrong with it, or no YAML. */
	if (!suite_read_text("fuzz", (const char *)data, size, table, &s, &err)) {
		if (!s || suite_check(s, &found, &n, &err))
			abort();
		free(found);
	}
	suite_free(s);
	/* What is completed is a suite of our own form: suite_complete() reads it again. */
	found = NULL;
	error_clear(&err);
	if (suite_complete("fuzz", (const char *)data, size, table, &out, &found, &n, &err) && err.exit == FL_EXIT_OK)
		abort();
	free(found);
	text_free(&out);
	targets_read((const char *)data, size, &services);
	words_free(services);
	return 0;
}
