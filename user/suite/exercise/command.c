// SPDX-License-Identifier: GPL-2.0-only
/*
 * command.c - the fault in a command line that somebody would have typed: tc, pumba, docker, stress-ng, iptables,
 * toxiproxy-cli, kubectl, dd, date. It is read, never run: kind, parameters, duration and target, where the entry does not
 * say them itself.
 */
#include <ctype.h>
#include <strings.h>

#include "suite/exercise/entry.h"
#include "util/cleanup.h"

#define WORDS_MAX 64

struct words {
	char *text; /* owned; the words are in it */
	char *at[WORDS_MAX];
	size_t n;
};

/* Words between blanks, quotes and "="; a list of commands as one. */
static void split(const char *line, struct words *ret)
{
	char *rest, *word;

	*ret = (struct words){ .text = strdup(line) };
	rest = ret->text;
	while (rest && ret->n < WORDS_MAX && (word = strsep(&rest, " \t\r\n\"'`=,[]();|&")))
		if (word[0])
			ret->at[ret->n++] = word;
}

/* The index of @word, also behind a path; the number of words: it is not there. */
static size_t find(const struct words *w, const char *word)
{
	size_t i;

	for (i = 0; i < w->n; i++) {
		const char *slash = strrchr(w->at[i], '/');

		if (!strcmp(w->at[i], word) || (slash && !strcmp(slash + 1, word)))
			return i;
	}
	return w->n;
}

static bool has(const struct words *w, const char *word)
{
	return find(w, word) < w->n;
}

/* The word behind one of @names ("--time -t"); NULL: none. */
static const char *option(const struct words *w, const char *names, size_t from)
{
	size_t i, n;
	const char *p;

	for (i = from; i + 1 < w->n; i++)
		for (p = names; *p; p += n, p += strspn(p, " ")) {
			n = strcspn(p, " ");
			if (strlen(w->at[i]) == n && !strncmp(w->at[i], p, n))
				return w->at[i + 1];
		}
	return NULL;
}

static bool is_figure(const char *word)
{
	return word && isdigit((unsigned char)word[word[0] == '+' || word[0] == '-']);
}

static void say(struct command *c, const char *name, const char *value)
{
	if (value && value[0] && !json_object_get(c->params, name))
		json_object_set_new(c->params, name, json_string(value));
}

static void say_figure(struct command *c, const char *name, const char *value)
{
	if (is_figure(value))
		say(c, name, value);
}

/* "netem delay 500ms 100ms", "netem loss random 30%"; pumba has options for the figures. */
static bool read_netem(const struct words *w, struct command *c)
{
	size_t at = find(w, "delay");

	if (at < w->n) {
		c->kind = "latency";
		say_figure(c, "delay", option(w, "--time -t", at));
		say_figure(c, "jitter", option(w, "--jitter -j", at));
		say_figure(c, "delay", at + 1 < w->n ? w->at[at + 1] : NULL);
		say_figure(c, "jitter", at + 2 < w->n && is_figure(w->at[at + 1]) ? w->at[at + 2] : NULL);
		return true;
	}
	at = find(w, "loss");
	if (at < w->n) {
		c->kind = "network_loss";
		say_figure(c, "percent", option(w, "--percent -p random", at));
		say_figure(c, "percent", at + 1 < w->n ? w->at[at + 1] : NULL);
		return true;
	}
	at = find(w, "rate");
	if (at == w->n)
		return false;
	c->kind = "bandwidth";
	say_figure(c, "rate", option(w, "rate --rate -r", at));
	return true;
}

static bool read_stress(const struct words *w, struct command *c)
{
	size_t at = find(w, "stress-ng") < w->n ? find(w, "stress-ng") : find(w, "stress");
	const char *vm = option(w, "--vm-bytes", 0);

	c->duration = option(w, "--timeout -t --duration -d", at < w->n ? at : 0);
	if (vm || has(w, "--vm") || has(w, "-m")) {
		c->kind = "memory";
		say_figure(c, vm && strchr(vm, '%') ? "percent" : "bytes", vm);
	} else if (has(w, "--cpu") || has(w, "-c")) {
		c->kind = "cpu_saturation";
		say_figure(c, "load", option(w, "--cpu-load -l", 0));
		if (strcmp(option(w, "--cpu -c", 0) ? option(w, "--cpu -c", 0) : "0", "0") != 0)
			say_figure(c, "workers", option(w, "--cpu -c", 0));
	} else if (has(w, "--hdd") || has(w, "--io") || has(w, "-d")) {
		c->kind = "disk_io";
	}
	return c->kind != NULL;
}

static bool read_pumba(const struct words *w, struct command *c)
{
	size_t at = find(w, "pumba");

	c->duration = option(w, "--duration -d", at);
	if (has(w, "netem"))
		return read_netem(w, c);
	if (has(w, "stress"))
		return read_stress(w, c);
	if (has(w, "pause")) {
		c->kind = "pause";
	} else if (has(w, "kill") || has(w, "stop") || has(w, "rm")) {
		c->kind = "availability";
		say_figure(c, "every", option(w, "--interval -i", at));
		say(c, "signal", option(w, "--signal -s", at));
	}
	return c->kind != NULL;
}

/* docker kill X, docker compose stop X, docker network disconnect NET X. */
static bool read_docker(const struct words *w, struct command *c)
{
	size_t at = find(w, "docker") < w->n ? find(w, "docker") : find(w, "docker-compose"), i;

	if (at == w->n)
		at = find(w, "podman");
	for (i = at + 1; i < w->n && i < at + 8; i++) {
		const char *word = w->at[i];

		if (!strcmp(word, "exec") || !strcmp(word, "run"))
			return false;
		if (!strcmp(word, "pause"))
			c->kind = "pause";
		else if (!strcmp(word, "disconnect"))
			c->kind = "network_partition";
		else if (!strcmp(word, "kill") || !strcmp(word, "stop") || !strcmp(word, "restart") ||
			 !strcmp(word, "rm"))
			c->kind = "availability";
		if (!c->kind)
			continue;
		if (!strcmp(c->kind, "availability"))
			say(c, "signal", option(w, "--signal -s", i));
		return true;
	}
	return false;
}

/* kill -STOP 1, kubectl delete pod, a process that is ended by name. */
static bool read_kill(const struct words *w, struct command *c)
{
	if (has(w, "-STOP") || has(w, "-SIGSTOP") || has(w, "-19"))
		c->kind = "pause";
	else if (has(w, "kill") || has(w, "pkill") || has(w, "killall") || (has(w, "kubectl") && has(w, "delete")))
		c->kind = "availability";
	return c->kind != NULL;
}

static bool read_iptables(const struct words *w, struct command *c)
{
	const char *port = option(w, "--dport --sport", 0);

	if (!has(w, "DROP") && !has(w, "REJECT"))
		return false;
	c->kind = "network_partition";
	c->peer = option(w, "-d -s --destination --source --dst --src", 0);
	return !port || c->peer; /* a port alone is no partition from anybody */
}

static bool read_toxic(const struct words *w, struct command *c)
{
	const char *type = option(w, "-t --type", 0);

	if (!type || has(w, "remove") || has(w, "rm"))
		return false;
	if (!strcmp(type, "latency")) {
		c->kind = "latency";
		say_figure(c, "delay", option(w, "latency", find(w, type) + 1));
		say_figure(c, "jitter", option(w, "jitter", 0));
	} else if (!strcmp(type, "bandwidth")) {
		c->kind = "bandwidth";
	} else if (!strcmp(type, "timeout") || !strcmp(type, "reset_peer") || !strcmp(type, "down")) {
		c->kind = "network_partition";
	} else if (!strncmp(type, "http", 4)) {
		c->kind = "http_error";
		say_figure(c, "percent", option(w, "rate probability toxicity --toxicity percent", 0));
		say_figure(c, "status", option(w, "status code", 0));
	}
	return c->kind != NULL;
}

static bool read_disk(const struct words *w, struct command *c)
{
	const char *path = has(w, "dd") ? option(w, "of", find(w, "dd")) : NULL, *size = NULL;
	_cleanup_free_ char *folder = NULL;
	const char *slash;

	if (has(w, "fallocate")) {
		size = option(w, "-l --length", 0);
		path = w->at[w->n - 1];
	}
	if (!path || path[0] != '/')
		return false;
	c->kind = "disk_fill";
	slash = strrchr(path, '/');
	folder = strndup(path, slash > path ? (size_t)(slash - path) : 1);
	say(c, "path", folder);
	say_figure(c, "bytes", size);
	return true;
}

/* date -s '+60 seconds', faketime '+60s'. */
static bool read_clock(const struct words *w, struct command *c)
{
	size_t at = has(w, "date") ? find(w, "date") : find(w, "faketime"), i;

	for (i = at + 1; i < w->n; i++)
		if (is_figure(w->at[i]) && (w->at[i][0] == '+' || w->at[i][0] == '-')) {
			c->kind = "time_skew";
			if (isalpha((unsigned char)w->at[i][strlen(w->at[i]) - 1]))
				say(c, "offset", w->at[i]);
			else
				snprintf(c->offset, sizeof(c->offset), "%s %.10s", w->at[i],
					 i + 1 < w->n && isalpha((unsigned char)w->at[i + 1][0]) ? w->at[i + 1] : "s");
			if (c->offset[0])
				say(c, "offset", c->offset);
			return true;
		}
	return false;
}

static const struct {
	const char *program;
	bool (*read)(const struct words *w, struct command *c);
} programs[] = {
	{ "pumba", read_pumba },        { "netem", read_netem },
	{ "tbf", read_netem },          { "stress-ng", read_stress },
	{ "stress", read_stress },      { "iptables", read_iptables },
	{ "ip6tables", read_iptables }, { "toxiproxy-cli", read_toxic },
	{ "fallocate", read_disk },     { "dd", read_disk },
	{ "date", read_clock },         { "faketime", read_clock },
	{ "docker", read_docker },      { "docker-compose", read_docker },
	{ "podman", read_docker },      { "kill", read_kill },
	{ "pkill", read_kill },         { "killall", read_kill },
	{ "kubectl", read_kill },
};

bool command_read(const char *line, struct command *ret)
{
	struct words w;
	size_t i;

	*ret = (struct command){ .params = json_object() };
	split(line, &w);
	ret->text = w.text;
	for (i = 0; i < ARRAY_SIZE(programs) && !ret->kind; i++)
		if (has(&w, programs[i].program) && !programs[i].read(&w, ret))
			ret->kind = NULL;
	/* `timeout 60 docker exec ...`, and what stands between is a program's own. */
	if (ret->kind && !ret->duration)
		ret->duration = option(&w, "timeout --duration", 0);
	if (!is_figure(ret->duration))
		ret->duration = NULL;
	return ret->kind != NULL;
}

void command_release(struct command *c)
{
	json_decref(c->params);
	free(c->text);
	*c = (struct command){};
}
