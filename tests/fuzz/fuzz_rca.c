// SPDX-License-Identifier: GPL-2.0-only
/* libFuzzer entry: any body as the answer of /rca. What is read must keep its promises. */
#include "score/pipeline/pipeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_error err = {};
	struct cause *causes = NULL;
	json_t *evidence = NULL;
	uint32_t n = 0, i;

	if (pipeline_read_rca(NULL, (const char *)data, size, &causes, &n, &evidence, &err)) {
		if (!err.message[0] || causes)
			abort();
		return 0;
	}
	for (i = 0; i < n; i++)
		if (!causes[i].service[0] || causes[i].confidence < 0 || causes[i].confidence > 1)
			abort();
	if (n && causes[0].n_evidence != json_array_size(evidence))
		abort();
	free(causes);
	json_decref(evidence);
	return 0;
}
