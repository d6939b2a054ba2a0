/* SPDX-License-Identifier: GPL-2.0-only */
/* http_method.h - the methods of HTTP by their words: enum fl_http_method of bpf/abi/abi.h. */
#ifndef FL_HTTP_METHOD_H
#define FL_HTTP_METHOD_H

#include <stddef.h>

#define HTTP_METHOD_WORDS "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"

/* "POST" of FL_HTTP_POST, "OTHER" of FL_HTTP_OTHER; NULL: not one of them. */
const char *http_method_text(unsigned int method);

/* The bit of the @len bytes at @word, in any case; 0: there is none. */
unsigned int http_method_parse(const char *word, size_t len);

#endif
