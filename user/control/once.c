// SPDX-License-Identifier: GPL-2.0-only
/*
 * once.c - Idempotency-Key: a client that did not get its answer asks again, and has no second fault. Kept in memory: a
 * server that was started anew knows of none.
 */
#include <string.h>

#include "control/private.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define KEPT_MAX 512
#define KEPT_NS  (24ull * 3600 * NS_PER_SEC)

static struct memory {
	char *name;          /* WHO, a newline, KEY; NULL: free */
	char hash[65];       /* of the body */
	unsigned int status; /* 0: it is still being done */
	char *answer;
	uint64_t since_ns;
} kept[KEPT_MAX];

static void forget(struct memory *m)
{
	free(m->name);
	free(m->answer);
	*m = (struct memory){};
}

static struct memory *find(const char *who, const char *key)
{
	_cleanup_free_ char *name = text_format("%s\n%s", who, key);
	uint64_t now = clock_mono_ns();
	size_t i;

	for (i = 0; i < KEPT_MAX; i++) {
		if (kept[i].name && kept[i].status && now - kept[i].since_ns > KEPT_NS)
			forget(&kept[i]);
		if (name && kept[i].name && !strcmp(kept[i].name, name))
			return &kept[i];
	}
	return NULL;
}

/* A free place, or that of the oldest one that is done. */
static struct memory *place(void)
{
	struct memory *oldest = NULL;
	size_t i;

	for (i = 0; i < KEPT_MAX; i++) {
		if (!kept[i].name)
			return &kept[i];
		if (kept[i].status && (!oldest || kept[i].since_ns < oldest->since_ns))
			oldest = &kept[i];
	}
	if (oldest)
		forget(oldest);
	return oldest;
}

enum once once_begin(const char *who, const char *key, const char *body, unsigned int *ret_status,
		     const char **ret_answer)
{
	struct memory *m = find(who, key);
	char hash[65];

	text_sha256(body, strlen(body), hash);
	if (m && strcmp(m->hash, hash) != 0)
		return ONCE_OTHER;
	if (m && !m->status)
		return ONCE_BUSY;
	if (m) {
		*ret_status = m->status;
		*ret_answer = m->answer;
		return ONCE_DONE;
	}
	m = place();
	if (!m)
		return ONCE_FULL;
	m->name = text_format("%s\n%s", who, key);
	m->since_ns = clock_mono_ns();
	memcpy(m->hash, hash, sizeof(m->hash));
	return m->name ? ONCE_NEW : ONCE_FULL;
}

void once_end(const char *who, const char *key, unsigned int status, const char *answer)
{
	struct memory *m = find(who, key);

	if (!m)
		return;
	m->answer = status < 300 ? strdup(answer) : NULL;
	if (m->answer)
		m->status = status;
	else
		forget(m);
}
