// SPDX-License-Identifier: GPL-2.0-only
/* link: full */
/*
 * Every way to undo that this build knows: "cannot" is never "need not". Each is run where nothing of what it
 * has to look at can be seen (an empty /proc, /run and cgroup tree; an engine that does not answer), and has to
 * leave its entry open, with a sentence. One that is new has to have a row here.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "fault/clock/vdso_patch.h"
#include "fault/clock/vdso_proc.h"
#include "fault/undo.h"
#include "util/proc.h"
#include "util/text/text.h"

#define NS_NUMBER 4026999999ll /* a network namespace that nobody has */

static char dir[] = "/tmp/fltest-undo.XXXXXX";
static pid_t bystander, ended; /* a process that lives, and one that has ended */
static uint64_t bystander_start, ended_start;

static json_t *process_args(pid_t pid, uint64_t start)
{
	return json_pack("{s:i, s:I}", "pid", (int)pid, "start", (json_int_t)start);
}

static json_t *filter_args(void)
{
	return json_pack("{s:I, s:i, s:b, s:i, s:i, s:s}", "netns", (json_int_t)NS_NUMBER, "ifindex", 7, "egress", 1,
			 "prio", 1, "handle", 1, "tag", "0011223344556677");
}

static json_t *fq_args(void)
{
	return json_pack("{s:I, s:i, s:s}", "netns", (json_int_t)NS_NUMBER, "ifindex", 7, "session", "abc123");
}

static json_t *ports_args(void)
{
	return json_pack("{s:I, s:s, s:i, s:i, s:i, s:i}", "netns", (json_int_t)NS_NUMBER, "session", "abc123", "from",
			 32768, "to", 60999, "our-from", 32768, "our-to", 32768);
}

static json_t *engine_args(void)
{
	return json_pack("{s:s, s:s, s:[]}", "target", "docker:web", "engine", "/nonexistent/docker.sock", "freezers");
}

static json_t *byteman_args(void)
{
	json_t *o = process_args(bystander, bystander_start);

	json_object_set_new(o, "port", json_integer(9091));
	json_object_set_new(o, "script", json_string("RULE x\n"));
	return o;
}

static json_t *table_args(void)
{
	char path[64], line[80];

	snprintf(path, sizeof(path), "%s/table", dir);
	snprintf(line, sizeof(line), "%d %llu 64\n", (int)bystander, (unsigned long long)bystander_start);
	assert_int_equal(file_write(path, line, strlen(line), 0600, NULL), 0);
	return json_pack("{s:s}", "table", path);
}

static json_t *store_args(void)
{
	return json_pack("{s:s, s:I, s:s, s:i, s:i}", "saved", "/nonexistent", "netns", (json_int_t)NS_NUMBER, "host",
			 "127.0.0.1", "port", 6379, "db", 0);
}

static json_t *clock_args(void)
{
	static struct vdso_patch p;

	return vdso_plan("test", &p, NULL) ? NULL : vdso_patch_json(&p);
}

/* A file that the process could have had. */
static json_t *place_args(void)
{
	json_t *o = process_args(bystander, bystander_start);
	char boot[PROC_BOOT_SIZE];

	proc_boot(boot);
	json_object_update_new(o, json_pack("{s:s, s:i, s:i, s:s, s:b}", "path", "/etc/app.conf", "dev", 77, "ino", 12,
					    "boot", boot, "lasts", 1));
	return o;
}

static json_t *file_args(void)
{
	json_t *o = place_args();

	json_object_update_new(o, json_pack("{s:s, s:s, s:{}}", "before", "/nonexistent/b", "after", "/nonexistent/a",
					    "meta"));
	return o;
}

static json_t *scratch_args(void)
{
	json_t *o = place_args();

	json_object_update_new(o, json_pack("{s:s, s:i}", "name", ".faultline-abc123.1", "uid", 0));
	return o;
}

/* Of a path that goes round in circles nothing is known. */
static const char *circle(void)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/circle", dir);
	unlink(path);
	assert_int_equal(symlink(path, path), 0);
	return path;
}

static json_t *circle_args(void)
{
	char path[80];

	snprintf(path, sizeof(path), "%s/file", circle());
	return json_pack("{s:s, s:{}}", "path", path, "identity");
}

static json_t *cgroup_args(void)
{
	return json_pack("{s:s, s:b, s:i, s:i}", "path", "/sys/fs/cgroup/freezer/docker/0123", "v2", 0, "dev", 77,
			 "ino", 12);
}

static json_t *limit_of(const char *path)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i}", "path", path, "file", "pids.max", "before", "max",
			 "ours", "1", "session", "abc123", "dev", 77, "ino", 12);
}

static json_t *limit_args(void)
{
	return limit_of("/sys/fs/cgroup/pids/docker/0123");
}

static json_t *limit_circle_args(void)
{
	return limit_of(circle());
}

static json_t *cgroup_circle_args(void)
{
	return json_pack("{s:s, s:b, s:i, s:i}", "path", circle(), "v2", 0, "dev", 77, "ino", 12);
}

static json_t *bystander_args(void)
{
	return process_args(bystander, bystander_start);
}

static json_t *start_args(void)
{
	return json_pack("{s:s, s:s}", "target", "docker:web", "engine", "/nonexistent/docker.sock");
}

static json_t *ended_args(void)
{
	return process_args(ended, ended_start);
}

static json_t *ended_byteman_args(void)
{
	json_t *o = byteman_args();

	json_object_update_new(o, ended_args());
	return o;
}

static json_t *never_there_args(void)
{
	return json_pack("{s:s, s:{}}", "path", "/tmp/fltest-undo-never-there", "identity");
}

struct row {
	const char *op;
	json_t *(*args)(void);
};

static const struct row unseen[] = {
	{ "tc-filter", filter_args },          { "fq-qdisc", fq_args },
	{ "start-service", start_args },       { "unpause-target", engine_args },
	{ "byteman-delete", byteman_args },    { "restore-nofile", table_args },
	{ "restore-cache", store_args },       { "clock-restore", clock_args },
	{ "restore-file", file_args },         { "remove-scratch", scratch_args },
	{ "remove-file", circle_args },        { "thaw-cgroup", cgroup_args },
	{ "thaw-cgroup", cgroup_circle_args }, { "continue-process", bystander_args },
	{ "kill-process", bystander_args },    { "port-range", ports_args },
	{ "cgroup-limit", limit_args },        { "cgroup-limit", limit_circle_args },
};

/* What is proved to be gone is no open entry. */
static const struct row gone[] = {
	{ "continue-process", ended_args },
	{ "kill-process", ended_args },
	{ "byteman-delete", ended_byteman_args },
	{ "remove-file", never_there_args },
};

static pid_t start_child(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		for (;;)
			pause();
	return pid;
}

static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	bystander = start_child();
	bystander_start = proc_start(bystander);
	ended = start_child();
	ended_start = proc_start(ended);
	kill(ended, SIGKILL);
	waitpid(ended, NULL, 0);
	return 0;
}

static int teardown(void **state)
{
	char path[64];

	(void)state;
	kill(bystander, SIGKILL);
	waitpid(bystander, NULL, 0);
	snprintf(path, sizeof(path), "%s/table", dir);
	unlink(path);
	unlink(circle());
	return rmdir(dir);
}

/* How often it has been wrong, on standard output what. */
static int run_unseen(void)
{
	size_t i;
	int bad = 0;

	for (i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++) {
		const struct undo_op *op = journal_op(unseen[i].op);
		struct fl_error err = {};
		json_t *args = unseen[i].args();
		enum undo_state s = op && args ? op->undo(args, &err) : UNDO_DONE;

		if (s != UNDO_OPEN || !err.message[0]) {
			printf("# %s: %s, although nothing could be seen: %s\n", unseen[i].op,
			       s == UNDO_OPEN   ? "open, without a word"
			       : s == UNDO_DONE ? "done"
						: "not needed",
			       err.message);
			bad++;
		}
		json_decref(args);
	}
	return bad;
}

/* An empty directory in the place of each, in a mount namespace that ends with this process. */
static bool hide_everything(void)
{
	static const char *const places[] = { "/proc", "/run", "/sys/fs/cgroup" };
	size_t i;

	if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return false;
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (mount("tmpfs", places[i], "tmpfs", 0, NULL))
			return false;
	return true;
}

static void cannot_is_not_need_not(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		int bad = hide_everything() ? run_unseen() : 100;

		fflush(stdout);
		_exit(bad);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 100)
		skip(); /* neither root nor user namespaces */
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(proc_is(bystander, bystander_start), PROC_HERE); /* nobody was ended on the way */
}

static void what_makes_no_sense_is_open(void **state)
{
	const struct undo_op *const *family, *op;
	json_t *empty = json_object();
	size_t i;
	(void)state;

	for (family = undo_families; *family; family++)
		for (op = *family; op->name; op++) {
			struct fl_error err = {};
			bool listed = false;

			if (op->undo(empty, &err) != UNDO_OPEN || !err.message[0])
				fail_msg("%s without arguments: not open, or without a word", op->name);
			for (i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
				listed |= !strcmp(unseen[i].op, op->name);
			if (!listed)
				fail_msg("%s has no row in this test", op->name);
		}
	json_decref(empty);
}

static void proved_gone_is_closed(void **state)
{
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		json_t *args = gone[i].args();
		struct fl_error err = {};

		if (journal_op(gone[i].op)->undo(args, &err) != UNDO_NOT_NEEDED)
			fail_msg("%s: %s", gone[i].op, err.message);
		json_decref(args);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cannot_is_not_need_not),
		cmocka_unit_test(what_makes_no_sense_is_open),
		cmocka_unit_test(proved_gone_is_closed),
	};

	journal_know(undo_families);
	return cmocka_run_group_tests(tests, setup, teardown);
}
