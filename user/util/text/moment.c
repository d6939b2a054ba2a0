// SPDX-License-Identifier: GPL-2.0-only
/* moment.c - see moment.h */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "util/text/moment.h"

static int refuse(const char *text, struct fl_error *err)
{
	error_usage(err, "'%.60s' is no time", text);
	error_hint(err, "02:30 or 2026-12-24 02:30:15 (this host's time), 2026-12-24T02:30:15Z (UTC)");
	return -EINVAL;
}

static time_t epoch(const struct moment *m, struct tm *tm)
{
	tm->tm_hour = m->hour;
	tm->tm_min = m->minute;
	tm->tm_sec = m->second;
	tm->tm_isdst = -1;
	return m->utc ? timegm(tm) : mktime(tm);
}

/* There is no 30 February. */
static bool is_day(const struct moment *m)
{
	struct tm tm = { .tm_year = m->year - 1900, .tm_mon = m->month - 1, .tm_mday = m->day, .tm_hour = 12 };

	return timegm(&tm) != -1 && tm.tm_mon == m->month - 1 && tm.tm_mday == m->day;
}

int moment_parse(const char *text, struct moment *ret, struct fl_error *err)
{
	struct moment m = { .set = true };
	const char *rest = text;
	int n = 0;

	if (sscanf(rest, "%4d-%2d-%2d%n", &m.year, &m.month, &m.day, &n) == 3 && n == 10) {
		m.dated = true;
		if (rest[n] != ' ' && rest[n] != 'T')
			return refuse(text, err);
		rest += n + 1;
	}
	n = 0;
	if (strspn(rest, "0123456789:Z") != strlen(rest) || sscanf(rest, "%2d:%2d%n", &m.hour, &m.minute, &n) != 2 ||
	    n != 5)
		return refuse(text, err);
	rest += n;
	n = 0;
	if (*rest == ':' && (sscanf(rest, ":%2d%n", &m.second, &n) != 1 || n != 3))
		return refuse(text, err);
	rest += n;
	m.utc = m.dated && *rest == 'Z';
	if (rest[m.utc] || m.hour > 23 || m.minute > 59 || m.second > 59 || (m.dated && !is_day(&m)))
		return refuse(text, err);
	*ret = m;
	return 0;
}

double moment_at(const struct moment *m, double from)
{
	struct tm tm = { .tm_year = m->year - 1900, .tm_mon = m->month - 1, .tm_mday = m->day };
	time_t now = (time_t)ceil(from), at;

	if (m->dated)
		return (double)epoch(m, &tm);
	localtime_r(&now, &tm);
	at = epoch(m, &tm);
	if (at >= now)
		return (double)at;
	localtime_r(&now, &tm);
	tm.tm_mday++; /* (A day is not always 24 hours.) */
	return (double)epoch(m, &tm);
}
