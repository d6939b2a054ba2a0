// SPDX-License-Identifier: GPL-2.0-only
/*
 * window.c - is a forbidden window on? What time it is in another zone is asked of date(1): the C library
 * has one zone a process, and changing it (TZ, tzset) is not for a process with threads. Offsets from
 * UTC change at quarters of an hour at most, so the answer is good until the next one.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "policy/policy.h"
#include "util/cleanup.h"
#include "util/spawn.h"
#include "util/text/text.h"

#define QUARTER_S  900
#define ZONES_KEPT 16

int clock_two_digits(const char *p)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return -1;
	return (p[0] - '0') * 10 + p[1] - '0';
}

bool window_covers(const struct window *w, int day, int minute)
{
	bool today = w->days & 1u << day, yesterday = w->days & 1u << (day + 6) % 7;

	if (w->to > w->from)
		return today && minute >= w->from && minute < w->to;
	return (today && minute >= w->from) || (yesterday && minute < w->to);
}

/* "+0530" */
static int parse_offset(const char *text, int *ret_s)
{
	int h = clock_two_digits(text + 1), m = h < 0 ? -1 : clock_two_digits(text + 3);

	if ((text[0] != '+' && text[0] != '-') || m < 0 || text[5])
		return -EINVAL;
	*ret_s = (h * 60 + m) * (text[0] == '-' ? -60 : 60);
	return 0;
}

static int ask_offset(const char *zone, int64_t now, int *ret_s, struct fl_error *err)
{
	static char date[] = "date", format[] = "+%z", d[] = "-d", path[] = "PATH=/usr/bin:/bin", locale[] = "LC_ALL=C";
	_cleanup_free_ char *tz = text_format("TZ=%s", zone), *at = text_format("@%lld", (long long)now);
	char *const argv[] = { date, d, at, format, NULL };
	char *const env[] = { tz, path, locale, NULL };
	char answer[32] = "";

	if (tz && at && spawn_ask(argv, env, answer, sizeof(answer))) {
		answer[strcspn(answer, "\n")] = '\0';
		if (!parse_offset(answer, ret_s))
			return 0;
	}
	error_env(err, EIO, "cannot tell the time in %s: date(1) does not answer", zone);
	error_hint(err, "a window of " POLICY_FILE " needs it; until then no fault begins");
	return -EIO;
}

static int zone_offset(const char *zone, int64_t now, int *ret_s, struct fl_error *err)
{
	static struct {
		char zone[64];
		int64_t quarter;
		int offset_s;
	} kept[ZONES_KEPT], *k;
	static size_t next;
	size_t i;
	int r;

	for (i = 0; i < ARRAY_SIZE(kept); i++)
		if (kept[i].quarter == now / QUARTER_S && !strcmp(kept[i].zone, zone)) {
			*ret_s = kept[i].offset_s;
			return 0;
		}
	r = ask_offset(zone, now, ret_s, err);
	if (r)
		return r;
	k = &kept[next++ % ZONES_KEPT];
	if (text_copy(k->zone, sizeof(k->zone), zone)) {
		k->quarter = now / QUARTER_S;
		k->offset_s = *ret_s;
	}
	return 0;
}

int window_is_on(const struct window *w, int64_t now, bool *ret, struct fl_error *err)
{
	time_t t = (time_t)now;
	int offset = 0, r = 0;
	struct tm tm = {};

	if (w->zone)
		r = zone_offset(w->zone, now, &offset, err);
	if (r)
		return r;
	t += offset;
	if (w->zone)
		gmtime_r(&t, &tm);
	else
		localtime_r(&t, &tm);
	*ret = window_covers(w, (tm.tm_wday + 6) % 7, tm.tm_hour * 60 + tm.tm_min);
	return 0;
}
