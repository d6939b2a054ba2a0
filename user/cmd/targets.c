// SPDX-License-Identifier: GPL-2.0-only
/* targets.c - "a,b c" on a command line is a, b and c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"

char **cmd_targets(char *const *words, struct fl_error *err)
{
	size_t n = 0, bytes = 0, i;
	char **list, *text;
	const char *c;

	for (i = 0; words && words[i]; i++, n++) {
		bytes += strlen(words[i]) + 1;
		for (c = words[i]; (c = strchr(c, ',')); c++)
			n++;
	}
	list = malloc((n + 1) * sizeof(*list) + bytes);
	if (!list) {
		error_sys(err, ENOMEM, "targets: out of memory");
		return NULL;
	}
	text = (char *)(list + n + 1);
	for (n = 0, i = 0; words && words[i]; i++) {
		size_t len = strlen(words[i]) + 1;
		char *rest = memcpy(text, words[i], len);

		while (rest)
			list[n++] = strsep(&rest, ",");
		text += len;
	}
	list[n] = NULL;
	return list;
}
