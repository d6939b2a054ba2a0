// SPDX-License-Identifier: GPL-2.0-only
/*
 * net_peers.c - the parameter "peer": whom a target talks to. An address or CIDR is taken as it
 * is; anything else is a service name, and stands for all addresses that the service has now.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "fault/net/net.h"
#include "fault/protected.h"
#include "net/peers.h"
#include "util/cleanup.h"
#include "util/text/cidr.h"

struct peer_list {
	struct engine_peer *v;
	uint32_t n;
};

static int add(struct peer_list *l, const struct in6_addr *addr, uint8_t len, struct fl_error *err)
{
	struct engine_peer *grown = reallocarray(l->v, l->n + 1, sizeof(*grown));

	if (!grown)
		return error_sys(err, ENOMEM, "peers: out of memory");
	l->v = grown;
	l->v[l->n++] = (struct engine_peer){ .addr = peers_mask(addr, len), .prefix_len = len };
	return 0;
}

/* "netns:web" and "cafe" are names; "10.0.0.0/8", "fd00::1" and "300.1.1.1" are addresses, the last
 * one a wrong one. */
static bool looks_like_address(const char *word)
{
	size_t len = strlen(word);

	return strspn(word, "0123456789./") == len ||
	       (strchr(word, ':') && strspn(word, "0123456789abcdefABCDEF:./") == len);
}

int net_prefix(const char *word, struct engine_peer *ret, struct fl_error *err)
{
	struct fl_error why = {};
	int r = cidr_parse(word, &ret->addr, &ret->prefix_len, &why);

	return r ? error_usage(err, "peer: %s", why.message) : 0;
}

static int add_address(struct peer_list *l, const char *word, struct fl_error *err)
{
	struct engine_peer p;
	int r = net_prefix(word, &p, err);

	return r ? r : add(l, &p.addr, p.prefix_len, err);
}

static int add_target(struct peer_list *l, const char *spec, struct fl_error *err)
{
	struct target_options any = { .allow_host_interface = true };
	struct target *t = calloc(1, sizeof(*t));
	uint32_t i;
	int r;

	if (!t)
		return error_sys(err, ENOMEM, "peers: out of memory");
	r = target_resolve(spec, &any, t, err);
	if (!r) {
		r = protected_peer(spec, t, err);
		if (r)
			;
		else if (t->more_addrs)
			r = error_usage(err,
					"peer: %s has more than %d addresses: write its networks "
					"(10.0.0.0/8)",
					spec, TARGET_MAX_ADDRS);
		else if (!t->n_addrs && t->gap.why[0] && !t->gap.ifname[0])
			r = target_check_veths(t, err);
		else if (!t->n_addrs)
			r = error_usage(err, "peer: %s has no address", spec);
		for (i = 0; i < t->n_addrs && !r; i++)
			r = add(l, &t->addrs[i].addr, 128, err);
		target_free(t);
	}
	free(t);
	return r;
}

/* "www.example.com", and neither "web.2" nor "docker:a.b" */
static bool looks_like_host(const char *word)
{
	const char *dot = strrchr(word, '.');

	if (!strcmp(word, "localhost"))
		return true;
	return dot && dot > word && isalpha((unsigned char)dot[1]) &&
	       word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")] == '\0';
}

/*
 * Host names are not resolved: a target may have other answers than we have, and gets new ones while the
 * fault is on, so that a part of the traffic would be missed without anybody knowing.
 */
static int refuse_host(const char *word, struct fl_error *err)
{
	error_usage(err, "peer: '%.200s' is no service that is known here, and host names are not resolved", word);
	error_hint(err,
		   "what a host name stands for may change while the fault is on: write its addresses; "
		   "'getent ahosts %.200s' shows those that it has now",
		   word);
	return -EINVAL;
}

/* All containers of a scaled one. */
static int add_service(struct peer_list *l, const char *word, struct fl_error *err)
{
	struct target_names members = {};
	struct fl_error why = {};
	struct target_set set;
	uint32_t i;
	int r = target_expand(word, NULL, &members, &set, &why);

	if (r == -ENOENT && looks_like_host(word))
		return refuse_host(word, err);
	if (r && err)
		*err = why;
	for (i = 0; i < members.n && !r; i++)
		r = add_target(l, members.v[i], err);
	target_names_free(&members);
	return r;
}

static char *trim(char *word)
{
	char *end;

	while (isspace((unsigned char)*word))
		word++;
	for (end = word + strlen(word); end > word && isspace((unsigned char)end[-1]); end--)
		end[-1] = '\0';
	return word;
}

int net_peers(const char *text, bool resolve, struct engine_peer **ret, uint32_t *ret_n, struct fl_error *err)
{
	_cleanup_free_ char *copy = strdup(text ? text : "");
	struct peer_list l = {};
	char *rest = copy, *word;
	int r = copy ? 0 : error_sys(err, ENOMEM, "peers: out of memory");

	while (!r && (word = strsep(&rest, ","))) {
		word = trim(word);
		if (!*word)
			continue;
		if (looks_like_address(word))
			r = add_address(&l, word, err);
		else if (resolve)
			r = add_service(&l, word, err);
	}
	if (!r && !l.n)
		r = add(&l, &in6addr_any, 0, err);
	if (r) {
		free(l.v);
		return r;
	}
	*ret = l.v;
	*ret_n = l.n;
	return 0;
}
