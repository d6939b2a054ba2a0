// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer entry: "VERB OBJECT\nBODY" as a request to the API. What is understood becomes words that begin with the
 * command, of which what a client gave is behind "--" or an '='.
 */
#include "control/command.h"
#include "tests/fuzz/kinds.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"

static void check_words(char *const *args, const struct who *who)
{
	bool behind = false;
	size_t i;

	for (i = 0; args[i]; i++) {
		const char *a = args[i];

		if (behind && a[0] == '-' && strcmp(args[0], "halt") != 0)
			abort(); /* no name of a target, no id and no parameter begins so */
		if (!behind && !strcmp(a, "--"))
			behind = true;
		else if (!behind && i > 1 && (a[0] != '-' || a[1] != '-'))
			abort();
		if (who->role < ROLE_ADMINISTER && !behind && (!strcmp(a, "--forever") || !strncmp(a, "--allow", 7)))
			abort();
	}
	if (i > 100)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);
	char *body = strchr(text, '\n'), *object = text + 1, found[ROUTE_OBJECT_MAX];
	const struct route *route = NULL;
	struct fl_error err = {};
	struct token_line line;
	struct who who = { .name = "token t" };
	char **args = NULL;
	json_t *o;
	int r;

	if (!text[0] || !body)
		return 0;
	*body++ = '\0';
	/* The path as the front reads it, the headers, a line of tokens. */
	if (route_find("GET", object, &route, found) == ROUTE_FOUND && (strchr(found, '/') || found[0] == '.'))
		abort();
	(void)route_check_browser(object, body, NULL, "x");
	if (!token_line_read(body, &line, NULL) && (!line.role || !token_name_ok(line.name)))
		abort();
	/* And the request as the back does. */
	who.role = text[0] & 1 ? ROLE_OPERATE : ROLE_ADMINISTER;
	o = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
	r = command_make(table, (enum verb)((unsigned char)text[0] / 2 % VERBS_N), object, o, &who, &args, &err);
	if (!r != (args != NULL) || !r != !err.exit)
		abort();
	if (args)
		check_words(args, &who);
	words_free(args);
	json_decref(o);
	return 0;
}
