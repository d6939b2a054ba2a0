/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * provider.h - what a way of naming targets has to bring (one file, one line in table.c), and
 * the helpers its resolve() is made of. Resolving touches nothing.
 *
 * A provider says who the target is: it fills name and id, calls target_use_pid(),
 * target_use_cgroup() and target_use_netns() for what it has, and says in `members` what makes a
 * process one of the target's. target.c then finds the veths and
 * addresses by itself, and refuses what must not be hit.
 */
#ifndef FL_TARGET_PROVIDER_H
#define FL_TARGET_PROVIDER_H

#include "target/target.h"

struct target_names {
	char **v;
	uint32_t n;
};

/* Append a copy; negative errno when out of memory. */
int target_names_add(struct target_names *names, const char *name);
void target_names_free(struct target_names *names);

/* Append the network namespaces that have a name. */
int target_netns_names(struct target_names *names, struct fl_error *err);

struct target_provider {
	const char *name; /* what stands before the colon: "netns", "docker" */
	/*
	 * Append the service names it knows now; NULL: it has none, its targets are always written
	 * with the prefix. Quick, and not an error when what it asks is not running.
	 */
	int (*list)(struct target_names *names, struct fl_error *err);
	/* Does it know this service now? Asks for this one only; NULL: list() is searched. */
	bool (*knows)(const char *name);
	/* Fill @t (zeroed, descriptors -1, spec and name set) for what stands behind the colon. */
	int (*resolve)(const char *name, struct target *t, struct fl_error *err);
	/*
	 * Where what stands behind the colon may be several targets: append the names of each (which,
	 * behind the provider's colon, mean that one only). @bare: it was written as a service, without
	 * the prefix. 1: it is one by its own name, and no set of which others may be. NULL: every
	 * name is one target.
	 */
	int (*members)(const char *name, bool bare, struct target_names *ret, struct fl_error *err);
	/* Ask whoever supervises it to start it now, if it does not run. NULL: nobody does. */
	int (*start)(const char *name, struct fl_error *err);
	/* The supervisor's own ways, see target_signal() and target_pause(). NULL: it has none. */
	int (*signal)(const char *name, int signal, bool keep_down, struct fl_error *err);
	int (*pause)(const char *name, bool on, struct fl_error *err);
};

/* The ways of this build, ended by NULL (table.c). */
extern const struct target_provider *const target_providers[];
extern const struct target_provider target_lab; /* one of them */

/* Whose is @spec, and what stands behind the colon (all of it, for a service)? */
int target_provider_of(const char *spec, const struct target_provider **ret, const char **ret_name,
		       struct fl_error *err);

/* The main process: its identity, namespaces and cgroups (where not filled yet). */
int target_use_pid(struct target *t, pid_t pid, struct fl_error *err);

/*
 * For targets that are a place, not a process: the oldest of t->pids as its main process. One that ends while it is
 * looked at is passed over; none that stays is no error, the place is there all the same.
 */
int target_use_oldest(struct target *t, struct fl_error *err);
/* A directory of the v2 tree, absolute. */
int target_use_cgroup(struct target *t, const char *path, struct fl_error *err);
/* A place below the root of the hierarchies, as in /proc/PID/cgroup: its processes are the target's. -ENOENT,
 * without an error: no hierarchy has it. */
int target_use_cgroup_place(struct target *t, const char *place, struct fl_error *err);
/* An open network namespace; takes the descriptor. */
void target_use_netns(struct target *t, int fd);

/* Fill @t->pids by what @t->members says. */
int target_add_pids(struct target *t, struct fl_error *err);
/* Veths and addresses of @t->netns_fd (veth.c). Never an error: what was not found is @t->gap. */
void target_find_veths(struct target *t);
/* host_interface.c: the same for one in the network of the host, at the host's interfaces. */
void target_find_host_interfaces(struct target *t);

#endif
