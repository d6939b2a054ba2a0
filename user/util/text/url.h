/* SPDX-License-Identifier: GPL-2.0-only */
/* url.h - URLs in what people read: without the passwords and tokens that stand in them. */
#ifndef FL_URL_H
#define FL_URL_H

#include <jansson.h>

/*
 * In @text, which may hold any number of URLs, replace each "user:password" before an '@' (RFC 3986
 * §3.2.1) and the value of each query parameter whose name says that it is secret ("token", "api_key",
 * ...) by "***". In place; the text never grows.
 */
void url_mask(char *text);

/* A new JSON string of @url, masked; null for NULL. */
json_t *url_masked_json(const char *url);

/*
 * Hide the secrets of URLs in the command line of this process from `ps`: returns a copy of @argv that
 * lives as long as the process, and masks the original. @argv itself when out of memory.
 */
char **url_hide_arguments(int argc, char **argv);

#endif
