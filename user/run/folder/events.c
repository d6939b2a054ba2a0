// SPDX-License-Identifier: GPL-2.0-only
/* events.c - see events.h */
#include <errno.h>
#include <unistd.h>

#include "run/folder/events.h"
#include "util/cleanup.h"
#include "util/clock.h"

struct events {
	int fd;
	unsigned int lost;
};

/* After a crash the last line may be torn; begin on a new one. */
static void end_torn_line(int fd)
{
	off_t end = lseek(fd, 0, SEEK_END);
	char last = '\n';

	if (end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n')
		if (write(fd, "\n", 1) != 1)
			return;
}

int events_open(int fd, struct events **ret, struct fl_error *err)
{
	struct events *e = calloc(1, sizeof(*e));

	if (!e) {
		close(fd);
		return error_sys(err, ENOMEM, "events.jsonl: out of memory");
	}
	e->fd = fd;
	end_torn_line(e->fd);
	*ret = e;
	return 0;
}

void events_close(struct events *e)
{
	if (!e)
		return;
	close(e->fd);
	free(e);
}

void events_write(struct events *e, const char *event, const char *experiment, json_t *fields)
{
	json_t *line = json_pack("{s:f, s:I, s:s, s:s?}", "t", clock_wall_s(), "mono_ns", (json_int_t)clock_mono_ns(),
				 "event", event, "experiment", experiment);
	_cleanup_free_ char *text = NULL;
	size_t n;

	if (line && fields)
		json_object_update(line, fields);
	json_decref(fields);
	text = line ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(16)) : NULL;
	json_decref(line);
	n = text ? strlen(text) : 0;
	if (n)
		text[n++] = '\n'; /* over the NUL: it goes out by its length */
	if (!n || write(e->fd, text, n) != (ssize_t)n)
		e->lost++;
}

unsigned int events_lost(const struct events *e)
{
	return e->lost;
}
