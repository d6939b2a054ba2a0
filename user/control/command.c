// SPDX-License-Identifier: GPL-2.0-only
/* command.c - see command.h */
#include <errno.h>
#include <string.h>

#include "control/command.h"
#include "util/cleanup.h"
#include "util/json/json_path.h"
#include "util/json/yaml.h"
#include "util/text/utf8.h"

#define TARGETS_MAX 32
#define VALUE_MAX   1024

static int no_memory(struct fl_error *err)
{
	return error_sys(err, ENOMEM, "request: out of memory");
}

/* --- what a body may say ------------------------------------------------------------------------- */

static int check_keys(const json_t *body, const char *const *known, struct fl_error *err)
{
	const char *key, *near;
	const json_t *value;
	const char *const *k;

	if (!json_is_object(body)) {
		error_usage(err, "the body has to be a JSON object");
		return -EINVAL;
	}
	json_object_foreach((json_t *)(uintptr_t)body, key, value) {
		for (k = known; *k && strcmp(*k, key) != 0; k++)
			;
		if (*k)
			continue;
		near = text_nearest(key, known);
		error_usage(err, "no key '%.60s' here%s%s%s", key, near ? ", did you mean '" : "", near ?: "",
			    near ? "'?" : "");
		return -EINVAL;
	}
	return 0;
}

/* A name (targets, kinds, ids) becomes one word of a list that others split at blanks and commas. */
static bool is_word(const char *s)
{
	const unsigned char *c;

	for (c = (const unsigned char *)s; *c; c++)
		if (*c <= ' ' || *c == 0x7f || *c == ',')
			return false;
	return s[0] && s[0] != '-' && strlen(s) <= 255;
}

bool command_id_ok(const char *id)
{
	size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789"), digits;

	if (!n || n > 12)
		return false;
	if (!id[n])
		return true;
	digits = strspn(id + n + 1, "0123456789");
	return id[n] == '.' && digits && digits < 7 && !id[n + 1 + digits];
}

/* A scalar as one line of text. */
static int read_value(const char *name, const json_t *value, char *buf, size_t size, struct fl_error *err)
{
	const unsigned char *c;

	if (!json_scalar_text(value, buf, size) || strlen(buf) + 1 >= size)
		return error_usage(err, "'%.60s' has to be a text, a number, true or false, of at most %d bytes", name,
				   VALUE_MAX - 2);
	for (c = (const unsigned char *)buf; *c; c++)
		if (*c < ' ' || *c == 0x7f)
			return error_usage(err, "'%.60s' has a control character in it", name);
	return 0;
}

/* A yes or no that may be left away. */
static int read_flag(const json_t *body, const char *key, bool *ret, struct fl_error *err)
{
	const json_t *v = json_object_get(body, key);

	*ret = json_is_true(v);
	return !v || json_is_boolean(v) ? 0 : error_usage(err, "'%s' has to be true or false", key);
}

static int need_role(const struct who *who, enum role role, const char *what, struct fl_error *err)
{
	if (who->role >= role)
		return 0;
	error_set(err, FL_EXIT_USAGE, EPERM, "%s may not ask for '%.60s': that is for role %s", who->name, what,
		  role_name(role));
	return -EPERM;
}

/* --- words --------------------------------------------------------------------------------------- */

static int add(char ***args, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int add(char ***args, const char *fmt, ...)
{
	char *word;
	va_list ap;

	va_start(ap, fmt);
	word = text_vformat(fmt, ap);
	va_end(ap);
	return word && !words_add(args, word) ? 0 : -ENOMEM;
}

static int add_targets(const json_t *body, const struct who *who, char ***args, struct fl_error *err)
{
	const json_t *targets = json_object_get(body, "targets");
	size_t n = json_array_size(targets), i;
	int r = 0;

	if (!n || n > TARGETS_MAX) {
		error_usage(err, "'targets' has to be a list of 1 to %d names", TARGETS_MAX);
		error_hint(err, "a service, netns:NAME, pid:N, cgroup:PATH, unit:NAME or docker:NAME");
		return -EINVAL;
	}
	for (i = 0; !r && i < n; i++) {
		const char *t = json_string_value(json_array_get(targets, i));

		if (!t || !is_word(t))
			return error_usage(err, "targets[%zu] is no name of a target", i);
		r = who_may_target(who, t, err);
		if (!r && add(args, "%s", t))
			r = no_memory(err);
	}
	return r;
}

/* What goes around a rail, or reads a secret, is not for who operates. */
static bool is_for_administrators(const char *param)
{
	return !strncmp(param, "allow", 5) || !strcmp(param, "password-file") || !strcmp(param, "password_file");
}

static int add_params(const json_t *body, const struct fault_ops *ops, const struct who *who, char ***args,
		      struct fl_error *err)
{
	json_t *given = json_object_get(body, "params"), *value;
	char text[VALUE_MAX];
	struct params p = {};
	const char *key;
	int r = params_init(&p, ops->params, ops->common, err);

	if (!r && given && !json_is_object(given))
		r = error_usage(err, "'params' has to be a JSON object");
	json_object_foreach(given, key, value) {
		const struct param_value *known;

		if (!r)
			r = read_value(key, value, text, sizeof(text), err);
		if (!r)
			r = params_set(&p, key, text, err); /* also: there is such a parameter */
		if (r)
			break;
		known = params_find(&p, key);
		if (is_for_administrators(known->param->name))
			r = need_role(who, ROLE_ADMINISTER, known->param->name, err);
		if (!r && add(args, "--%s=%s", known->param->name, text))
			r = no_memory(err);
	}
	params_free(&p);
	return r;
}

static int add_time(const json_t *body, const struct who *who, char ***args, struct fl_error *err)
{
	const json_t *time = json_object_get(body, "for");
	char text[64];
	bool forever;
	int r = read_flag(body, "forever", &forever, err);

	if (!r && forever)
		r = need_role(who, ROLE_ADMINISTER, "forever", err);
	if (!r && forever && add(args, "--forever"))
		r = no_memory(err);
	if (!r && time)
		r = read_value("for", time, text, sizeof(text), err);
	if (!r && time && add(args, "--for=%s", text))
		r = no_memory(err);
	return r;
}

/* --- commands ------------------------------------------------------------------------------------ */

static int make_inject(const struct fault_ops *const *table, const json_t *body, const struct who *who, bool dry_run,
		       char ***args, struct fl_error *err)
{
	static const char *const keys[] = {
		"kind", "targets", "params", "for", "forever", "allow_host_interface", NULL
	};
	const struct fault_ops *ops = NULL;
	const char *kind;
	bool host = false;
	int r = check_keys(body, keys, err);

	kind = json_string_value(json_object_get(body, "kind"));
	if (!r && !kind)
		r = error_usage(err, "'kind' is missing: which fault?");
	if (!r && !(ops = fault_find(table, kind, err)))
		r = -EINVAL;
	if (r || (r = who_may_kind(who, ops->name, err)) || (r = read_flag(body, "allow_host_interface", &host, err)))
		return r;
	if (host)
		r = need_role(who, ROLE_ADMINISTER, "allow_host_interface", err);
	if (!r && (add(args, "inject") || add(args, "%s", ops->name) || add(args, "--output=json") ||
		   add(args, dry_run ? "--dry-run" : "--detach") || (host && add(args, "--allow-host-interface"))))
		r = no_memory(err);
	r = r ?: add_params(body, ops, who, args, err);
	r = r ?: add_time(body, who, args, err);
	if (!r && add(args, "--"))
		r = no_memory(err);
	return r ?: add_targets(body, who, args, err);
}

static int make_set(const char *id, const json_t *body, const struct who *who, char ***args, struct fl_error *err)
{
	static const char *const keys[] = { "params", NULL };
	json_t *given = json_object_get(body, "params"), *value;
	char text[VALUE_MAX];
	const char *key;
	int r = check_keys(body, keys, err);

	if (!r && !json_object_size(given))
		r = error_usage(err, "'params' is missing: what to change?");
	if (!r && (add(args, "set") || add(args, "--output=json") || add(args, "--") || add(args, "%s", id)))
		r = no_memory(err);
	if (r)
		return r;
	json_object_foreach(given, key, value) {
		if (!is_word(key) || strchr(key, '='))
			return error_usage(err, "'%.60s' is no name of a parameter", key);
		if (is_for_administrators(key))
			r = need_role(who, ROLE_ADMINISTER, key, err);
		r = r ?: read_value(key, value, text, sizeof(text), err);
		if (!r && add(args, "%s=%s", key, text))
			r = no_memory(err);
		if (r)
			return r;
	}
	return 0;
}

static int make_halt(const json_t *body, const struct who *who, char ***args, struct fl_error *err)
{
	static const char *const keys[] = { "reason", NULL };
	const json_t *reason = json_object_get(body, "reason");
	char text[200] = "";
	int r = body ? check_keys(body, keys, err) : 0;

	(void)who;
	if (!r && reason)
		r = read_value("reason", reason, text, sizeof(text), err);
	if (!r &&
	    (add(args, "halt") || add(args, "--output=json") || add(args, "--") || (text[0] && add(args, "%s", text))))
		r = no_memory(err);
	return r;
}

static int make_plain(const char *const *words, char ***args, struct fl_error *err)
{
	for (; *words; words++)
		if (add(args, "%s", *words))
			return no_memory(err);
	return 0;
}

int command_make(const struct fault_ops *const *table, enum verb verb, const char *object, const json_t *body,
		 const struct who *who, char ***ret, struct fl_error *err)
{
	static const char *const doctor[] = { "doctor", "--output=json", NULL },
				 *const graph[] = { "graph", "--output=json", "--for=3s", NULL },
				 *const allow[] = { "allow", "--output=json", NULL },
				 *const check[] = { "check", "--output=json", "--", "/dev/stdin", NULL },
				 *const none[] = { NULL };
	char **args = NULL;
	int r;

	*ret = NULL;
	switch (verb) {
	case VERB_INJECT:
	case VERB_DRY_RUN: r = make_inject(table, body, who, verb == VERB_DRY_RUN, &args, err); break;
	case VERB_SET: r = make_set(object, body, who, &args, err); break;
	case VERB_STOP: {
		const char *const stop[] = { "stop", "--output=json", "--", object, NULL };

		r = make_plain(stop, &args, err);
		break;
	}
	case VERB_HALT: r = make_halt(body, who, &args, err); break;
	case VERB_ALLOW:
		r = body ? check_keys(body, none, err) : 0;
		r = r ?: make_plain(allow, &args, err);
		break;
	case VERB_DOCTOR: r = make_plain(doctor, &args, err); break;
	case VERB_GRAPH: r = make_plain(graph, &args, err); break;
	case VERB_CHECK: r = make_plain(check, &args, err); break;
	case VERB_RUN: {
		const char *const score[] = { "score", "--output=json", "--", object, NULL };

		r = make_plain(score, &args, err);
		break;
	}
	default: r = error_sys(err, ENOSYS, "no command does that");
	}
	if (!r && (verb == VERB_SET || verb == VERB_STOP) && !command_id_ok(object))
		r = error_usage(err, "'%.40s' is no id of a fault", object);
	if (r)
		words_free(args);
	else
		*ret = args;
	return r;
}

int command_may_change(const json_t *fault, const struct who *who, struct fl_error *err)
{
	const json_t *targets = json_object_get(fault, "targets");
	int r = who_may_kind(who, json_string_value(json_object_get(fault, "kind")) ?: "", err);
	size_t i;

	for (i = 0; !r && i < json_array_size(targets); i++)
		r = who_may_target(who, json_string_value(json_array_get(targets, i)) ?: "", err);
	return r;
}
