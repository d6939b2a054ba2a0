// SPDX-License-Identifier: GPL-2.0-only
/* syscall_backend.c - see syscall_backend.h */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "bpf/abi/abi_sys.h"
#include "bpf/sys_cgroup.skel.h"
#include "bpf/sys_modret.skel.h"
#include "bpf/sys_modret_plain.skel.h"
#include "bpf/sys_override.skel.h"
#include "bpf/sys_override_plain.skel.h"
#include "bpf/sys_signal.skel.h"
#include "bpf/sys_signal_plain.skel.h"
#include "fault/syscall/syscall_backend.h"
#include "os/bpf_load.h"
#include "util/cleanup.h"
#include "util/text/text.h"

#define MAX_LINKS (2 * FL_TASK_MAX_TARGETS)

struct syscall_hook {
	struct bpf_object *object;
	struct bpf_link *links[MAX_LINKS];
	uint32_t n_links;
};

static const char *const names[] = { "override", "modret", "cgroup", "signal" };

const char *syscall_backend_name(enum syscall_backend b)
{
	return b < BACKEND_MAX ? names[b] : "none";
}

enum syscall_backend syscall_backend_find(const char *name)
{
	unsigned int b;

	for (b = 0; b < BACKEND_MAX; b++)
		if (!strcmp(names[b], name))
			return b;
	return BACKEND_NONE;
}

int syscall_maps_make(struct syscall_maps *ret, struct fl_error *err)
{
	const bool plain = bpf_load_plain();
	struct syscall_maps m = {
		.rule = bpf_map_create(BPF_MAP_TYPE_ARRAY, "fl_sys_rule", 4, sizeof(struct fl_sys_rule), 1, NULL),
		.state = bpf_map_create(BPF_MAP_TYPE_ARRAY, "fl_sys_state", 4, sizeof(struct fl_sys_state), 1, NULL),
		.proof = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "fl_sys_proof", 4, sizeof(struct fl_proof), 1, NULL),
		.leases = bpf_map_create(BPF_MAP_TYPE_ARRAY, "fl_sys_leases", 4, sizeof(struct fl_lease), 1, NULL),
		.turns = plain ? bpf_map_create(BPF_MAP_TYPE_HASH, "fl_sys_turns", 4, 4, 1, NULL) : -1,
	};
	int code = errno;

	if (m.rule < 0 || m.state < 0 || m.proof < 0 || m.leases < 0 || (plain && m.turns < 0)) {
		syscall_maps_close(&m);
		error_env(err, code, "syscall faults: cannot make BPF maps: %s", strerror(code));
		error_hint(err, "run as root; faultline doctor shows what is missing");
		return -code;
	}
	*ret = m;
	return 0;
}

void syscall_maps_close(struct syscall_maps *m)
{
	cleanup_fd(&m->rule);
	cleanup_fd(&m->state);
	cleanup_fd(&m->proof);
	cleanup_fd(&m->leases);
	cleanup_fd(&m->turns);
	*m = (struct syscall_maps){ -1, -1, -1, -1, -1 };
}

/* "__x64_sys_openat"; arm64 has its own prefix. */
static void syscall_symbol(const struct syscall_row *row, char *buf, size_t size)
{
#if defined(__aarch64__)
	snprintf(buf, size, "__arm64_sys_%s", row->name);
#else
	snprintf(buf, size, "__x64_sys_%s", row->name);
#endif
}

static struct bpf_object *open_object(enum syscall_backend b)
{
	const bool plain = bpf_load_plain();
	const void *elf = NULL;
	size_t size = 0;

	switch (b) {
	case BACKEND_OVERRIDE:
		elf = plain ? sys_override_plain_bpf__elf_bytes(&size) : sys_override_bpf__elf_bytes(&size);
		break;
	case BACKEND_MODRET:
		elf = plain ? sys_modret_plain_bpf__elf_bytes(&size) : sys_modret_bpf__elf_bytes(&size);
		break;
	case BACKEND_CGROUP: /* there is no other: bpf_set_retval() is of 5.18 */
		elf = sys_cgroup_bpf__elf_bytes(&size);
		break;
	case BACKEND_SIGNAL:
		elf = plain ? sys_signal_plain_bpf__elf_bytes(&size) : sys_signal_bpf__elf_bytes(&size);
		break;
	default: return NULL;
	}
	return bpf_object__open_mem(elf, size, bpf_load_options());
}

static int reuse(struct bpf_object *o, const char *name, int fd)
{
	struct bpf_map *map = bpf_object__find_map_by_name(o, name);

	return map ? bpf_map__reuse_fd(map, fd) : -ENOENT;
}

/* Argument layout into the object's read-only data. */
static void set_call(struct bpf_object *o, const struct syscall_row *row)
{
	struct bpf_map *map = bpf_object__find_map_by_name(o, ".rodata");
	struct fl_sys_call call = { row->number, row->path_arg, row->fd_arg, row->addr_arg, row->number == __NR_brk };

	if (map)
		bpf_map__set_initial_value(map, &call, sizeof(call));
}

/*
 * Open, keep only @program (and @second), give it @target as attach target when it is not NULL,
 * reuse @maps when given, load. NULL and errno on failure.
 */
static struct bpf_object *load(enum syscall_backend b, const struct syscall_row *row, const char *program,
			       const char *second, const char *target, const struct syscall_maps *maps)
{
	struct bpf_object *o;
	struct bpf_program *p;
	int r;

	bpf_load_begin();
	o = open_object(b);
	r = o ? 0 : -errno;

	if (o && row)
		set_call(o, row);
	if (o)
		bpf_object__for_each_program(p, o) {
			const char *name = bpf_program__name(p);
			bool mine = !strcmp(name, program) || (second && !strcmp(name, second));

			bpf_program__set_autoload(p, mine);
			if (mine && target)
				r = r ?: bpf_program__set_attach_target(p, 0, target);
		}
	if (o && maps && !r)
		r = reuse(o, "sys_rule", maps->rule) ?: reuse(o, "sys_state", maps->state) ?:
		    reuse(o, "sys_proof", maps->proof) ?: reuse(o, "leases", maps->leases) ?:
		    (maps->turns < 0 || b == BACKEND_CGROUP ? 0 : reuse(o, "sys_turns", maps->turns));
	if (o && !r)
		r = bpf_object__load(o);
	if (r && o)
		bpf_object__close(o);
	errno = -r;
	return r ? NULL : o;
}

static struct bpf_link *attach_kprobe(const struct bpf_program *p, const struct syscall_row *row)
{
	libbpf_print_fn_t old = libbpf_set_print(NULL);
	struct bpf_link *link;
	char symbol[64];

	syscall_symbol(row, symbol, sizeof(symbol));
	link = bpf_program__attach_kprobe(p, false, symbol);
	libbpf_set_print(old);
	return link;
}

static struct bpf_link *attach_quietly(const struct bpf_program *p)
{
	libbpf_print_fn_t old = libbpf_set_print(NULL);
	struct bpf_link *link = bpf_program__attach(p);

	libbpf_set_print(old);
	return link;
}

/* --- probes ------------------------------------------------------------------------------------ */

/* What is known of one program of a backend: does this kernel load it, and attach it? */
struct known {
	enum { UNKNOWN, YES, NO } answer;
	char why[160];
};

/* Load it, and attach it unless that takes a @cgroup; nothing stays. */
static bool try_program(enum syscall_backend b, const struct syscall_row *row, const char *program, const char *target,
			char *why, size_t size)
{
	struct bpf_object *o = load(b, row, program, NULL, target, NULL);
	struct bpf_link *link = NULL;
	struct fl_error err = {};
	int code = errno;

	if (!o) {
		bpf_load_error(-code, program, &err);
		text_copy(why, size, err.message);
		return false;
	}
	if (b == BACKEND_OVERRIDE)
		link = attach_kprobe(bpf_object__find_program_by_name(o, program), row);
	else if (b != BACKEND_CGROUP)
		link = attach_quietly(bpf_object__find_program_by_name(o, program));
	code = errno;
	if (!link && b != BACKEND_CGROUP)
		snprintf(why, size, "attach %s: %s", program, strerror(code));
	else
		code = 0;
	bpf_link__destroy(link);
	bpf_object__close(o);
	return !code;
}

/* Each program is tried once: all calls of a hook have one. */
static bool program_works(enum syscall_backend b, const struct syscall_row *row, const char *program,
			  const char *target, char *why, size_t size)
{
	static struct {
		const char *program;
		struct known known;
	} all[64];
	struct known *k = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all) && all[i].program && strcmp(all[i].program, program); i++)
		;
	if (i == ARRAY_SIZE(all))
		return try_program(b, row, program, target, why, size);
	all[i].program = program;
	k = &all[i].known;
	if (k->answer == UNKNOWN)
		k->answer = try_program(b, row, program, target, k->why, sizeof(k->why)) ? YES : NO;
	if (k->answer == NO)
		text_copy(why, size, k->why);
	return k->answer == YES;
}

static bool probe_override(const struct syscall_row *row, char *why, size_t size)
{
	char reason[160] = "";

	if (program_works(BACKEND_OVERRIDE, row, "sys_override", NULL, reason, sizeof(reason)))
		return true;
	snprintf(why, size, "no kprobes or no CONFIG_BPF_KPROBE_OVERRIDE (%s)", reason);
	return false;
}

/* fmod_ret on the syscall itself? Then every syscall is served as by override. */
static bool modret_on_syscalls(const struct syscall_row *row)
{
	char symbol[64], why[160];

	syscall_symbol(row, symbol, sizeof(symbol));
	return program_works(BACKEND_MODRET, row, "sys_syscall", symbol, why, sizeof(why));
}

static bool probe_modret(const struct syscall_row *row, char *why, size_t size)
{
	char reason[160] = "";

	if (program_works(BACKEND_MODRET, row, row->modret, NULL, reason, sizeof(reason)))
		return true;
	snprintf(why, size, "no BPF trampolines for fmod_ret (%s)", reason);
	return false;
}

static bool probe_cgroup(const struct syscall_row *row, char *why, size_t size)
{
	char reason[160] = "";

	if (program_works(BACKEND_CGROUP, NULL, row->cgroup4, NULL, reason, sizeof(reason)))
		return true;
	snprintf(why, size, "no cgroup BPF with bpf_set_retval (%s)", reason);
	return false;
}

static bool filters_fit(unsigned int asked, unsigned int have, char *why, size_t size)
{
	unsigned int lacking = asked & ~have;

	if (lacking)
		snprintf(why, size, "cannot filter by %s here",
			 lacking & FILTER_PATH ? "path"
			 : lacking & FILTER_FD ? "descriptor type"
					       : "port or peer");
	return !lacking;
}

bool syscall_backend_serves(enum syscall_backend b, const struct syscall_row *row, unsigned int filters, char *ret_why,
			    size_t why_size)
{
	ret_why[0] = '\0';
	switch (b) {
	case BACKEND_OVERRIDE:
		return probe_override(row, ret_why, why_size) &&
		       filters_fit(filters, syscall_entry_filters(row), ret_why, why_size);
	case BACKEND_SIGNAL:
		return program_works(b, row, "sys_signal", NULL, ret_why, why_size) &&
		       filters_fit(filters, syscall_entry_filters(row), ret_why, why_size);
	case BACKEND_MODRET:
		if (modret_on_syscalls(row))
			return filters_fit(filters, syscall_entry_filters(row), ret_why, why_size);
		if (!row->modret) {
			snprintf(ret_why, why_size, "it passes no security hook");
			return false;
		}
		return probe_modret(row, ret_why, why_size) &&
		       filters_fit(filters, row->modret_filters, ret_why, why_size);
	case BACKEND_CGROUP:
		if (!row->cgroup4) {
			snprintf(ret_why, why_size, "no cgroup hook sees this call");
			return false;
		}
		return probe_cgroup(row, ret_why, why_size) &&
		       filters_fit(filters, row->cgroup_filters, ret_why, why_size);
	default: return false;
	}
}

/* --- hooks ------------------------------------------------------------------------------------- */

bool syscall_hook_same(enum syscall_backend b, const struct syscall_row *a, const struct syscall_row *c)
{
	if (b == BACKEND_CGROUP)
		return a->cgroup4 && c->cgroup4 && !strcmp(a->cgroup4, c->cgroup4);
	if (b == BACKEND_MODRET && !modret_on_syscalls(a))
		return a->modret && c->modret && !strcmp(a->modret, c->modret);
	return a == c;
}

static int hook_failed(struct syscall_hook *h, const struct syscall_row *row, enum syscall_backend b, int code,
		       struct fl_error *err)
{
	syscall_hook_detach(h);
	error_env(err, code, "syscall %s: backend %s cannot be attached: %s", row->name, syscall_backend_name(b),
		  strerror(code));
	error_hint(err, "faultline doctor --syscalls shows which backends work here");
	return -code;
}

/* Attach each of the object's loaded programs to each target's cgroup. */
static int attach_cgroups(struct syscall_hook *h, const struct target *targets, uint32_t n, struct fl_error *err)
{
	struct bpf_program *p;
	uint32_t i;

	for (i = 0; i < n; i++) {
		_cleanup_fd_ int fd = open(targets[i].cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return error_env(err, errno, "target %s: cannot open its cgroup '%s': %s", targets[i].name,
					 targets[i].cgroup, strerror(errno));
		bpf_object__for_each_program(p, h->object) {
			struct bpf_link *link;

			if (!bpf_program__autoload(p) || h->n_links == MAX_LINKS)
				continue;
			link = bpf_program__attach_cgroup(p, fd);
			if (!link)
				return error_env(err, errno, "target %s: cannot attach to its cgroup: %s",
						 targets[i].name, strerror(errno));
			h->links[h->n_links++] = link;
		}
	}
	return 0;
}

int syscall_hook_attach(enum syscall_backend b, const struct syscall_row *row, const struct syscall_maps *maps,
			const struct target *targets, uint32_t n_targets, struct syscall_hook **ret,
			struct fl_error *err)
{
	struct syscall_hook *h = calloc(1, sizeof(*h));
	struct bpf_link *link = NULL;
	char symbol[64];
	int r;

	if (!h)
		return error_sys(err, ENOMEM, "syscall %s: out of memory", row->name);
	syscall_symbol(row, symbol, sizeof(symbol));
	if (b == BACKEND_OVERRIDE)
		h->object = load(b, row, "sys_override", NULL, NULL, maps);
	else if (b == BACKEND_SIGNAL)
		h->object = load(b, row, "sys_signal", NULL, NULL, maps);
	else if (b == BACKEND_CGROUP)
		h->object = load(b, NULL, row->cgroup4, row->cgroup6, NULL, maps);
	else if (modret_on_syscalls(row))
		h->object = load(b, row, "sys_syscall", NULL, symbol, maps);
	else
		h->object = load(b, row, row->modret, NULL, NULL, maps);
	if (!h->object)
		return hook_failed(h, row, b, errno, err);

	if (b == BACKEND_CGROUP) {
		r = attach_cgroups(h, targets, n_targets, err);
		if (r) {
			syscall_hook_detach(h);
			return r;
		}
		*ret = h;
		return 0;
	}
	if (b == BACKEND_OVERRIDE) {
		link = attach_kprobe(bpf_object__find_program_by_name(h->object, "sys_override"), row);
	} else {
		struct bpf_program *p;

		bpf_object__for_each_program(p, h->object)
			if (bpf_program__autoload(p))
				link = bpf_program__attach(p);
	}
	if (!link)
		return hook_failed(h, row, b, errno, err);
	h->links[h->n_links++] = link;
	*ret = h;
	return 0;
}

void syscall_hook_detach(struct syscall_hook *h)
{
	uint32_t i;

	if (!h)
		return;
	for (i = 0; i < h->n_links; i++)
		bpf_link__destroy(h->links[i]);
	if (h->object)
		bpf_object__close(h->object);
	free(h);
}
