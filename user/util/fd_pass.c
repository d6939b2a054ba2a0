// SPDX-License-Identifier: GPL-2.0-only
/* fd_pass.c - see fd_pass.h */
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "util/fd_pass.h"

union control {
	struct cmsghdr header;
	char buf[CMSG_SPACE(sizeof(int))];
};

ssize_t fd_send(int to, const void *bytes, size_t n, int fd)
{
	union control control = {};
	struct iovec iov = { (void *)(uintptr_t)bytes, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	return sendmsg(to, &m, MSG_NOSIGNAL);
}

ssize_t fd_receive(int from, void *bytes, size_t n, int *ret_fd)
{
	union control control;
	struct iovec iov = { bytes, n };
	struct msghdr m = { /* (CMSG_SPACE() would have room for a second descriptor, which nobody would close.) */
			    .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = CMSG_LEN(sizeof(int))
	};
	ssize_t r = recvmsg(from, &m, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *c = r < 0 ? NULL : CMSG_FIRSTHDR(&m);

	*ret_fd = -1;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
	return r;
}
