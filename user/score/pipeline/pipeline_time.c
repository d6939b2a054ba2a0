// SPDX-License-Identifier: GPL-2.0-only
/* pipeline_time.c - times as pipelines write them. See pipeline_time() in pipeline.h. */
#include <ctype.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "score/pipeline/pipeline_read.h"
#include "util/clock.h"
#include "util/text/units.h"

/* The last second of the year 9999; seconds beyond it are of a smaller unit. */
#define LAST_SECOND 253402300799.0

static double from_number(double v)
{
	int i;

	if (!isfinite(v) || v < 0)
		return NAN;
	for (i = 0; i < 3 && v > LAST_SECOND; i++)
		v /= 1000; /* ms, us, ns */
	return v <= LAST_SECOND ? v : NAN;
}

/* Exactly @n digits at *@s. */
static bool digits(const char **s, int n, int *ret)
{
	*ret = 0;
	for (; n > 0; n--, (*s)++) {
		if (!isdigit((unsigned char)**s))
			return false;
		*ret = *ret * 10 + (**s - '0');
	}
	return true;
}

/* "Z", "+07:00", "+0700", "+07" or nothing at all; seconds east of UTC. */
static bool zone(const char *s, int *ret)
{
	int sign, hours, minutes = 0;

	*ret = 0;
	while (*s == ' ')
		s++;
	if (!*s || !strcmp(s, "Z") || !strcmp(s, "z") || !strcmp(s, "UTC"))
		return true;
	if (*s != '+' && *s != '-')
		return false;
	sign = *s++ == '-' ? -1 : 1;
	if (!digits(&s, 2, &hours))
		return false;
	if (*s == ':')
		s++;
	if (*s && !digits(&s, 2, &minutes))
		return false;
	*ret = sign * (hours * 3600 + minutes * 60);
	return !*s && hours < 24 && minutes < 60;
}

/* 2024-05-01T10:00:00.25+07:00; a blank for the T, seconds and their fraction may be left out. */
static double from_iso8601(const char *s)
{
	double fraction = 0, scale = 0.1;
	struct tm tm = {};
	int offset;

	if (!digits(&s, 4, &tm.tm_year) || *s++ != '-' || !digits(&s, 2, &tm.tm_mon) || *s++ != '-' ||
	    !digits(&s, 2, &tm.tm_mday))
		return NAN;
	if (*s != 'T' && *s != 't' && *s != ' ')
		return NAN;
	s++;
	if (!digits(&s, 2, &tm.tm_hour) || *s++ != ':' || !digits(&s, 2, &tm.tm_min))
		return NAN;
	if (*s == ':' && (s++, !digits(&s, 2, &tm.tm_sec)))
		return NAN;
	if (*s == '.' || *s == ',')
		for (s++; isdigit((unsigned char)*s); s++, scale /= 10)
			fraction += scale * (*s - '0');
	if (tm.tm_year < 1970 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return NAN;
	if (!zone(s, &offset))
		return NAN;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (double)(timegm(&tm) - offset) + fraction;
}

double pipeline_time(const json_t *v)
{
	double number;

	if (json_is_number(v))
		return from_number(json_number_value(v));
	if (!json_is_string(v))
		return NAN;
	if (!units_double(json_string_value(v), &number, NULL))
		return from_number(number);
	return from_iso8601(json_string_value(v));
}

/* Has "2024-05-01T10:00:00.250" a fraction that is not zero? */
static bool fraction_of(const char *text)
{
	const char *at = strpbrk(text, ".,");

	return at && at[1 + strspn(at + 1, "0")] >= '1' && at[1 + strspn(at + 1, "0")] <= '9';
}

double pipeline_time_resolution(const json_t *v)
{
	const char *text = json_string_value(v);
	double number = 0;

	if (json_is_number(v))
		number = json_number_value(v);
	else if (!text)
		return 0;
	else if (units_double(text, &number, NULL)) /* ISO 8601: 2024-05-01T10:00[:00[.5]] */
		return fraction_of(text) ? 0.001 : strlen(text) > 16 && text[16] == ':' ? 1 : 60;
	/* Milliseconds, or ".000", that are whole seconds were made of them: one in a thousand is so by chance. */
	number = from_number(number);
	return fabs(number - round(number)) < 1e-5 ? 1 : 0.001;
}

/*
 * A stamp without a zone is taken as UTC, which it is in a container. One that lies in the future by hours was made of a
 * clock on the wall east of it: no alert has fired before it is seen, and zones are a multiple of a quarter of an hour.
 */
double pipeline_time_here(const json_t *v, double t)
{
	const char *text = json_string_value(v);
	double ahead = t - clock_wall_s();
	size_t len = text ? strlen(text) : 0;

	if (len < 16 || text[4] != '-' || strpbrk(text + 10, "Zz+-") || !strpbrk(text, ":") || strstr(text, "UTC"))
		return t;
	if (!(ahead > 1800 && ahead < 14.1 * 3600))
		return t;
	return t - round(ahead / 900) * 900;
}
