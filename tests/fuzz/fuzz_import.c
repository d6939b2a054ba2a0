// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes through the importers; the first byte chooses which. What they accept must be written as a
 * suite that loads: import_write() loads it. (-detect_leaks=0 as for fuzz_load.)
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "import/import.h"

static const struct param match[] = {
	{ .name = "direction", .type = PARAM_STRING }, { .name = "peer", .type = PARAM_PEERS },
	{ .name = "local-port", .type = PARAM_PORTS }, { .name = "peer-port", .type = PARAM_PORTS },
	{ .name = "protocol", .type = PARAM_STRING },  {}
};
static const struct param params[] = { { .name = "delay", .type = PARAM_DURATION, .def = "1s" },
				       { .name = "jitter", .type = PARAM_DURATION },
				       { .name = "percent", .type = PARAM_PERCENT },
				       { .name = "correlation", .type = PARAM_PERCENT },
				       { .name = "offset", .type = PARAM_OFFSET },
				       { .name = "rate", .type = PARAM_RATE },
				       { .name = "burst", .type = PARAM_BYTES },
				       { .name = "path", .type = PARAM_STRING },
				       {} };
#define KIND(n) static const struct fault_ops n = { .name = #n, .params = params, .common = match }
KIND(latency);
KIND(network_loss);
KIND(network_partition);
KIND(bandwidth);
KIND(duplicate);
KIND(availability);
KIND(cpu_saturation);
KIND(http_latency);
KIND(dns_error);
KIND(time_skew);
KIND(pause);
static const struct fault_ops *const table[] = {
	&latency,        &network_loss, &network_partition, &bandwidth, &duplicate, &availability,
	&cpu_saturation, &http_latency, &dns_error,         &time_skew, &pause,     NULL,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const formats[] = { "chaos-mesh", "chaostoolkit", "pumba" };
	struct import im = { .table = table };
	struct fl_error err = {};
	struct text out = {};
	char *text;

	if (!size)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	if (import_text(&im, formats[data[0] % 3], "fuzz", text, strlen(text), &err)) {
		if (err.exit == FL_EXIT_OK)
			abort();
	} else if (!im.n || import_write(&im, &out, &err)) {
		error_print(&err, stderr);
		fputs(out.s, stderr);
		abort();
	}
	text_free(&out);
	import_free(&im);
	free(text);
	return 0;
}
