/* SPDX-License-Identifier: GPL-2.0-only */
/* file.h - what spoiling a file and putting it back share. */
#ifndef FL_FAULT_FILE_H
#define FL_FAULT_FILE_H

#include <jansson.h>
#include <sys/stat.h>

#include "fault/state/file_content.h"
#include "util/error.h"

#define FILE_MAX_BYTES (16u << 20) /* a configuration is smaller */

/* The whole content. */
int file_content_read(int fd, struct bytes *ret, struct fl_error *err);
/* Make it @b, in place: same inode, so that who has it open sees it as well. Synced. */
int file_content_write(int fd, const struct bytes *b, struct fl_error *err);

/* Owner, mode, times and extended attributes, as {"uid": 0, ..., "xattrs": {"user.x": "hex"}}. */
int file_meta_read(int fd, json_t **ret, struct fl_error *err);
/* Put all of it back. Goes on after a failure, returns the first one. */
int file_meta_write(int fd, const json_t *meta, struct fl_error *err);

#endif
