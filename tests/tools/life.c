// SPDX-License-Identifier: GPL-2.0-only
/*
 * life - one kind of fault through every order of its life, on a process that it starts itself.
 *
 *   life KIND SPEC START STOP [PARAM VALUE]...
 *
 * SPEC is the target, START and STOP are commands (sh -c) that start it and end it, so that a kind which ends
 * its targets gets a new one. Prints TAP, five tests:
 *
 *   orders   every order of arm, on, off, update, disarm of length 3 behind an arm (FLTEST_LONG=1: 4), in an
 *            order drawn by KIND, as many as 0.6 s allow; then disarm twice: nothing is left open in the
 *            journal, and the same disarm a second time changes nothing
 *   refusal  the n-th entry of the journal cannot be written, n = 1, 2, ...: an error with words, nothing left
 *   gone     the target is killed before each step: no step hangs or crashes, and undoing is not needed
 *   killed   the owner is killed behind each step: the guardian leaves nothing
 *   twice    each entry of the journal undone twice: the second time says done or not needed
 *
 * Whether the target, which is left running, is as before is for the script that starts this (matrix/20-life.sh).
 * A kind that this target cannot have (a cache where there is none) is refused: "orders" says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault/fault.h"
#include "fault/undo.h"
#include "session/session.h"
#include "util/clock.h"
#include "util/text/text.h"

#define DEPTH_MAX 4
#define STEPS     "aonud"
#define BUDGET_NS 600000000ull

static const char *kind, *spec, *start, *stop;
static char **settings;
static int n_settings, n_tests;
static bool ends_targets;

/* The n-th journal_add() of this process fails, n counted down from here; 0: none does. */
static unsigned int fail_in, n_failed;
/* What was written to the journal, to be undone a second time. */
static json_t *written;

int __real_journal_add(struct journal *j, const char *undo, json_t *args, unsigned int *ret_n, struct fl_error *err);
int __wrap_journal_add(struct journal *j, const char *undo, json_t *args, unsigned int *ret_n, struct fl_error *err);

int __wrap_journal_add(struct journal *j, const char *undo, json_t *args, unsigned int *ret_n, struct fl_error *err)
{
	if (fail_in && !--fail_in) {
		n_failed++;
		json_decref(args);
		return error_env(err, ENOSPC, "the journal: no space left (a test)");
	}
	if (written)
		json_array_append_new(written, json_pack("[s, O]", undo, args));
	return __real_journal_add(j, undo, args, ret_n, err);
}

static void result(const char *name, const char *wrong, const char *figures)
{
	printf("%sok %d - %s: %s%s%s\n", *wrong ? "not " : "", ++n_tests, kind, name, *wrong ? ": " : ", ",
	       *wrong ? wrong : figures);
	fflush(stdout);
}

/* --- the target --------------------------------------------------------------------------------- */

static void shell(const char *command)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

static void fresh_target(void)
{
	shell(stop);
	shell(start);
}

/* --- a fault ------------------------------------------------------------------------------------ */

static int make(struct fault *f, struct session *s, struct fl_error *err)
{
	int i, r = fault_init(f, s, kind, err);

	for (i = 0; !r && i + 1 < n_settings; i += 2)
		r = params_set(&f->params, settings[i], settings[i + 1], err);
	if (!r)
		r = fault_validate(f, err);
	return r ? r : fault_add_targets(f, spec, NULL, err);
}

/* One step of a life; what makes no sense as things stand (on before arm) is left out, as the owner does. */
static int step(struct fault *f, char what, struct fl_error *err)
{
	struct fault_proof proof;
	struct params same = {};
	int r = 0;

	switch (what) {
	case 'a': r = fault_arm(f, err); break;
	case 'o': r = f->armed ? fault_activate(f, true, err) : 0; break;
	case 'n': r = f->armed ? fault_activate(f, false, err) : 0; break;
	case 'u':
		if (!f->armed || !f->ops->update || params_copy(&same, &f->params, err))
			break;
		r = fault_update(f, &same, err);
		params_free(&same);
		break;
	case 'd': r = fault_disarm(f, err); break;
	}
	if (!r && f->armed)
		r = fault_tick(f, err);
	return r ? r : fault_proof(f, &proof, err);
}

/* --- the journal, as it lies on the disk ---------------------------------------------------------- */

static int open_in(const char *dir)
{
	char path[160], line[65536];
	int open = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/journal.jsonl", dir);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		json_t *entry = json_loads(line, 0, NULL);

		if (json_object_get(entry, "undo"))
			open++;
		if (json_is_true(json_object_get(entry, "done")))
			open--;
		json_decref(entry);
	}
	if (file)
		fclose(file);
	return open;
}

static int open_entries(const struct session *s)
{
	return open_in(s->dir) + open_in(s->kept_dir);
}

/* --- the tests ------------------------------------------------------------------------------------ */

/* One life: "a" and the steps of @word, then disarm twice. What is wrong goes to @wrong. */
static void live(struct session *s, const char *word, int open_before, char *wrong, size_t size)
{
	struct fl_error err = {};
	struct fault f = {};
	int r, i, open;

	if (ends_targets)
		fresh_target();
	r = make(&f, s, &err);
	for (i = 0; !r && word[i]; i++) {
		session_heartbeat(s);
		r = step(&f, word[i], &err);
	}
	if (r && !err.message[0])
		snprintf(wrong, size, "'%s': step %d fails with %d and without a word", word, i, r);
	else if (r && !ends_targets)
		snprintf(wrong, size, "'%s': step %d: %.300s", word, i, err.message);
	for (i = 0; i < 2 && !*wrong; i++)
		if (fault_disarm(&f, &err))
			snprintf(wrong, size, "'%s': disarm %d: %.300s", word, i + 1, err.message);
	open = open_entries(s);
	fault_free(&f);
	if (!*wrong && open_before >= 0 && open > open_before)
		snprintf(wrong, size, "'%s': %d entries of the journal are open, %d before", word, open, open_before);
}

/* The i-th word over STEPS of @length letters, behind an arm. */
static void spell(uint32_t i, uint32_t length, char *ret)
{
	*ret++ = 'a';
	while (length--) {
		*ret++ = STEPS[i % 5];
		i /= 5;
	}
	*ret = '\0';
}

static void end_session(struct session *s, const char *when, char *wrong, size_t size)
{
	char dir[sizeof(s->dir)], kept[sizeof(s->kept_dir)];
	struct fl_error err = {};

	text_copy(dir, sizeof(dir), s->dir);
	text_copy(kept, sizeof(kept), s->kept_dir);
	if (session_end(s, &err) && !*wrong)
		snprintf(wrong, size, "%s: the session's end: %.300s", when, err.message);
	if (!*wrong && (!access(dir, F_OK) || !access(kept, F_OK)))
		snprintf(wrong, size, "%s: the session's directory is still there", when);
}

/* Can this target not have it at all? *why: the words. */
static bool is_refused(struct session *s, char *why, size_t size)
{
	struct fl_error err = {};
	struct fault f = {};
	int r = make(&f, s, &err) ?: fault_arm(&f, &err);

	fault_disarm(&f, NULL);
	fault_free(&f);
	text_copy(why, size, err.message);
	return r && err.message[0];
}

/* False: this target is refused, and there is nothing more to try. */
static bool orders(void)
{
	uint32_t length = getenv("FLTEST_LONG") ? DEPTH_MAX : 3, all = 1, i, at = 0, n = 0;
	uint64_t begin = clock_mono_ns();
	char wrong[600] = "", word[DEPTH_MAX + 2], figures[200];
	struct session *s = NULL;
	struct fl_error err = {};
	int open = -1;
	const char *c;

	for (i = 0; i < length; i++)
		all *= 5;
	for (c = kind; *c; c++)
		at = at * 31 + (unsigned char)*c;
	if (session_begin("test", &s, &err)) {
		result("orders", err.message, "");
		return false;
	}
	if (is_refused(s, figures, sizeof(figures))) {
		end_session(s, "refused", wrong, sizeof(wrong));
		result("refused", wrong, figures);
		return false;
	}
	live(s, "aoud", -1, wrong, sizeof(wrong)); /* what is made once a session stays until its end */
	open = open_entries(s);
	for (i = 0; i < all && !*wrong && (length == DEPTH_MAX || clock_mono_ns() - begin < BUDGET_NS); i++) {
		at = (at + 37) % all; /* (37 and a power of 5 have no common factor: each word once) */
		spell(at, length, word);
		live(s, word, open, wrong, sizeof(wrong));
		n++;
	}
	end_session(s, "all lives", wrong, sizeof(wrong));
	snprintf(figures, sizeof(figures), "%u of %u", n, all);
	result("orders", wrong, figures);
	return true;
}

static void refusal(void)
{
	char wrong[600] = "", figures[100];
	unsigned int n;

	for (n = 1; n < 100 && !*wrong; n++) {
		struct session *s = NULL;
		struct fl_error err = {};
		struct fault f = {};
		int r;

		if (ends_targets)
			fresh_target();
		if (session_begin("test", &s, &err)) {
			snprintf(wrong, sizeof(wrong), "%.300s", err.message);
			break;
		}
		n_failed = 0;
		fail_in = n;
		r = make(&f, s, &err) ?: fault_arm(&f, &err) ?: fault_activate(&f, true, &err);
		fail_in = 0;
		if (n_failed && !r)
			snprintf(wrong, sizeof(wrong), "entry %u was not written, and it went on", n);
		else if (r && !err.message[0])
			snprintf(wrong, sizeof(wrong), "entry %u: error %d without a word", n, r);
		fault_disarm(&f, NULL);
		fault_free(&f);
		end_session(s, "a journal that is full", wrong, sizeof(wrong));
		if (!n_failed)
			break;
	}
	snprintf(figures, sizeof(figures), "%u entries", n - 1);
	result("an entry that cannot be written", wrong, figures);
}

static void target_gone(void)
{
	static const char *const life = "aouon"; /* arm, on, update, on, off */
	char wrong[600] = "";
	size_t at;
	int i;

	for (at = 0; at <= strlen(life) && !*wrong; at++) {
		struct session *s = NULL;
		struct fl_error err = {};
		struct fault f = {};
		int r;

		fresh_target();
		r = session_begin("test", &s, &err) ?: make(&f, s, &err);
		for (i = 0; !r && life[i]; i++) {
			if ((size_t)i == at)
				shell(stop);
			r = step(&f, life[i], &err);
		}
		if (r && !err.message[0])
			snprintf(wrong, sizeof(wrong), "gone before step %zu: error %d without a word", at + 1, r);
		if (at == strlen(life))
			shell(stop);
		for (i = 0; i < 2 && !*wrong; i++)
			if (fault_disarm(&f, &err))
				snprintf(wrong, sizeof(wrong), "gone before step %zu: disarm: %.300s", at + 1,
					 err.message);
		fault_free(&f);
		if (s)
			end_session(s, "a target that is gone", wrong, sizeof(wrong));
	}
	fresh_target();
	result("its target goes", wrong, "before each step");
}

/* In a child: a life up to its n-th step, and no further. Says the session's name first. */
_Noreturn static void be_killed(int to, size_t n)
{
	static const char *const life = "aoun";
	struct session *s = NULL;
	struct fl_error err = {};
	struct fault f = {};
	size_t i;

	if (session_begin("test", &s, &err) || write(to, s->name, strlen(s->name)) < 0)
		_exit(1);
	if (!make(&f, s, &err))
		for (i = 0; i < n; i++) {
			session_heartbeat(s);
			step(&f, life[i], &err);
		}
	raise(SIGKILL);
	_exit(1);
}

static void owner_killed(void)
{
	char wrong[600] = "", name[32], dir[100], kept[100], figures[100];
	uint64_t since, worst = 0;
	size_t n;

	for (n = 0; n <= 4 && !*wrong; n++) {
		int pipe_fds[2], status;
		ssize_t len;
		pid_t pid;

		if (ends_targets)
			fresh_target();
		if (pipe(pipe_fds))
			break;
		pid = fork();
		if (!pid)
			be_killed(pipe_fds[1], n);
		close(pipe_fds[1]);
		len = read(pipe_fds[0], name, sizeof(name) - 1);
		close(pipe_fds[0]);
		waitpid(pid, &status, 0);
		since = clock_mono_ns();
		name[len > 0 ? len : 0] = '\0';
		snprintf(dir, sizeof(dir), FL_RUN_DIR "/%s", name);
		snprintf(kept, sizeof(kept), FL_KEPT_DIR "/%s", name);
		while (*name && (!access(dir, F_OK) || !access(kept, F_OK)) && clock_mono_ns() - since < 8000000000ull)
			usleep(10000);
		if (!*name || !WIFSIGNALED(status))
			snprintf(wrong, sizeof(wrong), "the owner did not get as far as step %zu", n);
		else if (!access(dir, F_OK) || !access(kept, F_OK))
			snprintf(wrong, sizeof(wrong), "killed behind step %zu: %s is there 8 s later", n, dir);
		if (clock_mono_ns() - since > worst)
			worst = clock_mono_ns() - since;
	}
	snprintf(figures, sizeof(figures), "behind each step: all was undone within %.1f s", (double)worst / 1e9);
	result("its owner is killed", wrong, figures);
}

static void undone_twice(void)
{
	char wrong[600] = "", figures[100];
	struct session *s = NULL;
	struct fl_error err = {};
	struct fault f = {};
	json_t *entry;
	size_t i;

	written = json_array();
	if (ends_targets)
		fresh_target();
	if (!session_begin("test", &s, &err) && !make(&f, s, &err) && !fault_arm(&f, &err))
		fault_activate(&f, true, &err);
	fault_disarm(&f, NULL);
	fault_free(&f);
	json_array_foreach(written, i, entry) {
		const struct undo_op *op = journal_op(json_string_value(json_array_get(entry, 0)));
		struct fl_error again = {};

		if (!op)
			snprintf(wrong, sizeof(wrong), "nobody knows how to undo '%s'",
				 json_string_value(json_array_get(entry, 0)));
		else if (op->undo(json_array_get(entry, 1), &again) == UNDO_OPEN)
			snprintf(wrong, sizeof(wrong), "'%s' a second time: %.300s", op->name,
				 again.message[0] ? again.message : "open");
	}
	if (s)
		end_session(s, "a life", wrong, sizeof(wrong));
	snprintf(figures, sizeof(figures), "%zu entries", json_array_size(written));
	json_decref(written);
	written = NULL;
	result("what is undone already", wrong, figures);
}

int main(int argc, char **argv)
{
	const struct fault_ops *ops;
	struct fl_error err = {};

	if (argc < 5)
		return 2;
	kind = argv[1];
	spec = argv[2];
	start = argv[3];
	stop = argv[4];
	settings = argv + 5;
	n_settings = argc - 5;
	ops = fault_find(fault_table, kind, &err);
	if (!ops)
		return 2;
	ends_targets = ops->ends_targets;
	journal_know(undo_families);
	fresh_target();
	if (!orders())
		return 0;
	refusal();
	target_gone();
	owner_killed();
	undone_twice();
	return 0;
}
