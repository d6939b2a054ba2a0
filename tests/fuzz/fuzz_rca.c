// SPDX-License-Identifier: GPL-2.0-only
/* libFuzzer entry: any body as the answer of /rca. What is read must keep its promises. */
#include "score/pipeline/pipeline_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_error err = {};
	struct cause *causes = NULL;
	json_t *evidence = NULL;
	struct pipeline_made made;
	uint32_t n = 0, i;

	if (pipeline_read_rca(NULL, (const char *)data, size, &causes, &n, &evidence, &err)) {
		if (!err.message[0] || causes)
			abort();
	}
	for (i = 0; i < n; i++)
		if (!causes[i].service[0] || causes[i].confidence < 0 || causes[i].confidence > 1)
			abort();
	if (n && causes[0].n_evidence != json_array_size(evidence))
		abort();
	free(causes);
	json_decref(evidence);
	/* As a refusal: what it asks for is a template. */
	if (pipeline_wanted((const char *)data, size, &made)) {
		json_t *template = json_loads(made.body, 0, NULL);

		if (!json_is_object(template) || !made.name[0])
			abort();
		json_decref(template);
	}
	return 0;
}
