// SPDX-License-Identifier: GPL-2.0-only
/*
 * session.c - see session.h. The run directory itself is the lock (flock on its descriptor)
 * under which sessions begin, end and are listed: no lock file is left behind, and a session
 * that is half made is never seen. The first session makes the directory, the last one removes
 * it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <ftw.h>
#include <jansson.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "bpf/abi/abi.h"
#include "session/guardian.h"
#include "session/journal_private.h"
#include "session/keeper.h"
#include "session/lease.h"
#include "session/session.h"
#include "session/unfinished.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/json/json_path.h"
#include "util/proc.h"
#include "util/text/text.h"

#define BPFFS        "/sys/fs/bpf"
#define NAME_LEN     6
#define NAME_LETTERS "0123456789abcdefghijklmnopqrstuvwxyz"
#define INFO_MAX     (1u << 20)

/* Lock the run directory; @operation LOCK_EX makes it, LOCK_SH gives -ENOENT without an error.
 */
static int lock_run_dir(int operation, int *ret_fd, struct fl_error *err)
{
	struct stat held, now;
	int fd, r;

	for (;;) {
		r = operation == LOCK_EX ? dir_make(FL_RUN_DIR, 0700, err) : 0;
		if (r)
			return r;
		fd = open(FL_RUN_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT && operation == LOCK_SH)
			return -ENOENT;
		if (fd < 0 || flock(fd, operation) || fstat(fd, &held)) {
			r = error_env(err, errno, "cannot use " FL_RUN_DIR ": %s", strerror(errno));
			if (fd >= 0)
				close(fd);
			return r;
		}
		/* It may have been removed, and made again, while we waited for the lock. */
		if (!stat(FL_RUN_DIR, &now) && now.st_ino == held.st_ino && now.st_dev == held.st_dev)
			break;
		close(fd);
	}
	*ret_fd = fd;
	return 0;
}

int session_lock_host(void)
{
	int fd = -1;

	lock_run_dir(LOCK_EX, &fd, NULL);
	return fd;
}

static void claim_path(char *ret, size_t size, const char *session, const char *name)
{
	snprintf(ret, size, FL_RUN_DIR "/%s/%s", session, name);
}

int session_claim(const struct session *s, const char *name, struct fl_error *err)
{
	_cleanup_fd_ int fd = -1;
	glob_t found = {};
	char path[256];
	int r;

	claim_path(path, sizeof(path), "*", name);
	r = glob(path, GLOB_NOSORT | GLOB_ERR, NULL, &found);
	globfree(&found);
	if (r != GLOB_NOMATCH)
		return -EBUSY;
	claim_path(path, sizeof(path), s->name, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return fd < 0 ? error_sys(err, errno, "make %s: %s", path, strerror(errno)) : 0;
}

void session_unclaim(const char *session, const char *name)
{
	char path[256];

	claim_path(path, sizeof(path), session, name);
	unlink(path);
}

static bool is_session_name(const char *name)
{
	return strlen(name) == NAME_LEN && strspn(name, NAME_LETTERS) == NAME_LEN;
}

/* --- reading what is there -----------------------------------------------------------------
 */

/* Of another boot there is nobody left, of a pid namespace that has ended neither. */
static enum proc_is owner_is(const char *boot, uint64_t pidns, struct session_info *s)
{
	char now[PROC_BOOT_SIZE];

	proc_boot(now);
	if (*boot && *now && strcmp(boot, now))
		return PROC_GONE;
	return pidns ? proc_is_in(pidns, s->pid, s->pid_start, &s->elsewhere) : proc_is(s->pid, s->pid_start);
}

/* That of FL_KEPT_DIR is a copy, for the next boot. */
static char *info_path(const char *name)
{
	_cleanup_free_ char *path = text_format(FL_RUN_DIR "/%s/session.json", name);

	if (path && access(path, F_OK) && errno == ENOENT)
		return text_format(FL_KEPT_DIR "/%s/session.json", name);
	return take_ptr(path);
}

/* A directory without a session.json belongs to an owner that died at its birth; one that is there
 * and cannot be read, to an owner that may well be alive. */
static void read_info(const char *name, struct session_info *ret)
{
	_cleanup_free_ char *path = info_path(name);
	_cleanup_free_ char *text = NULL;
	const char *purpose = "", *boot = "", *results = "";
	enum proc_is owner;
	json_t *o = NULL;
	json_int_t pid = 0, start = 0, generation = 0, pidns = 0;

	memset(ret, 0, sizeof(*ret));
	text_copy(ret->name, sizeof(ret->name), name);
	ret->unknown = !path || !access(path, F_OK) || errno != ENOENT;
	if (path && !file_read(path, INFO_MAX, &text, NULL, NULL))
		o = json_loads(text, 0, NULL);
	if (o && !json_unpack(o, "{s:s, s?s, s?I, s:I, s:I, s:I, s:F, s?s}", "purpose", &purpose, "boot", &boot,
			      "pidns", &pidns, "pid", &pid, "start", &start, "generation", &generation, "started_wall",
			      &ret->started_wall, "results", &results)) {
		text_copy(ret->purpose, sizeof(ret->purpose), purpose);
		text_copy(ret->results, sizeof(ret->results), results);
		caller_from_json(json_object_get(o, "owner"), &ret->by);
		ret->pid = (pid_t)pid;
		ret->pid_start = (uint64_t)start;
		ret->generation = (uint32_t)generation;
		owner = owner_is(boot, (uint64_t)pidns, ret);
		ret->alive = owner == PROC_HERE;
		ret->unknown = owner == PROC_UNKNOWN;
		ret->foreign = pidns && (uint64_t)pidns != proc_pidns();
	}
	json_decref(o);
}

static int by_age(const void *a, const void *b)
{
	const struct session_info *x = a, *y = b;

	return (x->started_wall > y->started_wall) - (x->started_wall < y->started_wall);
}

static bool listed(const struct session_info *all, uint32_t n, const char *name)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(all[i].name, name))
			return true;
	return false;
}

static int read_folder(const char *folder, struct session_info **all, uint32_t *n, struct fl_error *err)
{
	DIR *d = opendir(folder);
	struct session_info *grown;
	struct dirent *e;

	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return error_env(err, errno, "cannot read %s: %s", folder, strerror(errno));
	while ((e = readdir(d))) {
		if (!is_session_name(e->d_name) || listed(*all, *n, e->d_name))
			continue;
		grown = reallocarray(*all, *n + 1, sizeof(*grown));
		if (!grown) {
			closedir(d);
			return error_sys(err, ENOMEM, "sessions: out of memory");
		}
		*all = grown;
		read_info(e->d_name, &grown[(*n)++]);
	}
	closedir(d);
	return 0;
}

/* The caller holds the lock, if there is one to hold. */
static int read_all(struct session_info **ret, uint32_t *ret_n, struct fl_error *err)
{
	struct session_info *all = NULL;
	uint32_t n = 0;
	int r = read_folder(FL_RUN_DIR, &all, &n, err) ?: read_folder(FL_KEPT_DIR, &all, &n, err);

	if (r) {
		free(all);
		return r;
	}
	if (n)
		qsort(all, n, sizeof(*all), by_age);
	*ret = all;
	*ret_n = n;
	return 0;
}

int session_list(struct session_info **ret, uint32_t *ret_n, struct fl_error *err)
{
	_cleanup_fd_ int lock = -1;
	int r = lock_run_dir(LOCK_SH, &lock, err);

	/* Without a run directory there may still be sessions of another boot. */
	return r && r != -ENOENT ? r : read_all(ret, ret_n, err);
}

/* --- beginning -----------------------------------------------------------------------------
 */

static int next_generation(uint32_t *ret, struct fl_error *err)
{
	_cleanup_free_ struct session_info *all = NULL;
	uint32_t n = 0, i, max = 0;
	int r = read_all(&all, &n, err);

	for (i = 0; i < n; i++)
		if ((all[i].alive || all[i].unknown) && all[i].generation > max)
			max = all[i].generation;
	if (r)
		return r;
	if (max >= FL_MAX_GENERATION)
		return error_env(err, EOVERFLOW, "no session number is left: stop the other ones");
	*ret = max + 1;
	return 0;
}

/* A name that no session has. The caller holds the lock, so nobody takes it meanwhile. */
static int choose_name(struct session *s, struct fl_error *err)
{
	unsigned char random[NAME_LEN];
	int i;

	do {
		if (getrandom(random, sizeof(random), 0) != sizeof(random))
			return error_sys(err, EIO, "session: no random numbers");
		for (i = 0; i < NAME_LEN; i++)
			s->name[i] = NAME_LETTERS[random[i] % (sizeof(NAME_LETTERS) - 1)];
		snprintf(s->dir, sizeof(s->dir), FL_RUN_DIR "/%s", s->name);
		snprintf(s->pin_dir, sizeof(s->pin_dir), FL_BPF_DIR "/%s", s->name);
		snprintf(s->kept_dir, sizeof(s->kept_dir), FL_KEPT_DIR "/%s", s->name);
	} while (!access(s->dir, F_OK) || !access(s->kept_dir, F_OK));
	return 0;
}

static int make_dir(struct session *s, struct fl_error *err)
{
	return mkdir(s->dir, 0700) ? error_env(err, errno, "cannot make %s: %s", s->dir, strerror(errno)) : 0;
}

/* The owner's command line as one string, for people. */
static json_t *own_cmdline(void)
{
	char line[4096];
	_cleanup_fd_ int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1), i;

	while (n > 0 && !line[n - 1])
		n--;
	for (i = 0; i < n; i++)
		if (!line[i])
			line[i] = ' ';
	line[n > 0 ? n : 0] = '\0';
	return json_foreign(line);
}

static int write_info(const struct session *s, struct fl_error *err)
{
	_cleanup_free_ char *path = text_format("%s/session.json", s->dir), *text = NULL;
	char boot[PROC_BOOT_SIZE];
	json_t *o;

	proc_boot(boot);
	o = json_pack("{s:s, s:s, s:s, s:I, s:i, s:I, s:i, s:f, s:o, s:o, s:o*}", "name", s->name, "purpose",
		      s->purpose, "boot", boot, "pidns", (json_int_t)proc_pidns(), "pid", (int)getpid(), "start",
		      (json_int_t)proc_start(getpid()), "generation", (int)s->generation, "started_wall",
		      s->started_wall, "owner", caller_json(&s->by), "results", json_foreign(s->results), "cmdline",
		      own_cmdline());
	text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	if (!path || !text)
		return error_sys(err, ENOMEM, "session: out of memory");
	return file_write(path, text, strlen(text), 0600, err);
}

static int clean_up(const char *name)
{
	return session_recover(name, NULL, NULL);
}

/* The caller holds the lock. */
static int begin(struct session *s, struct fl_error *err)
{
	int r;

	if (!proc_pidns()) {
		error_env(err, ENOSYS, "/proc is not mounted, or is that of another pid namespace");
		error_hint(err, "processes are told by it: mount -t proc proc /proc, or unshare --mount-proc");
		return -ENOSYS;
	}
	r = next_generation(&s->generation, err);
	if (!r)
		r = choose_name(s, err);
	/* First of all: what is made from now on is taken away also when this process is killed right behind it. */
	if (!r)
		r = guardian_start(s->name, clean_up, &s->guardian, err);
	if (!r)
		r = make_dir(s, err);
	if (!r)
		r = write_info(s, err);
	if (!r)
		r = journal_open(s->dir, s->kept_dir, &s->journal, err);
	return r;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path) && errno != ENOENT ? -1 : 0;
}

static int remove_tree(const char *path, struct fl_error *err)
{
	if (!nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) || errno == ENOENT)
		return 0;
	return error_env(err, errno, "cannot remove %s: %s", path, strerror(errno));
}

/* Pins and directories of a session, and the common ones when it was the last. */
static int remove_remains(const char *name, struct fl_error *err)
{
	_cleanup_free_ char *pins = text_format(FL_BPF_DIR "/%s", name);
	_cleanup_free_ char *dir = text_format(FL_RUN_DIR "/%s", name);
	_cleanup_free_ char *kept = text_format(FL_KEPT_DIR "/%s", name);
	_cleanup_fd_ int lock = -1;
	int r;

	if (!pins || !dir || !kept)
		return error_sys(err, ENOMEM, "session: out of memory");
	r = lock_run_dir(LOCK_EX, &lock, err);
	if (!r)
		r = remove_tree(pins, err);
	/* Last, for it is by the run directory that others know whose the kept one is. */
	if (!r)
		r = remove_tree(kept, err);
	if (!r)
		r = remove_tree(dir, err);
	rmdir(FL_KEPT_DIR);
	rmdir(FL_BPF_DIR); /* all stay unless they are empty */
	rmdir(FL_RUN_DIR);
	return r;
}

int session_begin(const char *purpose, struct session **ret, struct fl_error *err)
{
	struct session *s = calloc(1, sizeof(*s));
	int lock = -1, r;

	if (!s)
		return error_sys(err, ENOMEM, "session: out of memory");
	pthread_mutex_init(&s->lease_lock, NULL);
	text_copy(s->purpose, sizeof(s->purpose), purpose);
	caller_find(&s->by);
	s->started_wall = clock_wall_s();
	r = lock_run_dir(LOCK_EX, &lock, err);
	if (!r) {
		r = begin(s, err);
		close(lock);
	}
	if (r) {
		journal_close(s->journal);
		if (s->name[0])
			remove_remains(s->name, NULL);
		guardian_dismiss(s->guardian);
		free(s->guard);
		free(s);
		return r;
	}
	/* Until the loop turns for the first time, programs are loaded and files written, however long that takes. */
	guardian_beat(s->guardian, FL_BUSY_NS);
	*ret = s;
	return 0;
}

int session_note_results(struct session *s, const char *path, struct fl_error *err)
{
	_cleanup_free_ char *full = realpath(path, NULL);

	text_copy(s->results, sizeof(s->results), full ? full : path);
	return write_info(s, err);
}

void session_heartbeat(struct session *s)
{
	guardian_beat(s->guardian, 0);
	keeper_set(s->keeper, false);
	lease_refresh_all(s);
}

void session_busy(struct session *s)
{
	guardian_beat(s->guardian, FL_BUSY_NS);
	pthread_mutex_lock(&s->lease_lock);
	if (!s->keeper)
		s->keeper = keeper_start(s);
	pthread_mutex_unlock(&s->lease_lock);
	keeper_set(s->keeper, true);
}

/* --- ending --------------------------------------------------------------------------------
 */

/* What replaying came to: an error, or a remark. */
static void tell(int r, const struct fl_error *why, struct fl_error *err)
{
	journal_tell(r, why, err);
	if (!r && err && !err->message[0])
		*err = *why;
}

int session_end(struct session *s, struct fl_error *err)
{
	struct fl_error why = {};
	int r;

	session_busy(s);
	keeper_stop(take_ptr(s->keeper));
	if (s->engine)
		s->engine_close(s->engine);
	r = journal_replay((const char *const[]){ s->dir, s->kept_dir, NULL }, NULL, &why);
	journal_close(s->journal);
	if (r)
		unfinished_write(s->name, &why);
	tell(r, &why, err);
	if (r) {
		guardian_hand_over(s->guardian);
		error_hint(err, "its guardian tries it again, and so does faultline recover");
	} else {
		r = remove_remains(s->name, err);
		guardian_dismiss(s->guardian); /* not before: it does the rest when this process is killed meanwhile */
	}
	free(s->guard);
	free(s);
	return r;
}

/* What its journal calls by pid is here another process, or none. */
static int refuse_foreign(const struct session_info *s, struct fl_error *err)
{
	error_env(err, EAGAIN,
		  "session %s: its owner, process %d, and the processes of its faults are numbered in another pid "
		  "namespace: whether they run cannot be told from here",
		  s->name, (int)s->pid);
	if (s->elsewhere)
		error_hint(err, "nsenter --target %d --pid --mount faultline recover", (int)s->elsewhere);
	else
		error_hint(err, "run faultline recover where its owner ran, or in the host's own pid namespace");
	return -EAGAIN;
}

int session_recover(const char *name, struct undo_count *ret, struct fl_error *err)
{
	char dir[64], kept[64];
	struct session_info info;
	struct fl_error why = {};
	int r;

	if (ret)
		*ret = (struct undo_count){};
	if (!is_session_name(name))
		return error_usage(err, "'%.40s' is no session", name);
	read_info(name, &info);
	if (info.alive)
		return error_usage(err, "session %s is alive: its owner is process %d", name, (int)info.pid);
	if (info.unknown && info.foreign)
		return refuse_foreign(&info, err);
	if (info.unknown) {
		error_env(err, EAGAIN, "session %s: cannot tell whether its owner is alive", name);
		error_hint(err,
			   FL_RUN_DIR "/%s/session.json and /proc have to be readable; then faultline "
				      "recover again",
			   name);
		return -EAGAIN;
	}
	snprintf(dir, sizeof(dir), FL_RUN_DIR "/%s", name);
	snprintf(kept, sizeof(kept), FL_KEPT_DIR "/%s", name);
	r = journal_replay((const char *const[]){ dir, kept, NULL }, ret, &why);
	if (r)
		unfinished_write(name, &why);
	tell(r, &why, err);
	return r ? r : remove_remains(name, err);
}

int session_need_bpffs(struct fl_error *err)
{
	struct statfs fs;
	int code;

	if (!statfs(BPFFS, &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC)
		return 0;
	if (!mount("bpf", BPFFS, "bpf", 0, "mode=0700"))
		return 0;
	code = errno;
	error_env(err, code, "cannot mount the BPF file system at " BPFFS ": %s", strerror(code));
	if (code == EPERM)
		error_hint(err, "mounting needs CAP_SYS_ADMIN");
	else
		error_hint(err, "the kernel needs CONFIG_BPF_SYSCALL, and /sys must be mounted");
	return -code;
}
