// SPDX-License-Identifier: GPL-2.0-only
/*
 * A session from its beginning to its end, as its owner, its guardian and recover see it: what is on disk, who is
 * alive, which leases are kept, and what becomes of that which cannot be undone at once. It brings its own way to undo.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "bpf/abi/abi.h"
#include "session/keeper.h"
#include "session/session.h"
#include "session/unfinished.h"
#include "util/clock.h"

#define PATIENCE_MS 30000

static char dir[] = "/tmp/fltest-session-XXXXXX", made[64], obstacle[64];

/* The file @made goes, once there is no @obstacle. */
static enum undo_state undo_made(const json_t *args, struct fl_error *err)
{
	(void)args;
	if (!access(obstacle, F_OK)) {
		error_env(err, EBUSY, "%s is in the way", obstacle);
		return UNDO_OPEN;
	}
	return unlink(made) ? UNDO_NOT_NEEDED : UNDO_DONE;
}

static const struct undo_op family[] = { { "made", undo_made, false, false, false }, {} };
static const struct undo_op *const families[] = { family, NULL };

static void touch(const char *path)
{
	close(open(path, O_CREAT | O_WRONLY, 0600));
}

static bool is_there(const char *path)
{
	return !access(path, F_OK);
}

/* Is it gone, before patience is? */
static bool goes(const char *path)
{
	int i;

	for (i = 0; i < PATIENCE_MS / 10 && is_there(path); i++)
		usleep(10000);
	return !is_there(path);
}

static struct session *begin(void)
{
	struct fl_error err = {};
	struct session *s;

	if (session_begin("test", &s, &err))
		fail_msg("session_begin: %s", err.message);
	return s;
}

static void make(struct session *s)
{
	unsigned int n;

	assert_int_equal(journal_add(s->journal, "made", json_object(), &n, NULL), 0);
	touch(made);
}

/* The only session that there is. */
static struct session_info only(void)
{
	struct session_info *v, info;
	uint32_t n;

	assert_int_equal(session_list(&v, &n, NULL), 0);
	assert_int_equal(n, 1);
	info = v[0];
	free(v);
	return info;
}

static void begins_and_ends(void **state)
{
	struct session *s = begin();
	struct session_info info = only();
	struct fl_error err = {};
	struct undo_count count;
	struct stat st;

	(void)state;
	assert_string_equal(info.name, s->name);
	assert_string_equal(info.purpose, "test");
	assert_int_equal(info.pid, getpid());
	assert_true(info.alive && !info.unknown && !info.results[0]);
	assert_int_equal(stat(s->dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(session_note_results(s, dir, NULL), 0);
	info = only();
	assert_string_equal(info.results, dir);
	assert_true(info.alive);

	/* Nobody else ends one that is alive, or one that cannot be. */
	assert_int_not_equal(session_recover(s->name, &count, &err), 0);
	assert_non_null(strstr(err.message, "is alive"));
	err = (struct fl_error){};
	assert_int_not_equal(session_recover("../../x", NULL, &err), 0);
	assert_non_null(strstr(err.message, "is no session"));

	make(s);
	assert_int_equal(session_end(s, NULL), 0);
	assert_false(is_there(made));
	assert_false(is_there(FL_RUN_DIR));
}

static uint64_t alive_until(int map)
{
	struct fl_lease lease;
	uint32_t zero = 0;

	assert_int_equal(bpf_map_lookup_elem(map, &zero, &lease), 0);
	return lease.alive_until_ns;
}

static void leases(void **state)
{
	int i, map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "test_lease", 4, sizeof(struct fl_lease), 1, NULL);
	struct session *s = begin();
	struct fl_error err = {};
	uint64_t before;

	(void)state;
	assert_true(map >= 0);
	assert_int_equal(session_add_lease(s, map, NULL), 0);
	before = alive_until(map);
	assert_true(before > clock_mono_ns() && before <= clock_mono_ns() + FL_LEASE_NS);
	session_heartbeat(s);
	assert_true(alive_until(map) > before);

	/* While its owner is busy a thread does it, until the next heartbeat. */
	session_busy(s);
	before = alive_until(map);
	for (i = 0; i < PATIENCE_MS && alive_until(map) <= before + 2 * FL_LEASE_PERIOD_MS * NS_PER_MSEC; i++)
		usleep(1000);
	assert_true(alive_until(map) > before + 2 * FL_LEASE_PERIOD_MS * NS_PER_MSEC);
	session_heartbeat(s);

	session_forget_lease(s, map);
	session_forget_lease(s, map);
	before = alive_until(map);
	session_heartbeat(s);
	usleep(2 * FL_LEASE_PERIOD_MS * 1000);
	assert_true(alive_until(map) == before);

	for (i = 0; i < SESSION_MAX_LEASES; i++)
		assert_int_equal(session_add_lease(s, map, NULL), 0);
	assert_int_not_equal(session_add_lease(s, map, &err), 0);
	assert_non_null(strstr(err.message, "more than 64"));
	while (s->n_leases)
		session_forget_lease(s, map);
	assert_int_not_equal(session_add_lease(s, -1, &err), 0);
	assert_int_equal(session_end(s, NULL), 0);
	close(map);
}

/* What cannot be undone is said, kept, and, once its owner has ended, tried by the guardian until it can be. */
static void handed_over(void **state)
{
	struct session_info info;
	struct unfinished why;
	double since;
	int status;
	pid_t owner = fork();

	(void)state;
	if (!owner) {
		struct session *s = begin();
		struct fl_error err = {};

		touch(obstacle);
		make(s);
		_exit(session_end(s, &err) && err.open && strstr(err.message, "is in the way") &&
				      strstr(err.hint, "faultline recover")
			      ? 7
			      : 1);
	}
	assert_int_equal(waitpid(owner, &status, 0), owner);
	assert_int_equal(WEXITSTATUS(status), 7);
	info = only();
	assert_false(info.alive);
	assert_true(unfinished_read(info.name, &why));
	assert_non_null(strstr(why.message, "is in the way"));
	since = why.since_wall;

	/* Another reason does not make it younger. */
	unfinished_write(info.name, &(struct fl_error){ .message = "something else" });
	assert_true(unfinished_read(info.name, &why));
	assert_true(why.since_wall <= since && why.since_wall >= since);
	assert_true(is_there(made));
	unlink(obstacle);
	assert_true(goes(FL_RUN_DIR));
	assert_false(is_there(made));
	assert_false(unfinished_read(info.name, &why));
}

/* An owner that is killed: its guardian does it. */
static void killed(void **state)
{
	int status;
	pid_t owner = fork();

	(void)state;
	if (!owner) {
		struct session *s = begin();

		make(s);
		_exit(7);
	}
	assert_int_equal(waitpid(owner, &status, 0), owner);
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_true(goes(made));
	assert_true(goes(FL_RUN_DIR));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_and_ends),
		cmocka_unit_test(leases),
		cmocka_unit_test(handed_over),
		cmocka_unit_test(killed),
	};
	int r;

	journal_know(families);
	if (!mkdtemp(dir))
		return 2;
	snprintf(made, sizeof(made), "%s/made", dir);
	snprintf(obstacle, sizeof(obstacle), "%s/obstacle", dir);
	r = cmocka_run_group_tests_name("session", tests, NULL, NULL);
	unlink(made);
	rmdir(dir);
	return r;
}
