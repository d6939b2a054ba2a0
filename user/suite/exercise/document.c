// SPDX-License-Identifier: GPL-2.0-only
/*
 * document.c - what stands around the YAML in a file of the exercise: a %YAML directive, the fence of a Markdown
 * answer, several documents, each of them a line of JSON maybe. The text that is parsed instead has the same lines, so places stay what they are.
 */
#include <errno.h>

#include "suite/exercise/entry.h"
#include "util/cleanup.h"

/* Columns by which several documents are moved to the right, to be the items of one list. */
#define MOVED 2

struct line {
	const char *at;
	size_t len;       /* without its end */
	const char *next; /* NULL: the last one */
};

static struct line line_at(const char *p, const char *end)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));

	return (struct line){ p, (size_t)((nl ? nl : end) - p), nl && nl + 1 < end ? nl + 1 : NULL };
}

static bool begins(const struct line *l, const char *word)
{
	size_t n = strlen(word);

	return l->len >= n && !memcmp(l->at, word, n);
}

/* "---" or "..." alone, or with something behind it. */
static bool is_mark(const struct line *l, const char *mark)
{
	return begins(l, mark) && (l->len == 3 || strchr(" \t\r", l->at[3]));
}

static bool is_bare(const struct line *l)
{
	size_t i = 0;

	while (i < l->len && strchr(" \t\r", l->at[i]))
		i++;
	return i == l->len || l->at[i] == '#';
}

/* {"id": 1, ...}: a document of its own where every line is one. */
static bool is_object(const struct line *l)
{
	size_t len = l->len;

	while (len && strchr(" \t\r", l->at[len - 1]))
		len--;
	return len > 1 && l->at[0] == '{' && l->at[len - 1] == '}';
}

struct shape {
	unsigned int documents, fences;
	bool directive, lines; /* lines: each with a document */
};

static struct shape shape_of(const char *text, const char *end)
{
	struct shape s = {};
	unsigned int objects = 0, others = 0;
	const char *p;
	bool inside = false; /* a document */

	for (p = text; p && p < end;) {
		struct line l = line_at(p, end);

		objects += is_object(&l);
		others += !is_object(&l) && !is_bare(&l);
		if (begins(&l, "%YAML") && !inside) {
			s.directive = true;
		} else if (begins(&l, "```")) {
			s.fences++;
		} else if (is_mark(&l, "---")) {
			inside = false;
			if (l.len > 4 && !is_bare(&(struct line){ l.at + 3, l.len - 3, NULL })) {
				s.documents++;
				inside = true;
			}
		} else if (is_mark(&l, "...")) {
			inside = false;
		} else if (!inside && !is_bare(&l)) {
			s.documents++;
			inside = true;
		}
		p = l.next;
	}
	s.lines = objects > 1 && !others;
	return s;
}

/* One line of several documents, as a part of a list. */
static void put_item(struct text *out, const struct line *l, bool *inside)
{
	if (is_mark(l, "---")) {
		const struct line rest = { l->at + 3, l->len - 3, NULL };

		*inside = !is_bare(&rest);
		text_append(out, "%s", *inside ? "-   " : "");
		text_append_bytes(out, rest.at, *inside ? rest.len : 0);
	} else if (is_mark(l, "...") || (is_bare(l) && !*inside)) {
		*inside &= !is_mark(l, "...");
	} else {
		text_append(out, "%s", *inside ? "  " : "- ");
		text_append_bytes(out, l->at, l->len);
		*inside = true;
	}
}

/* With the same lines; @ret stays empty when @text is well as it is. Returns by how many columns it was moved. */
static int source(const char *text, size_t len, struct text *ret)
{
	static const char mark[] = "\xef\xbb\xbf";
	size_t skip = len >= 3 && !memcmp(text, mark, 3) ? 3 : 0;
	const char *p = text + skip, *end = text + len;
	struct shape s = shape_of(p, end);
	bool several = (s.documents > 1 && !s.fences) || s.lines, inside = false, fenced = false;

	if (!several && !s.directive && !s.fences)
		return 0;
	while (p && p < end) {
		struct line l = line_at(p, end);

		if (begins(&l, "```"))
			fenced = !fenced; /* what is not between two of them is prose */
		else if (several && !begins(&l, "%YAML")) {
			inside &= !s.lines;
			put_item(ret, &l, &inside);
		} else if ((fenced || !s.fences) && !begins(&l, "%YAML"))
			text_append_bytes(ret, l.at, l.len);
		text_append(ret, "\n");
		p = l.next;
	}
	return several ? MOVED : 0;
}

int exercise_open(struct yaml *y, struct text *plain, const char *name, const char *text, size_t len, int *ret_moved,
		  struct fl_error *err)
{
	int r = foreign_refuse(name, text, len, err);

	*y = (struct yaml){};
	*ret_moved = source(text, len, plain);
	r = r ? r : yaml_open(y, name, plain->len ? plain->s : text, plain->len ? plain->len : len, err);
	return r == -EINVAL ? foreign_hint(err) : r;
}
