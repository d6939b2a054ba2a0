// SPDX-License-Identifier: GPL-2.0-only
/*
 * inject.c - faultline inject KIND TARGET...: one fault, now. Everything that can be wrong with
 * the command line or a target is found before anything is made.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/fault/fault_options.h"
#include "cmd/fault/inject.h"
#include "cmd/fault/preview_show.h"
#include "fault/net/net_guard.h"
#include "fault/overlap.h"
#include "fault/preview.h"
#include "fault/stress/limits.h"
#include "policy/gate.h"
#include "util/cleanup.h"
#include "util/text/text.h"
#include "util/text/units.h"

enum { OPT_FOR = 256, OPT_FOREVER, OPT_DETACH, OPT_DRY_RUN, OPT_HOST, OPT_REPEAT, OPT_EVERY, OPT_JITTER, OPT_PARAMS };

const struct argp_option inject_fixed_options[] = {
	{ "for", OPT_FOR, "TIME", 0, "End after TIME (5min)", 2 },
	{ "forever", OPT_FOREVER, NULL, 0, "Only a signal or `stop` ends it", 2 },
	{ "repeat-every", OPT_EVERY, "TIME", 0, "Again every TIME, until a signal, `stop` or --repeat ends it", 2 },
	{ "repeat-jitter", OPT_JITTER, "TIME", 0, "Each but the first up to so much later", 2 },
	{ "repeat", OPT_REPEAT, "N", 0, "N times in all", 2 },
	{ "dry-run", OPT_DRY_RUN, NULL, 0, "Say who would be hit, and touch nothing", 2 },
	{ "detach", OPT_DETACH, NULL, 0, "Print the id once it is active, and leave it on", 2 },
	{ "allow-host-interface", OPT_HOST, NULL, 0, "Even where the host's default route goes: this may cut you off",
	  2 },
	{ "output", 'o', "json", 0, "Print JSON", 2 },
	{}
};

struct parsing {
	struct inject *in;
	const struct fault_options *options;
	char **targets; /* of argv */
	bool forever;
	struct fl_error err;
};

static int parse_for(struct parsing *p, const char *arg)
{
	struct fl_error why = {};

	if (units_duration_ns(arg, &p->in->for_ns, &why))
		return error_usage(&p->err, "--for: %s", why.message);
	if (p->in->for_ns)
		return 0;
	error_usage(&p->err, "--for %s: a fault that is over at once hits nothing", arg);
	error_hint(&p->err, "--forever leaves it on until it is stopped");
	return -EINVAL;
}

static int parse_repeat(struct parsing *p, int key, const char *arg)
{
	struct inject_repeat *r = &p->in->repeat;
	struct fl_error why = {};

	if (key == OPT_REPEAT)
		return units_int(arg, 1, 1000000, &r->n, &why) ? error_usage(&p->err, "--repeat: %s", why.message) : 0;
	if (units_duration_ns(arg, key == OPT_EVERY ? &r->every_ns : &r->jitter_ns, &why))
		return error_usage(&p->err, "--repeat-%s: %s", key == OPT_EVERY ? "every" : "jitter", why.message);
	return key == OPT_JITTER || r->every_ns ? 0 : error_usage(&p->err, "--repeat-every %s: that is no time", arg);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct parsing *p = state->input;

	switch (key) {
	case OPT_FOR: return parse_for(p, arg) ? EINVAL : 0;
	case OPT_FOREVER: p->forever = true; return 0;
	case OPT_DRY_RUN: p->in->dry_run = true; return 0;
	case OPT_DETACH: p->in->detach = true; return 0;
	case OPT_HOST: p->in->fault.allow_host_interface = true; return 0;
	case OPT_REPEAT:
	case OPT_EVERY:
	case OPT_JITTER: return parse_repeat(p, key, arg) ? EINVAL : 0;
	case 'o': p->in->json = cmd_output_json(arg, state); return 0;
	case ARGP_KEY_ARGS: p->targets = state->argv + state->next; return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which TARGET? A service, netns:NAME, pid:N, cgroup:PATH, "
				  "unit:NAME or docker:NAME");
		return EINVAL;
	default: return fault_options_parse(p->options, key, arg, &p->in->fault.params, &p->err);
	}
}

static int parse_options(int argc, char **argv, struct parsing *p)
{
	const struct fault_ops *ops = p->in->fault.ops;
	_cleanup_free_ char *doc =
		text_format("%s.\vTIME is written 200ms, 1.5s, 5min; "
			    "PERCENT 30 or 0.5%%; RATE 10mbit; SIZE 64k or "
			    "10MiB. Several TARGETs: with blanks or commas "
			    "between them. A number that `set` can change may be a schedule: "
			    "ramp:0ms..500ms/10min, steps:10ms,50ms/30s, pulse:200ms/5s/20s, "
			    "sine:20ms..200ms/1min, replay:FILE#COLUMN/1s. Of a scaled service all containers "
			    "are meant, of NAME@2 two of them, of NAME@50%% "
			    "half. Ends at --for, after 5 minutes "
			    "without it, or at SIGINT/SIGTERM, with the proof of its hits; "
			    "exit status 1 when there were none.",
			    ops->summary);
	struct argp argp = { fault_options_argp(p->options), parse, "TARGET...", doc, NULL, NULL, NULL };
	_cleanup_free_ char *name = text_format("%s %s", argv[0], ops->name);

	if (!doc || !name)
		return error_sys(&p->err, ENOMEM, "options: out of memory");
	argv[1] = name; /* program and kind are one word to argp */
	if (fault_options_check(p->options, ops->name, argv + 2, &p->err) || cmd_parse(&argp, argc - 1, argv + 1, p))
		return p->err.code ? p->err.code : -EINVAL;
	return 0;
}

/* Who is drawn, where a target names some of a set. */
static uint64_t pick_seed(const struct params *p)
{
	const struct param_value *given = params_find(p, "seed");
	uint64_t seed = 0;

	if (given && given->given)
		return given->u64;
	return getrandom(&seed, sizeof(seed), 0) == sizeof(seed) ? seed : 0;
}

static int add_targets(struct inject *in, char *const *words, struct fl_error *err)
{
	const struct target_pick pick = { .seed = pick_seed(&in->fault.params) };
	_cleanup_free_ char **targets = cmd_targets(words, err);
	char **t;
	int r = targets ? 0 : -ENOMEM;

	for (t = targets; !r && *t; t++)
		r = fault_add_targets(&in->fault, *t, &pick, err);
	return r;
}

static int prepare(int argc, char **argv, struct inject *in, struct fl_error *err)
{
	struct parsing p = { .in = in };
	struct fault_options *options = NULL;
	int r = fault_init(&in->fault, NULL, argv[1], err);

	if (r)
		return r;
	r = fault_options_make(&in->fault.params, inject_fixed_options, OPT_PARAMS, &options, err);
	if (r)
		return r;
	p.options = options;
	r = parse_options(argc, argv, &p);
	fault_options_free(options);
	if (r) {
		*err = p.err;
		return r;
	}
	if (p.forever && in->for_ns)
		return error_usage(err, "either --for or --forever");
	if (!p.forever && !in->for_ns)
		in->for_ns = LIMITS_FOR_DEFAULT_NS;
	in->repeat.seed = pick_seed(&in->fault.params);
	r = inject_repeat_check(in, p.forever, err);
	r = r ? r : fault_validate(&in->fault, err);
	if (!r && !in->dry_run)
		r = gate_check(err);
	if (!r)
		r = limits_check(in->fault.ops, &in->fault.params, in->for_ns, err);
	return r ? r : add_targets(in, p.targets, err);
}

/* --- in the foreground ---------------------------------------------------------------------
 */

void inject_targets(const struct fault *f, char *buf, size_t size)
{
	size_t len = 0;
	uint32_t i;

	buf[0] = '\0';
	for (i = 0; i < f->n_targets && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s", i ? ", " : "", f->targets[i].name);
}

static void tell_overlaps(const struct fault *f)
{
	json_t *rows = overlap_find(f), *row;
	char text[400];
	size_t i;

	json_array_foreach(rows, i, row) {
		fprintf(stderr, "note: %s\n", overlap_text(row, text, sizeof(text)));
	}
	json_decref(rows);
}

static void tell_spared(const struct fault *f)
{
	json_t *lines = net_guard_named(f), *line;
	size_t i;

	json_array_foreach(lines, i, line) {
		fprintf(stderr, "note: %s would be hit; it is left out\n", json_string_value(line));
	}
	json_decref(lines);
}

static int announce(const struct inject *in, void *arg)
{
	char targets[256], until[32] = "a signal ends it";
	FILE *out = in->json ? stderr : stdout; /* standard output is one document */
	uint32_t i;

	(void)arg;
	inject_targets(&in->fault, targets, sizeof(targets));
	if (in->for_ns)
		units_format_ns(in->for_ns, until, sizeof(until));
	for (i = 0; i < in->fault.n_targets; i++)
		if (in->fault.targets[i].note[0])
			fprintf(stderr, "%s: %s\n", in->fault.targets[i].name, in->fault.targets[i].note);
	fprintf(out, "%s %s on %s is active (%s), %s%s\n", in->fault.id, in->fault.ops->name, targets,
		in->fault.backend, in->for_ns ? "for " : "", until);
	return fflush(out) && !in->json ? -EIO : 0;
}

static void tell_change(void *arg, const struct fault *f, const json_t *change)
{
	(void)arg;
	fprintf(stderr, "%s: %s\n", f->id, json_string_value(json_object_get(change, "text")) ?: "");
}

/* Kinds without rules hit no packets, and say what they did in words; unless they count what they try. */
bool inject_hit_something(const struct fault_ops *ops, const struct fault_proof *p)
{
	return p->injected || (!ops->rules && p->effect[0] && !p->matched);
}

static int foreground(struct inject *in, json_t *rounds)
{
	struct inject_watcher w = {
		.active = announce,
		.changed = tell_change,
		.progress = !in->json && isatty(STDOUT_FILENO),
	};
	struct fault_proof proof = {};
	struct fl_error err = {};

	int r = inject_hold(in, &w, &proof, &err);

	/* What it did before something went wrong, it did. */
	if (r && !proof.injected)
		return cmd_fail(&err);
	if (in->json)
		json_array_append_new(rounds, inject_proof_json(in, &proof, &err));
	else
		inject_print_proof(in, &proof);
	if (r)
		return cmd_fail(&err);
	return inject_hit_something(in->fault.ops, &proof) && !proof.died ? FL_EXIT_OK : FL_EXIT_FAILED;
}

static void tell_before(const struct inject *in)
{
	char note[400];

	if (limits_warn_delay(in->fault.ops, &in->fault.params, note, sizeof(note)))
		fprintf(stderr, "note: %s\n", note);
	if (limits_warn_time(&in->fault.params, in->for_ns, note, sizeof(note)))
		fprintf(stderr, "note: %s\n", note);
	tell_overlaps(&in->fault);
	tell_spared(&in->fault);
}

static int one_round(struct inject *in, json_t *rounds)
{
	tell_before(in);
	return foreground(in, rounds);
}

static int once(struct inject *in)
{
	json_t *rounds = json_array();
	int status = one_round(in, rounds);

	/* (What failed before it hit anything has no document.) */
	if (json_array_size(rounds))
		cmd_print_json(json_incref(json_array_get(rounds, 0)));
	json_decref(rounds);
	return status;
}

/* --- in the background ---------------------------------------------------------------------
 */

/* What the background process tells the one that was started: one write, less than PIPE_BUF. */
struct report {
	char id[32], backend[32];
	struct fl_error err; /* exit FL_EXIT_OK: it is active */
};

static int tell(const struct inject *in, void *arg)
{
	int *fd = arg, null;
	struct report report = {};

	text_copy(report.id, sizeof(report.id), in->fault.id);
	text_copy(report.backend, sizeof(report.backend), in->fault.backend);
	if (write(*fd, &report, sizeof(report)) != sizeof(report))
		return -EPIPE; /* nobody would know that it is on */
	close(*fd);
	*fd = -1;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		return -EIO;
	close(null);
	return 0;
}

static _Noreturn void background(struct inject *in, int fd)
{
	struct inject_watcher w = { .active = tell, .arg = &fd };
	struct report report = {};
	struct fault_proof proof;
	int status;

	setsid();
	signal(SIGPIPE, SIG_IGN);
	status = inject_hold(in, &w, &proof, &report.err) ? report.err.exit : FL_EXIT_OK;
	if (status && fd >= 0 && write(fd, &report, sizeof(report)) < 0)
		status = FL_EXIT_INTERNAL;
	fault_free(&in->fault);
	_exit(status);
}

static int detach(struct inject *in, struct fl_error *err)
{
	struct report report = {};
	int fds[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) || (pid = fork()) < 0) {
		error_sys(err, errno, "cannot start the background process: %s", strerror(errno));
		return cmd_fail(err);
	}
	if (!pid) {
		close(fds[0]);
		background(in, fds[1]);
	}
	close(fds[1]);
	n = read(fds[0], &report, sizeof(report));
	close(fds[0]);
	if (n != sizeof(report)) {
		error_sys(err, ECHILD, "the background process died before the fault was active");
		return cmd_fail(err);
	}
	if (report.err.exit) {
		waitpid(pid, NULL, 0); /* it is rolling back */
		return cmd_fail(&report.err);
	}
	if (in->json)
		cmd_print_json(json_pack("{s:s, s:s, s:s, s:i}", "id", report.id, "kind", in->fault.ops->name,
					 "backend", report.backend, "pid", (int)pid));
	else
		puts(report.id);
	return FL_EXIT_OK;
}

/* --- not at all ---------------------------------------------------------------------------- */

static int dry_run(const struct inject *in)
{
	struct fault_support support = { .supported = true };
	json_t *o = preview_of(&in->fault, in->for_ns);
	struct fl_error closed = {};

	if (in->fault.ops->supported)
		in->fault.ops->supported(&support);
	gate_check(&closed);
	json_object_set_new(o, "refused", closed.exit ? json_string(closed.message) : json_null());
	json_object_set_new(o, "unsupported", support.supported ? json_null() : json_string(support.reason));
	if (in->json) {
		cmd_print_json(o);
		return FL_EXIT_OK;
	}
	preview_print(o);
	if (closed.exit)
		printf("  now         %s\n", closed.message);
	if (!support.supported)
		printf("  here        it cannot be done: %s\n", support.reason);
	puts("nothing was touched");
	json_decref(o);
	return FL_EXIT_OK;
}

/* --- the command ---------------------------------------------------------------------------
 */

static void print_kinds(FILE *out)
{
	const struct fault_ops *const *k;

	fputs("Usage: faultline inject KIND TARGET... [OPTION...]\n\n"
	      "Break one thing now. 'faultline inject KIND --help' lists the options of a "
	      "kind,\n"
	      "'faultline doctor' says which kinds this kernel can do.\n\nKinds:\n",
	      out);
	for (k = fault_table; *k; k++)
		fprintf(out, "  %-18s %s\n", (*k)->name, (*k)->summary);
}

struct words {
	int argc;
	char **argv;
};

/* argp sorts the words that it is given. */
static int make_again(struct inject *ret, void *arg, struct fl_error *err)
{
	const struct words *w = arg;
	_cleanup_free_ char **argv = calloc((size_t)w->argc + 1, sizeof(*argv));

	if (!argv)
		return error_sys(err, ENOMEM, "out of memory");
	memcpy(argv, w->argv, (size_t)w->argc * sizeof(*argv));
	return prepare(w->argc, argv, ret, err);
}

int cmd_inject(int argc, char **argv)
{
	struct words words = { argc, argv };
	struct inject in = {};
	struct fl_error err = {};
	int status;

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-?"))) {
		print_kinds(stdout);
		return FL_EXIT_OK;
	}
	if (argc < 2 || argv[1][0] == '-') {
		error_usage(&err, "which KIND of fault? It comes first: faultline inject KIND TARGET");
		error_hint(&err, "faultline inject --help lists the kinds");
		return cmd_fail(&err);
	}
	if (make_again(&in, &words, &err)) {
		status = cmd_fail(&err);
	} else if (in.dry_run) {
		status = dry_run(&in);
	} else if (in.repeat.every_ns) {
		status = inject_repeat(&in, make_again, one_round, &words);
	} else if (in.detach) {
		tell_before(&in);
		status = detach(&in, &err);
	} else {
		status = once(&in);
	}
	fault_free(&in.fault);
	return status;
}
