/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * etc.h - files of /etc/faultline. They are rails, so what cannot be trusted or read is an error and
 * never an empty file: a fault is refused then.
 */
#ifndef FL_ETC_H
#define FL_ETC_H

#include <stddef.h>

#include "util/error.h"

#define FL_ETC_DIR "/etc/faultline"

/*
 * Read a file or be sure that there is none (-ENOENT, without an error). Refused: a file, or a
 * directory of it below FL_ETC_DIR, that is not root's or that others may write to.
 */
int etc_read(const char *path, char **ret, size_t *ret_len, struct fl_error *err);

/* Is @dir there and trusted? 0, -ENOENT without an error, or an error. */
int etc_check_dir(const char *dir, struct fl_error *err);

#endif
