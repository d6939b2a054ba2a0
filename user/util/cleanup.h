/* SPDX-License-Identifier: GPL-2.0-only */
/* cleanup.h - scope-bound release for the few types that need it. */
#ifndef FL_CLEANUP_H
#define FL_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_file(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define _cleanup_free_ __attribute__((cleanup(cleanup_free)))
#define _cleanup_fd_   __attribute__((cleanup(cleanup_fd)))
#define _cleanup_file_ __attribute__((cleanup(cleanup_file)))

#define ARRAY_SIZE(a)  (sizeof(a) / sizeof((a)[0]))

/* Take the pointer or descriptor out of a cleanup variable, to hand it to the caller. */
#define take_ptr(p)                     \
	({                              \
		__typeof__(p) t_ = (p); \
		(p) = NULL;             \
		t_;                     \
	})
#define take_fd(fd)            \
	({                     \
		int t_ = (fd); \
		(fd) = -1;     \
		t_;            \
	})

#endif
