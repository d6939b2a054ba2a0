// SPDX-License-Identifier: GPL-2.0-only
/* forms.c - numbers, times and foreign text in the form the reports show them. See report.h. */
#include <ctype.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "report/report.h"
#include "util/json/json_path.h"

const char *report_ratio(double v, char *buf, size_t size)
{
	if (isfinite(v))
		snprintf(buf, size, "%.2f", v);
	else
		text_copy(buf, size, "n/a");
	return buf;
}

const char *report_percent(double v, char *buf, size_t size)
{
	if (isfinite(v))
		snprintf(buf, size, "%.3g %%", 100 * v);
	else
		text_copy(buf, size, "n/a");
	return buf;
}

const char *report_ms(double ms, char *buf, size_t size)
{
	if (isfinite(ms))
		snprintf(buf, size, "%.*f ms", ms < 10 ? 1 : 0, ms);
	else
		text_copy(buf, size, "n/a");
	return buf;
}

const char *report_time(double epoch_s, char *buf, size_t size)
{
	struct tm tm;
	time_t t;

	text_copy(buf, size, "n/a");
	if (!isfinite(epoch_s) || epoch_s <= 0 || epoch_s > 253402300799.0)
		return buf;
	t = (time_t)epoch_s;
	if (gmtime_r(&t, &tm))
		strftime(buf, size, "%Y-%m-%d %H:%M:%SZ", &tm);
	return buf;
}

double report_number(const struct result *r, const char *path)
{
	return json_number_or_nan(json_path(r->detail, path));
}

void markdown_escape(struct text *out, const char *s)
{
	const char *begin = s;

	for (; s && *s; s++) {
		/* Inside a word an underscore is no markup, and identifiers stay readable. */
		bool joins = *s == '_' && s > begin && isalnum((unsigned char)s[-1]) && isalnum((unsigned char)s[1]);

		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			text_append(out, " ");
		else if (!joins && strchr("\\`*_[]<>|#~", *s))
			text_append(out, "\\%c", *s);
		else
			text_append_bytes(out, s, 1);
	}
}

void html_escape(struct text *out, const char *s)
{
	for (; s && *s; s++) {
		switch (*s) {
		case '&': text_append(out, "&amp;"); break;
		case '<': text_append(out, "&lt;"); break;
		case '>': text_append(out, "&gt;"); break;
		case '"': text_append(out, "&quot;"); break;
		case '\'': text_append(out, "&#39;"); break;
		default:
			if ((unsigned char)*s < 0x20 && *s != '\n' && *s != '\t')
				text_append(out, " ");
			else
				text_append_bytes(out, s, 1);
		}
	}
}
