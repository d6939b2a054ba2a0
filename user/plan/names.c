// SPDX-License-Identifier: GPL-2.0-only
/*
 * names.c - what services are called in a suite. A target may be named by anything (a label, a path, a word in any
 * script); in expressions, ground truth and graph stands one word of letters, digits, '-', '_' and '.', no two of
 * them alike.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "plan/plan.h"
#include "target/described.h"

/* Letters and digits of other scripts have no place in a name; what is between two words becomes one '-'. */
static void sanitise(const char *from, size_t len, char *ret, size_t size)
{
	size_t i, n = 0;

	for (i = 0; i < len && n + 1 < size; i++) {
		unsigned char c = (unsigned char)from[i];

		if (c < 0x80 && (isalnum(c) || c == '_' || c == '.'))
			ret[n++] = (char)c;
		else if (n && ret[n - 1] != '-')
			ret[n++] = '-';
	}
	while (n && strchr("-.", ret[n - 1]))
		n--;
	ret[n] = '\0';
	n = strspn(ret, "-.");
	memmove(ret, ret + n, strlen(ret + n) + 1);
}

/* The part of a spec that a person would call it by. */
static void short_name(const char *spec, char *ret, size_t size)
{
	const char *colon = strchr(spec, ':'), *name = colon ? colon + 1 : spec, *last;
	static const char *const tails[] = { ".service", ".pid", ".scope" };
	size_t len, i;

	if (colon && !strncmp(spec, "docker:label=", 13) && (last = strrchr(name, '=')))
		name = last + 1;
	else if (colon && !strncmp(spec, "docker:image=", 13))
		name += strlen("image=");
	len = strlen(name);
	while (len && name[len - 1] == '/')
		len--;
	for (last = name + len; last > name && last[-1] != '/'; last--)
		;
	len -= (size_t)(last - name);
	for (i = 0; i < 3; i++)
		if (len > strlen(tails[i]) && !strncmp(last + len - strlen(tails[i]), tails[i], strlen(tails[i]))) {
			len -= strlen(tails[i]);
			break;
		}
	sanitise(last, len, ret, size);
	/* A number, or an address, is none. */
	if (ret[0] && !ret[strspn(ret, "0123456789.")]) {
		char number[24];

		text_copy(number, sizeof(number), ret);
		snprintf(ret, size, "%s-%s", strncmp(spec, "pid:", 4) ? "service" : "pid", number);
	}
}

static bool is_taken(const struct plan_facts *f, uint32_t by, const char *name)
{
	uint32_t i;

	for (i = 0; i < f->n; i++)
		if (i != by && !strcasecmp(f->services[i].name, name))
			return true;
	return false;
}

/* Of two services of one name the second is called by its project or folder as well, else by a number. */
static void make_unique(struct plan_facts *f, uint32_t i)
{
	struct plan_service *s = &f->services[i];
	const char *colon = strchr(s->spec, ':'), *long_name = colon ? colon + 1 : s->spec;
	char base[PLAN_NAME_MAX - 8];
	unsigned int k;

	if (!is_taken(f, i, s->name))
		return;
	sanitise(long_name, strlen(long_name), base, sizeof(base));
	if (!base[0])
		text_copy(base, sizeof(base), "service");
	text_copy(s->name, sizeof(s->name), base);
	for (k = 2; is_taken(f, i, s->name); k++)
		snprintf(s->name, sizeof(s->name), "%s-%u", base, k);
}

int plan_name_services(struct plan_facts *f, char *const *specs, struct fl_error *err)
{
	uint32_t n = 0, i;

	while (specs[n])
		n++;
	f->services = calloc(n + 1, sizeof(*f->services));
	if (!f->services)
		return error_sys(err, ENOMEM, "plan: out of memory");
	text_copy(f->services[0].name, PLAN_NAME_MAX, "outside");
	f->n = n + 1;
	/* Those that are called by their own name keep it, and so do those that somebody gave one. */
	for (i = 1; i <= n; i++) {
		const char *given = described_name(specs[i - 1]);

		if (!strchr(specs[i - 1], ':')) {
			text_copy(f->services[i].name, PLAN_NAME_MAX, specs[i - 1]);
			f->lab = true;
		} else if (given && text_copy(f->services[i].spec, sizeof(f->services[i].spec), specs[i - 1])) {
			text_copy(f->services[i].name, PLAN_NAME_MAX, given);
		}
	}
	for (i = 1; i <= n; i++) {
		struct plan_service *s = &f->services[i];

		if (s->name[0])
			continue;
		if (!text_copy(s->spec, sizeof(s->spec), specs[i - 1]))
			return error_usage(err, "'%.100s...' is too long for a target", specs[i - 1]);
		short_name(s->spec, s->name, PLAN_NAME_MAX - 8);
		if (!s->name[0])
			text_copy(s->name, PLAN_NAME_MAX, "service");
		make_unique(f, i);
	}
	return 0;
}
