// SPDX-License-Identifier: GPL-2.0-only
/* target_show [--veth] [--process] [--allow] SPEC - print what a target resolves to, as JSON.
 */
#include <arpa/inet.h>
#include <jansson.h>
#include <string.h>

#include "target/target.h"

static json_t *describe(const struct target *t)
{
	json_t *veths = json_array(), *addrs = json_array(), *pids = json_array();
	char text[INET6_ADDRSTRLEN];
	uint32_t i;

	for (i = 0; i < t->n_veths; i++)
		json_array_append_new(veths, json_pack("{s:s, s:i, s:I}", "ifname", t->veths[i].ifname, "ifindex",
						       (int)t->veths[i].ifindex, "netns_inode",
						       (json_int_t)t->veths[i].netns_inode));
	for (i = 0; i < t->n_addrs; i++)
		json_array_append_new(addrs, json_string(inet_ntop(AF_INET6, &t->addrs[i].addr, text, sizeof(text))));
	for (i = 0; i < t->n_pids; i++)
		json_array_append_new(pids, json_integer(t->pids[i]));
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:I, s:I, s:i, s:o, s:o, s:o}", "name", t->name, "provider",
			 t->provider, "note", t->note, "cgroup", t->cgroup, "cgroup_id", (json_int_t)t->cgroup_id,
			 "cgroup_v1", t->cgroup_v1, "pidns_inode", (json_int_t)t->pidns_inode, "netns_inode",
			 (json_int_t)t->netns_inode, "pid", (int)t->pid, "pids", pids, "veths", veths, "addrs", addrs);
}

int main(int argc, char **argv)
{
	struct target_options options = {};
	struct fl_error err = {};
	struct target t;
	json_t *o;
	int i;

	for (i = 1; i < argc - 1; i++) {
		options.need_veth |= !strcmp(argv[i], "--veth");
		options.need_process |= !strcmp(argv[i], "--process");
		options.allow_host_interface |= !strcmp(argv[i], "--allow");
	}
	if (argc < 2 || target_resolve(argv[argc - 1], &options, &t, &err)) {
		error_print(&err, stderr);
		return err.exit;
	}
	o = describe(&t);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
	target_free(&t);
	return 0;
}
