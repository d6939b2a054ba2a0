// SPDX-License-Identifier: GPL-2.0-only
/* top_screen.c - see top_screen.h */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/top_screen.h"
#include "util/text/printable.h"

static const char *const sort_names[] = {
	[SORT_RATE] = "rate", [SORT_ERRORS] = "errors", [SORT_P50] = "p50", [SORT_P95] = "p95", [SORT_P99] = "p99",
};

static const char help[] = "q     ends top, as Ctrl-C does\n"
			   "s     sorts by the next of rate, errors, p50, p95, p99\n"
			   "/     shows only names with what you type; Enter keeps\n"
			   "      it, Esc brings back the one before\n"
			   "h, ?  this page; any key leaves it\n"
			   "\n"
			   "rate/s    requests a second\n"
			   "err       share of them that failed\n"
			   "p50..p99  what 50, 95, 99 % of them took at most\n"
			   "retr/s    TCP retransmissions a second\n"
			   "rst/s     connections that were reset, a second\n";

/* https://no-color.org: set and not empty, whatever its value is. */
static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no && *no) && term && strcmp(term, "dumb") != 0;
}

void top_screen_open(struct top_screen *s, const struct table_options *o)
{
	struct termios raw;

	if (!s->on)
		return;
	s->colour = wants_colour();
	text_copy(s->filter, sizeof(s->filter), o->filter ? o->filter : "");
	/* In the background the terminal is not ours to change. */
	if (isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp() && !tcgetattr(STDIN_FILENO, &s->saved)) {
		raw = s->saved;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO); /* Ctrl-C stays a signal */
		raw.c_cc[VSUSP] = _POSIX_VDISABLE;         /* a shell would get the alternate screen */
		s->keys = !tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	/* The alternate screen: what was on the terminal comes back at the end. */
	printable_control(stdout, "\033[?1049h\033[?25l");
}

void top_screen_close(struct top_screen *s)
{
	if (s->on)
		printable_control(stdout, "\033[?25h\033[?1049l");
	if (s->keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &s->saved);
	s->keys = false;
}

/* --- keys ---------------------------------------------------------------------------------------- */

static enum top_key type_filter(struct top_screen *s, char key)
{
	size_t len = strlen(s->filter);

	if (key == '\n' || key == '\r') {
		s->typing = false;
	} else if (key == '\033') {
		s->typing = false;
		text_copy(s->filter, sizeof(s->filter), s->before);
	} else if (key == '\177' || key == '\b') {
		if (len)
			s->filter[len - 1] = '\0';
	} else if (isprint((unsigned char)key) && len + 1 < sizeof(s->filter)) {
		s->filter[len] = key;
		s->filter[len + 1] = '\0';
	}
	return TOP_REDRAW;
}

enum top_key top_screen_key(struct top_screen *s, char key, struct table_options *o)
{
	enum top_key todo = TOP_REDRAW;

	if (s->typing) {
		todo = type_filter(s, key);
	} else if (s->help) {
		s->help = false;
	} else if (key == 'q') {
		todo = TOP_QUIT;
	} else if (key == 's') {
		o->sort = o->sort == SORT_P99 ? SORT_RATE : o->sort + 1;
	} else if (key == 'h' || key == '?') {
		s->help = true;
	} else if (key == '/') {
		s->typing = true;
		text_copy(s->before, sizeof(s->before), s->filter);
		s->filter[0] = '\0';
	} else {
		todo = TOP_NOTHING;
	}
	o->filter = s->filter[0] ? s->filter : NULL;
	return todo;
}

/* --- drawing ------------------------------------------------------------------------------------- */

static void put_line(const struct top_screen *s, const char *mark, const char *line, unsigned int width)
{
	const char *colour = !strcmp(mark, TABLE_HEAD) ? "\033[1m" : !strcmp(mark, TABLE_BAD) ? "\033[31m" : NULL;

	if (colour && s->colour)
		printable_control(stdout, colour);
	printf("%.*s", (int)width, line);
	if (colour && s->colour)
		printable_control(stdout, "\033[0m");
	printable_control(stdout, "\033[K\n");
}

/* Lines without a mark are plain. */
static void put_lines(const struct top_screen *s, char *text, bool marked, unsigned int width)
{
	char *rest = text, *line, mark[2] = "";

	while (rest && *rest && (line = strsep(&rest, "\n"))) {
		mark[0] = marked ? line[0] : ' ';
		put_line(s, mark, marked && line[0] ? line + 1 : line, width);
	}
}

/* Below the table: what is shown, and which keys there are. The line below it stays free: a newline there would scroll. */
static void put_status(const struct top_screen *s, const struct table_options *o, unsigned int width, unsigned int row)
{
	char line[160], at[32];

	if (s->typing)
		snprintf(line, sizeof(line), "filter: %s_   Enter keeps it, Esc leaves it", s->filter);
	else if (s->keys)
		snprintf(line, sizeof(line), "sort: %s%s%s   q quit  s sort  / filter  h help", sort_names[o->sort],
			 s->filter[0] ? "  filter: " : "", s->filter);
	else
		snprintf(line, sizeof(line), "sort: %s%s%s", sort_names[o->sort], s->filter[0] ? "  filter: " : "",
			 s->filter);
	snprintf(at, sizeof(at), "\033[%u;1H", row);
	printable_control(stdout, at);
	printf("%.*s", (int)width - 1, line);
	printable_control(stdout, "\033[K\n");
}

void top_screen_draw(const struct top_screen *s, const struct table *t, const struct table_options *o,
		     const char *below)
{
	struct winsize size = {};
	unsigned int width, height, lines = 0;
	struct text out = {};
	const char *c;

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	width = size.ws_col ? size.ws_col : 80;
	height = size.ws_row > 3 ? size.ws_row - 1u : 24;
	for (c = below; *c; c++)
		lines += *c == '\n';
	lines = lines < height / 2 ? lines : 0; /* rather the table */
	if (s->help)
		text_append(&out, "%s", help);
	else if (t)
		table_print(t, width, height - 1 - lines, &out);
	if (!s->help && (!t || lines))
		text_append(&out, "%s%s", below, t ? "" : "\n");
	printable_control(stdout, "\033[H");
	put_lines(s, out.s, t && !s->help, width);
	printable_control(stdout, "\033[J");
	put_status(s, o, width, height);
	fflush(stdout);
	text_free(&out);
}
