// SPDX-License-Identifier: GPL-2.0-only
/*
 * version.c - see version.h. git itself answers. Its check of who owns the checkout stays on: root
 * must not run what a stranger's .git/config names.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "experiment/version.h"
#include "util/cleanup.h"
#include "util/text.h"

extern char **environ;

/* The first bytes of what a command prints; false when it fails. */
static bool ask(char *const argv[], char *ret, size_t size)
{
	posix_spawn_file_actions_t actions;
	int pipes[2], status = -1;
	size_t len = 0;
	ssize_t n = 0;
	pid_t pid;
	bool ok;

	if (pipe2(pipes, O_CLOEXEC))
		return false;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], 1);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	ok = !posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(pipes[1]);
	while (ok && len + 1 < size && (n = read(pipes[0], ret + len, size - 1 - len)) > 0)
		len += (size_t)n;
	ret[len] = '\0';
	close(pipes[0]);
	while (ok && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	/* A full buffer may have ended the command by SIGPIPE; that is an answer as well. */
	return ok && (status == 0 || len + 1 == size);
}

void file_version(const char *path, struct file_version *ret)
{
	/* posix_spawn() takes its words as char *, which literals are not. */
	static char git[] = "git", in[] = "-C", root[] = "/", rev_parse[] = "rev-parse",
		    head[] = "HEAD", status[] = "status", porcelain[] = "--porcelain",
		    ignored[] = "--ignored", end[] = "--";
	_cleanup_free_ char *real = realpath(path, NULL);
	char *slash = real ? strrchr(real, '/') : NULL;
	char answer[128];

	memset(ret, 0, sizeof(*ret));
	if (!slash)
		return;
	*slash = '\0';
	{
		char *dir = *real ? real : root;
		char *const ask_commit[] = { git, in, dir, rev_parse, head, NULL };
		char *const ask_status[] = { git, in, dir, status, porcelain, ignored, end,
					     slash + 1, NULL };

		if (!ask(ask_commit, answer, sizeof(answer)))
			return;
		answer[strcspn(answer, "\n")] = '\0';
		if (!text_copy(ret->commit, sizeof(ret->commit), answer) ||
		    !ask(ask_status, answer, sizeof(answer)))
			return;
	}
	ret->dirty = answer[0] != '\0';
	ret->known = true;
}
