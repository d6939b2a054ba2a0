// SPDX-License-Identifier: GPL-2.0-only
/* libFuzzer entry: any file as chaos_results.json; what is read goes through every score and back to
 * JSON, which has to read the same. */
#include "score/score.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_again(const struct result *r)
{
	json_t *first = result_json(r), *second;
	struct result back;

	if (!first || result_from_json(first, &back, NULL))
		abort();
	second = result_json(&back);
	if (!json_equal(first, second))
		abort();
	json_decref(first);
	json_decref(second);
	result_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_error err = {};
	struct result *r = NULL;
	struct gap *gaps = NULL;
	struct text out = {};
	struct score score;
	uint32_t n = 0, n_gaps = 0, i;

	if (results_parse("fuzz", (const char *)data, size, &r, &n, &err)) {
		if (!err.message[0])
			abort();
		return 0;
	}
	score_compute(r, n, &score);
	if (!score_gaps(r, n, NULL, &gaps, &n_gaps, NULL)) {
		scoreboard_print(r, n, &score, gaps, n_gaps, &out);
		gaps_free(gaps, n_gaps);
	}
	for (i = 0; i < n; i++)
		same_again(&r[i]);
	text_free(&out);
	results_free(r, n);
	return 0;
}
