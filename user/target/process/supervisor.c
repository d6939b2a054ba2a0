// SPDX-License-Identifier: GPL-2.0-only
/* supervisor.c - what is asked of whoever supervises a target; see target.h. */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "target/provider.h"
#include "util/text/text.h"

void target_identity(const struct target *t, char *ret, size_t size)
{
	if (t->id[0])
		snprintf(ret, size, "%s:%s", t->provider, t->id);
	else
		text_copy(ret, size, t->spec);
}

int target_start(const char *spec, struct fl_error *err)
{
	const char *name;
	const struct target_provider *provider;
	int r = target_provider_of(spec, &provider, &name, err);

	if (r)
		return r;
	return provider->start ? provider->start(name, err) : -ENOTSUP;
}

bool target_has_start(const char *spec)
{
	const char *name;
	const struct target_provider *provider;

	return target_provider_of(spec, &provider, &name, NULL) || provider->start;
}

static void *start_main(void *spec)
{
	target_start(spec, NULL); /* whether it worked shows when it runs, or does not */
	free(spec);
	return NULL;
}

int target_start_later(const char *spec)
{
	const struct target_provider *provider;
	const char *name;
	char *copy;
	pthread_t thread;
	int r = target_provider_of(spec, &provider, &name, NULL);

	if (r || !provider->start)
		return r ? r : -ENOTSUP;
	copy = strdup(spec);
	r = copy ? pthread_create(&thread, NULL, start_main, copy) : ENOMEM;
	if (r) {
		free(copy);
		return -r;
	}
	pthread_detach(thread);
	return 0;
}

int target_signal(const char *spec, int signal, bool keep_down, struct fl_error *err)
{
	const struct target_provider *provider;
	const char *name;
	int r = target_provider_of(spec, &provider, &name, err);

	if (r)
		return r;
	return provider->signal ? provider->signal(name, signal, keep_down, err) : -ENOTSUP;
}

bool target_has_pause(const struct target *t)
{
	const struct target_provider *const *p;

	for (p = target_providers; *p; p++)
		if (!strcmp((*p)->name, t->provider))
			return (*p)->pause;
	return false;
}

int target_pause(const char *spec, bool on, struct fl_error *err)
{
	const struct target_provider *provider;
	const char *name;
	int r = target_provider_of(spec, &provider, &name, err);

	if (r)
		return r;
	return provider->pause ? provider->pause(name, on, err) : -ENOTSUP;
}
