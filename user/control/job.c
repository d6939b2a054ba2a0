// SPDX-License-Identifier: GPL-2.0-only
/* job.c - see job.h */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/job.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"
#include "util/loop/loop_time.h"

#define OUTPUT_MAX (8u << 20)
#define KILL_MS    10000
#define NOBODY     65534
#define WORDS_MAX  126

struct job {
	uv_process_t process;
	uv_pipe_t pipes[2]; /* of its output, and its errors */
	uv_timer_t deadline;
	struct text out, err;
	int status, signal;
	unsigned int open_handles, open_pipes;
	bool exited, closing, timed_out;
	void (*done)(void *ctx, const struct job_result *r);
	void *ctx;
};

static unsigned int running;

unsigned int job_count(void)
{
	return running;
}

/* --- its end ------------------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
	LOOP_CALLBACK();
	struct job *j = handle->data;

	if (--j->open_handles)
		return;
	text_free(&j->out);
	text_free(&j->err);
	free(j);
}

static void close_all(struct job *j)
{
	uv_handle_t *all[] = { (uv_handle_t *)&j->process, (uv_handle_t *)&j->pipes[0], (uv_handle_t *)&j->pipes[1],
			       (uv_handle_t *)&j->deadline };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		if (!uv_is_closing(all[i]))
			uv_close(all[i], on_closed);
}

static void finish(struct job *j)
{
	struct job_result r = {
		.exit_status = j->signal ? -1 : j->status,
		.timed_out = j->timed_out,
		.out = j->out.s ?: "",
		.err = j->err.s ?: "",
		.out_len = j->out.len,
	};

	if (j->closing || !j->exited || j->open_pipes)
		return;
	j->closing = true;
	running--;
	j->done(j->ctx, &r);
	close_all(j);
}

static void on_ended(uv_process_t *process, int64_t status, int signal)
{
	LOOP_CALLBACK();
	struct job *j = process->data;

	j->exited = true;
	j->status = (int)status;
	j->signal = signal;
	finish(j);
}

static void on_deadline(uv_timer_t *timer)
{
	LOOP_CALLBACK();
	struct job *j = timer->data;

	if (j->exited) {
		j->open_pipes = 0; /* somebody else holds them open */
		finish(j);
		return;
	}
	uv_process_kill(&j->process, j->timed_out ? SIGKILL : SIGTERM);
	j->timed_out = true;
	uv_timer_start(timer, on_deadline, KILL_MS, 0);
}

/* --- what it says -------------------------------------------------------------------------------- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	LOOP_CALLBACK();
	static char shared[65536]; /* it is copied before the next one is asked for */

	(void)handle;
	(void)suggested;
	*buf = uv_buf_init(shared, sizeof(shared));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	LOOP_CALLBACK();
	struct job *j = stream->data;
	struct text *to = stream == (uv_stream_t *)&j->pipes[0] ? &j->out : &j->err;

	if (n > 0 && to->len + (size_t)n <= OUTPUT_MAX)
		text_append_bytes(to, buf->base, (size_t)n);
	if (n >= 0)
		return;
	uv_read_stop(stream);
	if (j->open_pipes)
		j->open_pipes--;
	finish(j);
}

/* --- its beginning ------------------------------------------------------------------------------- */

/* A file without a name, so that it can be opened as /dev/stdin; -1: there is none. */
static int input_file(const struct job_ask *ask, int *ret)
{
	_cleanup_fd_ int fd = -1;

	*ret = -1;
	if (!ask->input)
		return 0;
	fd = memfd_create("input", MFD_CLOEXEC);
	if (fd < 0 || fd_write_all(fd, ask->input, ask->input_len) || lseek(fd, 0, SEEK_SET))
		return -EIO;
	*ret = take_fd(fd);
	return 0;
}

static int spawn(uv_loop_t *loop, struct job *j, const struct job_ask *ask, int input)
{
	const uv_stdio_flags to = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
	uv_stdio_container_t stdio[3] = {
		{ .flags = input < 0 ? UV_IGNORE : UV_INHERIT_FD, .data.fd = input },
		{ .flags = to, .data.stream = (uv_stream_t *)&j->pipes[0] },
		{ .flags = to, .data.stream = (uv_stream_t *)&j->pipes[1] },
	};
	char *argv[WORDS_MAX + 2] = { (char[]){ "faultline" } }, caller[128];
	uv_process_options_t o = {
		.exit_cb = on_ended,
		.file = "/proc/self/exe",
		.args = argv,
		.cwd = "/",
		.stdio = stdio,
		.stdio_count = 3,
		.flags = ask->unprivileged ? UV_PROCESS_SETUID | UV_PROCESS_SETGID : 0,
		.uid = NOBODY,
		.gid = NOBODY,
	};
	size_t n;
	int r;

	for (n = 0; ask->args[n]; n++)
		argv[n + 1] = ask->args[n];
	snprintf(caller, sizeof(caller), "%u:%s", ask->who->uid, ask->who->name);
	setenv("FAULTLINE_API_CALLER", caller, 1);
	r = uv_spawn(loop, &j->process, &o);
	unsetenv("FAULTLINE_API_CALLER");
	return r;
}

int job_start(uv_loop_t *loop, const struct job_ask *ask)
{
	struct job *j = calloc(1, sizeof(*j));
	_cleanup_fd_ int input = -1;
	int i, r = j ? input_file(ask, &input) : -ENOMEM;

	if (r || words_count(ask->args) >= WORDS_MAX) {
		free(j);
		return r ?: -E2BIG;
	}
	j->done = ask->done;
	j->ctx = ask->ctx;
	for (i = 0; i < 2; i++) {
		uv_pipe_init(loop, &j->pipes[i], 0);
		j->pipes[i].data = j;
	}
	uv_timer_init(loop, &j->deadline);
	j->deadline.data = j->process.data = j;
	j->open_handles = 4;
	j->open_pipes = 2;
	r = spawn(loop, j, ask, input);
	if (r) {
		close_all(j); /* also of a process that did not start: uv_spawn() made its handle */
		return r;
	}
	running++;
	uv_timer_start(&j->deadline, on_deadline, ask->timeout_ms, 0);
	uv_read_start((uv_stream_t *)&j->pipes[0], on_alloc, on_read);
	uv_read_start((uv_stream_t *)&j->pipes[1], on_alloc, on_read);
	return 0;
}
