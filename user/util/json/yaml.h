/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * yaml.h - a checked, bounded YAML 1.2 document (libfyaml) and the table-driven way to read it into
 * structs: a mapping is described by its keys, each with a reader and an offset, and what is not in
 * the table is an error at its line and column, with the nearest known key.
 */
#ifndef FL_YAML_H
#define FL_YAML_H

#include <jansson.h>
#include <libfyaml.h>
#include <stddef.h>

#include "util/error.h"

#define YAML_MAX_BYTES (1u << 20)
#define YAML_MAX_NODES 10000 /* counted after aliases */
#define YAML_MAX_DEPTH 64

struct yaml {
	const char *name; /* of the file, for messages */
	const char *text; /* borrowed */
	size_t len;
	struct fy_parser *parser;
	struct fy_document *doc;
	struct fy_diag *diag;
	void *user; /* the reader's own */
	/* NULL: the first error ends the reading. Otherwise it is told of each one (in err), and the reading
	 * goes on; what had an error still returns one. */
	void (*on_error)(struct yaml *y);
	struct fl_error *err;
};

/*
 * Parse @text, which must outlive *y. Refused: nothing in it, more than one document, bytes that are
 * no text, and anything over the bounds above. Release with yaml_close(), also after an error.
 */
int yaml_open(struct yaml *y, const char *name, const char *text, size_t len, struct fl_error *err);
void yaml_close(struct yaml *y);
struct fy_node *yaml_root(struct yaml *y);

/* An error at the place of @node. Returns -EINVAL. */
int yaml_error(struct yaml *y, struct fy_node *node, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The error that a parser of values has just left in y->err gets the place of @node. */
int yaml_at(struct yaml *y, struct fy_node *node, int r);

/* May the reading go on after the error in err? Then on_error has been told of it, and err is empty again. */
bool yaml_goes_on(struct yaml *y);

/* Line and column, from 1; of a mapping that of its first key. */
void yaml_place(struct fy_node *node, int *ret_line, int *ret_column);

/* Behind aliases. All of the below see through them. */
struct fy_node *yaml_deref(struct fy_node *node);

/* A reader: what @node says into *out. */
typedef int (*yaml_reader)(struct yaml *y, struct fy_node *node, void *out);

struct yaml_field {
	const char *key;
	yaml_reader read;
	size_t offset;
	bool required;
};

/* Read a mapping by its table (ends with a NULL key) into @base. @what names it in messages. */
int yaml_map(struct yaml *y, struct fy_node *node, const char *what, const struct yaml_field *fields, void *base);

/* Call @each for the items of a sequence; a single value counts as one item. */
int yaml_each(struct yaml *y, struct fy_node *node, yaml_reader each, void *out);

/* Readers. The strings are the caller's to free. */
int yaml_string(struct yaml *y, struct fy_node *node, void *out);     /* char *: any text */
int yaml_word(struct yaml *y, struct fy_node *node, void *out);       /* char *: one line, not empty */
int yaml_words(struct yaml *y, struct fy_node *node, void *out);      /* char **: one or a list */
int yaml_bool(struct yaml *y, struct fy_node *node, void *out);       /* bool */
int yaml_duration(struct yaml *y, struct fy_node *node, void *out);   /* uint64_t ns */
int yaml_percent(struct yaml *y, struct fy_node *node, void *out);    /* uint32_t ppm */
int yaml_json(struct yaml *y, struct fy_node *node, void *out);       /* json_t *: scalars as text */
int yaml_typed_json(struct yaml *y, struct fy_node *node, void *out); /* json_t *: 300 is a number */
int yaml_keep(struct yaml *y, struct fy_node *node, void *out);       /* struct fy_node *: for later */

/* Append to a NULL-terminated list; steals @word. */
int words_add(char ***list, char *word);
void words_free(char **list);
size_t words_count(char *const *list);

#endif
