// SPDX-License-Identifier: GPL-2.0-only
/* probe_log.c - the lines of probe.log, both ways, and what a window of them says. See probe.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/probe/probe.h"
#include "util/cleanup.h"
#include "util/percentile.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define LOG_MAX (256u << 20)

/* Whole seconds and milliseconds, cut off as date and bash arithmetic do: 499.9 ms passes a limit
 * of 500 and must not read 500. */
char *probe_format(const struct probe_sample *s, char *buf, size_t size)
{
	long long ts = (long long)floor(s->wall_s), ms = (long long)floor(s->latency_ms);

	if (s->pass)
		snprintf(buf, size, "%lld pass %lld", ts, ms);
	else
		snprintf(buf, size, "%lld fail %03d %lld", ts, s->http_code, ms);
	return buf;
}

/* "<ts> pass <ms>" or "<ts> fail <code> <ms>"; cuts @line up. */
static bool parse_line(char *line, struct probe_sample *ret)
{
	char *save = NULL, *word[5];
	int64_t ts, code = 200, ms;
	int n;

	for (n = 0; n < 5; n++) {
		word[n] = strtok_r(n ? NULL : line, " ", &save);
		if (!word[n])
			break;
	}
	if (n < 3 || units_int(word[0], 0, INT32_MAX * 128ll, &ts, NULL))
		return false;
	ret->pass = !strcmp(word[1], "pass");
	if (ret->pass ? n != 3 : n != 4 || strcmp(word[1], "fail"))
		return false;
	/* "000" would be read as one number anyway, but 010 must not become octal: strip zeros. */
	if (!ret->pass) {
		const char *digits = word[2] + strspn(word[2], "0");

		if (units_int(*digits ? digits : "0", 0, 999, &code, NULL))
			return false;
	}
	if (units_int(word[n - 1], 0, INT32_MAX, &ms, NULL))
		return false;
	ret->wall_s = (double)ts;
	ret->mono_ns = (uint64_t)ts * 1000000000ull;
	ret->http_code = (int)code;
	ret->latency_ms = (double)ms;
	return true;
}

int probe_read_log(const char *path, struct probe_sample **ret, uint32_t *ret_n, uint32_t *ret_malformed,
		   struct fl_error *err)
{
	_cleanup_free_ char *text = NULL;
	char *save = NULL, *line;
	struct probe_sample *v;
	uint32_t n = 0, malformed = 0;
	size_t len, lines = 0, i;
	int rc = file_read(path, LOG_MAX, &text, &len, err);

	if (rc)
		return rc;
	for (i = 0; i < len; i++)
		lines += text[i] == '\n';
	v = calloc(lines + 1, sizeof(*v));
	if (!v)
		return error_sys(err, ENOMEM, "cannot read %s: out of memory", path);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		line[strcspn(line, "\r")] = '\0';
		if (line[strspn(line, " \t")] == '#' || !line[strspn(line, " \t")])
			continue; /* "# probe started at TS endpoint=URL", as the exercise's probe writes it */
		if (parse_line(line, &v[n]))
			n++;
		else
			malformed++;
	}
	*ret = v;
	*ret_n = n;
	*ret_malformed = malformed;
	return 0;
}

void probe_summarise_samples(const struct probe_sample *samples, uint32_t n, uint64_t from_mono_ns, uint64_t to_mono_ns,
			     struct probe_summary *ret)
{
	_cleanup_free_ double *ms = calloc(n + 1u, sizeof(*ms));
	uint32_t i;

	*ret = (struct probe_summary){ .pass_rate = NAN, .latency_p50_ms = NAN, .latency_p99_ms = NAN };
	for (i = 0; i < n; i++) {
		if (samples[i].mono_ns < from_mono_ns || samples[i].mono_ns >= to_mono_ns)
			continue;
		if (ms)
			ms[ret->n] = samples[i].latency_ms;
		ret->n++;
		ret->passed += samples[i].pass;
	}
	if (!ret->n)
		return;
	ret->pass_rate = (double)ret->passed / ret->n;
	if (ms) {
		ret->latency_p50_ms = percentile(ms, ret->n, 0.50);
		ret->latency_p99_ms = percentile(ms, ret->n, 0.99);
	}
}
