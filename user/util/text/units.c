// SPDX-License-Identifier: GPL-2.0-only
/* units.c - see units.h */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/units.h"

struct unit {
	const char *name;
	double factor;
};

static const struct unit durations[] = {
	{ "ns", 1 },         { "us", 1e3 },          { "µs", 1e3 },           { "ms", 1e6 },      { "msec", 1e6 },
	{ "s", 1e9 },        { "sec", 1e9 },         { "secs", 1e9 },         { "second", 1e9 },  { "seconds", 1e9 },
	{ "m", 60e9 },       { "min", 60e9 },        { "mins", 60e9 },        { "minute", 60e9 }, { "minutes", 60e9 },
	{ "h", 3600e9 },     { "hour", 3600e9 },     { "hours", 3600e9 },     { "d", 86400e9 },   { "day", 86400e9 },
	{ "days", 86400e9 }, { "millisecond", 1e6 }, { "milliseconds", 1e6 },
};

static const struct unit rates[] = {
	{ "", 1 },       { "bit", 1 },      { "bps", 1 },    { "bit/s", 1 },    { "k", 1e3 },    { "kbit", 1e3 },
	{ "kbps", 1e3 }, { "kbit/s", 1e3 }, { "m", 1e6 },    { "mbit", 1e6 },   { "mbps", 1e6 }, { "mbit/s", 1e6 },
	{ "g", 1e9 },    { "gbit", 1e9 },   { "gbps", 1e9 }, { "gbit/s", 1e9 },
};

/* clang-format off */
static const struct unit sizes[] = {
	{ "", 1 },	     { "b", 1 },	    { "k", 1024 },	   { "kib", 1024 },
	{ "m", 1048576 },    { "mib", 1048576 },    { "g", 1073741824 },   { "gib", 1073741824 },
	{ "t", 1099511627776 }, { "tib", 1099511627776 }, { "kb", 1e3 }, { "mb", 1e6 },
	{ "gb", 1e9 },	     { "tb", 1e12 },	    { "bytes", 1 },	   { "byte", 1 },
};
/* clang-format on */

int units_double_prefix(const char *text, double *ret, const char **ret_end)
{
	const char *p = text;
	char *end;
	double v = 0;

	if (*p == '+' || *p == '-')
		p++;
	if (!isdigit((unsigned char)*p) && !(*p == '.' && isdigit((unsigned char)p[1])))
		return -EINVAL;
	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
		return -EINVAL;
	errno = 0;
	v = strtod(text, &end);
	if (errno == ERANGE || !isfinite(v))
		return -ERANGE;
	/* "3e" of "3 energy" is no exponent; strtod already stops there. */
	*ret = v;
	*ret_end = end;
	return 0;
}

const char *const units_durations[] = { "ms", "s", "min", "h", "d", "us", "ns", NULL };
const char *const units_percents[] = { "%", NULL };
const char *const units_rates[] = { "kbit", "mbit", "gbit", "bit", NULL };
const char *const units_sizes[] = { "KiB", "MiB", "GiB", "TiB", "k", "M", "G", NULL };

/* Number, optional blanks, unit out of @units (case-insensitive), end of text. */
static int scan(const char *what, const char *example, const char *text, const struct unit *units, size_t n,
		double *ret, struct fl_error *err)
{
	const char *end;
	double v = 0;
	size_t i, len;

	if (!text)
		return error_usage(err, "%s: missing", what);
	while (isspace((unsigned char)*text))
		text++;
	if (units_double_prefix(text, &v, &end))
		return error_usage(err, "%s: '%.60s' does not start with a number, for example %s", what, text,
				   example);
	while (isspace((unsigned char)*end))
		end++;
	len = strlen(end);
	while (len && isspace((unsigned char)end[len - 1]))
		len--;
	for (i = 0; i < n; i++)
		if (strlen(units[i].name) == len && !strncasecmp(units[i].name, end, len)) {
			*ret = v * units[i].factor;
			return 0;
		}
	if (!len && v == 0) {
		*ret = 0;
		return 0;
	}
	if (!len)
		return error_usage(err, "%s: '%.60s' has no unit, for example %s", what, text, example);
	return error_usage(err, "%s: unknown unit '%.*s' in '%.60s', for example %s", what, (int)(len > 20 ? 20 : len),
			   end, text, example);
}

int units_offset_ns(const char *text, int64_t *ret_ns, struct fl_error *err)
{
	double v = 0;
	int r = scan("duration", "200ms, 1.5s, 5min", text, durations, ARRAY_SIZE(durations), &v, err);

	if (r)
		return r;
	if (fabs(v) > 9.2e18)
		return error_usage(err, "duration: '%.60s' is too long", text);
	*ret_ns = (int64_t)llround(v);
	return 0;
}

int units_duration_ns(const char *text, uint64_t *ret_ns, struct fl_error *err)
{
	int64_t v = 0;
	int r = units_offset_ns(text, &v, err);

	if (r)
		return r;
	if (v < 0)
		return error_usage(err, "duration: '%.60s' is negative", text);
	*ret_ns = (uint64_t)v;
	return 0;
}

int units_percent_ppm(const char *text, uint32_t *ret_ppm, struct fl_error *err)
{
	static const struct unit percents[] = { { "", 1 }, { "%", 1 }, { "percent", 1 } };
	double v = 0;
	int r = scan("percent", "30%", text, percents, ARRAY_SIZE(percents), &v, err);

	if (r)
		return r;
	if (v < 0 || v > 100)
		return error_usage(err, "percent: '%.60s' is outside 0..100", text);
	*ret_ppm = (uint32_t)lround(v * 10000);
	return 0;
}

int units_rate_bps(const char *text, uint64_t *ret_bps, struct fl_error *err)
{
	double v = 0;
	int r = scan("rate", "1mbit, 100kbit, 1gbit", text, rates, ARRAY_SIZE(rates), &v, err);

	if (r)
		return r;
	if (v < 1 || v > 1e13)
		return error_usage(err, "rate: '%.60s' is outside 1 bit/s .. 10 Tbit/s", text);
	*ret_bps = (uint64_t)llround(v);
	return 0;
}

int units_bytes(const char *text, uint64_t *ret_bytes, struct fl_error *err)
{
	double v = 0;
	int r = scan("size", "64k, 10MiB", text, sizes, ARRAY_SIZE(sizes), &v, err);

	if (r)
		return r;
	if (v < 0 || v > 9.2e18)
		return error_usage(err, "size: '%.60s' is out of range", text);
	*ret_bytes = (uint64_t)llround(v);
	return 0;
}

int units_int(const char *text, int64_t min, int64_t max, int64_t *ret, struct fl_error *err)
{
	char *end;
	long long v;

	if (!text || !*text)
		return error_usage(err, "number: missing");
	errno = 0;
	v = strtoll(text, &end, 0);
	if (end == text || *end)
		return error_usage(err, "number: '%.60s' is not a whole number", text);
	if (errno == ERANGE || v < min || v > max)
		return error_usage(err, "number: '%.60s' is outside %" PRId64 "..%" PRId64, text, min, max);
	*ret = v;
	return 0;
}

int units_double(const char *text, double *ret, struct fl_error *err)
{
	const char *end;
	double v = 0;

	if (!text || units_double_prefix(text, &v, &end) || *end)
		return error_usage(err, "number: '%.60s' is not a decimal number", text ? text : "");
	*ret = v;
	return 0;
}

char *units_format_ns(uint64_t ns, char *buf, size_t size)
{
	static const struct {
		uint64_t ns;
		const char *name;
	} steps[] = { { NS_PER_SEC, "s" }, { NS_PER_MSEC, "ms" }, { NS_PER_USEC, "us" }, { 1, "ns" } };
	const uint64_t hour = 3600 * NS_PER_SEC;
	size_t i;

	if (!ns) {
		snprintf(buf, size, "0s");
		return buf;
	}
	if (ns % hour == 0) { /* 86313600s is nothing that a person reads */
		bool days = ns % (24 * hour) == 0;

		snprintf(buf, size, "%llu%s", (unsigned long long)(ns / hour / (days ? 24 : 1)), days ? "d" : "h");
		return buf;
	}
	for (i = 0; i < ARRAY_SIZE(steps); i++)
		if (ns >= steps[i].ns) {
			double v = (double)ns / (double)steps[i].ns;

			if (v == floor(v))
				snprintf(buf, size, "%.0f%s", v, steps[i].name);
			else
				snprintf(buf, size, "%.6g%s", v, steps[i].name);
			break;
		}
	return buf;
}

char *units_format_ppm(uint32_t ppm, char *buf, size_t size)
{
	snprintf(buf, size, "%.6g%%", ppm / 1e4);
	return buf;
}

char *units_format_bytes(uint64_t bytes, char *buf, size_t size)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double v = (double)bytes;
	size_t i = 0;

	while (v >= 1024 && i + 1 < ARRAY_SIZE(names)) {
		v /= 1024;
		i++;
	}
	snprintf(buf, size, i ? "%.1f %s" : "%.0f %s", v, names[i]);
	return buf;
}
