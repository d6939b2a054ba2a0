// SPDX-License-Identifier: GPL-2.0-only
/* up.c - see lab.h. Order: state file, cgroups, network, supervisor, health. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "tools/lab/stack/lab.h"
#include "tools/lab/stack/stack.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

#define HEALTHY_WITHIN_NS (60 * NS_PER_SEC) /* of an emulated CPU */
#define POLL_NS           (100 * NS_PER_MSEC)
#define CHECK_MS          1500
#define LOG_LINES         5 /* of a service that does not come up */

extern char **environ;

/* --- files that services and the pipeline read --- */

static int write_text(const char *name, struct text *t, struct fl_error *err)
{
	char path[128];
	int rc;

	snprintf(path, sizeof(path), LAB_DIR "/%s", name);
	rc = t->failed ? error_sys(err, ENOMEM, "out of memory")
		       : file_write(path, t->s ? t->s : "", t->len, 0644, err);
	text_free(t);
	return rc;
}

static int write_names(const struct lab_topology *t, struct fl_error *err)
{
	struct text hosts = { .s = NULL }, resolv = { .s = NULL };
	unsigned int i;
	int rc;

	for (i = 0; i < t->n_services; i++)
		text_append(&hosts, "%s %s\n", t->services[i].address, t->services[i].name);
	/* What the name server's exporter asks for. */
	text_append(&hosts, "127.0.0.1 exporter.probe\n");
	if (t->resolver[0])
		text_append(&resolv, "nameserver %s\noptions timeout:2 attempts:2\n",
			    topology_find(t, t->resolver)->address);
	rc = write_text("hosts", &hosts, err);
	if (rc)
		text_free(&resolv);
	return rc ? rc : write_text("resolv.conf", &resolv, err);
}

/* The pipeline gets where to scrape and who depends on whom, and nothing else. */
static int write_pipeline_config(const json_t *state, struct fl_error *err)
{
	json_t *targets = json_object(), *config, *service;
	struct text t = { .s = NULL };
	const char *name;

	json_object_foreach(json_object_get((json_t *)(uintptr_t)state, "services"), name, service)
		json_object_set_new(targets, name,
				    json_sprintf("http://%s:%d/metrics",
						 json_string_value(json_object_get(service, "addr")),
						 (int)json_integer_value(json_object_get(service, "port"))));
	config = json_pack("{s:o, s:O}", "targets", targets, "edges",
			   json_object_get(json_object_get(state, "graph"), "edges"));
	t.s = json_dumps(config, JSON_INDENT(1));
	t.len = t.s ? strlen(t.s) : 0;
	t.failed = !t.s;
	json_decref(config);
	return write_text("pipeline.json", &t, err);
}

/* --- making --- */

static int make_cgroups(const struct lab_topology *t, const json_t *state, struct fl_error *err)
{
	json_t *daemons = json_object_get(state, "daemons"), *entry;
	const char *name;
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && i < t->n_services; i++) {
		const struct lab_service *s = &t->services[i];
		json_t *dirs;

		entry = json_object_get(json_object_get(state, "services"), s->name);
		dirs = json_object_get(json_object_get(entry, "run"), "cgroups");
		rc = cgroup_make(dirs, err);
		if (!rc)
			rc = cgroup_limit(dirs, s->cpu_percent, s->memory_bytes, err);
	}
	json_object_foreach(daemons, name, entry) {
		if (!rc)
			rc = cgroup_make(json_object_get(json_object_get(entry, "run"), "cgroups"), err);
	}
	return rc;
}

static int start_supervisor(struct fl_error *err)
{
	char path[512], *argv[] = { path, (char[]){ LAB_STATE }, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	pid_t pid;
	int rc;

	rc = path_program("lab-supervisor", path, sizeof(path), err);
	if (rc)
		return rc;
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, LAB_DIR "/log/supervisor.log",
					 O_WRONLY | O_CREAT | O_APPEND, 0644);
	posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
	rc = posix_spawn(&pid, path, &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return rc ? error_env(err, rc, "cannot start %s: %s", path, strerror(rc)) : 0;
}

/* --- health --- */

/* The end of a log, as a hint. */
static void hint_log(struct fl_error *err, const char *name)
{
	_cleanup_free_ char *text = NULL;
	const char *tail;
	char path[128];
	size_t len;
	int lines = 0;

	snprintf(path, sizeof(path), LAB_DIR "/log/%s.log", name);
	if (file_read(path, 16 * 1024 * 1024, &text, &len, NULL) || !len) {
		error_hint(err, "its log is empty");
		return;
	}
	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
	for (tail = text + len; tail > text; tail--)
		if (tail[-1] == '\n' && ++lines == LOG_LINES)
			break;
	error_hint(err, "its log ends:\n%s", tail);
}

/* The number of healthy services; *ret_sick is one that is not, or NULL. */
static unsigned int count_healthy(const json_t *state, const char **ret_sick)
{
	const char *name;
	unsigned int n = 0;
	json_t *service;
	char url[128];

	*ret_sick = NULL;
	json_object_foreach(json_object_get((json_t *)(uintptr_t)state, "services"), name, service) {
		health_url(service, url, sizeof(url));
		if (health_get(url, CHECK_MS) == 200)
			n++;
		else if (!*ret_sick)
			*ret_sick = name;
	}
	return n;
}

static bool daemon_healthy(const json_t *state, const char *key, const char *path)
{
	const char *base = json_string_value(json_object_get(state, key));
	char url[160];

	if (!json_object_get(json_object_get(state, "daemons"), key) || !base)
		return true;
	snprintf(url, sizeof(url), "%s%s", base, path);
	return health_get(url, CHECK_MS) == 200;
}

/* A service that ended and is not to be started again: no use in waiting. NULL: there is none. */
static const char *find_dead(void)
{
	static char dead[64];
	json_t *state = NULL, *s;
	const char *name;
	bool running;

	dead[0] = '\0';
	state_read(&state, NULL);
	running = state && !strcmp(json_string_value(json_object_get(state, "state")), "running");
	json_object_foreach(json_object_get(state, "services"), name, s)
		if (running && !json_integer_value(json_object_get(s, "pid")) &&
		    json_is_false(json_object_get(json_object_get(s, "run"), "restart")))
			text_copy(dead, sizeof(dead), name);
	json_decref(state);
	return dead[0] ? dead : NULL;
}

static int fail_health(struct fl_error *err, const char *sick, const char *why)
{
	error_env(err, ETIMEDOUT, "%s %s", sick, why);
	hint_log(err, sick);
	return -ETIMEDOUT;
}

/* Services, then pipeline and load, then the whole chain. */
static int wait_healthy(const json_t *state, const struct lab_options *o, struct fl_error *err)
{
	uint64_t until = clock_mono_ns() + HEALTHY_WITHIN_NS;
	unsigned int total = (unsigned int)json_object_size(json_object_get(state, "services"));
	const char *health = json_string_value(json_object_get(state, "health"));
	const char *sick, *dead;
	unsigned int n;

	do {
		n = count_healthy(state, &sick);
		if (n == total && !daemon_healthy(state, "pipeline", "/health"))
			sick = "pipeline";
		else if (n == total && !daemon_healthy(state, "load", "/metrics"))
			sick = "load";
		if (o->progress)
			o->progress(o->context, n, total);
		if (!sick && health_get(health, CHECK_MS) == 200)
			return 0;
		dead = sick ? find_dead() : NULL;
		if (dead)
			return fail_health(err, dead, "ended as soon as it was started");
		nanosleep(&(struct timespec){ .tv_nsec = POLL_NS }, NULL);
	} while (clock_mono_ns() < until);
	if (sick)
		return fail_health(err, sick, "did not become healthy in time");
	return error_env(err, ETIMEDOUT, "%s does not answer 200, though every service is there", health);
}

/* --- up --- */

static int check_ports(const struct lab_topology *t, struct fl_error *err)
{
	if (t->pipeline_port && !health_port_free(t->pipeline_port)) {
		error_env(err, EADDRINUSE, "port %u, the pipeline's, is taken", t->pipeline_port);
		error_hint(err, "choose another one by --pipeline-port");
		return -EADDRINUSE;
	}
	if (t->load_rate && t->load_port && !health_port_free(t->load_port)) {
		error_env(err, EADDRINUSE, "port %u, the load generator's, is taken", t->load_port);
		error_hint(err, "choose another one in lab.yaml (load: port)");
		return -EADDRINUSE;
	}
	return 0;
}

static int make_everything(const struct lab_topology *t, const json_t *state, struct fl_error *err)
{
	int rc = state_write(state, err);

	if (!rc)
		rc = write_names(t, err);
	if (!rc)
		rc = write_pipeline_config(state, err);
	if (!rc)
		rc = make_cgroups(t, state, err);
	if (!rc)
		rc = network_make(t, err);
	if (!rc)
		rc = start_supervisor(err);
	return rc;
}

static int bring_up(const struct lab_options *o, struct fl_error *err)
{
	_cleanup_free_ char *found = calloc(1, 512);
	struct lab_topology *t = NULL;
	json_t *state = NULL;
	bool was_there;
	int rc = 0;

	if (!found)
		return error_sys(err, ENOMEM, "out of memory");
	if (!o->topology)
		rc = path_topology(found, 512, err);
	if (!rc)
		rc = topology_load(o->topology ? o->topology : found, &t, err);
	if (rc)
		return rc;
	if (o->pipeline_port)
		t->pipeline_port = o->pipeline_port;
	if (!o->load)
		t->load_rate = 0;
	rc = check_ports(t, err);
	if (!rc) {
		state = state_build(t, err);
		rc = state ? dir_make(LAB_DIR "/log", 0755, err) : -ENOENT;
	}
	if (!rc) {
		rc = make_everything(t, state, err);
		if (!rc)
			rc = wait_healthy(state, o, err);
		if (rc)
			lab_down(&was_there, NULL);
	}
	json_decref(state);
	topology_free(t);
	return rc;
}

/* Is anything of a running lab missing? The supervisor starts it when asked. */
static int repair(const json_t *state, const struct lab_options *o, enum lab_up_result *ret, struct fl_error *err)
{
	static const char *const groups[] = { "services", "daemons" };
	json_t *supervisor = json_object_get(state, "supervisor"), *entry;
	bool missing = false;
	const char *name;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(groups); i++)
		json_object_foreach(json_object_get(state, groups[i]), name, entry)
			missing = missing || !state_alive(entry);
	if (missing)
		state_signal(supervisor, SIGHUP);
	*ret = missing ? LAB_REPAIRED : LAB_WAS_RUNNING;
	return wait_healthy(state, o, err);
}

int lab_up(const struct lab_options *o, enum lab_up_result *ret, struct fl_error *err)
{
	_cleanup_fd_ int lock = -1;
	json_t *state = NULL;
	bool was_there, usable;
	int rc;

	rc = dir_make("/run/faultline", 0755, err);
	if (rc)
		return rc;
	/* The folder itself is the lock: it stays when the lab goes. */
	lock = open("/run/faultline", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB)) {
		error_env(err, EBUSY, "another 'lab up' or 'lab down' is at work");
		return -EBUSY;
	}
	rc = state_read(&state, err);
	if (rc)
		return rc;
	usable = state && state_alive(json_object_get(state, "supervisor")) && network_complete(state);
	if (usable) {
		rc = repair(state, o, ret, err);
	} else {
		/* What an `up` or a supervisor left that was killed. */
		*ret = state ? LAB_REPAIRED : LAB_STARTED;
		if (state)
			rc = lab_down(&was_there, err);
		if (!rc)
			rc = bring_up(o, err);
	}
	json_decref(state);
	return rc;
}
