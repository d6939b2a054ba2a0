// SPDX-License-Identifier: GPL-2.0-only
/*
 * schedule_replay.c - the values of a replay: one column of a CSV file with a header (RFC 4180: commas, quotes, no line
 * break within a field). The file comes with a suite, whose author may be somebody else: it is looked for below the
 * suite's folder only, links out of it are not followed, and its size is bounded.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/param.h"
#include "util/schedule/schedule.h"
#include "util/text/text.h"

#define FILE_MAX_BYTES (8u << 20)
#define VALUES_MAX     100000 /* more than a day of seconds */

static int open_beneath(const char *dir, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_fd_ int at = open(*dir ? dir : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return at < 0 ? -1 : (int)syscall(SYS_openat2, at, path, &how, sizeof(how));
}

static int read_text(const char *path, const char *dir, char **ret, struct fl_error *err)
{
	_cleanup_fd_ int fd = dir ? open_beneath(dir, path) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char own[32];
	struct stat st;

	if (fd < 0 && errno == EXDEV)
		return error_usage(err, "replay: %s is not in the folder of the file that names it, or below it", path);
	if (fd < 0 || fstat(fd, &st))
		return error_usage(err, "replay: cannot read %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_usage(err, "replay: %s is no regular file", path);
	if (st.st_size > FILE_MAX_BYTES)
		return error_usage(err, "replay: %s is larger than %u MiB", path, FILE_MAX_BYTES >> 20);
	snprintf(own, sizeof(own), "/proc/self/fd/%d", fd);
	return file_read(own, FILE_MAX_BYTES, ret, NULL, err);
}

/* The next field of the line at *@rest, without its quotes; NULL: there is none. It is cut out in place. */
static char *next_field(char **rest)
{
	char *field = *rest, *to, *from;
	bool quoted;

	if (!field)
		return NULL;
	field += strspn(field, " \t");
	to = from = field;
	quoted = *field == '"';
	if (quoted)
		from++;
	for (; *from && (quoted || *from != ','); from++) {
		if (quoted && *from == '"' && *++from != '"') {
			quoted = false;
			from--;
			continue;
		}
		*to++ = *from;
	}
	*rest = *from ? from + 1 : NULL;
	*to = '\0';
	return field;
}

static char *next_line(char **rest)
{
	char *line = strsep(rest, "\n");
	size_t len = line ? strlen(line) : 0;

	if (len && line[len - 1] == '\r')
		line[len - 1] = '\0';
	return line;
}

static const char *trimmed(char *field)
{
	size_t len = strlen(field);

	while (len && (field[len - 1] == ' ' || field[len - 1] == '\t'))
		field[--len] = '\0';
	return field;
}

static int find_column(const struct schedule *s, char *header, unsigned int *ret, struct fl_error *err)
{
	struct text all = {};
	unsigned int i;
	char *field;

	for (i = 0; (field = next_field(&header)); i++) {
		const char *name = trimmed(field);

		if (!strcmp(name, s->column)) {
			*ret = i;
			text_free(&all);
			return 0;
		}
		text_append(&all, "%s%s", i ? ", " : "", name);
	}
	error_usage(err, "replay: the first line of %s names no column '%.60s'", s->file, s->column);
	error_hint(err, "it names: %.200s", all.s ? all.s : "nothing");
	text_free(&all);
	return -EINVAL;
}

static int add_row(const struct param *p, struct schedule *s, char *line, unsigned int column, unsigned int number,
		   struct fl_error *err)
{
	char *field = NULL, value[96];
	struct fl_error why = {};
	int64_t *grown = s->v;
	unsigned int i;

	for (i = 0; i <= column; i++)
		field = next_field(&line);
	if (s->n == VALUES_MAX)
		return error_usage(err, "replay: %s has more than %d rows", s->file, VALUES_MAX);
	if (!(s->n & (s->n - 1)))
		grown = reallocarray(s->v, s->n ? 2ul * s->n : 1, sizeof(*grown));
	if (!grown)
		return error_sys(err, ENOMEM, "replay: out of memory");
	s->v = grown;
	snprintf(value, sizeof(value), "%.60s%.20s", field ? trimmed(field) : "", s->unit ? s->unit : "");
	if (field && *field && !param_number(p, value, &grown[s->n], &why)) {
		s->n++;
		return 0;
	}
	error_usage(err, "replay: line %u of %s: %s", number, s->file,
		    field && *field ? why.message : "the column is empty");
	if (field && *field && !s->unit)
		error_hint(err, "where the numbers have no unit, say it: unit: ms, or in one word "
				"replay:FILE#COLUMN/TIME/ms");
	return -EINVAL;
}

int schedule_read_file(const struct param *p, struct schedule *s, const char *dir, struct fl_error *err)
{
	_cleanup_free_ char *text = NULL;
	char *rest, *line;
	unsigned int column = 0, number = 1;
	int r = read_text(s->file, dir, &text, err);

	rest = text;
	line = r ? NULL : next_line(&rest);
	if (line && !strncmp(line, "\xef\xbb\xbf", 3))
		line += 3;
	if (!r)
		r = find_column(s, line, &column, err);
	while (!r && (line = next_line(&rest))) {
		number++;
		if (*line)
			r = add_row(p, s, line, column, number, err);
	}
	if (!r && !s->n)
		r = error_usage(err, "replay: %s has no row below its header", s->file);
	return r;
}
