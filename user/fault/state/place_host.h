/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * place_host.h - where the host itself sees a file or directory of a target: the upper layer of a
 * container's overlay, the source of a volume or a bind mount. There it is found again after a reboot,
 * before any container runs.
 */
#ifndef FL_PLACE_HOST_H
#define FL_PLACE_HOST_H

#include <stdbool.h>
#include <sys/types.h>

#include "util/error.h"

struct place_host {
	bool lasts;      /* it outlives a reboot: not on tmpfs or ramfs */
	char path[512];  /* empty: the host does not see it */
	char mount[256]; /* the mount point that path is below */
	ino_t ino;       /* of what is at path */
};

/* @fd is open on it, as a process of the target (@pid) has it. */
void place_host_find(pid_t pid, int fd, struct place_host *ret);

/*
 * Open what was found then with @flags; symbolic links are not followed. -ENOENT: it is gone, and its file
 * system is there; -ESTALE: something else is in its place; -ENODEV: its file system is not mounted (yet).
 */
int place_host_open(const struct place_host *h, int flags, struct fl_error *err);

#endif
