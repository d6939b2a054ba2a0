/* SPDX-License-Identifier: GPL-2.0-only */
/* block.h - the disk below a file system. */
#ifndef FL_BLOCK_H
#define FL_BLOCK_H

#include <stddef.h>

#include "util/error.h"

/*
 * "254:0": the whole disk below the file system in which @fd lies; of a partition the disk that it is a part of, of a
 * volume (device mapper, loop) the volume itself. -ENOTSUP, with the reason: none is (memory, a network, an overlay),
 * or it does not say which (btrfs).
 */
int block_disk_of(int fd, char *ret, size_t size, struct fl_error *err);

#endif
