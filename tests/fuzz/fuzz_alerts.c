// SPDX-License-Identifier: GPL-2.0-only
/* libFuzzer entry: any body as the answer of /alerts and /correlate, by every adapter, and then
 * through the windows and the gaps. */
#include "score/pipeline/pipeline_read.h"
#include "score/score.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void one(const struct pipeline_config *c, const char *body, size_t size)
{
	struct result r = { .baseline_start = 1,
			    .baseline_end = 1e9,
			    .inject = 1e9,
			    .window_end = 2e9,
			    .pipeline_reachable_before = true,
			    .pipeline_reachable_during = true };
	struct fl_error err = {};
	struct gap *gaps = NULL;
	json_t *more = NULL;
	uint32_t n_gaps = 0;

	if (pipeline_read_alerts(c, body, size, &r.alerts, &err) && !err.message[0])
		abort(); /* an error without words */
	/* As the second answer of an adapter, too. */
	if (!pipeline_parse("more", body, size, &more, NULL)) {
		pipeline_note_rules(more, &r.alerts, 0);
		pipeline_note_groups(more, &r.alerts, 0);
		json_decref(more);
	}
	pipeline_read_clusters(c, body, size, &r.clusters, NULL);
	score_detect(&r);
	if (!score_gaps(&r, 1, NULL, &gaps, &n_gaps, NULL))
		gaps_free(gaps, n_gaps);
	result_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pipeline_config prometheus = { .adapter = "prometheus" };
	static const struct pipeline_config alertmanager = { .adapter = "alertmanager" };

	one(NULL, (const char *)data, size);
	one(&prometheus, (const char *)data, size);
	one(&alertmanager, (const char *)data, size);
	return 0;
}
