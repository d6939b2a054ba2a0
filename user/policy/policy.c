// SPDX-License-Identifier: GPL-2.0-only
/* policy.c - read policy.yaml. See policy.h; when a window is on, is in window.c. */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "policy/etc.h"
#include "policy/policy.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"
#include "util/text/text.h"

#define ZONES     "/usr/share/zoneinfo"
#define EVERY_DAY 0x7f
#define UNSET     UINT16_MAX

static const char *const weekdays[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL };

/* --- days and times ------------------------------------------------------------------------------ */

static int weekday(const char *name, size_t len)
{
	int i;

	for (i = 0; weekdays[i]; i++)
		if (len == 3 && !strncasecmp(name, weekdays[i], 3))
			return i;
	return -1;
}

/* "fri", "mon-fri", "sat-mon" */
static int add_days(struct yaml *y, struct fy_node *node, void *out)
{
	_cleanup_free_ char *word = NULL;
	int r = yaml_word(y, node, &word), from, to;
	uint8_t *days = out;
	const char *dash;

	if (r)
		return r;
	dash = strchr(word, '-');
	from = weekday(word, dash ? (size_t)(dash - word) : strlen(word));
	to = dash ? weekday(dash + 1, strlen(dash + 1)) : from;
	if (from < 0 || to < 0)
		return yaml_error(y, node,
				  "'%.40s' is no day: mon, tue, wed, thu, fri, sat, sun or a range "
				  "of them",
				  word);
	for (;; from = (from + 1) % 7) {
		*days |= (uint8_t)(1u << from);
		if (from == to)
			return 0;
	}
}

static int read_days(struct yaml *y, struct fy_node *node, void *out)
{
	return yaml_each(y, node, add_days, out);
}

/* "08:30"; 24:00 ends a day. */
static int read_clock(struct yaml *y, struct fy_node *node, void *out)
{
	_cleanup_free_ char *word = NULL;
	uint16_t *minutes = out;
	int r = yaml_word(y, node, &word), h, m;

	if (r)
		return r;
	h = strlen(word) == 5 && word[2] == ':' ? clock_two_digits(word) : -1;
	m = h < 0 ? -1 : clock_two_digits(word + 3);
	if (m < 0 || m > 59 || h * 60 + m > 24 * 60)
		return yaml_error(y, node, "a time of day is written 08:30");
	*minutes = (uint16_t)(h * 60 + m);
	return 0;
}

static int read_zone(struct yaml *y, struct fy_node *node, void *out)
{
	_cleanup_free_ char *word = NULL, *path = NULL;
	char **zone = out;
	int r = yaml_word(y, node, &word);

	if (r)
		return r;
	path = text_format(ZONES "/%s", word);
	if (word[0] == '/' || strstr(word, "..") || (strcmp(word, "UTC") && (!path || access(path, R_OK))))
		return yaml_error(y, node, "no time zone '%.60s' in " ZONES "%s", word,
				  access(ZONES, R_OK) ? " (the package tzdata is not installed)" : "");
	*zone = take_ptr(word);
	return 0;
}

/* --- the file ------------------------------------------------------------------------------------ */

static int add_window(struct yaml *y, struct fy_node *node, void *out)
{
	static const struct yaml_field fields[] = {
		{ "name", yaml_word, offsetof(struct window, name), true },
		{ "days", read_days, offsetof(struct window, days), false },
		{ "from", read_clock, offsetof(struct window, from), false },
		{ "to", read_clock, offsetof(struct window, to), false },
		{ "timezone", read_zone, offsetof(struct window, zone), false },
		{ NULL, NULL, 0, false },
	};
	struct policy *p = out;
	struct window *grown = reallocarray(p->windows, p->n_windows + 1, sizeof(*grown)), *w;
	int r;

	if (!grown)
		return error_sys(y->err, ENOMEM, "%s: out of memory", y->name);
	p->windows = grown;
	w = &grown[p->n_windows++];
	*w = (struct window){ .from = UNSET, .to = UNSET };
	r = yaml_map(y, node, "a forbidden window", fields, w);
	if (r)
		return r;
	if ((w->from == UNSET) != (w->to == UNSET))
		return yaml_error(y, node, "window '%.60s': `from` and `to` come together", w->name);
	if (w->from != UNSET && w->from == w->to)
		return yaml_error(y, node,
				  "window '%.60s': `from` and `to` are the same; leave both out for "
				  "the whole day",
				  w->name);
	if (w->from == UNSET) {
		w->from = 0;
		w->to = 24 * 60;
	}
	w->days = w->days ?: EVERY_DAY;
	return 0;
}

static int read_windows(struct yaml *y, struct fy_node *node, void *out)
{
	return yaml_each(y, node, add_window, out);
}

static int add_maximum(struct yaml *y, struct fy_node *key, struct fy_node *value, struct policy *p)
{
	struct maximum *grown = reallocarray(p->maxima, p->n_maxima + 1, sizeof(*grown)), *m;
	int r;

	if (!grown)
		return error_sys(y->err, ENOMEM, "%s: out of memory", y->name);
	p->maxima = grown;
	m = &grown[p->n_maxima++];
	*m = (struct maximum){};
	yaml_place(key, &m->line, &m->column);
	r = yaml_word(y, key, &m->name);
	return r ? r : yaml_word(y, value, &m->text);
}

/* Which parameters there are, only the table of faults knows: fault/stress/limits.c. */
static int read_maxima(struct yaml *y, struct fy_node *node, void *out)
{
	struct policy *p = out;
	struct fy_node_pair *pair;
	void *iter = NULL;
	int r = 0;

	node = yaml_deref(node);
	if (!fy_node_is_mapping(node))
		return yaml_error(y, node, "maxima: NAME: VALUE");
	while (!r && (pair = fy_node_mapping_iterate(node, &iter))) {
		struct fy_node *key = fy_node_pair_key(pair), *value = fy_node_pair_value(pair);
		_cleanup_free_ char *name = NULL;

		r = yaml_word(y, key, &name);
		if (r)
			break;
		if (!strcmp(name, "for"))
			r = yaml_duration(y, value, &p->for_ns);
		else if (!strcmp(name, "forever"))
			r = yaml_bool(y, value, &p->forever);
		else
			r = add_maximum(y, key, value, p);
	}
	return r;
}

int policy_parse(const char *name, const char *text, size_t len, struct policy *ret, struct fl_error *err)
{
	static const struct yaml_field fields[] = {
		{ "forbidden", read_windows, 0, false },
		{ "maxima", read_maxima, 0, false },
		{ NULL, NULL, 0, false },
	};
	struct yaml y;
	int r = yaml_open(&y, name, text, len, err);

	*ret = (struct policy){ .for_ns = POLICY_FOR_MAX_NS, .forever = true };
	if (!r)
		r = yaml_map(&y, yaml_root(&y), "the policy", fields, ret);
	yaml_close(&y);
	if (r) {
		error_at(err, name, 0, 0);
		policy_free(ret);
	}
	return r;
}

int policy_load(struct policy *ret, struct fl_error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = etc_read(POLICY_FILE, &text, &len, err);

	*ret = (struct policy){ .for_ns = POLICY_FOR_MAX_NS, .forever = true };
	if (r == -ENOENT)
		return 0;
	return r ? r : policy_parse(POLICY_FILE, text, len, ret, err);
}

void policy_free(struct policy *p)
{
	uint32_t i;

	for (i = 0; i < p->n_windows; i++) {
		free(p->windows[i].name);
		free(p->windows[i].zone);
	}
	for (i = 0; i < p->n_maxima; i++) {
		free(p->maxima[i].name);
		free(p->maxima[i].text);
	}
	free(p->windows);
	free(p->maxima);
	*p = (struct policy){};
}

static void append_days(const struct window *w, struct text *t)
{
	int i, last;

	for (i = 0; i < 7; i = last + 1) {
		last = i;
		if (!(w->days & 1u << i))
			continue;
		while (last < 6 && w->days & 1u << (last + 1))
			last++;
		text_append(t, "%s%s", t->len ? "," : "", weekdays[i]);
		if (last > i)
			text_append(t, "-%s", weekdays[last]);
	}
}

const char *window_text(const struct window *w, char *buf, size_t size)
{
	struct text days = {};

	if (w->days != EVERY_DAY)
		append_days(w, &days);
	snprintf(buf, size, "%.80s (%s%s%02u:%02u-%02u:%02u%s%.60s)", w->name, days.s ?: "", days.s ? " " : "",
		 w->from / 60u, w->from % 60u, w->to / 60u, w->to % 60u, w->zone ? " " : "", w->zone ?: "");
	text_free(&days);
	return buf;
}
