// SPDX-License-Identifier: GPL-2.0-only
/* overlap.c - see overlap.h */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fault/life/live.h"
#include "fault/overlap.h"
#include "session/session.h"
#include "util/cleanup.h"
#include "util/json/json_path.h"

/* A network namespace that is the host's says nothing: half of the machine is in it. */
static uint64_t own_netns(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) ? 0 : st.st_ino;
}

json_t *overlap_identities(const struct fault *f)
{
	json_t *all = json_array();
	uint64_t host = own_netns();
	uint32_t i;

	for (i = 0; i < f->n_targets; i++) {
		const struct target *t = &f->targets[i];
		uint64_t netns = t->netns_inode == host ? 0 : t->netns_inode;

		json_array_append_new(all,
				      json_pack("{s:s, s:I, s:I, s:I}", "name", t->name, "netns", (json_int_t)netns,
						"cgroup", (json_int_t)t->cgroup_id, "pid", (json_int_t)t->pid));
	}
	return all;
}

static bool same_number(const json_t *a, const json_t *b, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(a, key));

	return n && n == json_integer_value(json_object_get(b, key));
}

static bool shares_target(const json_t *mine, const json_t *theirs)
{
	const json_t *a, *b;
	size_t i, k;

	for (i = 0; i < json_array_size(mine); i++)
		for (k = 0; k < json_array_size(theirs); k++) {
			a = json_array_get(mine, i);
			b = json_array_get(theirs, k);
			if (same_number(a, b, "netns") || same_number(a, b, "cgroup") || same_number(a, b, "pid"))
				return true;
		}
	return false;
}

/* Ids are SESSION.N. */
static bool of_session(const struct session *s, const char *id)
{
	size_t len = s ? strlen(s->name) : 0;

	return len && !strncmp(id, s->name, len) && id[len] == '.';
}

json_t *overlap_find(const struct fault *f)
{
	json_t *found = json_array(), *rows = NULL, *row, *mine = overlap_identities(f);
	size_t i;

	if (!live_faults(&rows, NULL))
		json_array_foreach(rows, i, row) {
			const char *id = json_string_value(json_object_get(row, "id"));

			if (id && !of_session(f->session, id) && json_is_true(json_object_get(row, "active")) &&
			    shares_target(mine, json_object_get(row, "identities")))
				json_array_append(found, row);
		}
	json_decref(rows);
	json_decref(mine);
	return found;
}

const char *overlap_text(const json_t *row, char *buf, size_t size)
{
	_cleanup_free_ char *targets = json_joined(json_object_get(row, "targets"));
	char owner[200];

	snprintf(buf, size, "%s %s %s is on %s too", json_string_value(json_object_get(row, "id")) ?: "",
		 json_string_value(json_object_get(row, "kind")) ?: "",
		 live_owner_text(row, false, owner, sizeof(owner)), targets ?: "");
	return buf;
}
