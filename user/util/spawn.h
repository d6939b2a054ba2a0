/* SPDX-License-Identifier: GPL-2.0-only */
/* spawn.h - a short question to another program. */
#ifndef FL_SPAWN_H
#define FL_SPAWN_H

#include <stdbool.h>
#include <stddef.h>

/* The first bytes of what a command prints to its standard output, terminated; false when it cannot be
 * started or fails. @env NULL: this process's own. */
bool spawn_ask(char *const argv[], char *const env[], char *ret, size_t size);

#endif
