// SPDX-License-Identifier: GPL-2.0-only
/* The journal: what is replayed, in which order, after which crash. It brings its own undo_ops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "journal/journal.h"
#include "util/text.h"

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

static const struct undo_op family[] = {
	{ "note", undo_note, false },
	{ "stubborn", undo_stubborn, false },
	{ "process", undo_note, true },
	{ "mute", undo_mute, false },
	{ "needless", undo_needless, false },
	{}
};
const struct undo_op *const undo_ops[] = { family, NULL };

static char dir[64];

static int setup(void **state)
{
	(void)state;
	text_copy(dir, sizeof(dir), "/tmp/fltest-journal-XXXXXX");
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

	assert_int_equal(
		journal_add(j, op, json_pack("{s:s}", "word", word), n ? n : &unused, NULL), 0);
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
	unsigned int count;
	(void)state;

	assert_int_equal(journal_open(dir, &j, NULL), 0);
	add(j, "note", "a", NULL);
	add(j, "note", "b", NULL);
	add(j, "note", "c", NULL);
	journal_close(j);
	assert_int_equal(journal_replay(dir, &count, NULL), 0);
	assert_int_equal(count, 3);
	assert_string_equal(undone.s, "c b a ");
	assert_int_equal(journal_replay(dir, &count, NULL), 0);
	assert_int_equal(count, 0);
	assert_string_equal(undone.s, "c b a ");
}

static void undone_or_done_is_over(void **state)
{
	struct journal *j;
	unsigned int a, b, count;
	(void)state;

	assert_int_equal(journal_open(dir, &j, NULL), 0);
	add(j, "note", "a", &a);
	add(j, "note", "b", &b);
	add(j, "note", "c", NULL);
	assert_int_equal(journal_undo(j, a, NULL), 0);
	assert_int_equal(journal_undo(j, a, NULL), 0);
	assert_int_equal(journal_done(j, b, NULL), 0);
	journal_close(j);
	assert_int_equal(journal_replay(dir, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_string_equal(undone.s, "a c ");
}

/* The owner died in the middle of a line: that action had not begun, the others had. And what
 * is appended behind the torn line must stay readable. */
static void torn_line(void **state)
{
	static const char *const tails[] = {
		"{", "{\"n\": 3, \"undo\": \"note\", \"args\": {\"wo",
		"{\"n\": 3, \"undo\": \"note\", \"args\": {\"word\": \"x\"}}"};
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		struct journal *j;
		unsigned int count;

		assert_int_equal(journal_open(dir, &j, NULL), 0);
		add(j, "note", "a", NULL);
		add(j, "note", "b", NULL);
		journal_close(j);
		write_tail(tails[i]);
		assert_int_equal(journal_replay(dir, &count, NULL), 0);
		assert_int_equal(count, 2);
		assert_string_equal(undone.s, "b a ");
		assert_int_equal(journal_replay(dir, &count, NULL), 0);
		assert_int_equal(count, 0);
		text_free(&undone);
		unlink(file());
	}
}

static void failure_is_tried_again(void **state)
{
	struct fl_error err = {};
	struct journal *j;
	unsigned int count;
	(void)state;

	assert_int_equal(journal_open(dir, &j, NULL), 0);
	add(j, "note", "a", NULL);
	add(j, "stubborn", "b", NULL);
	add(j, "note", "c", NULL);
	journal_close(j);
	fail_times = 1;
	assert_int_equal(journal_replay(dir, &count, &err), -EBUSY);
	assert_string_equal(err.message, "still busy");
	assert_int_equal(count, 2);
	assert_string_equal(undone.s, "c a ");
	assert_int_equal(journal_replay(dir, &count, NULL), 0);
	assert_string_equal(undone.s, "c a b ");
}

/* Only "done" and "not needed" close an entry; what is open has a sentence, a hint and err->open. */
static void only_closed_is_closed(void **state)
{
	struct fl_error err = {};
	struct journal *j;
	unsigned int a, b, c, count;
	(void)state;

	assert_int_equal(journal_open(dir, &j, NULL), 0);
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
	assert_int_equal(journal_replay(dir, &count, NULL), 0);
	assert_int_equal(count, 2);
	assert_string_equal(undone.s, "b c a ");
}

static void unknown_or_damaged(void **state)
{
	struct fl_error err = {};
	struct journal *j;
	unsigned int count;
	(void)state;

	assert_int_equal(journal_open(dir, &j, NULL), 0);
	add(j, "note", "a", NULL);
	add(j, "of-another-version", "b", NULL);
	journal_close(j);
	assert_int_equal(journal_replay(dir, &count, &err), -ENOTSUP);
	assert_non_null(strstr(err.message, "of-another-version"));
	assert_string_equal(undone.s, "a ");
	write_tail("garbage\n");
	error_clear(&err);
	assert_int_equal(journal_replay(dir, &count, &err), -EBADMSG);
	assert_string_equal(undone.s, "a ");
	unlink(file());
	assert_int_equal(journal_replay(dir, &count, NULL), 0);
	assert_int_equal(count, 0);
}

/* Guardian and `recover` at the same time: each entry is undone once. */
static void two_at_once(void **state)
{
	struct journal *j;
	unsigned int i, count, total;
	int status;
	pid_t pid;
	(void)state;

	assert_int_equal(journal_open(dir, &j, NULL), 0);
	for (i = 0; i < 50; i++)
		add(j, "note", "x", NULL);
	journal_close(j);
	pid = fork();
	if (!pid)
		_exit(journal_replay(dir, &count, NULL) ? 255 : (int)count);
	assert_int_equal(journal_replay(dir, &count, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	total = count + (unsigned int)WEXITSTATUS(status);
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
	unsigned int n;
	(void)state;

	assert_int_equal(journal_open(dir, &j, NULL), 0);
	write_tail(lines);
	journal_close(j);
	assert_int_equal(journal_replay(dir, &n, NULL), 0);
	assert_string_equal(undone.s, "c b ");
	assert_int_equal(journal_replay(dir, &n, NULL), 0);
	assert_int_equal(n, 0);

	unlink(file());
	assert_int_equal(journal_open(dir, &j, NULL), 0);
	add(j, "process", "d", &n);
	journal_close(j);
	assert_int_equal(journal_replay(dir, &n, NULL), 0);
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
		cmocka_unit_test_setup_teardown(two_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(earlier_boot, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
