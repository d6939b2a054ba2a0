/* SPDX-License-Identifier: GPL-2.0-only */
/* check_host.h - the part of `faultline check` that asks this host (run/host_check.h). */
#ifndef FL_CHECK_HOST_H
#define FL_CHECK_HOST_H

#include "cmd/suite/suite_file.h"

struct check_host {
	bool quiet; /* no line about what is as it should be */
	uint64_t watch_ns;
	struct suite_addresses addresses;
	void (*found)(void *ctx, bool error, const char *rule, const struct experiment *x, const char *text,
		      const char *hint);
	void *ctx;
	bool interrupted; /* out */
	int errors;       /* out: of the host */
};

/* What this host says of @s. Findings go to ->found, facts to stderr. */
int check_host(struct suite *s, struct check_host *c, struct fl_error *err);

#endif
