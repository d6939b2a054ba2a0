// SPDX-License-Identifier: GPL-2.0-only
/*
 * stress_ng.c - stress-ng's own options as faults: `--cpu 2 --cpu-load 80`, `--vm 1 --vm-bytes 256M`,
 * `--io 2`, `--hdd 1`. Used by StressChaos (stressngStressors) and by pumba (--stressors).
 */
#include "import/import.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"
#include "util/text/units.h"

enum { CPU, LOAD, VM, VM_BYTES, IO, HDD, HDD_BYTES, TIMEOUT, QUIET, N_OPTIONS };

static const struct {
	const char *name, *letter;
	bool flag;
} options[N_OPTIONS] = {
	[CPU] = { "--cpu", "-c", false },
	[LOAD] = { "--cpu-load", "-l", false },
	[VM] = { "--vm", "-m", false },
	[VM_BYTES] = { "--vm-bytes", NULL, false },
	[IO] = { "--io", "-i", false },
	[HDD] = { "--hdd", "-d", false },
	[HDD_BYTES] = { "--hdd-bytes", NULL, false },
	[TIMEOUT] = { "--timeout", "-t", false },
	[QUIET] = { "--quiet", "-q", true },
};

static int find_option(const char *word, size_t len)
{
	int i;

	for (i = 0; i < N_OPTIONS; i++)
		if ((strlen(options[i].name) == len && !strncmp(word, options[i].name, len)) ||
		    (options[i].letter && strlen(options[i].letter) == len && !strncmp(word, options[i].letter, len)))
			return i;
	return -1;
}

/* Values by option; what is unknown is lost, together with the value behind it. */
static void read_options(struct import *im, char *const *w, const char *value[N_OPTIONS], const char *path)
{
	for (; w && *w; w++) {
		size_t len = strcspn(*w, "=");
		int i = find_option(*w, len);

		if (i < 0) {
			const char *next = w[1] && w[1][0] != '-' ? w[1] : NULL;

			import_lose(im, path, *w, "no option of stress-ng that faultline knows");
			w += next != NULL;
		} else if ((*w)[len] == '=') {
			value[i] = *w + len + 1;
		} else if (!options[i].flag && w[1]) {
			value[i] = *++w;
		}
	}
}

/* stress-ng's 0 workers are one for each CPU, which is faultline's default. */
static const char *workers_of(const char *text)
{
	return text && strcmp(text, "0") ? text : NULL;
}

/* Bytes are those of each worker, a percentage is that of all of them. */
static void add_memory(struct import *im, struct import_experiment *x, const char *workers, const char *size,
		       const char *path)
{
	struct import_fault *f = import_fault(im, x, "memory");
	_cleanup_free_ char *total = NULL;
	uint64_t bytes;
	int64_t n = 1;

	if (!f)
		return;
	if (!units_int(workers, 1, 10000, &n, NULL) && !units_bytes(size ? size : "256M", &bytes, NULL) &&
	    bytes < UINT64_MAX / 10000)
		total = text_format("%llu", (unsigned long long)bytes * (unsigned long long)n);
	import_param(im, f, size && strchr(size, '%') ? "percent" : "bytes", total ? total : size, path);
	import_fault_done(im, x, path);
}

void import_stress_ng(struct import *im, struct import_experiment *x, const char *line, const char *path)
{
	const char *value[N_OPTIONS] = {};
	struct fl_error err = {};
	char **words = NULL;
	struct import_fault *f;
	_cleanup_free_ char *load = NULL;
	int64_t ns;

	if (import_split(line, &words, &err)) {
		import_lose(im, path, line, "%s", err.message);
		return;
	}
	read_options(im, words, value, path);
	if (value[TIMEOUT] && import_go_duration(value[TIMEOUT], &ns) && ns > 0 && (uint64_t)ns < x->duration_ns)
		x->duration_ns = (uint64_t)ns;
	if (value[CPU] && (f = import_fault(im, x, "cpu_saturation"))) {
		load = import_percent(value[LOAD] ? value[LOAD] : "100");
		import_param(im, f, "workers", workers_of(value[CPU]), path);
		import_param(im, f, "load", load, path);
		import_fault_done(im, x, path);
	}
	if (value[VM])
		add_memory(im, x, value[VM], value[VM_BYTES], path);
	if ((value[IO] || value[HDD]) && (f = import_fault(im, x, "disk_io"))) {
		import_param(im, f, "workers", workers_of(value[HDD] ? value[HDD] : value[IO]), path);
		import_param(im, f, "size", value[HDD_BYTES], path);
		import_fault_done(im, x, path);
	}
	if (!x->n_faults)
		import_lose(im, path, line, "no stressor that faultline has");
	words_free(words);
}
