// SPDX-License-Identifier: GPL-2.0-only
/*
 * version.c - see version.h. git itself answers, but nothing that the checkout configures is run:
 * only commands that read objects (no index, so no fsmonitor; no filters; no hooks), no missing object
 * is fetched, and as root the owner of the file is the one who asks. git's own check of who
 * owns the checkout stays on: what belongs to somebody else is not known. A checkout that makes git
 * wait (a FIFO for a config file) is not known either.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "suite/version.h"
#include "util/cleanup.h"
#include "util/text/text.h"

#define TIMEOUT_S 5 /* for one command */
#define NOBODY    65534

/* Who asks, and where. */
struct asker {
	const char *dir;
	bool drop; /* to the identity below */
	uid_t uid;
	gid_t gid;
};

static char git[] = "git"; /* execve() takes its words as char *, which literals are not */

/* In the child: become the asker and git. Only returns when that is not possible. */
static void become_git(const struct asker *a, char *const argv[], int out)
{
	static char no_protocol[] = "GIT_ALLOW_PROTOCOL=", no_fetch[] = "GIT_NO_LAZY_FETCH=1",
		    no_global[] = "GIT_CONFIG_GLOBAL=/dev/null", nowhere[] = "HOME=/nonexistent",
		    no_prompt[] = "GIT_TERMINAL_PROMPT=0", path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
	_cleanup_free_ char *home = text_format("HOME=%s", getenv("HOME") ? getenv("HOME") : "/nonexistent");
	char *own[] = { path, no_protocol, no_fetch, no_prompt, home, NULL };
	char *dropped[] = { path, no_protocol, no_fetch, no_prompt, nowhere, no_global, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || !home || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(null, 2) < 0)
		return;
	if (a->drop && (setgroups(0, NULL) || setresgid(a->gid, a->gid, a->gid) || setresuid(a->uid, a->uid, a->uid)))
		return;
	if (chdir(a->dir))
		return;
	alarm(TIMEOUT_S); /* goes on through execve() */
	execvpe(git, argv, a->drop ? dropped : own);
}

/* The first bytes of what a git command prints; false when it fails. */
static bool ask(const struct asker *a, char *const argv[], char *ret, size_t size)
{
	int pipes[2], status = -1;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return false;
	pid = fork();
	if (!pid) {
		become_git(a, argv, pipes[1]);
		_exit(127);
	}
	close(pipes[1]);
	while (pid > 0 && len + 1 < size && (n = read(pipes[0], ret + len, size - 1 - len)) > 0)
		len += (size_t)n;
	ret[len] = '\0';
	close(pipes[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0;
}

static bool asker_of(const char *file, const char *dir, struct asker *ret)
{
	struct passwd pw, *found = NULL;
	char names[4096];
	struct stat st;

	if (stat(file, &st))
		return false;
	*ret = (struct asker){ .dir = dir, .drop = !geteuid() && st.st_uid, .uid = st.st_uid, .gid = NOBODY };
	/* The file's own group says nothing: a setgid folder gives it away. */
	if (!getpwuid_r(st.st_uid, &pw, names, sizeof(names), &found) && found)
		ret->gid = pw.pw_gid;
	return true;
}

static bool is_hash(const char *s, size_t n)
{
	return (n == 40 || n == 64) && strspn(s, "0123456789abcdef") >= n;
}

void file_version(const char *path, struct file_version *ret)
{
	static char rev_parse[] = "rev-parse", head[] = "HEAD", hash_object[] = "hash-object",
		    no_filters[] = "--no-filters", verify[] = "--verify", end[] = "--";
	char *const ask_commit[] = { git, rev_parse, verify, head, NULL };
	_cleanup_free_ char *real = realpath(path, NULL), *dir = real ? strdup(real) : NULL, *blob = NULL;
	char *slash = dir ? strrchr(dir, '/') : NULL, *name;
	char commit[128], committed[128], now[128];
	struct asker asker;

	memset(ret, 0, sizeof(*ret));
	if (!slash)
		return;
	slash[slash == dir] = '\0';
	name = strrchr(real, '/') + 1;
	blob = text_format("HEAD:./%s", name);
	if (!blob || !asker_of(real, dir, &asker) || !ask(&asker, ask_commit, commit, sizeof(commit)))
		return;
	commit[strcspn(commit, "\n")] = '\0';
	if (!is_hash(commit, strlen(commit)) || !text_copy(ret->commit, sizeof(ret->commit), commit))
		return;
	{
		char *const ask_blob[] = { git, rev_parse, verify, blob, NULL };
		char *const ask_now[] = { git, hash_object, no_filters, end, name, NULL };

		/* A file that the commit does not have, or that cannot be compared, is no version of it. */
		ret->dirty = !ask(&asker, ask_blob, committed, sizeof(committed)) ||
			     !ask(&asker, ask_now, now, sizeof(now)) || strcmp(committed, now);
	}
	ret->known = true;
}
