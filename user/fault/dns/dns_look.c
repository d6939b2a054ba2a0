// SPDX-License-Identifier: GPL-2.0-only
/*
 * dns_look.c - how a target looks names up, for whoever wonders why no answer was hit: which servers
 * its resolv.conf names, and whether a cache answers that is not asked by DNS at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fault/dns/dns.h"
#include "target/process/inside.h"
#include "util/cleanup.h"

#define RESOLV_CONF_MAX 4096

/* Resolvers inside a namespace that are known by their address. */
static const struct {
	const char *address, *who;
} known[] = {
	{ "127.0.0.11", " (Docker's own, inside its network namespace)" },
	{ "127.0.0.53", " (systemd-resolved, inside its network namespace)" },
	{ "127.0.0.54", " (systemd-resolved, inside its network namespace)" },
};

static const char *who_is(const char *address)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(address, known[i].address))
			return known[i].who;
	return !strncmp(address, "127.", 4) || !strcmp(address, "::1") ? " (inside its network namespace)" : "";
}

static void say_servers(const struct target *t, char *text, struct text *to)
{
	char *line, *next = text, *words, *word;
	unsigned int n = 0;

	while ((line = strsep(&next, "\n"))) {
		word = strtok_r(line, " \t", &words);
		if (!word || strcmp(word, "nameserver") != 0)
			continue;
		word = strtok_r(NULL, " \t", &words);
		/* It goes to a terminal. */
		if (!word || strlen(word) != strspn(word, "0123456789abcdefABCDEF:."))
			continue;
		if (n++)
			text_append(to, ", ");
		else
			text_append(to, " %s asks ", t->name);
		text_append(to, "%s%s", word, who_is(word));
	}
	if (n)
		text_append(to, ".");
}

static void look_at(const struct target *t, struct text *to)
{
	_cleanup_fd_ int fd = inside_open(t, INSIDE_TARGET, "/etc/resolv.conf", O_RDONLY, NULL);
	_cleanup_fd_ int nscd = inside_open(t, INSIDE_TARGET, "/var/run/nscd/socket", O_RDONLY, NULL);
	char text[RESOLV_CONF_MAX];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n > 0) {
		text[n] = '\0';
		say_servers(t, text, to);
	}
	/* It is there, and a socket. */
	if (nscd == -EMEDIUMTYPE)
		text_append(to, " Its programs ask nscd (/var/run/nscd/socket): that is no DNS, and what nscd has in "
				"its cache it does not look up ('nscd -i hosts' empties it).");
}

void dns_look(const struct fault *f, struct text *to)
{
	uint32_t i;

	for (i = 0; i < f->n_targets && i < 3; i++)
		if (f->targets[i].pid)
			look_at(&f->targets[i], to);
}
