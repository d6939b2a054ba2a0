// SPDX-License-Identifier: GPL-2.0-only
/* spawn.c - see spawn.h */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/spawn.h"

extern char **environ;

bool spawn_ask(char *const argv[], char *const env[], char *ret, size_t size)
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
	ok = !posix_spawnp(&pid, argv[0], &actions, NULL, argv, env ? env : environ);
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
