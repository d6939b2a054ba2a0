// SPDX-License-Identifier: GPL-2.0-only
/* block.c - see block.h */
#include <errno.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "os/block.h"
#include "util/cleanup.h"
#include "util/text/text.h"

/* Of a file system that has no device of its own. */
static const char *why_none(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return strerror(errno);
	switch ((unsigned long)fs.f_type) {
	case OVERLAYFS_SUPER_MAGIC: return "it is an overlay (a container's own layer), which has no disk of its own";
	case TMPFS_MAGIC:
	case RAMFS_MAGIC: return "it is in memory (tmpfs)";
	case BTRFS_SUPER_MAGIC: return "it is a btrfs, which does not say on which of its disks a file lies";
	case NFS_SUPER_MAGIC: return "it is on another machine (NFS)";
	default: return "its file system has no block device";
	}
}

int block_disk_of(int fd, char *ret, size_t size, struct fl_error *err)
{
	_cleanup_free_ char *partition = NULL, *file = NULL, *text = NULL;
	struct stat st;
	int r;

	if (fstat(fd, &st))
		return error_env(err, errno, "%s", strerror(errno));
	if (!major(st.st_dev))
		return error_env(err, ENOTSUP, "%s", why_none(fd));
	partition = text_format("/sys/dev/block/%u:%u/partition", major(st.st_dev), minor(st.st_dev));
	file = text_format("/sys/dev/block/%u:%u/%sdev", major(st.st_dev), minor(st.st_dev),
			   partition && !access(partition, F_OK) ? "../" : "");
	r = file ? file_read(file, 64, &text, NULL, NULL) : -ENOMEM;
	if (r)
		return error_env(err, -r, "its device %u:%u is not in /sys/dev/block: %s", major(st.st_dev),
				 minor(st.st_dev), strerror(-r));
	text[strcspn(text, "\n")] = '\0';
	text_copy(ret, size, text);
	return 0;
}
