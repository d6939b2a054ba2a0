// SPDX-License-Identifier: GPL-2.0-only
/*
 * output.c - what the commands share in printing.
 *
 * With -o json standard output is JSON whatever happens: the result, or {"error": {...}}; what people read
 * (errors, notes, progress) goes to standard error as without it. Commands that print an object a line
 * (top, probe) print an error as one more line.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "util/json/json_path.h"
#include "util/text/text.h"

/* Of this process: a command line asks once for one form. */
static struct {
	bool json;
	bool lost;      /* one could not be made */
	bool printed;   /* a document is out, and there is to be one only */
	FILE *terminal; /* the real stderr, while argp's messages are collected */
	char *said;
	size_t said_len;
} output;

/* --- which form --------------------------------------------------------------------------------- */

/* "-o json", "-ojson", "-qo json", "--output=json", "--output json". */
static bool asks_for_json(const char *word, const char *next)
{
	size_t len = strlen(word);

	if (!strncmp(word, "--output", 8))
		return !strcmp(word + 8, "=json") || (!word[8] && next && !strcmp(next, "json"));
	if (word[0] != '-' || word[1] == '-' || len < 2)
		return false;
	return (word[len - 1] == 'o' && next && !strcmp(next, "json")) ||
	       (len >= 6 && !strcmp(word + len - 5, "ojson"));
}

bool cmd_output_json(const char *arg, const struct argp_state *state)
{
	if (strcmp(arg, "json"))
		argp_error(state, "-o knows only json, not '%s'", arg);
	return output.json = true;
}

/* --- documents ---------------------------------------------------------------------------------- */

/* Whoever reads the output must not take an empty line for an answer. */
static json_t *or_error(json_t *o)
{
	if (!o) {
		fputs("faultline: the result cannot be told as JSON: it has a text or a number that JSON has not\n",
		      stderr);
		output.lost = true;
	}
	return o
		       ?: json_pack("{s:{s:s, s:n, s:i, s:n, s:n, s:n}}", "error", "message",
				    "the result cannot be told as JSON", "hint", "exit_status", FL_EXIT_INTERNAL,
				    "file", "line", "column");
}

void cmd_print_json(json_t *o)
{
	o = or_error(o);
	json_dumpf(o, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	putchar('\n');
	fflush(stdout);
	json_decref(o);
	output.printed = true;
}

void cmd_print_json_line(json_t *o)
{
	o = or_error(o);
	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
	putchar('\n');
	json_decref(o);
}

static json_t *text_or_null(const char *s)
{
	return s[0] ? json_foreign(s) : json_null();
}

json_t *cmd_error_json(const struct fl_error *err)
{
	if (!err->exit)
		return json_null();
	return json_pack("{s:s, s:o, s:i, s:o, s:o, s:o}", "message", err->message[0] ? err->message : "unknown error",
			 "hint", text_or_null(err->hint), "exit_status", (int)err->exit, "file",
			 text_or_null(err->file), "line", err->line ? json_integer(err->line) : json_null(), "column",
			 err->column ? json_integer(err->column) : json_null());
}

static void print_error_json(const struct fl_error *err)
{
	if (output.json && !output.printed)
		cmd_print_json_line(json_pack("{s:o}", "error", cmd_error_json(err)));
	output.printed = true;
}

int cmd_fail(const struct fl_error *err)
{
	struct fl_error internal = *err;

	if (!internal.exit)
		internal.exit = FL_EXIT_INTERNAL;
	error_print(&internal, stderr);
	print_error_json(&internal);
	return (int)internal.exit;
}

int cmd_usage(const char *message, const char *hint)
{
	struct fl_error err = {};

	error_usage(&err, "%s", message);
	error_hint(&err, "%s", hint);
	return cmd_fail(&err);
}

int cmd_status(int status)
{
	return output.lost && !status ? FL_EXIT_INTERNAL : status;
}

/* --- argp --------------------------------------------------------------------------------------- */

/* What argp and getopt had to say goes where it was meant to go. */
static void say_collected(void)
{
	fclose(stderr);
	stderr = output.terminal;
	output.terminal = NULL;
	fputs(output.said ?: "", stderr);
}

/* on_exit(3): argp ends the process itself when a command line is wrong. */
static void on_usage_error(int status, void *arg)
{
	struct fl_error err = {};
	char *line, *colon;

	(void)arg;
	if (!output.terminal)
		return;
	say_collected();
	if (!status || !output.said)
		return;
	/* "faultline score: which folder?", and then how to get help. */
	line = output.said;
	line[strcspn(line, "\n")] = '\0';
	colon = strstr(line, ": ");
	error_usage(&err, "%s", colon ? colon + 2 : line);
	error_hint(&err, "%.*s --help", colon ? (int)(colon - line) : (int)strlen("faultline"),
		   colon ? line : "faultline");
	print_error_json(&err);
}

void cmd_output_begin(char *const *argv)
{
	for (; *argv && strcmp(*argv, "--"); argv++)
		output.json |= asks_for_json(*argv, argv[1]);
	on_exit(on_usage_error, NULL);
}

int cmd_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	int r;

	if (output.json) {
		FILE *collected = open_memstream(&output.said, &output.said_len);

		if (collected) {
			output.terminal = stderr;
			stderr = collected;
		}
	}
	r = argp_parse(argp, argc, argv, 0, NULL, input);
	if (output.terminal) {
		say_collected();
		free(output.said);
		output.said = NULL;
	}
	return r;
}

static error_t parse_folder(int key, char *arg, struct argp_state *state)
{
	struct cmd_folder *f = state->input;

	switch (key) {
	case 'o': f->json = cmd_output_json(arg, state); return 0;
	case ARGP_KEY_ARG:
		if (f->path)
			argp_error(state, "one folder at a time; `faultline history` compares several");
		f->path = arg;
		return 0;
	case ARGP_KEY_END:
		if (!f->path)
			argp_error(state, "which folder?");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option folder_options[] = {
	{ "output", 'o', "json", 0, "Print JSON", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static const struct argp folder_argp = { .options = folder_options, .parser = parse_folder };

const struct argp_child cmd_folder_child[] = { { &folder_argp, 0, NULL, 0 }, {} };

/* --- text --------------------------------------------------------------------------------------- */

void cmd_print_wrapped(const char *text, int from, int width)
{
	int column = from;

	while (*text) {
		int len = (int)strcspn(text, " ");

		if (column > from && column + 1 + len > width) {
			printf("\n%*s", from, "");
			column = from;
		} else if (column > from) {
			putchar(' ');
			column++;
		}
		printf("%.*s", len, text);
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static int terminal_width(void)
{
	struct winsize size;

	return !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col >= 20 ? size.ws_col : 0;
}

/* How many columns the first @n bytes take: all but those that go on a character. */
static int columns(const char *s, size_t n)
{
	int count = 0;
	size_t i;

	for (i = 0; i < n; i++)
		count += ((unsigned char)s[i] & 0xc0) != 0x80;
	return count;
}

/* One line of @len bytes, words whole. */
static void print_broken(const char *line, size_t len, int width)
{
	int column = 0;

	while (len) {
		size_t blanks = strspn(line, " "), word = strcspn(line + blanks, " \n");
		int wide;

		if (blanks + word > len)
			word = len - blanks;
		wide = (int)blanks + columns(line + blanks, word);
		if (column && column + wide > width) {
			printf("\n  %.*s", (int)word, line + blanks);
			column = 2 + wide - (int)blanks;
		} else {
			printf("%.*s", (int)(blanks + word), line);
			column += wide;
		}
		line += blanks + word;
		len -= blanks + word;
	}
}

void cmd_print_board(const char *text)
{
	int width = terminal_width();

	while (*text) {
		size_t len = strcspn(text, "\n");

		if (width && text[0] != '|' && columns(text, len) > width)
			print_broken(text, len, width);
		else
			printf("%.*s", (int)len, text);
		text += len;
		if (*text) {
			putchar('\n');
			text++;
		}
	}
}
