/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * patient.h - do what may never come to an end, as every access to a file does whose file system is a program
 * (FUSE, a network file system), and wait no longer than a deadline.
 *
 * It is done by a child: a thread that such a file system keeps can be ended by nobody, and with it the process.
 */
#ifndef FL_PATIENT_H
#define FL_PATIENT_H

#include "util/error.h"

/*
 * @fn(@arg, err) in a child, at most @ms. What it returns (0 or more; a negative errno), with its *err; what it
 * changes in memory is the child's. @fn closes what it opens. The child has no descriptor but @keep (-1: none)
 * and /dev/null for the first three, and takes no signal but SIGKILL; in it
 * fork() is not for use, but _Fork(). -ETIMEDOUT, *err untouched: it is not at its end, has been killed, and
 * is not waited for; also when PATIENT_MOST of earlier ones cannot even be killed, so that trying again
 * piles nothing up. Any thread.
 */
int patient_do(int (*fn)(const void *arg, struct fl_error *err), const void *arg, int keep, int ms,
	       struct fl_error *err);

#define PATIENT_MOST 4

#endif
