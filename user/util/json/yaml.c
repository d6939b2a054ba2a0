// SPDX-License-Identifier: GPL-2.0-only
/*
 * yaml.c - open a document within bounds. See yaml.h; the readers are in yaml_read.c.
 *
 * The text goes through the parser twice: first as a stream of events that are only counted, which
 * is linear in time and holds nothing, then into a tree. Aliases stay aliases in the tree, so a
 * "billion laughs" costs nothing until it is walked; a walk that counts ends it at the bound, and
 * so does a cycle, at the depth.
 */
#include <errno.h>
#include <stdarg.h>

#include "util/cleanup.h"
#include "util/json/yaml.h"
#include "util/json/yaml_hint.h"

static int place_diag(struct yaml *y, const char *fallback)
{
	struct fy_diag_error *e;
	const char *hint;
	void *iter = NULL;
	int first;

	e = fy_diag_errors_iterate(y->diag, &iter);
	if (!e)
		return error_usage(y->err, "not YAML: %s", fallback);
	error_usage(y->err, "not YAML: %s", e->msg);
	error_at(y->err, y->name, e->line, e->column);
	first = strstr(e->msg, "duplicate key") ? yaml_first_of(y->text, y->len, e->line, e->column) : 0;
	if (first)
		return error_hint(y->err,
				  "the mapping has this key at line %d already: keep one of the two, or begin an "
				  "entry of its own with '- '",
				  first),
		       -EINVAL;
	hint = yaml_hint(y->text, y->len, e->line);
	if (hint)
		error_hint(y->err, "%s", hint);
	return -EINVAL;
}

static int new_parser(struct yaml *y)
{
	struct fy_parse_cfg cfg = { .flags = FYPCF_DEFAULT_PARSE | FYPCF_JSON_NONE | FYPCF_SLOPPY_FLOW_INDENTATION };
	struct fy_diag_cfg diag;

	fy_diag_cfg_default(&diag);
	diag.fp = NULL;
	diag.colorize = false;
	y->diag = fy_diag_create(&diag);
	if (!y->diag)
		return error_sys(y->err, ENOMEM, "%s: out of memory", y->name);
	fy_diag_set_collect_errors(y->diag, true);
	cfg.diag = y->diag;
	y->parser = fy_parser_create(&cfg);
	if (!y->parser || fy_parser_set_string(y->parser, y->text, y->len))
		return error_sys(y->err, ENOMEM, "%s: out of memory", y->name);
	return 0;
}

/*
 * Parsers that ended in an error, kept for good: fy_parser_destroy() of libfyaml 0.7.12 follows
 * a dangling token after some broken inputs ("? ? :s" and a stray alias) and crashes. A command
 * reads one file, so this is one parser at its end.
 */
static struct fy_parser **abandoned;
static size_t n_abandoned;

static void abandon(struct fy_parser *parser)
{
	struct fy_parser **v = reallocarray(abandoned, n_abandoned + 1, sizeof(*v));

	if (!v)
		return;
	abandoned = v;
	abandoned[n_abandoned++] = parser;
}

static void drop_parser(struct yaml *y)
{
	bool broken = y->parser && fy_parser_get_stream_error(y->parser);

	if (y->doc)
		fy_parse_document_destroy(y->parser, y->doc);
	if (broken)
		abandon(y->parser);
	else if (y->parser)
		fy_parser_destroy(y->parser);
	if (y->diag && !broken)
		fy_diag_destroy(y->diag);
	y->doc = NULL;
	y->parser = NULL;
	y->diag = NULL;
}

static int count_events(struct yaml *y)
{
	struct fy_event *event;
	unsigned int nodes = 0, documents = 0;

	while ((event = fy_parser_parse(y->parser))) {
		enum fy_event_type type = event->type;

		fy_parser_event_free(y->parser, event);
		if (type == FYET_STREAM_END)
			break;
		documents += type == FYET_DOCUMENT_START;
		nodes += type == FYET_SCALAR || type == FYET_ALIAS || type == FYET_MAPPING_START ||
			 type == FYET_SEQUENCE_START;
		if (nodes > YAML_MAX_NODES)
			return error_usage(y->err, "more than %d values", YAML_MAX_NODES);
		if (documents > 1) {
			error_usage(y->err, "more than one YAML document ('---')");
			error_hint(y->err, "put the entries of all of them into one list, each as '- id: ...' below "
					   "'experiments:'");
			return -EINVAL;
		}
	}
	if (fy_parser_get_stream_error(y->parser))
		return place_diag(y, "it cannot be read");
	if (!documents) {
		error_usage(y->err, "the file is empty: it has nothing but blanks and comments");
		error_hint(y->err, "write 'experiments:', and below it an entry '- id: 1' for each experiment");
		return -EINVAL;
	}
	return 0;
}

/* Count what a walk would see, so that every later walk is known to end soon. */
static int count_nodes(struct yaml *y, struct fy_node *node, int depth, unsigned int *n)
{
	struct fy_node_pair *pair;
	struct fy_node *item;
	void *iter = NULL;
	int r = 0;

	if (++*n > YAML_MAX_NODES)
		return error_usage(y->err, "more than %d values once its aliases are followed", YAML_MAX_NODES);
	if (depth > YAML_MAX_DEPTH)
		return error_usage(y->err, "nested deeper than %d, or an alias that contains itself", YAML_MAX_DEPTH);
	if (node && fy_node_is_alias(node)) {
		item = fy_node_resolve_alias(node);
		if (!item)
			return yaml_error(y, node, "an alias without its anchor");
		return count_nodes(y, item, depth + 1, n);
	}
	if (node && fy_node_is_mapping(node))
		while (!r && (pair = fy_node_mapping_iterate(node, &iter))) {
			r = count_nodes(y, fy_node_pair_key(pair), depth + 1, n);
			if (!r)
				r = count_nodes(y, fy_node_pair_value(pair), depth + 1, n);
		}
	else if (node && fy_node_is_sequence(node))
		while (!r && (item = fy_node_sequence_iterate(node, &iter)))
			r = count_nodes(y, item, depth + 1, n);
	return r;
}

/*
 * What the parser need not see. Directives: libfyaml 0.7.12 never returns from some broken ones
 * ('%' at the start of a line), and no suite needs one. json_stringn() refuses what is not UTF-8.
 */
static int check_text(struct yaml *y, const char *text, size_t len)
{
	const char *line = text, *end = text + len;
	json_t *utf8;
	int number;

	if (!len)
		return error_usage(y->err, "the file is empty");
	if (len > YAML_MAX_BYTES)
		return error_set(y->err, FL_EXIT_USAGE, EFBIG, "too large: the limit is %u bytes", YAML_MAX_BYTES);
	if (len > 1 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2))) {
		error_usage(y->err, "this is text in UTF-16, not in UTF-8");
		error_hint(y->err, "iconv -f UTF-16 -t UTF-8 FILE >NEW; PowerShell writes UTF-8 by "
				   "'| Out-File -Encoding utf8'");
		return -EINVAL;
	}
	if (memchr(text, '\0', len))
		return error_usage(y->err, "this is no text file: it has a NUL byte");
	utf8 = json_stringn(text, len);
	json_decref(utf8);
	if (!utf8)
		return error_usage(y->err, "this is no text in UTF-8");
	for (number = 1; line && line < end; number++) {
		if (*line == '%') {
			error_usage(y->err, "a YAML directive ('%%' at the start of a line) has no use "
					    "here");
			error_at(y->err, y->name, number, 1);
			return -EINVAL;
		}
		line = memchr(line, '\n', (size_t)(end - line));
		line = line ? line + 1 : NULL;
	}
	return 0;
}

int yaml_open(struct yaml *y, const char *name, const char *text, size_t len, struct fl_error *err)
{
	struct fl_error local = {};
	unsigned int n = 0;
	int r;

	memset(y, 0, sizeof(*y));
	y->name = name;
	y->text = text;
	y->len = len;
	y->err = err ? err : &local;
	r = check_text(y, text, len);
	if (!r)
		r = new_parser(y);
	if (!r)
		r = count_events(y);
	if (!r) {
		drop_parser(y);
		r = new_parser(y);
	}
	if (!r) {
		y->doc = fy_parse_load_document(y->parser);
		if (!y->doc)
			r = place_diag(y, "it cannot be read");
	}
	if (!r && !fy_document_root(y->doc))
		r = error_usage(err, "the file is empty");
	if (!r)
		r = count_nodes(y, fy_document_root(y->doc), 0, &n);
	y->err = err; /* never the local one beyond this frame */
	return r;
}

void yaml_close(struct yaml *y)
{
	drop_parser(y);
}

struct fy_node *yaml_root(struct yaml *y)
{
	return yaml_deref(fy_document_root(y->doc));
}

struct fy_node *yaml_deref(struct fy_node *node)
{
	return node && fy_node_is_alias(node) ? fy_node_resolve_alias(node) : node;
}

/* "key:" with nothing behind it. libfyaml 0.7 has no token for it, 0.8 one that is empty. */
static bool is_absent(struct fy_node *node)
{
	size_t len = 0;

	return !fy_node_get_scalar(node, &len) || (!len && fy_node_get_style(node) == FYNS_PLAIN);
}

void yaml_place(struct fy_node *node, int *ret_line, int *ret_column)
{
	const struct fy_mark *mark;
	struct fy_token *token;
	void *iter;
	int depth;

	*ret_line = *ret_column = 0;
	for (depth = 0; node && depth < YAML_MAX_DEPTH; depth++) {
		iter = NULL;
		if (!fy_node_is_alias(node) && fy_node_is_mapping(node)) {
			struct fy_node_pair *pair = fy_node_mapping_iterate(node, &iter);

			node = pair ? fy_node_pair_key(pair) : NULL;
		} else if (!fy_node_is_alias(node) && fy_node_is_sequence(node)) {
			node = fy_node_sequence_iterate(node, &iter);
		} else {
			token = is_absent(node) ? NULL : fy_node_get_scalar_token(node);
			mark = token ? fy_token_start_mark(token) : NULL;
			if (mark) {
				*ret_line = mark->line + 1;
				*ret_column = mark->column + 1;
			}
			return;
		}
	}
}

int yaml_at(struct yaml *y, struct fy_node *node, int r)
{
	int line, column;

	if (r < 0) {
		yaml_place(node, &line, &column);
		if (line) /* an empty value has no place; its key, tried next, has */
			error_at(y->err, y->name, line, column);
	}
	return r;
}

bool yaml_goes_on(struct yaml *y)
{
	if (!y->on_error)
		return false;
	if (y->err->exit != FL_EXIT_OK) {
		y->on_error(y);
		error_clear(y->err);
	}
	return true;
}

int yaml_error(struct yaml *y, struct fy_node *node, const char *fmt, ...)
{
	char message[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	return yaml_at(y, node, error_usage(y->err, "%s", message));
}
