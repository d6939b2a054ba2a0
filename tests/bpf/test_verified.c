// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every BPF object that was built passes this kernel's verifier, and none of its programs makes the
 * verifier process 100,000 instructions. Objects are found in $BUILD/bpf, so a new one is in it.
 *
 * A program is left out, as a skip, only where the kernel lacks what it attaches to, which is
 * probed; any other that does not load is a failure. Limit: programs are loaded with the read-only
 * data of the object file, so a loop whose bound is set before loading counts as it stands there.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor/features.h"
#include "os/bpf_load.h"

#define LIMIT 100000u
#if defined(__aarch64__)
#define A_SYSCALL "__arm64_sys_listen"
#else
#define A_SYSCALL "__x64_sys_listen"
#endif

/* What a program of a section needs of the kernel, and how tests/skips calls its absence. */
static const struct need {
	const char *section; /* a prefix, longer ones first */
	void (*probe)(struct feature_answer *ret);
	const char *missing;
	const char *target; /* for a section that names none: a function that is always there */
} needs[] = { { "fmod_ret/", probe_fmod_ret, "syscall backend modret", NULL },
	      /* On a syscall itself: allowed by the same configuration as override. */
	      { "fmod_ret", probe_override, "syscall backend override", A_SYSCALL },
	      { "kprobe", probe_override, "syscall backend override", NULL },
	      { "fentry/", probe_fentry, "fentry", NULL },
	      { "fexit/", probe_fentry, "fentry", NULL },
	      { "lsm/", probe_lsm, "lsm", NULL },
	      /* bpf_set_retval(). */
	      { "cgroup/", probe_cgroup_retval, "syscall backend cgroup", NULL },
	      {} };

#define MOST_PROGRAMS 32

static unsigned int n_results, n_bad;
static char logs[MOST_PROGRAMS]
		[1 << 18];    /* statistics of each program of an object, for kernels that tell them there only */
static char first_words[256]; /* of libbpf on a failure: which program, and why */

static void result(bool good, const char *object, const char *program, const char *what)
{
	printf("%sok %u - %s: %s: %s\n", good ? "" : "not ", ++n_results, object, program, what);
	n_bad += !good;
}

__attribute__((format(printf, 2, 0))) static int keep_first_words(enum libbpf_print_level level, const char *fmt,
								  va_list ap)
{
	if (level == LIBBPF_WARN && !first_words[0])
		vsnprintf(first_words, sizeof(first_words), fmt, ap);
	return 0;
}

static const struct need *need_of(const char *section)
{
	const struct need *n;

	for (n = needs; n->section; n++)
		if (!strncmp(section, n->section, strlen(n->section)))
			return n;
	return NULL;
}

/* Leave @p out where the kernel lacks what it needs; one line for each thing that an object lacks. */
static void consider(const char *object, struct bpf_program *p)
{
	const struct need *n = need_of(bpf_program__section_name(p));
	struct feature_answer have = { .yes = true };
	static const char *said_of, *said;

	if (!n)
		return;
	n->probe(&have);
	if (have.yes) {
		if (n->target)
			bpf_program__set_attach_target(p, 0, n->target);
		return;
	}
	bpf_program__set_autoload(p, false);
	if (said_of != object || said != n->missing)
		printf("ok %u # SKIP %s: %s and what is like it # missing: %s\n", ++n_results, object,
		       bpf_program__name(p), n->missing);
	said_of = object;
	said = n->missing;
}

/* Before 5.16 only the log has them: "processed 17012 insns (limit 1000000) ...". */
static unsigned int count_in_log(const char *log)
{
	const char *at = strstr(log, "processed ");
	unsigned int n;

	return at && sscanf(at, "processed %u insns", &n) == 1 ? n : 0;
}

/* The instructions that the verifier processed for @p; 0 with a failure reported. */
static unsigned int count(const char *object, const struct bpf_program *p, const char *log)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	char what[96];

	if (bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &len)) {
		result(false, object, bpf_program__name(p), strerror(errno));
		return 0;
	}
	if (!info.verified_insns)
		info.verified_insns = count_in_log(log);
	snprintf(what, sizeof(what), "%u instructions processed, below %u", info.verified_insns, LIMIT);
	result(info.verified_insns && info.verified_insns < LIMIT, object, bpf_program__name(p), what);
	return info.verified_insns;
}

static void verify(const char *path)
{
	struct bpf_object *o = bpf_object__open_file(path, NULL);
	const char *object = strrchr(path, '/') + 1, *name = NULL;
	unsigned int insns, n = 0, most = 0;
	struct bpf_program *p;
	int r;

	if (!o) {
		result(false, object, "open", strerror(errno));
		return;
	}
	/* The measuring programs are of no use without their sweep. */
	if (bpf_object__find_program_by_name(o, "fl_sweep")) {
		struct feature_answer have;

		probe_syscall_program(&have);
		if (!have.yes) {
			printf("ok %u # SKIP %s # missing: programs of type syscall\n", ++n_results, object);
			bpf_object__close(o);
			return;
		}
	}
	bpf_object__for_each_program(p, o) {
		consider(object, p);
		if (bpf_load_plain() && bpf_program__autoload(p) && n < MOST_PROGRAMS) {
			bpf_program__set_log_level(p, 4);
			bpf_program__set_log_buf(p, logs[n++], sizeof(logs[0]));
		}
	}
	n = 0;
	first_words[0] = '\0';
	r = bpf_object__load(o);
	first_words[strcspn(first_words, "\n")] = '\0';
	if (r)
		result(false, object, "load", first_words[0] ? first_words : strerror(-r));
	bpf_object__for_each_program(p, o) {
		if (r || !bpf_program__autoload(p))
			continue;
		insns = count(object, p, logs[n]);
		n++;
		if (insns > most) {
			most = insns;
			name = bpf_program__name(p);
		}
	}
	if (name)
		printf("# FIGURE verified %s: %u program(s), most instructions %u (%s)\n", object, n, most, name);
	bpf_object__close(o);
}

/*
 * Of the two forms of an object a kernel need take only the one that it gets. The plain one is tried where it is not
 * wanted as well, for those who build it; an emulated machine has no time for that, and newer verifiers than those it is
 * for walk more of its paths (6.1: 107,905 instructions of sys_signal, 71,298 on 5.10; 2026-11-30).
 */
static bool is_not_for_here(const char *path)
{
	static const char end[] = "_plain.bpf.o";
	size_t len = strlen(path);
	char plain[300];

	if (len > strlen(end) && !strcmp(path + len - strlen(end), end))
		return !bpf_load_plain() && getenv("FLTEST_VM");
	snprintf(plain, sizeof(plain), "%.*s%s", (int)(len - strlen(".bpf.o")), path, end);
	return bpf_load_plain() && !access(plain, F_OK);
}

int main(void)
{
	const char *build = getenv("BUILD");
	char pattern[256];
	glob_t found;
	size_t i;

	snprintf(pattern, sizeof(pattern), "%s/bpf/*.bpf.o", build ? build : "build");
	libbpf_set_print(keep_first_words);
	if (glob(pattern, 0, NULL, &found))
		result(false, pattern, "find", "no object");
	else
		for (i = 0; i < found.gl_pathc; i++)
			if (!is_not_for_here(found.gl_pathv[i]))
				verify(found.gl_pathv[i]);
	printf("1..%u\n", n_results);
	return n_bad != 0;
}
