/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * place.h - find a file or directory of a target again, by what was written down of it: the path as the
 * target sees it, device and inode.
 *
 * The target's process may be gone while its volume is not, so it is looked for in the roots of all
 * processes, and then where the host itself sees it. After a reboot, only there.
 */
#ifndef FL_PLACE_H
#define FL_PLACE_H

#include <jansson.h>
#include <stdint.h>
#include <sys/stat.h>

#include "util/error.h"

/*
 * {"pid", "start", "path", "dev", "ino", "boot", "lasts", "host", "sealed"} of what @fd is open on; what else
 * there is in it does not matter. "host" is how the host sees it (place_host.h), if it does. NULL: no memory.
 */
json_t *place_json(pid_t pid, uint64_t start, const char *path, int fd);

/*
 * Open it with @flags. -ENOENT: it is gone, proved: every process was looked into, and the file system is
 * mounted nowhere, or the host sees the file system and not the place; or it was in memory, in another boot.
 * -ESTALE: the target runs, or the host sees the place, and there is something else or nothing (*ret_other says
 * "replaced" or "removed"). -EAGAIN: nobody sees the place now. Any other error: that cannot be told. All but
 * -ENOENT and -ESTALE fill *err.
 */
int place_open(const json_t *place, int flags, const char **ret_other, struct fl_error *err);

#endif
