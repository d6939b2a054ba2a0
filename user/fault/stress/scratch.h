/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scratch.h - a file or directory that a fault makes at a path of its target. Its name, which no
 * one else would choose, and the identity of the directory around it are in the journal before
 * it is made.
 *
 * The directory is the target's, and so is what the target may have put there since. It is removed
 * without following a link or entering a mount, and no directory is emptied that is not of the user
 * for whom the scratch was made: that user could have emptied it himself.
 */
#ifndef FL_SCRATCH_H
#define FL_SCRATCH_H

#include "fault/fault.h"

struct scratch {
	char name[64];      /* ".faultline-SESSION.N" */
	uid_t uid;          /* whose it is */
	unsigned int entry; /* of the journal; 0: nothing is there */
};

/* Write it down; the caller makes it then, for @uid, in @dir_fd, which is @path as @t sees it. */
int scratch_announce(struct fault *f, const struct target *t, const char *path, int dir_fd, uid_t uid,
		     struct scratch *s, struct fl_error *err);

/* Remove it with all it holds, mark it done. When there is none: nothing. */
int scratch_remove(struct fault *f, int dir_fd, struct scratch *s, struct fl_error *err);

#endif
