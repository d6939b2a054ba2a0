/* SPDX-License-Identifier: GPL-2.0-only */
/* outdir.h - the folder of one run: who may use it, its manifest, its results. */
#ifndef FL_OUTDIR_H
#define FL_OUTDIR_H

#include "run/run.h"

struct outdir {
	const char *path; /* what to call it; its files are reached through fd */
	json_t *manifest; /* run.json */
	int fd;           /* on the folder, locked; -1: not open */
};

/*
 * Make or reuse the folder. One that holds a run already is refused, unless @resume, which wants the
 * same config (by SHA-256) and gives the results so far. One that another process is running into is
 * refused in any case, and so is one of another user, who could exchange what is in it.
 */
int outdir_open(struct outdir *d, const char *path, const struct suite *s, bool resume, struct result **ret_results,
		uint32_t *ret_n, struct fl_error *err);
void outdir_close(struct outdir *d);

/* A descriptor to append to the file @name of the folder, see file_append_at(). */
int outdir_append(const struct outdir *d, const char *name, unsigned int mode, struct fl_error *err);

/* Set one key of run.json (steals @value) and write the file. */
int outdir_note(struct outdir *d, const char *key, json_t *value, struct fl_error *err);

int outdir_save_results(const struct outdir *d, const struct result *v, uint32_t n, struct fl_error *err);
int outdir_save_json(const struct outdir *d, const char *name, const json_t *value, struct fl_error *err);

#endif
