/* SPDX-License-Identifier: GPL-2.0-only */
/* hex.h - bytes as hexadecimal text, for what goes into JSON. */
#ifndef FL_HEX_H
#define FL_HEX_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

/* A JSON string of 2 @n digits; NULL when out of memory. New reference. */
json_t *hex_json(const void *v, size_t n);

/* The bytes of @text into @v (at most @size); how many, or -EINVAL. */
ssize_t hex_decode(const char *text, void *v, size_t size);

/* The same, allocated; NULL when @j is no such string or memory is out. The caller's to free. */
uint8_t *hex_from_json(const json_t *j, size_t *ret_n);

#endif
