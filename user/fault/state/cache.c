// SPDX-License-Identifier: GPL-2.0-only
/*
 * cache.c - `cache_poisoning`: values in a Redis-protocol store are wrong while the fault is on, and
 * what they were before afterwards. The time they have to live stays.
 *
 * The store is reached from within the target's network namespace, so one that listens on its loopback
 * only is reached too. Old values are saved and journaled before the first one is written; a key is
 * changed, and changed back, only while it holds what we think it holds.
 *
 * Limits: strings only, up to 1 MiB each. A value that the application writes anew is right
 * again, and stays so. 4 round trips a key.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "fault/state/cache_keys.h"
#include "fault/state/secret.h"
#include "fault/state/store.h"
#include "fault/units.h"
#include "os/sealed.h"
#include "session/journal.h"
#include "session/session.h"
#include "target/docker/docker_api.h"
#include "target/process/listener.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

struct cache_poisoning_params {
	const char *keys;
	uint32_t percent_ppm;
	const char *value;
	uint32_t max_keys;
	uint16_t port;
	const char *address;
	uint32_t db;
	const char *password_file;
	uint64_t seed;
};

/* clang-format off */
#define FIELD(member) PARAM_FIELD(struct cache_poisoning_params, member)

static const struct param params[] = {
	{ FIELD(keys), .name = "keys", .type = PARAM_STRING, .def = "*", .help = "which keys, a glob: 'user:*'" },
	{ FIELD(percent_ppm), .name = "percent", .type = PARAM_PERCENT, .def = "100%", .help = "share of them to poison" },
	{ FIELD(value), .name = "value", .type = PARAM_STRING,
	  .help = "the wrong value; default: every digit of the right one is changed" },
	{ FIELD(max_keys), .name = "max-keys", .type = PARAM_INT, .def = "1000", .min = 1, .max = 10000,
	  .help = "poison no more than this" },
	{ FIELD(port), .name = "port", .type = PARAM_INT, .def = "6379", .min = 1, .max = 65535, .help = "of the store" },
	{ FIELD(address), .name = "address", .type = PARAM_STRING,
	  .help = "of the store, as the target sees it; default: its loopback, then its own addresses" },
	{ FIELD(db), .name = "db", .type = PARAM_INT, .def = "0", .max = 65535, .help = "number of the database" },
	{ FIELD(password_file), .name = "password-file", .type = PARAM_STRING, 
	  .help = "file on this host with the password, yours or in /etc/faultline/secrets" },
	{ FIELD(seed), .name = "seed", .type = PARAM_INT, .def = "0", .max = INT64_MAX,
	  .help = "of the choice and of the wrong values, 0: a new one" },
	{}
};
/* clang-format on */

#define VALUES_MAX (64u << 20) /* bytes of old and new values together, of one target */

static const struct cache_poisoning_params *params_of(const struct fault *f)
{
	return f->params.own;
}

/* The store of one target. */
struct unit {
	struct fault_undo undo;
	const struct target *target;
	struct cache_keys keys;
	size_t poisoned, skipped, bytes;
	size_t held;                 /* bytes of values */
	char host[INET6_ADDRSTRLEN]; /* where it answered */
};

/* All of f->priv. */
struct cache_state {
	char *password; /* NULL: none */
	uint64_t seed, first_ns, last_ns;
};

static void supported(struct fault_support *ret)
{
	*ret = (struct fault_support){ .supported = true, .backend = "resp" };
}

static int validate(const struct params *p, struct fl_error *err)
{
	const struct cache_poisoning_params *own = p->own;
	struct in6_addr a;

	if (own->address && inet_pton(AF_INET, own->address, &a) != 1 && inet_pton(AF_INET6, own->address, &a) != 1)
		return error_usage(err, "cache_poisoning: '%s' is no numeric address", own->address);
	if (!own->keys || !*own->keys)
		return error_usage(err, "cache_poisoning: keys is empty");
	if (!own->percent_ppm)
		return error_usage(err, "cache_poisoning: 0 percent poisons nothing");
	return 0;
}

/* --- reaching the store --------------------------------------------------------------------------- */

static bool is_own(const struct target *t, const char *host)
{
	struct in6_addr a = { .s6_addr = { [10] = 0xff, [11] = 0xff } };
	uint32_t i;

	if (inet_pton(AF_INET, host, &a.s6_addr[12]) != 1 && inet_pton(AF_INET6, host, &a) != 1)
		return false;
	for (i = 0; i < t->n_addrs && memcmp(&t->addrs[i].addr, &a, sizeof(a)); i++)
		;
	return i < t->n_addrs || IN6_IS_ADDR_LOOPBACK(&a) || (IN6_IS_ADDR_V4MAPPED(&a) && a.s6_addr[12] == 127);
}

/* The store may be another's: elsewhere, or on a port of a network that others share. */
static int refuse_stranger(const struct fault *f, const struct unit *u, const char *host, uint16_t port,
			   struct fl_error *err)
{
	int r;

	if (!is_own(u->target, host))
		return error_env(err, EPERM,
				 "refused: %s on %s, because %s is none of its own addresses: the store "
				 "there is another's; name the service that runs it instead",
				 f->ops->name, u->target->name, host);
	r = listener_check(u->target, port, f->ops->name, err);
	return r == -ECONNREFUSED ? 0 : r; /* which the attempt will say better */
}

static int dial(const struct fault *f, struct unit *u, const char *host, struct store **ret, struct fl_error *err)
{
	const struct cache_state *s = f->priv;
	const struct store_address a = {
		.host = host, .port = params_of(f)->port, .db = params_of(f)->db, .password = s->password
	};
	int r = refuse_stranger(f, u, host, a.port, err);

	if (!r)
		r = store_open(u->target->netns_fd, &a, ret, err);
	if (!r && host != u->host)
		text_copy(u->host, sizeof(u->host), host);
	return r;
}

/* The error that is told is that of the first address, unless a later one says more than "nobody". */
static int connect_any(const struct fault *f, struct unit *u, struct store **ret, struct fl_error *err)
{
	const char *given = u->host[0] ? u->host : params_of(f)->address;
	char text[INET6_ADDRSTRLEN];
	uint32_t i;
	int r;

	r = dial(f, u, given ? given : "127.0.0.1", ret, err);
	for (i = 0; r == -ECONNREFUSED && !given && i < u->target->n_addrs; i++) {
		const struct in6_addr *a = &u->target->addrs[i].addr;
		struct fl_error why = {};

		if (IN6_IS_ADDR_V4MAPPED(a))
			inet_ntop(AF_INET, &a->s6_addr[12], text, sizeof(text));
		else
			inet_ntop(AF_INET6, a, text, sizeof(text));
		r = dial(f, u, text, ret, &why);
		if (!r)
			error_clear(err);
		else if (r != -ECONNREFUSED && err)
			*err = why;
	}
	if (r == -ECONNREFUSED)
		error_hint(err, "give port, and address when it listens on neither loopback nor eth0");
	return r;
}

/* --- arm: is there a store, are there keys? -------------------------------------------------------- */

struct finding {
	struct unit *u;
	size_t max;
};

static int found(void *arg, const struct bytes *key)
{
	struct finding *f = arg;
	int r = cache_keys_add(&f->u->keys, key);

	return r < 0 ? r : f->u->keys.n >= f->max;
}

static int list_keys(const struct fault *f, struct unit *u, struct store *s, struct fl_error *err)
{
	struct finding finding = { u, params_of(f)->max_keys };
	int r;

	cache_keys_free(&u->keys);
	r = store_scan(s, params_of(f)->keys, found, &finding, err);
	return r == -ENOMEM ? error_sys(err, ENOMEM, "cache_poisoning: out of memory") : r;
}

static int read_password(const struct fault *f, struct cache_state *s, struct fl_error *err)
{
	const char *path = params_of(f)->password_file;

	return path ? secret_read(path, &s->password, err) : 0;
}

/* A cache may be cold now and warm when the fault begins: no key is no error yet. */
static int arm_unit(struct fault *f, void *unit, struct fl_error *err)
{
	struct store *store = NULL;
	struct unit *u = unit;
	int r;

	u->target = fault_unit_target(f, u);
	r = connect_any(f, u, &store, err);
	if (!r)
		r = list_keys(f, u, store, err);
	store_close(store);
	return r;
}

static int arm(struct fault *f, struct fl_error *err)
{
	struct cache_state *s = calloc(1, sizeof(*s));

	f->priv = s;
	if (!s)
		return error_sys(err, ENOMEM, "cache_poisoning: out of memory");
	text_copy(f->backend, sizeof(f->backend), "resp");
	s->seed = params_of(f)->seed;
	if (!s->seed && getrandom(&s->seed, sizeof(s->seed), 0) != sizeof(s->seed))
		s->seed = clock_mono_ns();
	return read_password(f, s, err) ?: fault_units_make(f, sizeof(struct unit), err) ?: fault_each(f, arm_unit, err);
}

/* --- activate ------------------------------------------------------------------------------------ */

static uint64_t mix(const struct bytes *b, uint64_t h)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		h = (h ^ b->v[i]) * 0x100000001b3; /* FNV-1a */
	return h ^ (h >> 29);
}

/* What the key holds, and what it shall hold. 0: it is left out. */
static int plan_key(const struct fault *f, struct unit *u, struct store *s, struct cache_key *key, struct fl_error *err)
{
	const struct cache_state *state = f->priv;
	const char *value = params_of(f)->value;
	uint64_t h = mix(&key->name, state->seed);
	int r;

	if ((h >> 8) % 1000000 >= params_of(f)->percent_ppm)
		return 0;
	r = u->held < VALUES_MAX ? store_get(s, &key->name, &key->old, err) : 0;
	if (r == 0)
		u->skipped++;
	if (r <= 0)
		return r;
	r = value ? bytes_copy(value, strlen(value), &key->poison) : bytes_copy(key->old.v, key->old.n, &key->poison);
	if (r)
		return error_sys(err, ENOMEM, "cache_poisoning: out of memory");
	if ((!value && !cache_scramble(&key->poison, h)) || content_equal(&key->old, &key->poison)) {
		bytes_free(&key->old);
		bytes_free(&key->poison);
		u->skipped++;
	}
	u->held += key->old.n + key->poison.n;
	return 0;
}

/* The values are in FILE, for whoever undoes it. */
static int announce(const struct fault *f, struct unit *u, struct fl_error *err)
{
	const struct cache_state *s = f->priv;
	char path[128], identity[104], boot[PROC_BOOT_SIZE];
	const char *dir;
	json_t *args;
	int r = journal_kept_dir(f->session->journal, &dir, err);

	snprintf(path, sizeof(path), "%s/cache-%u-%u.json", dir, f->number, fault_unit_index(f, u));
	r = r ? r : cache_keys_write(&u->keys, path, err);
	if (r)
		return r;
	target_identity(u->target, identity, sizeof(identity));
	proc_boot(boot);
	args = docker_undo_args(identity, !strcmp(u->target->provider, "docker"));
	json_object_update_new(args, json_pack("{s:s, s:o*, s:I, s:s, s:I, s:I, s:s*}", "saved", path, "sealed",
					       sealed_now(), "netns", (json_int_t)u->target->netns_inode, "host",
					       u->host, "port", (json_int_t)params_of(f)->port, "db",
					       (json_int_t)params_of(f)->db, "password", s->password));
	json_object_set_new(args, "boot", json_string(boot));
	return journal_add(f->session->journal, "restore-cache", args, &u->undo.entry, err);
}

static int poison(struct unit *u, struct store *s, struct fl_error *err)
{
	size_t i;
	int r;

	for (i = 0; i < u->keys.n; i++) {
		struct cache_key *key = &u->keys.v[i];

		if (!key->old.v)
			continue;
		r = store_swap(s, &key->name, &key->old, &key->poison, err);
		if (r < 0)
			return r;
		u->poisoned += r > 0;
		u->skipped += !r;
		u->bytes += r > 0 ? key->poison.n : 0;
	}
	return 0;
}

static int begin(struct fault *f, void *unit, struct fl_error *err)
{
	struct cache_state *state = f->priv;
	struct unit *u = unit;
	struct store *s = NULL;
	size_t i;
	int r;

	u->poisoned = u->skipped = u->bytes = u->held = 0;
	r = connect_any(f, u, &s, err);
	if (!r)
		r = list_keys(f, u, s, err);
	for (i = 0; !r && i < u->keys.n; i++)
		r = plan_key(f, u, s, &u->keys.v[i], err);
	if (!r)
		r = announce(f, u, err);
	if (!r)
		r = poison(u, s, err);
	store_close(s);
	if (u->poisoned) {
		state->last_ns = clock_mono_ns();
		if (!state->first_ns)
			state->first_ns = state->last_ns;
	}
	return r;
}

static int activate(struct fault *f, bool on, struct fl_error *err)
{
	return fault_each_switch(f, on, begin, fault_unit_settle, err);
}

/* --- proof, disarm ------------------------------------------------------------------------------ */

static int proof(struct fault *f, struct fault_proof *ret, struct fl_error *err)
{
	const struct cache_state *s = f->priv;
	const struct unit *units = f->units;
	const char *remark = "";
	uint32_t i;

	(void)err;
	for (i = 0; i < f->n_units; i++) {
		const struct unit *u = &units[i];

		ret->matched += u->keys.n;
		ret->injected += u->poisoned;
		ret->skipped += u->skipped;
		ret->bytes += u->bytes;
		if (u->undo.remark[0])
			remark = u->undo.remark;
	}
	ret->first_hit_ns = s->first_ns;
	ret->last_hit_ns = s->last_ns;
	snprintf(ret->effect, sizeof(ret->effect), "%llu of %llu keys hold a wrong value%s%s",
		 (unsigned long long)ret->injected, (unsigned long long)ret->matched, remark[0] ? "; " : "", remark);
	return 0;
}

static int disarm_unit(struct fault *f, void *unit, struct fl_error *err)
{
	struct unit *u = unit;
	int r = fault_unit_settle(f, u, err);

	if (!r)
		cache_keys_free(&u->keys);
	return r;
}

static int disarm(struct fault *f, struct fl_error *err)
{
	int r = fault_each_undo(f, disarm_unit, err);
	struct cache_state *s = f->priv;

	if (r)
		return r;
	if (s)
		free(s->password);
	fault_units_free(f);
	return 0;
}

const struct fault_ops fault_cache_poisoning = {
	.name = "cache_poisoning",
	.summary = "Make values in a Redis-protocol store wrong, and put them back",
	.class = FAULT_STATE,
	.params = params,
	.need_process = true,
	.supported = supported,
	.validate = validate,
	.arm = arm,
	.activate = activate,
	.proof = proof,
	.disarm = disarm,
};
