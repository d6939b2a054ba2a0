// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor.c - faultline doctor: what works on this host and what does not, and what to do. Every
 * line comes from trying; nothing is left behind.
 */
#include <argp.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/doctor/doctor.h"
#include "doctor/features.h"
#include "fault/fault.h"
#include "os/caps.h"
#include "util/cleanup.h"

static const char *const classes[] = {
	[FAULT_NETWORK] = "network", [FAULT_RESOURCE] = "resource", [FAULT_APPLICATION] = "application",
	[FAULT_STATE] = "state",     [FAULT_KERNEL] = "kernel",
};

struct doctor_options {
	bool json, syscalls;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct doctor_options *o = state->input;

	switch (key) {
	case 'o': o->json = cmd_output_json(arg, state); return 0;
	case 's': o->syscalls = true; return 0;
	case ARGP_KEY_ARG: argp_error(state, "doctor takes no argument"); return EINVAL;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option option_table[] = { { "output", 'o', "json", 0, "Print JSON", 0 },
						   { "syscalls", 's', NULL, 0,
						     "Which syscalls can be made to fail here, by which backend", 0 },
						   {} };

const struct argp cmd_doctor_argp = { option_table,
				      parse,
				      NULL,
				      "Try what this kernel and host can do, and say which faults work here.\v"
				      "Exit status 0 when at least one network fault works, 3 otherwise.",
				      NULL,
				      NULL,
				      NULL };

static json_t *feature_json(const struct feature *f)
{
	struct feature_answer a = {};

	f->probe(&a);
	return json_pack("{s:s, s:b, s:s, s:s, s:s}", "group", f->group, "supported", a.yes, "reason", a.reason, "use",
			 f->use, "todo", a.yes ? "" : f->todo);
}

static json_t *fault_json(const struct fault_ops *ops)
{
	struct fault_support s = {};

	ops->supported(&s);
	return json_pack("{s:s, s:s, s:b, s:s, s:s, s:s}", "name", ops->name, "class", classes[ops->class], "supported",
			 s.supported, "backend", s.backend, "reason", s.reason, "summary", ops->summary);
}

static json_t *examine(void)
{
	json_t *all = json_object(), *faults = json_array();
	const struct fault_ops *const *k;
	const struct feature *f;
	struct utsname u = {};

	for (f = features; f->name; f++)
		json_object_set_new(all, f->name, feature_json(f));
	for (k = fault_table; *k; k++)
		json_array_append_new(faults, fault_json(*k));
	uname(&u);
	return json_pack("{s:{s:s, s:s, s:s}, s:o, s:o, s:o}", "kernel", "release", u.release, "version", u.version,
			 "machine", u.machine, "features", all, "faults", faults, "rails", doctor_rails());
}

static bool works(const json_t *fault)
{
	return json_is_true(json_object_get(fault, "supported"));
}

static int terminal_width(void)
{
	struct winsize size;

	return !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col >= 60 ? size.ws_col : 100;
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void print_feature(const char *name, const json_t *f, int width)
{
	_cleanup_free_ char *rest = NULL;

	if (works(f)) {
		printf("  yes  %-19s", name);
		cmd_print_wrapped(*text_of(f, "reason") ? text_of(f, "reason") : text_of(f, "use"), 26, width);
		return;
	}
	printf("  no   %-19s", name);
	cmd_print_wrapped(text_of(f, "reason"), 26, width);
	printf("%26s", "");
	if (asprintf(&rest, "for %s: %s", text_of(f, "use"), text_of(f, "todo")) >= 0)
		cmd_print_wrapped(rest, 26, width);
}

static void print_fault(const json_t *f, int width)
{
	printf("  %-4s %-19s%-13s%-17s ", works(f) ? "yes" : "no", text_of(f, "name"), text_of(f, "class"),
	       text_of(f, "backend"));
	cmd_print_wrapped(*text_of(f, "reason") ? text_of(f, "reason") : text_of(f, "summary"), 57, width);
}

static void print(json_t *report)
{
	json_t *kernel = json_object_get(report, "kernel"), *f;
	json_t *all = json_object_get(report, "features"), *faults = json_object_get(report, "faults");
	int width = terminal_width(), n = 0;
	const char *name, *group = "";
	size_t i;

	printf("kernel %s %s\n", text_of(kernel, "release"), text_of(kernel, "machine"));
	json_object_foreach(all, name, f) {
		if (strcmp(group, text_of(f, "group")))
			printf("\n%s\n", group = text_of(f, "group"));
		print_feature(name, f, width);
	}
	doctor_print_rails(json_object_get(report, "rails"));
	puts("\nfaults");
	json_array_foreach(faults, i, f) {
		print_fault(f, width);
		n += works(f);
	}
	printf("\n%d of %zu kinds of faults work here.\n", n, json_array_size(faults));
}

static bool any_network(const json_t *report)
{
	json_t *f;
	size_t i;

	json_array_foreach(json_object_get(report, "faults"), i, f) {
		if (works(f) && !strcmp(text_of(f, "class"), "network"))
			return true;
	}
	return false;
}

static int show_syscalls(bool json)
{
	json_t *list = doctor_syscalls();

	if (!json)
		doctor_print_syscalls(list);
	else
		cmd_print_json(json_incref(list));
	json_decref(list);
	return FL_EXIT_OK;
}

int cmd_doctor(int argc, char **argv)
{
	struct fl_error err = {};
	struct doctor_options o = {};
	json_t *report;
	bool able;

	cmd_parse(&cmd_doctor_argp, argc, argv, &o);
	if (o.syscalls)
		return show_syscalls(o.json);
	report = examine();
	able = any_network(report);
	if (!o.json)
		print(report);
	else
		cmd_print_json(json_incref(report));
	json_decref(report);
	if (able)
		return FL_EXIT_OK;
	if (!caps_need(&err))
		error_env(&err, ENOTSUP, "no network fault works on this kernel");
	return cmd_fail(&err);
}
