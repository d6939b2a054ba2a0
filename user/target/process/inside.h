/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * inside.h - files of a target, opened with the rights that the target itself has.
 *
 * What a path means inside a target is decided by the target: by its mounts, links and renames. A
 * root tool that opens such a path is a confused deputy. So every open is made by a short-lived
 * child that has taken on the file system user and group, the supplementary groups, the
 * capabilities and the user namespace of the target's main process, and that resolves the path
 * within the target's root. Only the descriptor comes back. What a process of the target may not
 * open, faultline does not open for it.
 *
 * Limits: security labels (SELinux, AppArmor) of the target are not taken on.
 */
#ifndef FL_INSIDE_H
#define FL_INSIDE_H

#include <stdbool.h>
#include <sys/types.h>

#include "target/target.h"
#include "util/error.h"

enum inside_as {
	INSIDE_TARGET, /* with the target's own rights */
	INSIDE_ROOT,   /* with faultline's: the caller has been told to (allow-host-root) */
};

/*
 * Open @path of @t. Symbolic links are resolved inside the target's root. With O_DIRECTORY in @flags
 * it must be a directory, without it a regular file: it is looked at through O_PATH first, so that
 * a FIFO, a device or a socket is refused without having been opened. Negative errno.
 */
int inside_open(const struct target *t, enum inside_as as, const char *path, int flags, struct fl_error *err);

/* File system user and group of the target, as the host numbers them. Negative errno. */
int inside_ids(const struct target *t, enum inside_as as, uid_t *ret_uid, gid_t *ret_gid, struct fl_error *err);

/*
 * Make something in the directory @dir_fd, with mode 0600 (0700): a directory (returned is an
 * O_PATH descriptor on it), a file open for writing, or, when @name is NULL, a file without a name.
 * Negative errno.
 */
int inside_mkdir(const struct target *t, enum inside_as as, int dir_fd, const char *name);
int inside_create(const struct target *t, enum inside_as as, int dir_fd, const char *name);

/* Does this kernel have what inside_detach() needs (mount_setattr, Linux 5.12)? */
bool inside_detaches(void);
/*
 * A mount of its own of just the directory @fd, which is somewhere in the mount namespace of @t: no
 * path leads from it to anything else, links in it are not followed, and neither set-id bits nor
 * devices count. A working directory for a program that must not leave it. Negative errno.
 */
int inside_detach(const struct target *t, int fd, struct fl_error *err);

/*
 * For undo: the file or directory at @path in the root of @pid, if it is the one with @dev and @ino.
 * With faultline's own rights: it is the same inode that was opened with the target's.
 * -ESTALE: another one is there; -ETIMEDOUT: a file system on the way does not answer (FUSE); else what
 * openat2() said.
 */
int inside_reopen(pid_t pid, const char *path, dev_t dev, ino_t ino, int flags);

#endif
