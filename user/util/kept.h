/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kept.h - where things are kept that must outlive a reboot: passes of stages, halt. What belongs
 * to processes of this boot is in FL_RUN_DIR (session/session.h) instead, a tmpfs on most hosts.
 *
 * The directory is 0755 and its files are 0644 unless they hold secrets: `check` reads them without
 * being root. "There is none" means ENOENT and nothing else; whoever cannot read a file here must
 * not act as if it were absent.
 */
#ifndef FL_KEPT_H
#define FL_KEPT_H

#include <stddef.h>

#include "util/error.h"

#define FL_STATE_DIR "/var/lib/faultline"

/* Make the directory if need be, and open it; its descriptor serves as a lock. */
int kept_open(int *ret_fd, struct fl_error *err);

/* Write or remove a file in it so that a power cut finds the old or the new one: the directory is
 * synced as well. Removing what is not there is no error. */
int kept_write(const char *path, const void *bytes, size_t n, struct fl_error *err);
int kept_remove(const char *path, struct fl_error *err);

#endif
