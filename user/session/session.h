/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session.h - one owner process and everything it holds: /run/faultline/SESSION (session.json,
 * journal.jsonl), the pinned maps under /sys/fs/bpf/faultline/SESSION, the lease, the guardian.
 *
 * `inject` is a session with one fault, `run` one with many. A name is six characters of
 * [0-9a-z]; a fault is SESSION.N. Generations grow with each session on the host and order
 * programs on a shared interface (see FL_MARK_MAGIC in abi.h).
 */
#ifndef FL_SESSION_H
#define FL_SESSION_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "session/journal.h"
#include "util/caller.h"
#include "util/error.h"
#include "util/kept.h"

#define FL_RUN_DIR         "/run/faultline"
#define FL_BPF_DIR         "/sys/fs/bpf/faultline"
#define FL_KEPT_DIR        FL_STATE_DIR "/sessions" /* what outlives the boot, and undoing it */

#define FL_LEASE_PERIOD_MS 100           /* how often the owner refreshes it */
#define FL_LEASE_NS        1000000000ull /* how long a refresh lasts */

#define FL_BUSY_NS         600000000000ull /* 10 min */

struct guardian; /* session/guardian.h */
#define SESSION_MAX_LEASES 64

struct engine; /* net/engine.h: the loaded net programs; made by the first fault that needs it */

struct session {
	char name[16];
	char dir[64];      /* FL_RUN_DIR/name, 0700 */
	char kept_dir[64]; /* FL_KEPT_DIR/name, 0700; exists once something lasting is to be undone */
	char pin_dir[64];  /* FL_BPF_DIR/name, 0700; exists once an engine does */
	char purpose[32];  /* "inject", "run", ... */
	struct caller by;  /* who began it */
	char results[256]; /* of a run: where they go; empty */
	double started_wall;
	uint32_t generation;
	unsigned int n_faults; /* numbers given out, see fault_attach_session() */
	struct guardian *guardian;
	struct journal *journal;
	struct engine *engine; /* NULL until needed; engine_open() sets it and the next two */
	void (*engine_heartbeat)(struct engine *e);
	void (*engine_close)(struct engine *e);
	struct guard *guard;            /* session/guard.h: for the engine to come; NULL: nothing is protected */
	struct keeper *keeper;          /* session/keeper.h; NULL until the owner is busy for the first time */
	pthread_mutex_t lease_lock;     /* of the next two */
	int leases[SESSION_MAX_LEASES]; /* map descriptors, not owned */
	unsigned int n_leases;
};

/*
 * Begin: directories, session.json {name, purpose, pid, start, generation, started_wall, owner, results,
 * cmdline}, journal, guardian. Makes FL_RUN_DIR (0700) when it is not there.
 */
int session_begin(const char *purpose, struct session **ret, struct fl_error *err);

/* Write down where the results of its run go. */
int session_note_results(struct session *s, const char *path, struct fl_error *err);

/* Refresh the lease; call it every FL_LEASE_PERIOD_MS from the event loop that must not hang. */
void session_heartbeat(struct session *s);

/*
 * The owner is about to do something that may take long (fill a disk, wait for a service to come
 * back), and will not be at its loop: no heartbeat for FL_BUSY_NS does not mean that it hangs. Until the next
 * heartbeat a thread renews the leases, so that the session's other faults go on (session/keeper.h).
 */
void session_busy(struct session *s);

/*
 * Have the lease map @map_fd (struct fl_lease at key 0; programs outside the engine have their own)
 * refreshed with the session's, beginning now. Forget it before the descriptor is closed.
 */
int session_add_lease(struct session *s, int map_fd, struct fl_error *err);
void session_forget_lease(struct session *s, int map_fd);

/*
 * End in order: close the engine, replay what is still open in the journal, remove the pins,
 * dismiss the guardian, remove the directory. Frees @s. On an error (something could not be undone,
 * err->open says) directory and journal stay; the guardian goes on trying, and so does `recover`.
 */
int session_end(struct session *s, struct fl_error *err);

/* A session found on disk. */
struct session_info {
	char name[16], purpose[32];
	pid_t pid;
	uint64_t pid_start;
	bool alive;      /* its owner runs */
	bool unknown;    /* whether it does cannot be told: it is left alone */
	bool foreign;    /* its pids are those of another pid namespace */
	pid_t elsewhere; /* a process of that; 0: none is seen */
	uint32_t generation;
	double started_wall;
	struct caller by;
	char results[256];
};

/* All sessions on this host, oldest first; *ret is the caller's to free. */
int session_list(struct session_info **ret, uint32_t *ret_n, struct fl_error *err);

/*
 * Clean up one session whose owner is dead: journal, pins, directory. The guardian may be at it
 * too: they take turns. What could not be undone stays in the directory for another try. *ret may be NULL.
 */
int session_recover(const char *name, struct undo_count *ret, struct fl_error *err);

/* Keep other faultline processes from making and removing what all share (qdiscs) until the
 * descriptor is closed; -1 when that cannot be. */
int session_lock_host(void);

/*
 * Claim what only one fault on this host may change at a time, by a file @name in the session's directory: it goes
 * with the session. -EBUSY (and nothing in *err): another has it. Hold the host's lock around both. The second takes
 * a session's name, for an undo.
 */
int session_claim(const struct session *s, const char *name, struct fl_error *err);
void session_unclaim(const char *session, const char *name);

/* Mount bpffs at /sys/fs/bpf if it is not there. */
int session_need_bpffs(struct fl_error *err);

#endif
