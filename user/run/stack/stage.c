// SPDX-License-Identifier: GPL-2.0-only
/*
 * stage.c - see stage.h. Until 2026-11 the ledger was in FL_RUN_DIR, which a reboot empties; one that is
 * still there is read when there is none in FL_STATE_DIR, and moved by the next pass.
 */
#include <errno.h>
#include <sys/file.h>
#include <sys/utsname.h>

#include "fault/fault.h"
#include "run/stack/stage.h"
#include "session/session.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/kept.h"
#include "util/text/text.h"

#define LEDGER     FL_STATE_DIR "/ledger.json"
#define OLD_LEDGER FL_RUN_DIR "/ledger.json"
#define LEDGER_MAX (4u << 20)

/* What passed on one host says nothing of another: the ledger names its own. A subject has an '@'. */
#define HOST_KEY "host"

static char *host_id(void)
{
	_cleanup_free_ char *id = NULL;
	struct utsname u;

	if (!file_read("/etc/machine-id", 64, &id, NULL, NULL) && id[strcspn(id, "\n")] && strcspn(id, "\n"))
		return strndup(id, strcspn(id, "\n"));
	return uname(&u) ? NULL : strdup(u.nodename);
}

/* A ledger without a host is this one's. */
static int check_host(const char *path, const json_t *ledger, struct fl_error *err)
{
	const char *host = json_string_value(json_object_get(ledger, HOST_KEY));
	_cleanup_free_ char *here = host_id();

	if (!host || !here || !strcmp(host, here))
		return 0;
	error_env(err, EXDEV, "%s is the ledger of another host (%.64s)", path, host);
	error_hint(err, "move it away; every experiment then begins at stage dev on this one");
	return -EXDEV;
}

/* What a pass is a pass of: the kinds of fault and where they go. The caller's to free. */
static char *subject_of(const struct experiment *x)
{
	struct text t = {};
	uint32_t i;
	size_t k;

	for (i = 0; i < x->n_faults; i++) {
		const struct fault_plan *f = &x->faults[i];

		text_append(&t, "%s%s@", i ? "+" : "", f->ops->name);
		for (k = 0; f->targets && f->targets[k]; k++)
			text_append(&t, "%s%s", k ? "," : "", f->targets[k]);
	}
	return t.failed ? NULL : t.s;
}

static int parse_ledger(const char *path, const char *text, json_t **ret, struct fl_error *err)
{
	json_error_t why;
	int r;

	*ret = json_loads(text, 0, &why);
	if (json_is_object(*ret)) {
		r = check_host(path, *ret, err);
	} else {
		r = error_env(err, EBADMSG, "%s is damaged: %s", path, *ret ? "it is no object" : why.text);
		error_hint(err, "move it away; every experiment then begins at stage dev again");
	}
	if (r) {
		json_decref(*ret);
		*ret = NULL;
	}
	return r;
}

int stage_read(json_t **ret, struct fl_error *err)
{
	static const char *const paths[] = { LEDGER, OLD_LEDGER };
	size_t i;

	*ret = NULL;
	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		_cleanup_free_ char *text = NULL;
		struct fl_error why = {};
		int r = file_read(paths[i], LEDGER_MAX, &text, NULL, &why);

		if (!r)
			return parse_ledger(paths[i], text, ret, err);
		/* Without root the old directory cannot be looked into; without root nothing runs either. */
		if (r == -ENOENT || (i && r == -EACCES && geteuid()))
			continue;
		if (err)
			*err = why;
		return r;
	}
	*ret = json_object();
	return *ret ? 0 : error_sys(err, ENOMEM, LEDGER ": out of memory");
}

int stage_allowed(const json_t *ledger, const struct experiment *x, struct fl_error *err)
{
	_cleanup_free_ char *subject = NULL;
	const char *before;

	if (x->stage <= STAGE_DEV)
		return 0;
	subject = subject_of(x);
	if (!subject)
		return error_sys(err, ENOMEM, "stages: out of memory");
	before = stage_text((enum experiment_stage)(x->stage - 1));
	if (json_object_get(json_object_get(ledger, subject), before))
		return 0;
	error_set(err, FL_EXIT_USAGE, EPERM,
		  "skipped stage: '%.80s' is stage %s, and stage %s has not "
		  "been passed by %.120s on this host",
		  x->name, stage_text(x->stage), before, subject);
	error_hint(err, "run stage %s first, or --force-stage, which the result will say", before);
	return -EPERM;
}

int stage_enter(json_t *ledger, const struct experiment *x, bool passed, double when)
{
	_cleanup_free_ char *subject = subject_of(x);
	const char *stage = stage_text(x->stage);
	json_t *entry;

	if (!subject || !x->stage)
		return subject ? 0 : -ENOMEM;
	entry = json_object_get(ledger, subject);
	if (!entry) {
		entry = json_object();
		if (json_object_set_new(ledger, subject, entry))
			return -ENOMEM;
	}
	if (!passed) {
		json_object_del(entry, stage);
		return 0;
	}
	return json_object_set_new(entry, stage, json_pack("{s:f, s:s}", "passed", when, "name", x->name)) ? -ENOMEM
													   : 0;
}

int stage_record(const struct experiment *x, bool passed, struct fl_error *err)
{
	_cleanup_fd_ int lock = -1;
	_cleanup_free_ char *text = NULL, *host = host_id();
	json_t *ledger = NULL;
	int r = kept_open(&lock, err);

	if (r)
		return r;
	if (flock(lock, LOCK_EX))
		return error_env(err, errno, "cannot lock " FL_STATE_DIR ": %s", strerror(errno));
	r = stage_read(&ledger, err);
	if (!r)
		r = stage_enter(ledger, x, passed, clock_wall_s());
	if (!r && json_object_size(ledger)) {
		if (host)
			json_object_set_new(ledger, HOST_KEY, json_string(host));
		text = json_dumps(ledger, JSON_INDENT(1) | JSON_SORT_KEYS);
		r = text ? kept_write(LEDGER, text, strlen(text), err)
			 : error_sys(err, ENOMEM, LEDGER ": out of memory");
		if (!r)
			unlink(OLD_LEDGER);
	}
	json_decref(ledger);
	return r;
}
