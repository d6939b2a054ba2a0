// SPDX-License-Identifier: GPL-2.0-only
/*
 * foreign.c - experiments in a form that is neither YAML nor JSON: TOML, CSV, Python, a table, a web page that was
 * saved in the file's place; and YAML or JSON whose rows are no entries. Told by the first line that is no comment, or
 * by the keys at the top; each is refused with how to turn it into what is read.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "suite/exercise/entry.h"
#include "util/cleanup.h"

struct first {
	const char *at, *end; /* of the line, without blanks around it */
	const char *next;     /* what follows it */
	int number;
};

/* The first line from @p on with something in it; comments are nothing. */
static struct first first_line(const char *p, const char *end, int number)
{
	struct first f = { end, end, end, number };

	for (; p < end; f.number++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		f.at = p;
		f.end = nl ? nl : end;
		f.next = p = nl ? nl + 1 : end;
		while (f.at < f.end && isspace((unsigned char)*f.at))
			f.at++;
		while (f.end > f.at && isspace((unsigned char)f.end[-1]))
			f.end--;
		if (f.at < f.end && *f.at != '#')
			return f;
	}
	f.at = f.end = f.next = end;
	return f;
}

static bool begins(const struct first *f, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(f->end - f->at) >= n && !memcmp(f->at, word, n);
}

static bool has(const struct first *f, const char *what)
{
	return memmem(f->at, (size_t)(f->end - f->at), what, strlen(what));
}

/* "name = ": where its value begins; NULL: it is no assignment. */
static const char *assigned(const struct first *f)
{
	const char *p = f->at;

	while (p < f->end && (isalnum((unsigned char)*p) || strchr("_-.", *p)))
		p++;
	if (p == f->at)
		return NULL;
	while (p < f->end && *p == ' ')
		p++;
	if (p == f->end || *p != '=' || (p + 1 < f->end && p[1] == '='))
		return NULL;
	for (p++; p < f->end && *p == ' '; p++)
		;
	return p;
}

/* "[[experiments]]" or "[payment_latency]", and an assignment below it. */
static bool is_section(const struct first *f, const char *end)
{
	struct first below = first_line(f->next, end, 0);
	const char *p;

	if (*f->at != '[' || f->end[-1] != ']')
		return false;
	for (p = f->at; p < f->end; p++)
		if (!isalnum((unsigned char)*p) && !strchr("[]_-. \"'", *p))
			return false;
	return assigned(&below);
}

static bool is_python(const struct first *f)
{
	static const char *const words[] = { "import ", "from ", "def ", "class ", "\"\"\"", "'''" };
	const char *value = assigned(f);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (begins(f, words[i]) && !has(f, ": "))
			return true;
	return value && (value == f->end || strchr("[{(", *value) || f->end[-1] == '(');
}

/* Names of columns, two of which are keys of an entry. */
static bool is_header(const struct first *f)
{
	static const char separators[] = ",;\t";
	size_t i;

	if (strchr("{[-\"'", *f->at) || has(f, ": ") || f->end[-1] == ':')
		return false;
	for (i = 0; separators[i]; i++) {
		const char *p = f->at;
		unsigned int known = 0;

		while (p && p < f->end) {
			const char *stop = memchr(p, separators[i], (size_t)(f->end - p));
			enum key_unit unit;
			char key[80];
			bool native;

			snprintf(key, sizeof(key), "%.*s", (int)((stop ? stop : f->end) - p), p);
			known += names_slot(key, AT_ENTRY, &unit, &native) != SLOT_NONE;
			p = stop ? stop + 1 : NULL;
		}
		if (known >= 2)
			return true;
	}
	return false;
}

static const char by_hand[] =
	"write 'experiments:', and below it an entry '- id: 1' with 'name: ...', 'fault_type: ...' for "
	"each";

int foreign_refuse(const char *name, const char *text, size_t len, struct fl_error *err)
{
	const char *end = text + len;
	struct first f = first_line(text, end, 1);
	const char *what, *hint = by_hand;

	if (f.at == end || memmem(text, len, "```", 3)) /* the fence of an answer, in prose */
		return 0;
	if (begins(&f, "<")) {
		what = "a web page, or XML";
		hint = "download the file itself (GitHub: the button 'Raw')";
	} else if (begins(&f, "//") || begins(&f, "/*")) {
		what = "JSON with comments, which JSON has not";
		hint = "a comment begins with '#', here as in YAML";
	} else if (begins(&f, "|") && f.end - f.at > 3) {
		what = "a table of Markdown";
	} else if (is_section(&f, end)) {
		what = "TOML or INI";
		hint = "TOML: python3 -c 'import json, sys, tomllib; json.dump(tomllib.load(sys.stdin.buffer), "
		       "sys.stdout)' "
		       "<FILE >experiments.json";
	} else if (is_python(&f)) {
		what = "Python";
		hint = "let it write its list: import json; json.dump(EXPERIMENTS, open('experiments.json', 'w'))";
	} else if (assigned(&f)) {
		what = "'key = value', which YAML writes 'key: value'";
	} else if (is_header(&f)) {
		what = "a table with a row an experiment (CSV)";
		hint = "python3 -c 'import csv, json, sys; json.dump(list(csv.DictReader(sys.stdin)), sys.stdout)' "
		       "<FILE "
		       ">experiments.json";
	} else {
		return 0;
	}
	error_usage(err, "experiments are read from YAML or JSON, and this is %s", what);
	error_hint(err, "%s", hint);
	error_at(err, name, f.number, 1);
	return -EINVAL;
}

int foreign_hint(struct fl_error *err)
{
	if (err && !err->hint[0])
		error_hint(err, "%s", by_hand);
	return -EINVAL;
}

/* --- YAML or JSON whose rows are no entries ----------------------------------------------------- */

static struct fy_node *value_of(struct fy_node *map, const char *key)
{
	return node_is_mapping(map) ? yaml_deref(fy_node_mapping_lookup_by_string(yaml_deref(map), key, FY_NT)) : NULL;
}

/* {"name": {"0": "a", "1": "b"}, ...}: a table by its columns. */
static bool is_by_columns(struct fy_node *root)
{
	struct fy_node_pair *pair;
	void *iter = NULL;
	unsigned int n = 0;

	while (node_is_mapping(root) && (pair = fy_node_mapping_iterate(root, &iter))) {
		if (!value_of(fy_node_pair_value(pair), "0"))
			return false;
		n++;
	}
	return n > 1;
}

bool foreign_is_rows(struct fy_node *node)
{
	struct fy_node *list = yaml_deref(node), *first;

	if (!list || !fy_node_is_sequence(list))
		return false;
	first = yaml_deref(fy_node_sequence_get_by_index(list, 0));
	return first && fy_node_is_sequence(first) && !node_is_list_of_mappings(first);
}

bool foreign_is_table(struct fy_node *root)
{
	struct fy_node *map = yaml_deref(root);
	bool columns = value_of(map, "columns") != NULL;

	return is_by_columns(map) || foreign_is_rows(map) || foreign_is_rows(value_of(map, "experiments")) ||
	       (columns && (value_of(map, "data") || value_of(map, "rows")));
}

int foreign_no_entries(struct yaml *y)
{
	struct fy_node *root = yaml_root(y);

	if (foreign_is_table(root)) {
		yaml_error(y, root, "a table of columns and rows, and no entries with keys");
		error_hint(y->err, "write a mapping for each row: [{\"id\": 1, \"name\": ...}, ...]; pandas: "
				   "df.to_json('experiments.json', orient='records')");
	} else if (value_of(root, "steady-state-hypothesis") || value_of(root, "method")) {
		yaml_error(y, root, "no experiments of the exercise: this looks like one of Chaos Toolkit");
		error_hint(y->err, "faultline import chaostoolkit FILE");
	} else if (value_of(root, "apiVersion") && value_of(root, "spec")) {
		yaml_error(y, root, "no experiments of the exercise: this looks like an object of Kubernetes");
		error_hint(y->err, "one of Chaos Mesh: faultline import chaos-mesh FILE");
	} else {
		return yaml_error(y, root,
				  "no experiments: write 'experiments:', and below it an entry '- id: 1' for each, "
				  "with fault_type, "
				  "target, hypothesis, blast_radius, rollback, measurement and ground_truth");
	}
	return -EINVAL;
}

const char *exercise_item(struct fy_node *node)
{
	size_t len = 0;
	const char *tag = node ? fy_node_get_tag(node, &len) : NULL;

	if (tag && memmem(tag, len, "include", 7))
		return "an entry in another file, which is not read: put its text here, or put all files into one, "
		       "'---' "
		       "between them";
	return "an entry is a mapping, this is a text: write '- id: 1', and below it 'name: ...', 'fault_type: ...', "
	       "with a colon";
}
