// SPDX-License-Identifier: GPL-2.0-only
/*
 * target.c - see target.h: which provider a name belongs to, and what is never a target.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "os/netns.h"
#include "target/described.h"
#include "target/process/member.h"
#include "target/provider.h"
#include "util/cleanup.h"
#include "util/text/text.h"
#include "util/text/utf8.h"

/* --- names ---------------------------------------------------------------------------------
 */

int target_names_add(struct target_names *names, const char *name)
{
	char **grown = reallocarray(names->v, names->n + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	names->v = grown;
	grown[names->n] = name ? strdup(name) : NULL;
	if (name && !grown[names->n])
		return -ENOMEM;
	names->n++;
	return 0;
}

void target_names_free(struct target_names *names)
{
	uint32_t i;

	for (i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
	*names = (struct target_names){};
}

static bool names_have(const struct target_names *names, const char *name)
{
	uint32_t i;

	for (i = 0; i < names->n; i++)
		if (!strcmp(names->v[i], name))
			return true;
	return false;
}

/* Names as one block: the pointers, then the strings. */
static char **flatten(const struct target_names *names)
{
	size_t size = (names->n + 1) * sizeof(char *);
	char **ret, *p;
	uint32_t i;

	for (i = 0; i < names->n; i++)
		size += strlen(names->v[i]) + 1;
	ret = malloc(size);
	if (!ret)
		return NULL;
	p = (char *)&ret[names->n + 1];
	for (i = 0; i < names->n; i++) {
		size_t len = strlen(names->v[i]) + 1;

		ret[i] = memcpy(p, names->v[i], len);
		p += len;
	}
	ret[names->n] = NULL;
	return ret;
}

/* What a provider lists, but for what is described and named already. */
static int list_others(const struct target_provider *p, struct target_names *names, struct fl_error *err)
{
	const char *behind;
	struct target_names own = {};
	int r = p->list(&own, err);
	uint32_t i;

	for (i = 0; !r && i < own.n; i++)
		if (described_find(own.v[i], &behind, NULL) && !names_have(names, own.v[i]))
			r = target_names_add(names, own.v[i]);
	target_names_free(&own);
	return r;
}

int target_names(char ***ret, struct fl_error *err)
{
	_cleanup_free_ const char **described = NULL;
	const struct target_provider *const *p;
	struct target_names names = {};
	const char **name;
	int r;

	r = described_names(&described, err);
	for (name = described; !r && *name; name++)
		r = target_names_add(&names, *name);
	for (p = target_providers; !r && *p; p++)
		if ((*p)->list)
			r = list_others(*p, &names, err);
	*ret = r ? NULL : flatten(&names);
	target_names_free(&names);
	return *ret ? 0 : error_sys(err, ENOMEM, "targets: cannot list the services");
}

/* --- which provider ------------------------------------------------------------------------
 */

static const struct target_provider *by_prefix(const char *spec, const char **ret_rest)
{
	const struct target_provider *const *p;
	const char *colon = strchr(spec, ':');

	for (p = target_providers; colon && *p; p++)
		if (strlen((*p)->name) == (size_t)(colon - spec) &&
		    !strncmp((*p)->name, spec, (size_t)(colon - spec))) {
			*ret_rest = colon + 1;
			return *p;
		}
	return NULL;
}

static int nobody_knows(const char *name, struct fl_error *err)
{
	_cleanup_free_ char **names = NULL;
	_cleanup_free_ char *netns = text_format("/run/netns/%s", name);
	const char *near = NULL;

	error_usage(err, "no target '%.100s'", name);
	if (!target_names(&names, NULL))
		near = text_nearest(name, (const char *const *)names);
	if (near)
		error_hint(err, "did you mean '%s'?", near);
	else if (netns && !strchr(name, '/') && !access(netns, F_OK))
		error_hint(err, "there is a network namespace of that name: netns:%s", name);
	else if (names && names[0])
		error_hint(err, "a service, or netns:NAME, pid:N, cgroup:PATH, unit:NAME, docker:NAME");
	else
		error_hint(err, "no service is known here (faultline lab up starts the lab); "
				"netns:NAME, pid:N, cgroup:PATH, unit:NAME or docker:NAME name others, and "
				"/etc/faultline/stack.yaml gives them names of your own");
	return -ENOENT;
}

static int knows(const struct target_provider *p, const char *name, bool *ret, struct fl_error *err)
{
	struct target_names names = {};
	int r = 0;

	if (p->knows) {
		*ret = p->knows(name);
		return 0;
	}
	r = p->list ? p->list(&names, err) : 0;
	*ret = !r && names_have(&names, name);
	target_names_free(&names);
	return r;
}

static int by_service(const char *name, const struct target_provider **ret, struct fl_error *err)
{
	const struct target_provider *const *p, *found = NULL;
	int r;

	for (p = target_providers; *p; p++) {
		bool has;

		r = knows(*p, name, &has, err);
		if (r)
			return r;
		if (has && found) {
			error_usage(err, "'%s' has two meanings: %s:%s and %s:%s", name, found->name, name, (*p)->name,
				    name);
			error_hint(err, "write the one you mean with its prefix");
			return -ENOTUNIQ;
		}
		if (has)
			found = *p;
	}
	*ret = found;
	return found ? 0 : nobody_knows(name, err);
}

/* A name is printed in lists, reports and messages, where a line of its own would be taken for one of ours. */
static int check_printable(const char *spec, struct fl_error *err)
{
	const char *s;

	for (s = spec; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			break;
	if (!*s)
		return 0;
	error_usage(err, "'%.80s' cannot be a target: there is a control character in its name", spec);
	error_hint(err, "name it in another way (pid:, cgroup:, a container's id)");
	return -EINVAL;
}

int target_provider_of(const char *spec, const struct target_provider **ret, const char **ret_name,
		       struct fl_error *err)
{
	const char *behind = NULL;
	int r = check_printable(spec, err);

	if (r)
		return r;
	if (!utf8_is(spec)) /* results and records are JSON */
		return error_usage(err, "target '%.60s' is no UTF-8 text", spec);
	r = described_find(spec, &behind, err);
	if (r && r != -ENOENT)
		return r;
	*ret_name = spec = behind ? behind : spec;
	*ret = by_prefix(spec, ret_name);
	return *ret ? 0 : by_service(spec, ret, err);
}

/* --- what is never a target ----------------------------------------------------------------
 */

static bool lists(const struct target *t, pid_t pid)
{
	uint32_t i;

	for (i = 0; i < t->n_pids && t->pids[i] != pid; i++)
		;
	return i < t->n_pids;
}

/* The list of pids has an end, so membership is asked for as well. */
static int refuse_own(const struct target *t, struct fl_error *err)
{
	if (lists(t, getpid()) || target_holds(t, getpid()))
		return error_usage(err, "refused: %s holds faultline itself", t->spec);
	if (lists(t, 1) || target_holds(t, 1))
		return error_usage(err, "refused: init: %s holds it", t->spec);
	if (t->pid == 1)
		return error_usage(err, "refused: init: %s is init", t->spec);
	return 0;
}

static int check_uplinks(const struct target *t, struct fl_error *err)
{
	uint32_t i;
	int r = 0;

	for (i = 0; !r && i < t->n_veths; i++)
		r = target_refuse_uplink(&t->veths[i], err);
	return r;
}

static int no_veth(const struct target *t, struct fl_error *err)
{
	if (t->netns_fd < 0)
		return error_usage(err, "%s: it does not run, so it has no network", t->spec);
	if (netns_is_initial(t->netns_inode)) {
		error_usage(err, "refused: the network of the host itself is that of %s", t->spec);
		error_hint(err, "--allow-host-interface goes to the host's interfaces and tells the packets of "
				"a container or a cgroup from those of others");
		return -EPERM;
	}
	error_usage(err, "%s: no veth leads into its network namespace", t->spec);
	if (t->note[0])
		error_hint(err, "%s; other faults than those of the network work", t->note);
	return -ENODEV;
}

static int check_needs(const struct target *t, const struct target_options *o, struct fl_error *err)
{
	int r;

	if (o->need_process && !t->pid)
		return error_usage(err, "%s: no process runs in it", t->spec);
	if (!o->need_veth)
		return 0;
	r = target_check_veths(t, err);
	if (!r && !t->n_veths)
		r = no_veth(t, err);
	if (!r && !o->allow_host_interface)
		r = check_uplinks(t, err);
	return r;
}

/* --- resolving -----------------------------------------------------------------------------
 */

static void init(struct target *t)
{
	memset(t, 0, sizeof(*t));
	t->netns_fd = -1;
	t->mntns_fd = -1;
}

int target_resolve(const char *spec, const struct target_options *options, struct target *ret, struct fl_error *err)
{
	static const struct target_options none;
	const struct target_provider *provider;
	const char *name, *alias = NULL;
	int r;

	init(ret);
	if (!options)
		options = &none;
	if (!described_find(spec, &name, NULL)) {
		alias = spec;
		spec = name;
	}
	if (!*spec || !text_copy(ret->spec, sizeof(ret->spec), spec))
		return error_usage(err, "target '%.60s' is %s", spec, *spec ? "too long" : "empty");
	r = target_provider_of(spec, &provider, &name, err);
	if (r)
		return r;
	text_copy(ret->provider, sizeof(ret->provider), provider->name);
	/* A service goes by its bare name in results, everything else as it was written. */
	text_copy(ret->name, sizeof(ret->name), provider->list ? name : spec);
	r = provider->resolve(name, ret, err);
	alias = alias ? alias : described_name(spec);
	if (alias)
		text_copy(ret->name, sizeof(ret->name), alias);
	if (!r)
		r = refuse_own(ret, err);
	if (!r) {
		target_find_veths(ret);
		if (options->allow_host_interface)
			target_find_host_interfaces(ret);
		r = check_needs(ret, options, err);
	}
	if (r)
		target_free(ret);
	return r;
}

void target_free(struct target *t)
{
	uint32_t i;

	for (i = 0; i < t->n_veths; i++)
		if (t->veths[i].netns_fd >= 0)
			close(t->veths[i].netns_fd);
	if (t->netns_fd >= 0)
		close(t->netns_fd);
	if (t->mntns_fd >= 0)
		close(t->mntns_fd);
	init(t);
}
