// SPDX-License-Identifier: GPL-2.0-only
/* keeper.c - see keeper.h */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "session/keeper.h"
#include "session/lease.h"
#include "util/clock.h"

struct keeper {
	struct session *session;
	pthread_t thread;
	_Atomic uint64_t until_ns; /* CLOCK_MONOTONIC; 0: not now */
	pthread_mutex_t lock;      /* of `stop`, and to sleep by; never held while leases are refreshed */
	pthread_cond_t changed;
	bool stop;
};

/* With the lock held. */
static void wait_a_period(struct keeper *k)
{
	struct timespec at;
	uint64_t ns = clock_mono_ns() + FL_LEASE_PERIOD_MS * NS_PER_MSEC;

	at = (struct timespec){ (time_t)(ns / NS_PER_SEC), (long)(ns % NS_PER_SEC) };
	pthread_cond_timedwait(&k->changed, &k->lock, &at);
}

static void *keep(void *arg)
{
	struct keeper *k = arg;

	pthread_mutex_lock(&k->lock);
	while (!k->stop) {
		if (clock_mono_ns() >= k->until_ns) {
			pthread_cond_wait(&k->changed, &k->lock);
			continue;
		}
		pthread_mutex_unlock(&k->lock);
		lease_refresh_all(k->session);
		pthread_mutex_lock(&k->lock);
		if (!k->stop)
			wait_a_period(k);
	}
	pthread_mutex_unlock(&k->lock);
	return NULL;
}

struct keeper *keeper_start(struct session *s)
{
	struct keeper *k = calloc(1, sizeof(*k));
	pthread_condattr_t attr;
	sigset_t all, old;
	int r;

	if (!k)
		return NULL;
	k->session = s;
	pthread_mutex_init(&k->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&k->changed, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&k->thread, NULL, keep, k);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r) {
		free(k);
		return NULL;
	}
	return k;
}

void keeper_set(struct keeper *k, bool on)
{
	if (!k)
		return;
	k->until_ns = on ? clock_mono_ns() + KEEPER_MOST_NS : 0;
	if (!on) /* it sees that by itself; the heartbeat waits for nobody */
		return;
	pthread_mutex_lock(&k->lock);
	pthread_cond_signal(&k->changed);
	pthread_mutex_unlock(&k->lock);
}

void keeper_stop(struct keeper *k)
{
	if (!k)
		return;
	pthread_mutex_lock(&k->lock);
	k->stop = true;
	pthread_cond_signal(&k->changed);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	pthread_cond_destroy(&k->changed);
	pthread_mutex_destroy(&k->lock);
	free(k);
}
