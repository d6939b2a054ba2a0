/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * secret.h - a password out of a file, for a store of a target.
 *
 * What is in it is sent to the target, and the file is named by an experiment that somebody else may have
 * written: as root, any file of the host could be given away so. Therefore a file is taken only
 * when it was put there for this purpose, in SECRET_DIR, or when it belongs to the person who asks; when
 * nobody else may read it; and when it holds one line and nothing else.
 */
#ifndef FL_SECRET_H
#define FL_SECRET_H

#include "util/error.h"

#define SECRET_DIR "/etc/faultline/secrets"

/* *ret is the caller's to free. */
int secret_read(const char *path, char **ret, struct fl_error *err);

#endif
