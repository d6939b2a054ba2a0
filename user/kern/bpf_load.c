// SPDX-License-Identifier: GPL-2.0-only
/* bpf_load.c - see bpf_load.h */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "kern/bpf_load.h"

static char last_words[256];

__attribute__((format(printf, 2, 0)))
static int keep_last_words(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (level == LIBBPF_WARN)
		vsnprintf(last_words, sizeof(last_words), fmt, ap);
	return 0;
}

void bpf_load_begin(void)
{
	libbpf_set_print(keep_last_words);
	last_words[0] = '\0';
}

int bpf_load_error(int r, const char *what, struct fl_error *err)
{
	last_words[strcspn(last_words, "\n")] = '\0';
	error_env(err, -r, "load %s: %s%s%s%s", what, strerror(-r), last_words[0] ? " (" : "",
		  last_words, last_words[0] ? ")" : "");
	if (r == -EPERM || r == -EACCES)
		error_hint(err, "run as root (CAP_BPF, CAP_NET_ADMIN)");
	else
		error_hint(err, "'faultline doctor' says what this kernel lacks");
	return r;
}
