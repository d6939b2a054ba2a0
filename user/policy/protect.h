/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * protect.h - /etc/faultline/protect.d/: what no fault ever touches. Every file there ends in .yaml and
 * is a mapping of lists, each of which may be left out:
 *
 *     names: [payroll-db, "prod-*"]       # targets, containers, services of Compose and Swarm; * and ?
 *     labels: [tier=gold, do-not-touch]   # of containers: key=value, or the key with any value
 *     cgroups: [/system.slice/sshd.service]  # and what is below
 *     cidrs: [10.0.0.0/8, fd00::/8]       # packets with either end there
 *     ports: [22, 5432-5440]              # packets with either port: TCP, UDP, SCTP
 *
 * A file that cannot be read, is not trusted, or says what is not understood refuses every fault.
 */
#ifndef FL_PROTECT_H
#define FL_PROTECT_H

#include <jansson.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

#define PROTECT_DIR "/etc/faultline/protect.d"

enum protect_kind { PROTECT_NAME, PROTECT_LABEL, PROTECT_CGROUP, PROTECT_CIDR, PROTECT_PORTS, PROTECT_KINDS };

struct protected
{
	enum protect_kind kind;
	char *text; /* as written */
	char *file;
	int line;
	struct in6_addr addr; /* CIDR */
	uint8_t prefix_len;
	uint16_t min, max; /* PORTS */
};

struct protect {
	struct protected *v;
	uint32_t n;
};

/* All files; nothing without the folder. Release with protect_free(). */
int protect_load(struct protect *ret, struct fl_error *err);
/* Append what one file says. */
int protect_parse(const char *file, const char *text, size_t len, struct protect *p, struct fl_error *err);
void protect_free(struct protect *p);

/* Changes whenever a file there, or which files there are, does. */
uint64_t protect_stamp(void);

bool protect_has(const struct protect *p, enum protect_kind kind);

/* What protects a name; a container with these labels (an object, or NULL); a cgroup ("/a/b" as in
 * /proc/PID/cgroup): it is in a protected one. NULL: nothing. */
const struct protected *protect_name(const struct protect *p, const char *name);
const struct protected *protect_labels(const struct protect *p, const json_t *labels);
const struct protected *protect_cgroup(const struct protect *p, const char *path);

/* "names", ... and "names: payroll-db (/etc/faultline/protect.d/x.yaml:1)". Returns @buf. */
const char *protect_kind_text(enum protect_kind kind);
const char *protected_text(const struct protected *e, char *buf, size_t size);

/* [{"kind", "text", "file", "line"}] */
json_t *protect_json(const struct protect *p);

#endif
