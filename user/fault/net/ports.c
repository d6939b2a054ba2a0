// SPDX-License-Identifier: GPL-2.0-only
/*
 * ports.c - port_exhaustion: the target may use only so many local ports for connections that it makes; a further
 * one to the same destination fails at once with EADDRNOTAVAIL, as behind a NAT or a client without a pool that
 * has used them all up.
 *
 * net.ipv4.ip_local_port_range of the target's own network namespace is narrowed to its first ports (IPv6 has
 * the same). The old one is written down before, and put back exactly, unless somebody else has changed it
 * meanwhile. A namespace that is the host's is refused: its ports are everybody's.
 *
 * Limits: what is bound to a port that it names is left alone. Linux hands ports out in pairs, so the number is 1
 * or even. One fault at a time in a namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fault/net/net.h"
#include "fault/units.h"
#include "os/netns.h"
#include "os/sealed.h"
#include "os/sockets.h"
#include "session/journal.h"
#include "session/session.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

#define RANGE   "/proc/sys/net/ipv4/ip_local_port_range"
#define LOOK_NS (NS_PER_SEC / 2)

struct range {
	unsigned int from, to;
};

struct port_unit {
	uint64_t netns;     /* inode; 0: not narrowed */
	unsigned int entry; /* of the journal */
	struct range before, now;
	unsigned int most_used;
	bool held; /* at the last look it was as narrow as we have made it */
	uint64_t looked_ns;
};

struct port_exhaustion_params {
	uint32_t ports;
};

static const struct param params[] = {
	{ PARAM_FIELD(struct port_exhaustion_params, ports), .name = "ports", .type = PARAM_INT, .def = "1", .min = 1,
	  .max = 32768, .live = true,
	  .help = "how many local ports are left to the target's own connections; 1 or even" },
	{},
};

/* --- the range of the namespace that the caller is in ---------------------------------------------- */

static int range_read(struct range *ret)
{
	_cleanup_file_ FILE *f = fopen(RANGE, "re");

	if (!f)
		return -errno;
	return fscanf(f, "%u %u", &ret->from, &ret->to) == 2 ? 0 : -EBADMSG;
}

static int range_write(struct range r)
{
	_cleanup_fd_ int fd = open(RANGE, O_WRONLY | O_CLOEXEC);
	char text[32];

	if (fd < 0)
		return -errno;
	snprintf(text, sizeof(text), "%u %u", r.from, r.to);
	return fd_write_all(fd, text, strlen(text));
}

static bool is_same(struct range a, struct range b)
{
	return a.from == b.from && a.to == b.to;
}

/* --- undone ---------------------------------------------------------------------------------------- */

#define CLAIM_SIZE 32

/* Of the ports of one namespace: session_claim(). */
static const char *claim_of(uint64_t netns, char ret[CLAIM_SIZE])
{
	snprintf(ret, CLAIM_SIZE, "ports-%llu", (unsigned long long)netns);
	return ret;
}

static enum undo_state put_back(struct range before, struct range ours, struct fl_error *err)
{
	struct range now = {};
	int r = range_read(&now);

	if (!r && !is_same(now, ours))
		return UNDO_NOT_NEEDED;
	if (!r)
		r = range_write(before);
	if (!r)
		r = range_read(&now);
	if (!r && !is_same(now, before))
		r = -EIO;
	if (!r)
		return UNDO_DONE;
	error_sys(err, -r, "the range of local ports is not put back: %s", strerror(-r));
	error_hint(err, "in the target's network namespace: sysctl -w net.ipv4.ip_local_port_range=\"%u %u\"",
		   before.from, before.to);
	return UNDO_OPEN;
}

static enum undo_state undo(const json_t *args, struct fl_error *err)
{
	json_int_t netns, from, to, our_from, our_to;
	struct fl_error why = {};
	enum undo_state state;
	const char *session;
	char claim[CLAIM_SIZE];
	int old = -1;

	if (json_unpack((json_t *)(uintptr_t)args, "{s:I, s:s, s:I, s:I, s:I, s:I}", "netns", &netns, "session",
			&session, "from", &from, "to", &to, "our-from", &our_from, "our-to", &our_to) ||
	    strchr(session, '/'))
		return undo_of(error_sys(err, EINVAL, "port-range: arguments are missing"));
	_cleanup_fd_ int lock __attribute__((unused)) = session_lock_host();
	_cleanup_fd_ int fd = netns_find_inode((uint64_t)netns, json_object_get(args, "sealed"), &why);

	if (fd < 0 && fd != -ENOENT)
		return undo_of(error_env(err, -fd, "the range of local ports may still be narrow: %s", why.message));
	if (fd < 0) {
		session_unclaim(session, claim_of((uint64_t)netns, claim));
		return UNDO_NOT_NEEDED;
	}
	if (netns_enter(fd, &old, err))
		return UNDO_OPEN;
	state = put_back((struct range){ (unsigned int)from, (unsigned int)to },
			 (struct range){ (unsigned int)our_from, (unsigned int)our_to }, err);
	netns_leave(old);
	if (state != UNDO_OPEN)
		session_unclaim(session, claim_of((uint64_t)netns, claim));
	return state;
}

const struct undo_op undo_ports[] = {
	{ .name = "port-range", .undo = undo, .ends_with_boot = true },
	{},
};

/* --- done ------------------------------------------------------------------------------------------ */

static int refuse_host(const struct target *t, struct fl_error *err)
{
	if (t->netns_fd >= 0 && !netns_is_initial(t->netns_inode))
		return 0;
	error_usage(
		err,
		"port_exhaustion: %s has no network namespace of its own: its local ports are the host's, everybody's",
		t->name);
	return -EINVAL;
}

static int ready(const struct fault *f, struct fl_error *err)
{
	uint32_t i;
	int r = 0;

	for (i = 0; !r && i < f->n_targets; i++)
		r = refuse_host(&f->targets[i], err);
	return r;
}

/* With the host's lock held: a second one would put back what is the first one's. */
static int claim_ports(const struct fault *f, const struct target *t, struct fl_error *err)
{
	char claim[CLAIM_SIZE];
	int r = session_claim(f->session, claim_of(t->netns_inode, claim), err);

	if (r == -EBUSY)
		error_env(err, EBUSY, "the local ports of %s are narrowed by another fault already", t->name);
	return r;
}

/* Write ahead what @goal changes, then change it. In the namespace. */
static int write_range(struct fault *f, struct port_unit *u, const struct target *t, struct range goal,
		       struct fl_error *err)
{
	unsigned int before = u->entry;
	json_t *args =
		json_pack("{s:I, s:s, s:I, s:I, s:I, s:I, s:o*}", "netns", (json_int_t)t->netns_inode, "session",
			  f->session->name, "from", (json_int_t)u->before.from, "to", (json_int_t)u->before.to,
			  "our-from", (json_int_t)goal.from, "our-to", (json_int_t)goal.to, "sealed", sealed_now());
	int r = journal_add(f->session->journal, "port-range", args, &u->entry, err);

	if (r)
		return r;
	r = range_write(goal);
	if (r) {
		journal_done(f->session->journal, u->entry, NULL);
		u->entry = before;
		return error_env(err, -r, "narrow the local ports of %s: %s", t->name, strerror(-r));
	}
	if (before)
		journal_done(f->session->journal, before, NULL);
	u->netns = t->netns_inode;
	u->now = goal;
	u->held = true;
	return 0;
}

static int narrow_here(struct fault *f, struct port_unit *u, const struct target *t, struct fl_error *err)
{
	const struct port_exhaustion_params *p = f->params.own;
	int r = u->netns ? 0 : range_read(&u->before);
	struct range goal = { u->before.from, u->before.from + p->ports - 1 };

	if (r)
		return error_env(err, -r, "read %s: %s", RANGE, strerror(-r));
	if (goal.to > u->before.to)
		return error_usage(err, "port_exhaustion: %s has only %u local ports (%u to %u)", t->name,
				   u->before.to - u->before.from + 1, u->before.from, u->before.to);
	return write_range(f, u, t, goal, err);
}

static int narrow(struct fault *f, void *unit, struct fl_error *err)
{
	_cleanup_fd_ int lock __attribute__((unused)) = session_lock_host();
	const struct target *t = fault_unit_target(f, unit);
	struct port_unit *u = unit;
	bool fresh = !u->netns;
	char claim[CLAIM_SIZE];
	int old = -1, r = fresh ? claim_ports(f, t, err) : 0;

	if (r)
		return r;
	r = netns_enter(t->netns_fd, &old, err);
	if (!r) {
		r = narrow_here(f, u, t, err);
		netns_leave(old);
	}
	if (r && fresh)
		session_unclaim(f->session->name, claim_of(t->netns_inode, claim));
	return r;
}

static int widen(struct fault *f, void *unit, struct fl_error *err)
{
	struct port_unit *u = unit;
	int r = journal_settle(f->session->journal, &u->entry, NULL, 0, err);

	if (!r)
		u->netns = 0;
	return r;
}

/* --- the life of it -------------------------------------------------------------------------------- */

static int arm(struct fault *f, struct fl_error *err)
{
	int r = ready(f, err);

	if (!r)
		r = fault_units_make(f, sizeof(struct port_unit), err);
	text_copy(f->backend, sizeof(f->backend), "sysctl");
	return r;
}

static int activate(struct fault *f, bool on, struct fl_error *err)
{
	return fault_each_switch(f, on, narrow, widen, err);
}

static int update(struct fault *f, struct fl_error *err)
{
	return f->active && !f->held_back ? fault_each(f, narrow, err) : 0;
}

/* How many of the ports are in use, TIME_WAIT and all. */
static unsigned int ports_used(const struct target *t, struct range range)
{
	_cleanup_free_ struct tcp_connection *v = NULL;
	unsigned char seen[65536 / 8] = {};
	unsigned int used = 0;
	uint32_t n = 0, i;

	if (sockets_tcp(t->netns_fd, &v, &n, NULL))
		return 0;
	for (i = 0; i < n; i++) {
		unsigned int port = v[i].local_port;

		if (port < range.from || port > range.to || seen[port / 8] & 1u << port % 8)
			continue;
		seen[port / 8] |= (unsigned char)(1u << port % 8);
		used++;
	}
	return used;
}

static int look(struct fault *f, void *unit, struct fl_error *err)
{
	const struct target *t = fault_unit_target(f, unit);
	struct port_unit *u = unit;
	uint64_t now_ns = clock_mono_ns();
	struct range now = {};
	unsigned int used;
	int old;
	(void)err;

	if (!u->netns || now_ns < u->looked_ns + LOOK_NS || netns_enter(t->netns_fd, &old, NULL))
		return 0;
	u->looked_ns = now_ns;
	u->held = !range_read(&now) && is_same(now, u->now);
	netns_leave(old);
	used = ports_used(t, u->now);
	if (used > u->most_used)
		u->most_used = used;
	return 0;
}

static int tick(struct fault *f, struct fl_error *err)
{
	return fault_each(f, look, err);
}

/* Where it is now. The namespace that it has left may live on. */
static int moved(struct fault *f, uint32_t i, struct fl_error *err)
{
	int r = fault_units_grow(f, i + 1, err);
	struct port_unit *units = f->units;

	if (r || units[i].netns == f->targets[i].netns_inode)
		return r;
	r = refuse_host(&f->targets[i], err);
	if (!r)
		r = widen(f, &units[i], err);
	if (!r && f->active && !f->held_back)
		r = narrow(f, &units[i], err);
	return r;
}

static int proof(struct fault *f, struct fault_proof *ret, struct fl_error *err)
{
	const struct port_unit *units = f->units;
	struct text text = {};
	uint32_t i;
	(void)err;

	for (i = 0; i < f->n_units; i++) {
		const struct port_unit *u = &units[i];

		if (!u->now.to)
			continue;
		ret->matched++;
		ret->injected += u->held;
		text_append(&text,
			    "%s%s: local ports %u to %u (before: %u to %u), at most %u of them in use at a look%s",
			    text.len ? "; " : "", f->targets[i].name, u->now.from, u->now.to, u->before.from,
			    u->before.to, u->most_used, u->held ? "" : "; somebody has changed that meanwhile");
	}
	fault_tell_effect(f, ret, &text);
	return 0;
}

static int disarm(struct fault *f, struct fl_error *err)
{
	return fault_each_disarm(f, widen, err);
}

static int validate(const struct params *p, struct fl_error *err)
{
	const struct port_exhaustion_params *own = p->own;

	if (own->ports > 1 && own->ports % 2)
		return error_usage(err,
				   "port_exhaustion: Linux hands local ports out in pairs: ports is 1 or even, not %u",
				   own->ports);
	return 0;
}

static void supported(struct fault_support *ret)
{
	ret->supported = !access(RANGE, W_OK);
	text_copy(ret->backend, sizeof(ret->backend), "sysctl");
	if (!ret->supported)
		snprintf(ret->reason, sizeof(ret->reason), "%s: %s", RANGE, strerror(errno));
}

const struct fault_ops fault_port_exhaustion = {
	.class = FAULT_NETWORK,
	.name = "port_exhaustion",
	.summary = "Leave the target few local ports to connect from (EADDRNOTAVAIL)",
	.params = params,
	.need_veth = true,
	.supported = supported,
	.validate = validate,
	.ready = ready,
	.arm = arm,
	.activate = activate,
	.update = update,
	.tick = tick,
	.moved = moved,
	.proof = proof,
	.disarm = disarm,
};
