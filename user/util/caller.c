// SPDX-License-Identifier: GPL-2.0-only
/* caller.c - see caller.h */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "util/caller.h"
#include "util/cleanup.h"
#include "util/json/json_path.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define NO_LOGIN UINT32_MAX /* (uid_t)-1 in /proc/PID/loginuid */

static bool parse_uid(const char *text, uid_t *ret)
{
	int64_t n;

	if (!text || units_int(text, 0, NO_LOGIN - 1, &n, NULL))
		return false;
	*ret = (uid_t)n;
	return true;
}

static bool login_uid(uid_t *ret)
{
	_cleanup_free_ char *text = NULL;

	if (file_read("/proc/self/loginuid", 32, &text, NULL, NULL))
		return false;
	text[strcspn(text, "\n")] = '\0';
	return parse_uid(text, ret);
}

/* Without a terminal at its descriptors it may still have a controlling one (field 7 of stat). */
static void controlling_tty(char *ret, size_t size)
{
	_cleanup_free_ char *text = NULL;
	unsigned int dev = 0, major_number;
	const char *p;

	if (file_read("/proc/self/stat", 4096, &text, NULL, NULL))
		return;
	p = strrchr(text, ')');
	if (!p || sscanf(p + 1, " %*c %*d %*d %*d %u", &dev) != 1 || !dev)
		return;
	major_number = major(dev);
	if (major_number >= 136 && major_number <= 143) /* Documentation/admin-guide/devices.txt */
		snprintf(ret, size, "pts/%u", (major_number - 136) * 256 + minor(dev));
	else if (major_number == 4 && minor(dev) < 64)
		snprintf(ret, size, "tty%u", minor(dev));
	else if (major_number == 4)
		snprintf(ret, size, "ttyS%u", minor(dev) - 64);
}

static void find_tty(char *ret, size_t size)
{
	char path[64];
	int fd;

	ret[0] = '\0';
	for (fd = 0; fd < 3; fd++)
		if (!ttyname_r(fd, path, sizeof(path)) && !strncmp(path, "/dev/", 5)) {
			text_copy(ret, size, path + 5);
			return;
		}
	controlling_tty(ret, size);
}

/* "UID:WHO" that `faultline serve` tells of whoever asked it. */
static const char *api_caller(uid_t *ret)
{
	const char *said = getuid() ? NULL : getenv("FAULTLINE_API_CALLER"), *colon = said ? strchr(said, ':') : NULL;
	_cleanup_free_ char *digits = colon ? strndup(said, (size_t)(colon - said)) : NULL;

	return digits && parse_uid(digits, ret) ? colon + 1 : NULL;
}

void caller_find(struct caller *ret)
{
	struct passwd entry, *found = NULL;
	const char *by_api;
	char buf[4096];
	uid_t uid;

	*ret = (struct caller){ .known = true, .uid = getuid() };
	by_api = api_caller(&uid);
	if (by_api || (login_uid(&uid) && uid))
		ret->uid = uid;
	else if (!getuid() && parse_uid(getenv("SUDO_UID"), &uid))
		ret->uid = uid;
	if (!getpwuid_r(ret->uid, &entry, buf, sizeof(buf), &found) && found)
		text_copy(ret->user, sizeof(ret->user), entry.pw_name);
	else
		snprintf(ret->user, sizeof(ret->user), "uid %u", (unsigned int)ret->uid);
	if (by_api)
		snprintf(ret->tty, sizeof(ret->tty), "api, %s", by_api);
	else
		find_tty(ret->tty, sizeof(ret->tty));
}

bool caller_same(const struct caller *a, const struct caller *b)
{
	return a->known && b->known && a->uid == b->uid;
}

const char *caller_text(const struct caller *c, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s%s", c->known ? c->user : "somebody", c->tty[0] ? " (" : "", c->tty,
		 c->tty[0] ? ")" : "");
	return buf;
}

json_t *caller_json(const struct caller *c)
{
	if (!c->known)
		return json_null();
	return json_pack("{s:o, s:I, s:o}", "user", json_foreign(c->user), "uid", (json_int_t)c->uid, "tty",
			 c->tty[0] ? json_foreign(c->tty) : json_null());
}

void caller_from_json(const json_t *o, struct caller *ret)
{
	const json_t *uid = json_object_get(o, "uid");

	*ret = (struct caller){ .known = json_is_integer(uid), .uid = (uid_t)json_integer_value(uid) };
	text_copy(ret->user, sizeof(ret->user), json_string_value(json_object_get(o, "user")) ?: "");
	text_copy(ret->tty, sizeof(ret->tty), json_string_value(json_object_get(o, "tty")) ?: "");
}
