// SPDX-License-Identifier: GPL-2.0-only
/* The journal: what is replayed, in which order, after which crash. It brings its own ways to undo.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "session/journal.h"
#include "util/clock.h"
#include "util/text/text.h"

static struct text undone; /* the words of what was undone, in order */
static int fail_times;

static enum undo_state undo_note(const json_t *args, struct fl_error *err)
{
	(void)err;
	text_append(&undone, "%s ", json_string_value(json_object_get(args, "word")));
	return UNDO_DONE;
}

static enum undo_state undo_stubborn(const json_t *args, struct fl_error *err)
{
	if (fail_times-- > 0)
		return undo_of(error_env(err, EBUSY, "still busy"));
	return undo_note(args, err);
}

/* Says nothing at all: that is open, never done. */
static enum undo_state undo_mute(const json_t *args, struct fl_error *err)
{
	return fail_times-- > 0 ? (enum undo_state)0 : undo_note(args, err);
}

static enum undo_state undo_needless(const json_t *args, struct fl_error *err)
{
	undo_note(args, err);
	error_env(err, ESTALE, "somebody else's by now");
	return UNDO_NOT_NEEDED;
}

static const struct undo_op family[] = { { "note", undo_note, false, false, false },
					 { "stubborn", undo_stubborn, false, false, false },
					 { "process", undo_note, true, false, false },
					 { "mute", undo_mute, false, false, false },
					 { "needless", undo_needless, false, false, false },
					 { "slow", undo_note, true, true, false },
					 {} };
static const struct undo_op *const families[] = { family, NULL };

static char dir[64];
static const char *const dirs[] = { dir, NULL };

static int setup(void **state)
{
	(void)state;
	/* In memory: some of these sync thousands of lines. */
	snprintf(dir, sizeof(dir), "%s/fltest-journal-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	fail_times = 0;
	text_free(&undone);
	return mkdtemp(dir) ? 0 : -1;
}

static char *file(void)
{
	static char path[96];

	snprintf(path, sizeof(path), "%s/journal.jsonl", dir);
	return path;
}

static int teardown(void **state)
{
	(void)state;
	unlink(file());
	text_free(&undone);
	return rmdir(dir);
}

static void add(struct journal *j, const char *op, const char *word, unsigned int *n)
{
	unsigned int unused;

	assert_int_equal(journal_add(j, op, json_pack("{s:s}", "word", word), n ? n : &unused, NULL), 0);
}

static void write_tail(const char *text)
{
	int fd = open(file(), O_WRONLY | O_APPEND);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void last_first_and_once(void **state)
{
	struct journal *j;
	struct undo_count count;
	(void)state;

	assert_int_equal(journal_open(dir, NULL, &j, NULL), 0);
	add(j, "note", "a", NULL);
	add(j, "note", "b", NULL);
	add(j, "note", "c", NULL);
	journal_close(j);
	assert_int_equal(journal_replay(dirs, &count, NULL), 0);
	assert_int_equal(count.done, 3);
	assert_string_equal(undone.s, "c b a ");
	assert_int_equal(journal_replay(dirs, &count, NULL), 0);
	assert_int_equal(count.done, 0);
	assert_string_equal(undone.s, "c b a ");
}

static void undone_or_done_is_over(void **state)
{
	struct journal *j;
	unsigned int a, b;
	struct undo_count count;
	(void)state;

	assert_int_equal(journal_open(dir, NULL, &j, NULL), 0);
	add(j, "note", "a", &a);
	add(j, "note", "b", &b);
	add(j, "note", "c", NULL);
	assert_int_equal(journal_undo(j, a, NULL), 0);
	assert_int_equal(journal_undo(j, a, NULL), 0);
	assert_int_equal(journal_done(j, b, NULL), 0);
	journal_close(j);
	assert_int_equal(journal_replay(dirs, &count, NULL), 0);
	assert_int_equal(count.done, 1);
	assert_string_equal(undone.s, "a c ");
}

/* The owner died in the middle of a line: that action had not begun, the others had. And what
 * is appended behind the torn line must stay readable. */
static void torn_line(void **state)
{
	static const char *const tails[] = { "{", "{\"n\": 3, \"undo\": \"note\", \"args\": {\"wo",
					     "{\"n\": 3, \"undo\": \"note\", \"args\": {\"word\": \"x\"}}" };
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		struct journal *j;
		struct undo_count count;

		assert_int_equal(journal_open(dir, NULL, &j, NULL), 0);
		add(j, "note", "a", NULL);
		add(j, "note", "b", NULL);
		journal_close(j);
		write_tail(tails[i]);
		assert_int_equal(journal_replay(dirs, &count, NULL), 0);
		assert_int_equal(count.done, 2);
		assert_string_equal(undone.s, "b a ");
		assert_int_equal(journal_replay(dirs, &count, NULL), 0);
		assert_int_equal(count.done, 0);
		text_free(&undone);
		unlink(file());
	}
}

static void failure_is_tried_again(void **state)
{
	struct fl_error err = {};
	struct journal *j;
	struct undo_count count;
	(void)state;

	assert_int_equal(journal_open(dir, NULL, &j, NULL), 0);
	add(j, "note", "a", NULL);
	add(j, "stubborn", "b", NULL);
	add(j, "note", "c", NULL);
	journal_close(j);
	fail_times = 1;
	assert_int_equal(journal_replay(dirs, &count, &err), -EBUSY);
	assert_string_equal(err.message, "still busy");
	assert_int_equal(count.done, 2);
	assert_int_equal(count.open, 1);
	assert_string_equal(undone.s, "c a ");
	assert_int_equal(journal_replay(dirs, &count, NULL), 0);
	assert_string_equal(undone.s, "c a b ");
}

/* Only "done" and "not needed" close an entry; what is open has a sentence, a hint and err->open. */
static void only_closed_is_closed(void **state)
{
	struct fl_error err = {};
	struct journal *j;
	unsigned int a, b, c;
	struct undo_count count;
	(void)state;

	assert_int_equal(journal_open(dir, NULL, &j, NULL), 0);
	add(j, "mute", "a", &a);
	add(j, "needless", "b", &b);
	add(j, "stubborn", "c", &c);
	fail_times = 1;
	assert_true(journal_undo(j, a, &err) < 0);
	assert_true(err.open);
	assert_true(err.message[0] && err.hint[0]);
	assert_int_equal(journal_undo(j, b, NULL), 0);
	/* An error of before does not hide that something is open. */
	error_clear(&err);
	error_usage(&err, "of before");
	fail_times = 1;
	assert_int_equal(journal_undo(j, c, &err), -EBUSY);
	assert_true(err.open);
	assert_string_equal(err.message, "still busy");
	journal_close(j);
	fail_times = 0;
	assert_int_equal(journal_replay(dirs, &count, NULL), 0);
	assert_int_equal(count.done, 2);
	assert_string_equal(undone.s, "b c a ");
}

static void unknown_or_damaged(void **state)
{
	struct fl_error err = {};
	struct journal *j;
	struct undo_count count;
	(void)state;

	assert_int_equal(journal_open(dir, NULL, &j, NULL), 0);
	add(j, "note", "a", NULL);
	add(j, "of-another-version", "b", NULL);
	journal_close(j);
	assert_int_equal(journal_replay(dirs, &count, &err), -ENOTSUP);
	assert_int_equal(count.open, 1);
	assert_non_null(strstr(err.message, "of-another-version"));
	assert_string_equal(undone.s, "a ");
	/* A line that makes no sense hides none of the others. */
	write_tail("garbage\n{\"n\":7,\"undo\":\"note\",\"args\":{\"word\":\"z\"}}\n");
	write_tail("{\"n\":2,\"done\":true}\n");
	error_clear(&err);
	assert_int_equal(journal_replay(dirs, &count, &err), -EBADMSG);
	assert_true(err.open);
	assert_int_equal(count.done, 1);
	assert_int_equal(count.open, 1);
	assert_string_equal(undone.s, "a z ");
	unlink(file());
	assert_int_equal(journal_replay(dirs, &count, NULL), 0);
	assert_int_equal(count.done, 0);
}

/* Who has to ask others comes last, so that nobody waits for them. */
static void own_first(void **state)
{
	struct journal *j;
	struct undo_count count;
	(void)state;

	assert_int_equal(journal_open(dir, NULL, &j, NULL), 0);
	add(j, "note", "a", NULL);
	add(j, "slow", "b", NULL);
	add(j, "note", "c", NULL);
	add(j, "slow", "d", NULL);
	journal_close(j);
	assert_int_equal(journal_replay(dirs, &count, NULL), 0);
	assert_string_equal(undone.s, "c a d b ");
}

static long size_of_file(void)
{
	struct stat st;

	return stat(file(), &st) ? -1 : (long)st.st_size;
}

/* What has been does not make it larger, and what is open survives being written anew. */
static void grows_with_what_is_open(void **state)
{
	unsigned int i, kept[3], n;
	struct undo_count count;
	long largest = 0;
	struct journal *j;
	(void)state;

	assert_int_equal(journal_open(dir, NULL, &j, NULL), 0);
	for (i = 0; i < 3; i++)
		add(j, "note", i == 0 ? "a" : i == 1 ? "b" : "c", &kept[i]);
	for (i = 0; i < 20000; i++) {
		add(j, "note", "short-lived", &n);
		assert_int_equal(journal_done(j, n, NULL), 0);
		largest = size_of_file() > largest ? size_of_file() : largest;
	}
	assert_true(largest < 200000);
	assert_int_equal(journal_done(j, kept[1], NULL), 0);
	add(j, "note", "d", NULL);
	journal_close(j);
	assert_int_equal(journal_replay(dirs, &count, NULL), 0);
	assert_int_equal(count.done, 3);
	assert_string_equal(undone.s, "d c a ");
}

/* One that somebody else has let grow is read all the same, and in a time that grows with it: twice as
 * long takes about twice as long. */
static uint64_t replay_ns(unsigned int lines)
{
	uint64_t begin;
	unsigned int i;
	struct undo_count count;
	struct journal *j;
	FILE *f;

	assert_int_equal(journal_open(dir, NULL, &j, NULL), 0);
	add(j, "note", "a", NULL);
	journal_close(j);
	f = fopen(file(), "a");
	for (i = 2; i < lines; i++)
		fprintf(f, "{\"n\":%u,\"undo\":\"note\",\"args\":{\"word\":\"%040d\"}}\n", i, 0);
	for (i = 2; i < lines; i++)
		fprintf(f, "{\"n\":%u,\"done\":true}\n", i);
	fclose(f);
	begin = clock_mono_ns();
	assert_int_equal(journal_replay(dirs, &count, NULL), 0);
	assert_int_equal(count.done, 1);
	begin = clock_mono_ns() - begin;
	unlink(file());
	return begin;
}

static void any_size_is_read(void **state)
{
	uint64_t small = replay_ns(50000), large = replay_ns(200000); /* 20 MB */
	(void)state;

	printf("# replay of 50000 and 200000 closed entries: %llu and %llu ms\n", (unsigned long long)(small / 1000000),
	       (unsigned long long)(large / 1000000));
	assert_true(large < 10 * small);
}

static void refused_before_any_limit(void **state)
{
	struct fl_error err = {};
	unsigned int i, n;
	struct undo_count count;
	struct journal *j;
	(void)state;

	assert_int_equal(journal_open(dir, NULL, &j, NULL), 0);
	for (i = 0; i < JOURNAL_OPEN_MAX; i++)
		add(j, "note", "x", &n);
	assert_int_equal(journal_add(j, "note", json_pack("{s:s}", "word", "y"), &n, &err), -EMFILE);
	assert_true(err.message[0] && err.hint[0]);
	assert_int_equal(journal_done(j, 1, NULL), 0);
	add(j, "note", "z", &n);
	journal_close(j);
	assert_int_equal(journal_replay(dirs, &count, NULL), 0);
	assert_int_equal(count.done, JOURNAL_OPEN_MAX);
}

/* Guardian and `recover` at the same time: each entry is undone once. */
static void two_at_once(void **state)
{
	struct journal *j;
	unsigned int i, total;
	struct undo_count count;
	int status;
	pid_t pid;
	(void)state;

	assert_int_equal(journal_open(dir, NULL, &j, NULL), 0);
	for (i = 0; i < 50; i++)
		add(j, "note", "x", NULL);
	journal_close(j);
	pid = fork();
	if (!pid)
		_exit(journal_replay(dirs, &count, NULL) ? 255 : (int)count.done);
	assert_int_equal(journal_replay(dirs, &count, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	total = count.done + (unsigned int)WEXITSTATUS(status);
	assert_int_equal(total, 50);
}

/* After a reboot the numbers of a process mean another one; a file is still the file. */
static void earlier_boot(void **state)
{
	static const char *const lines =
		"{\"n\":1,\"boot\":\"another\",\"undo\":\"process\",\"args\":{\"word\":\"a\"}}\n"
		"{\"n\":2,\"boot\":\"another\",\"undo\":\"note\",\"args\":{\"word\":\"b\"}}\n"
		"{\"n\":3,\"undo\":\"process\",\"args\":{\"word\":\"c\"}}\n";
	struct journal *j;
	struct undo_count count;
	unsigned int n;
	(void)state;

	assert_int_equal(journal_open(dir, NULL, &j, NULL), 0);
	write_tail(lines);
	journal_close(j);
	assert_int_equal(journal_replay(dirs, &count, NULL), 0);
	assert_string_equal(undone.s, "c b ");
	assert_int_equal(count.done, 2);
	assert_int_equal(count.not_needed, 1);
	assert_int_equal(journal_replay(dirs, &count, NULL), 0);
	assert_int_equal(count.done + count.not_needed + count.open, 0);

	unlink(file());
	assert_int_equal(journal_open(dir, NULL, &j, NULL), 0);
	add(j, "process", "d", &n);
	journal_close(j);
	assert_int_equal(journal_replay(dirs, &count, NULL), 0);
	assert_string_equal(undone.s, "c b d ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(last_first_and_once, setup, teardown),
		cmocka_unit_test_setup_teardown(undone_or_done_is_over, setup, teardown),
		cmocka_unit_test_setup_teardown(torn_line, setup, teardown),
		cmocka_unit_test_setup_teardown(failure_is_tried_again, setup, teardown),
		cmocka_unit_test_setup_teardown(only_closed_is_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(unknown_or_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(own_first, setup, teardown),
		cmocka_unit_test_setup_teardown(grows_with_what_is_open, setup, teardown),
		cmocka_unit_test_setup_teardown(any_size_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(refused_before_any_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(two_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(earlier_boot, setup, teardown),
	};

	journal_know(families);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
