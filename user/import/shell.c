// SPDX-License-Identifier: GPL-2.0-only
/*
 * shell.c - the simple commands of a shell script: words as a shell splits them, without redirections,
 * operators, reserved words, comments and here-documents. Nothing is expanded: a word whose value only
 * the running shell knows carries SHELL_UNKNOWN in place of its '$' or '`'.
 */
#include <ctype.h>
#include <errno.h>

#include "import/shell.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"
#include "util/text/text.h"

/* Command substitutions and `sh -c` within each other. */
#define DEPTH_MAX 8

struct reader {
	const char *p;
	int line, depth;
	char **words;     /* of the command under way */
	int began;        /* its first line */
	char *heredoc[8]; /* delimiters whose bodies begin on the next line */
	int n_heredocs;
	shell_command_fn fn;
	void *user;
	int r;
};

static int read_script(const char *text, int line, int depth, shell_command_fn fn, void *user);

static void end_command(struct reader *s)
{
	if (s->words && !s->r)
		s->r = s->fn(s->user, s->words, s->began);
	words_free(s->words);
	s->words = NULL;
}

/* Behind "$(...)", "${...}" or "`...`", whose inside is read as a script of its own; NULL: not closed. */
static const char *skip_substitution(struct reader *s, const char *p)
{
	char open = p[0] == '`' ? '`' : p[1], close = open == '(' ? ')' : open == '{' ? '}' : '`', quote = 0;
	const char *begin = p + (open == '`' ? 1 : 2), *q;
	int nested = 1;

	for (q = begin; *q; q++) {
		if (*q == '\\' && q[1] && quote != '\'')
			q++;
		else if (quote && *q == quote)
			quote = 0;
		else if (!quote && open == '(' && (*q == '"' || *q == '\''))
			quote = *q;
		else if (!quote && *q == close && !--nested)
			break;
		else if (!quote && *q == open && open != close)
			nested++;
	}
	if (!*q)
		return NULL;
	if (open != '{' && *begin != '(') {
		_cleanup_free_ char *inside = strndup(begin, (size_t)(q - begin));

		if (inside && !s->r)
			s->r = read_script(inside, s->line, s->depth + 1, s->fn, s->user);
	}
	for (; p < q; p++)
		s->line += *p == '\n';
	return q + 1;
}

static bool is_expansion(const char *p)
{
	return *p == '`' || (*p == '$' && (isalnum((unsigned char)p[1]) || (p[1] && strchr("_({@*#?!-", p[1]))));
}

/* Behind an expansion at @p, which goes to @word with a mark; NULL: not closed. */
static const char *read_expansion(struct reader *s, const char *p, struct text *word)
{
	bool bracket = *p == '`' || p[1] == '(' || p[1] == '{';
	const char *end = bracket ? skip_substitution(s, p) : p + 2;

	if (!end)
		return NULL;
	while (!bracket && (isalnum((unsigned char)p[1]) || p[1] == '_') &&
	       (isalnum((unsigned char)*end) || *end == '_'))
		end++;
	text_append(word, "%c", SHELL_UNKNOWN);
	text_append_bytes(word, p + 1, (size_t)(end - p - 1));
	return end;
}

/* One word, its quotes removed. False: a quote or bracket is not closed. */
static bool read_word(struct reader *s, struct text *word)
{
	const char *p = s->p;
	char quote = 0;

	text_append(word, "%s", "");
	while (*p && (quote || !strchr(" \t\r\n;&|()<>", *p))) {
		s->line += *p == '\n';
		if (*p == '\\' && quote != '\'' && p[1]) {
			s->line += p[1] == '\n';
			if (quote && !strchr("$`\"\\\n", p[1]))
				text_append(word, "\\");
			if (p[1] != '\n')
				text_append_bytes(word, p + 1, 1);
			p += 2;
		} else if (quote != '\'' && is_expansion(p)) {
			p = read_expansion(s, p, word);
			if (!p)
				return false;
		} else if (quote ? *p == quote : *p == '"' || *p == '\'') {
			quote = quote ? 0 : *p;
			p++;
		} else {
			text_append_bytes(word, p++, 1);
		}
	}
	s->p = p;
	return !quote;
}

/* Reserved words in front of a command, which say nothing of it. */
static bool is_reserved(const char *word)
{
	static const char *const reserved[] = { "!",    "if",    "then",  "else", "elif", "fi",   "do",
						"done", "while", "until", "{",    "}",    "time", "esac" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(reserved); i++)
		if (!strcmp(reserved[i], word))
			return true;
	return false;
}

static void add_word(struct reader *s, struct text *word, int line)
{
	if (!s->words && is_reserved(word->s ? word->s : "")) {
		text_free(word);
		return;
	}
	if (!s->words)
		s->began = line;
	if (word->failed || words_add(&s->words, word->s))
		s->r = -ENOMEM;
}

/* ">", "2>&1", "<<EOF" and the word behind it. */
static bool read_redirection(struct reader *s)
{
	bool here = !strncmp(s->p, "<<", 2) && s->p[2] != '<';
	struct text word = {};
	bool whole;

	s->p += strspn(s->p, "<>&|");
	s->p += here && *s->p == '-';
	s->p += strspn(s->p, " \t");
	whole = read_word(s, &word);
	if (here && whole && s->n_heredocs < (int)ARRAY_SIZE(s->heredoc))
		s->heredoc[s->n_heredocs++] = word.s;
	else
		text_free(&word);
	return whole;
}

/* Bodies of here-documents, at the beginning of a line. */
static void skip_heredocs(struct reader *s)
{
	int i;

	for (i = 0; i < s->n_heredocs; i++) {
		const char *end = s->heredoc[i] ? s->heredoc[i] : "";
		bool found = false;

		while (*s->p && !found) {
			size_t tabs = strspn(s->p, "\t"), len = strcspn(s->p, "\r\n");

			found = len - tabs == strlen(end) && !strncmp(s->p + tabs, end, strlen(end));
			s->p += strcspn(s->p, "\n");
			s->line += *s->p == '\n';
			s->p += *s->p == '\n';
		}
		free(s->heredoc[i]);
	}
	s->n_heredocs = 0;
}

/* A file descriptor in front of a redirection: "2>". */
static bool is_redirection(const char *p)
{
	p += strspn(p, "0123456789");
	return *p == '<' || *p == '>' || !strncmp(p, "&>", 2);
}

/* What stands between words; true when it was that. */
static bool read_blank(struct reader *s)
{
	const char *p = s->p;

	if (*p == '\\' && (p[1] == '\n' || (p[1] == '\r' && p[2] == '\n'))) {
		s->p += p[1] == '\r' ? 3 : 2;
		s->line++;
	} else if (*p == ' ' || *p == '\t' || *p == '\r') {
		s->p++;
	} else if (*p == '#') {
		s->p += strcspn(p, "\n");
	} else if (*p == '\n') {
		end_command(s);
		s->p++;
		s->line++;
		skip_heredocs(s);
	} else if (!is_redirection(p) && strchr(";&|()", *p)) {
		end_command(s);
		s->p++;
	} else {
		return false;
	}
	return true;
}

/* The quote that begins in the word at @p is never closed: that line is named, what follows it is read. */
static void not_closed(struct reader *s, const char *p, int line)
{
	words_free(s->words);
	s->words = NULL;
	if (!s->r)
		s->r = s->fn(s->user, NULL, line);
	s->p = p + strcspn(p, "\n");
	s->line = line;
}

static int read_script(const char *text, int line, int depth, shell_command_fn fn, void *user)
{
	struct reader s = { .p = text, .line = line, .depth = depth, .fn = fn, .user = user };

	while (*s.p && !s.r && depth < DEPTH_MAX) {
		const char *p = s.p;
		struct text word = {};
		int began = s.line;

		if (read_blank(&s))
			continue;
		if (is_redirection(p)) {
			s.p += strspn(p, "0123456789");
			if (!read_redirection(&s))
				not_closed(&s, p, began);
		} else if (read_word(&s, &word)) {
			add_word(&s, &word, began);
		} else {
			text_free(&word);
			not_closed(&s, p, began);
		}
	}
	end_command(&s);
	while (s.n_heredocs)
		free(s.heredoc[--s.n_heredocs]);
	return s.r;
}

int shell_commands(const char *text, int line, shell_command_fn fn, void *user)
{
	return read_script(text, line, 0, fn, user);
}

bool shell_is_known(const char *word)
{
	return !strchr(word, SHELL_UNKNOWN);
}

void shell_show(char *word)
{
	for (; (word = strchr(word, SHELL_UNKNOWN)); word++)
		*word = '$';
}
