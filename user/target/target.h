/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * target.h - from what the user names to what faultline can touch.
 *
 * A target is written netns:NAME, pid:N, cgroup:PATH, unit:NAME, docker:NAME, or a plain service name that
 * the lab (later: Docker) knows. Resolving collects its host-side veths, namespaces, cgroups and
 * pids, and touches nothing. Each way of naming is one provider, one file, one line of a table.
 */
#ifndef FL_TARGET_H
#define FL_TARGET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/error.h"
#include "util/proc.h"

#define TARGET_MAX_VETHS 16
#define TARGET_MAX_ADDRS 16
#define TARGET_MAX_PIDS  512

/* What makes a process one of the target's (member.h); the provider says which, any of them is enough. */
enum target_by {
	TARGET_BY_CGROUP = 1,    /* to be in the v2 group `cgroup`, or in one below it */
	TARGET_BY_CGROUP_V1 = 2, /* to be in `cgroup_v1` of any v1 hierarchy, or below it */
	TARGET_BY_NETNS = 4,     /* to be in its network namespace */
	TARGET_BY_TREE = 8,      /* to be `pid`, or a descendant of it */
	TARGET_BY_PIDNS = 16,    /* to be in its pid namespace; no provider's, for member.c */
};

/* Where an interface is, and whose packets pass there. */
enum target_side {
	TARGET_SIDE_VETH,     /* the host side of a veth pair of the target: all are the target's */
	TARGET_SIDE_LOOPBACK, /* the loopback of the target's own namespace */
	TARGET_SIDE_HOST,     /* an interface of the host, which the target shares with others */
};

struct target_veth {
	uint32_t ifindex; /* of the host side */
	char ifname[16];
	uint64_t netns_inode;  /* namespace the host side lives in */
	int netns_fd;          /* open on it; owned by the target */
	uint32_t peer_ifindex; /* inside the target */
	enum target_side side;
};

/* One address of the target, IPv4 as ::ffff:a.b.c.d. */
struct target_addr {
	struct in6_addr addr;
};

/*
 * An interface that leads out of the target and is none of its veths, the first one, or why its
 * interfaces could not be read. It concerns only who needs them: target_check_veths().
 */
struct target_gap {
	char ifname[16]; /* inside the target; empty: all of them */
	char why[200];   /* empty: there is none */
	bool down;
};

struct target {
	char name[128];       /* what to call it in results: the service name when there is one */
	char spec[256];       /* means this target only; mostly as the user wrote it */
	char scope[256];      /* the set it was taken from, as the user wrote that; may be empty */
	bool takes_all;       /* all of that set is meant, also who joins it later */
	char provider[16];    /* "netns", "pid", "cgroup", "unit", "lab", "docker" */
	char id[80];          /* container id or the like; may be empty */
	char note[200];       /* what to know before it is hit: who else would be; may be empty */
	unsigned int members; /* TARGET_BY_*; 0: it has no processes */
	/* Where its main process is. Others are there too, unless `members` says that it is the target's. */
	char cgroup[256];      /* path in the v2 tree (absolute); empty when there is none */
	uint64_t cgroup_id;    /* v2 cgroup id (inode); 0 none */
	uint32_t cgroup_level; /* below the root of the v2 tree; set where veths are the host's */
	char cgroup_v1[256];   /* path below each v1 controller ("/lab/x"); empty when none */
	uint64_t pidns_inode;  /* 0: the initial one, or no process */
	uint64_t netns_inode;
	int netns_fd;       /* open on its network namespace; -1 when it has no process */
	int mntns_fd;       /* open on its mount namespace; -1 */
	pid_t pid;          /* its main process (its init), 0 none */
	uint64_t pid_start; /* start time of pid, field 22 of /proc/PID/stat */
	uint32_t n_pids;
	pid_t pids[TARGET_MAX_PIDS]; /* all of its processes at the time of resolving */
	uint32_t n_veths;
	struct target_veth veths[TARGET_MAX_VETHS];
	uint32_t n_addrs;
	struct target_addr addrs[TARGET_MAX_ADDRS];
	bool more_addrs; /* than there is room for */
	struct target_gap gap;

	/* What became of it since it was resolved: follow.h, watch.h. */
	uint32_t watch;           /* who tells of changes; 0: nobody */
	uint32_t moves;           /* how often it was found anew */
	bool same_process;        /* the last time only its networks had changed */
	uint64_t changed_wall_ns; /* since when it is as it is, by its supervisor; 0 unknown */
	uint64_t moved_wall_ns;   /* when it was found anew */
	pid_t stranger;           /* shares its network namespace and is none of its own; 0 nobody */
	pid_t passer;             /* the same, but may be about to join the target, or to leave */
	uint64_t passer_ns;       /* since when it has been seen */
	struct {                  /* what has been told of all this: fault/life/changes.h */
		uint32_t moves;
		bool down, left;
		pid_t stranger;
		uint64_t waiting_ns;
	} told;
};

struct target_options {
	bool allow_host_interface; /* --allow-host-interface: also the host's own, by cgroup */
	bool need_veth;            /* an error when it has no host-side veth, or not all of them */
	bool need_process;         /* an error when no process runs in it */
};

/*
 * Resolve @spec. On success the descriptors in *ret are the caller's; release with target_free().
 * Refused: faultline itself, an interface that carries the default route of the initial
 * namespace (unless allowed), a name that two providers know, a name nobody knows (the error
 * lists the nearest known ones).
 */
int target_resolve(const char *spec, const struct target_options *options, struct target *ret, struct fl_error *err);
void target_free(struct target *t);

/* Is @t in the host's network, and its packets told by their cgroup? Then others in there are not hit. */
static inline bool target_is_told_by_owner(const struct target *t)
{
	return t->n_veths && t->veths[0].side == TARGET_SIDE_HOST;
}

/* Do the veths of @t carry all that passes between it and others? Else an error that names the
 * interface that is not among them. */
int target_check_veths(const struct target *t, struct fl_error *err);
/* -EPERM when the initial namespace's default route leaves through @v. */
int target_refuse_uplink(const struct target_veth *v, struct fl_error *err);

/* The service of the host's systemd that @t, named as a cgroup, is or lies in. False: none. */
bool target_unit_of(const struct target *t, char *ret, size_t size);

/* What names @t for ever, also while it does not run ("docker:ID"), where there is such a name. */
void target_identity(const struct target *t, char *ret, size_t size);

/*
 * Ask whoever supervises @spec (the lab, Docker) to start it, if it does not run. May wait for that,
 * some tenths of a second; target_start_later() does it in the background. -ENOTSUP, without an
 * error: nobody does.
 */
int target_start(const char *spec, struct fl_error *err);
int target_start_later(const char *spec);
/* Could somebody be asked to? True also when it cannot be told who. */
bool target_has_start(const char *spec);

/*
 * Have the supervisor send @signal to the main process, so that it knows who did it. @keep_down: it
 * shall not start it again by itself. -ENOTSUP, without an error: it has to be signalled directly;
 * because nobody supervises it, or because then nobody would start it again who otherwise does. -EINPROGRESS: told
 * so, it has not answered in time; whether it was done is to be seen of the process.
 */
int target_signal(const char *spec, int signal, bool keep_down, struct fl_error *err);

/* Have the supervisor freeze all of its processes, or let them go on; one that is so already: 0.
 * -ENOTSUP: none does that. */
bool target_has_pause(const struct target *t);
int target_pause(const char *spec, bool on, struct fl_error *err);

/* All service names that providers know now, NULL-terminated, one allocation, caller frees. */
int target_names(char ***ret, struct fl_error *err);

/* Identity of a pid across reuse, see util/proc.h. */
static inline uint64_t target_pid_start(pid_t pid)
{
	return proc_start(pid);
}

static inline bool target_pid_same(pid_t pid, uint64_t start)
{
	return proc_same(pid, start);
}

#endif
