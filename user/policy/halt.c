// SPDX-License-Identifier: GPL-2.0-only
/* halt.c - see halt.h */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "policy/halt.h"
#include "util/cleanup.h"
#include "util/json/json_path.h"
#include "util/text/text.h"

#define HALT_MAX (64u << 10)

void halt_read(struct halt *ret)
{
	_cleanup_free_ char *text = NULL;
	struct fl_error why = {};
	json_t *o = NULL;
	int r = file_read(HALT_FILE, HALT_MAX, &text, NULL, &why);

	*ret = (struct halt){ .on = r != -ENOENT };
	if (!ret->on)
		return;
	if (!r)
		o = json_loads(text, 0, NULL);
	if (json_is_object(o)) {
		caller_from_json(json_object_get(o, "by"), &ret->by);
		ret->since = json_number_value(json_object_get(o, "since_wall"));
		text_copy(ret->reason, sizeof(ret->reason), json_string_value(json_object_get(o, "reason")) ?: "");
	} else {
		snprintf(ret->reason, sizeof(ret->reason), "%.190s", r ? why.message : HALT_FILE " is damaged");
	}
	json_decref(o);
}

json_t *halt_json(const struct halt *h)
{
	if (!h->on)
		return json_null();
	return json_pack("{s:o, s:f, s:o}", "by", caller_json(&h->by), "since_wall", h->since, "reason",
			 json_foreign(h->reason));
}

int halt_set(const struct halt *h, struct fl_error *err)
{
	json_t *o = halt_json(h);
	_cleanup_free_ char *text = json_dumps(o, JSON_INDENT(1));

	json_decref(o);
	return text ? kept_write(HALT_FILE, text, strlen(text), err)
		    : error_sys(err, ENOMEM, HALT_FILE ": out of memory");
}

int halt_clear(struct fl_error *err)
{
	return kept_remove(HALT_FILE, err);
}

const char *halt_text(const struct halt *h, char *buf, size_t size)
{
	time_t t = (time_t)h->since;
	char who[128], at[32] = "";
	struct tm tm;

	if (h->since > 0 && localtime_r(&t, &tm))
		strftime(at, sizeof(at), "%F %T", &tm);
	snprintf(buf, size, "halted%s%s%s%s%s%s", h->by.known ? " by " : "",
		 h->by.known ? caller_text(&h->by, who, sizeof(who)) : "", at[0] ? " since " : "", at,
		 h->reason[0] ? ": " : "", h->reason);
	return buf;
}
