// SPDX-License-Identifier: GPL-2.0-only
/* pins.c - see pins.h */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "net/pins.h"
#include "net/proof.h"
#include "session/session.h"
#include "util/cleanup.h"

static int open_map(const char *session, const char *map, int *ret_fd, struct fl_error *err)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), FL_BPF_DIR "/%s/%s", session, map);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return error_env(err, -fd, "cannot open %s: %s", path, strerror(-fd));
	*ret_fd = fd;
	return 0;
}

int pins_open(const char *name, struct pins *ret, struct fl_error *err)
{
	struct pins p = { -1, -1 };
	int r = open_map(name, "rules", &p.rules_fd, err);

	if (!r)
		r = open_map(name, "proofs", &p.proofs_fd, err);
	if (r)
		pins_close(&p);
	else
		*ret = p;
	return r;
}

void pins_close(struct pins *p)
{
	if (p->rules_fd >= 0)
		close(p->rules_fd);
	if (p->proofs_fd >= 0)
		close(p->proofs_fd);
	*p = (struct pins){ -1, -1 };
}

int pins_get_rule(const struct pins *p, uint32_t rule, struct fl_rule *ret, struct fl_error *err)
{
	int r = bpf_map_lookup_elem(p->rules_fd, &rule, ret);

	return r ? error_sys(err, -r, "cannot read rule %u: %s", rule, strerror(-r)) : 0;
}

int pins_set_rule(const struct pins *p, uint32_t rule, const struct fl_rule *value, struct fl_error *err)
{
	int r = bpf_map_update_elem(p->rules_fd, &rule, value, BPF_EXIST);

	return r ? error_sys(err, -r, "cannot write rule %u: %s", rule, strerror(-r)) : 0;
}

int pins_add_proof(const struct pins *p, uint32_t rule, struct fl_proof *sum, struct fl_error *err)
{
	int r = proof_read(p->proofs_fd, rule, sum);

	return r ? error_sys(err, -r, "cannot read the proof of rule %u: %s", rule, strerror(-r)) : 0;
}
