/* SPDX-License-Identifier: GPL-2.0-only */
/* json_path.h - a value inside a JSON document, named by a path. */
#ifndef FL_JSON_PATH_H
#define FL_JSON_PATH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The value at @path: names separated by dots, [n] for the n-th of an array from 0, an optional
 * leading "$": "labels.service", "$.data.alerts[0].status". NULL when it is not there or the path
 * is no path. Borrowed reference.
 */
json_t *json_path(const json_t *root, const char *path);

/* A scalar as text (strings as they are, numbers and booleans as JSON writes them); false and an
 * empty @buf for NULL, null, arrays and objects. */
bool json_scalar_text(const json_t *value, char *buf, size_t size);

/* NaN for what is no number, NULL included; the same of what @object has at @key. */
double json_number_or_nan(const json_t *value);
double json_number_of(const json_t *object, const char *key);

/* @v to six digits, more than anything that is measured here has; null for what is not finite. A new reference. */
json_t *json_six_digits(double v);

/* A text from outside (a path, the name of a process) as a JSON string: mended where it is no UTF-8 (utf8.h). */
json_t *json_foreign(const char *s);

/* "a,b" out of ["a", "b"]; the caller's to free, NULL when out of memory. */
char *json_joined(const json_t *words);

#endif
