// SPDX-License-Identifier: GPL-2.0-only
/* bpf_load.c - see bpf_load.h */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "os/bpf_load.h"
#include "util/cleanup.h"

static char last_words[256];
static bool verifier_spoke; /* its words are kept, and nothing that libbpf says after them */

/* The verifier's reason is the last line of its log but for its statistics. */
static void keep_reason(char *log, const char *program, const char *end)
{
	char *line, *save = NULL, *reason = NULL;

	for (line = strtok_r(log, "\n", &save); line && line < end; line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, "processed ", 10) && strncmp(line, "verification time", 17) &&
		    strncmp(line, "stack depth", 11))
			reason = line;
	if (!reason)
		return;
	snprintf(last_words, sizeof(last_words), "%.40s%s%s", program, *program ? ": " : "", reason);
	verifier_spoke = true;
}

__attribute__((format(printf, 2, 0))) static int keep_last_words(enum libbpf_print_level level, const char *fmt,
								 va_list ap)
{
	_cleanup_free_ char *words = NULL;
	char program[64] = "", *begin, *end;

	if (level != LIBBPF_WARN || verifier_spoke || vasprintf(&words, fmt, ap) < 0)
		return 0;
	begin = strstr(words, "-- BEGIN PROG LOAD LOG --\n");
	end = strstr(words, "-- END PROG LOAD LOG --");
	if (begin && end) {
		sscanf(words, "libbpf: prog '%63[^']'", program);
		keep_reason(strchr(begin, '\n') + 1, program, end);
	} else if (!strstr(words, "failed to load object") && !strstr(words, "failed to load: ") &&
		   !strstr(words, "BPF program load failed")) {
		/* (Those only repeat the error's number.) */
		snprintf(last_words, sizeof(last_words), "%s", words);
	}
	return 0;
}

/* " (kernel lockdown: integrity)", from "none [integrity] confidentiality"; empty when there is none. */
static void tell_lockdown(char *to, size_t size)
{
	_cleanup_file_ FILE *f = fopen("/sys/kernel/security/lockdown", "re");
	char mode[32] = "";

	to[0] = '\0';
	if (f && fscanf(f, "%*[^[][%31[^]]", mode) == 1 && strcmp(mode, "none"))
		snprintf(to, size, " (kernel lockdown: %s)", mode);
}

bool bpf_load_plain(void)
{
	static enum { UNKNOWN, YES, NO } known;
	const char *asked = getenv("FAULTLINE_BPF");
	libbpf_print_fn_t old;

	if (known == UNKNOWN && asked && !strcmp(asked, "plain"))
		known = YES;
	if (known == UNKNOWN) {
		old = libbpf_set_print(NULL);
		/* The newest thing that the other form wants of any kernel (5.18). */
		known = libbpf_probe_bpf_helper(BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_skb_set_tstamp, NULL) ? NO : YES;
		libbpf_set_print(old);
	}
	return known == YES;
}

const char *bpf_load_btf(void)
{
	static const char *const dirs[] = { "/usr/local/lib/faultline/btf", "/usr/lib/faultline/btf" };
	static char path[256];
	const char *asked = getenv("FAULTLINE_BTF");
	struct utsname u;
	size_t i;

	if (asked && *asked)
		return asked;
	if (!access("/sys/kernel/btf/vmlinux", R_OK) || uname(&u))
		return NULL;
	for (i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s.btf", dirs[i], u.release);
		if (!access(path, R_OK))
			return path;
	}
	return NULL;
}

const struct bpf_object_open_opts *bpf_load_options(void)
{
	static struct bpf_object_open_opts options = { .sz = sizeof(options) };

	options.btf_custom_path = bpf_load_btf();
	return &options;
}

/* Whose BTF it was, where that may be the reason. */
static void tell_btf(char *to, size_t size)
{
	const char *path = bpf_load_btf();

	to[0] = '\0';
	if (path)
		snprintf(to, size, " (with the BTF of %s)", path);
	else if (access("/sys/kernel/btf/vmlinux", R_OK))
		snprintf(to, size, " (this kernel has no BTF of its own: --btf FILE)");
}

void bpf_load_begin(void)
{
	libbpf_set_print(keep_last_words);
	last_words[0] = '\0';
	verifier_spoke = false;
}

int bpf_load_error(int r, const char *what, struct fl_error *err)
{
	char lockdown[64], reason[96], btf[320];

	last_words[strcspn(last_words, "\n")] = '\0';
	libbpf_strerror(r, reason, sizeof(reason));
	tell_lockdown(lockdown, sizeof(lockdown));
	tell_btf(btf, sizeof(btf));
	error_env(err, -r, "load %s: %s%s%s%s%s%s", what, reason, last_words[0] ? " (" : "", last_words,
		  last_words[0] ? ")" : "", lockdown, btf);
	if (r == -EPERM || r == -EACCES)
		error_hint(err, "run as root (CAP_BPF, CAP_NET_ADMIN)");
	else
		error_hint(err, "'faultline doctor' says what this kernel lacks");
	return r;
}
