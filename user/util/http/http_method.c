// SPDX-License-Identifier: GPL-2.0-only
/* http_method.c - see http_method.h */
#include <string.h>
#include <strings.h>

#include "bpf/abi/abi.h"
#include "util/cleanup.h"
#include "util/http/http_method.h"

/* By bit. */
static const char *const words[] = { "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "OTHER" };
_Static_assert(FL_HTTP_OTHER == 1u << (ARRAY_SIZE(words) - 1), "the last of the methods");

const char *http_method_text(unsigned int method)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (method == 1u << i)
			return words[i];
	return NULL;
}

unsigned int http_method_parse(const char *word, size_t len)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i]) == len && !strncasecmp(words[i], word, len))
			return 1u << i;
	return 0;
}
