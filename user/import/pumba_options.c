// SPDX-License-Identifier: GPL-2.0-only
/* pumba_options.c - the options of pumba's commands, those of pumba 0.10 to 1.0, into a document. */
#include <errno.h>
#include <string.h>

#include "import/pumba_options.h"
#include "import/shell.h"
#include "util/cleanup.h"

/* One line an option: "COMMAND --name", its letter, 'f' for a flag, 'r' when it may be repeated. */
/* clang-format off */
static const struct option {
	const char *name;
	char letter, kind;
} options[] = {
	{ "pumba --host", 'H', 0 }, { "pumba --runtime", 0, 0 }, { "pumba --containerd-socket", 0, 0 },
	{ "pumba --containerd-namespace", 0, 0 }, { "pumba --podman-socket", 0, 0 },
	{ "pumba --tls", 0, 'f' }, { "pumba --tlsverify", 0, 'f' }, { "pumba --tlscacert", 0, 0 },
	{ "pumba --tlscert", 0, 0 }, { "pumba --tlskey", 0, 0 }, { "pumba --log-level", 'l', 0 },
	{ "pumba --json", 'j', 'f' }, { "pumba --slackhook", 0, 0 }, { "pumba --slackchannel", 0, 0 },
	{ "pumba --interval", 'i', 0 }, { "pumba --label", 0, 'r' }, { "pumba --random", 'r', 'f' },
	{ "pumba --dry-run", 0, 'f' }, { "pumba --skip-error", 0, 'f' },
	{ "kill --signal", 's', 0 }, { "kill --limit", 'l', 0 },
	{ "stop --time", 't', 0 }, { "stop --limit", 'l', 0 }, { "stop --restart", 'r', 'f' },
	{ "stop --duration", 'd', 0 },
	{ "pause --duration", 'd', 0 }, { "pause --limit", 'l', 0 },
	{ "restart --timeout", 't', 0 }, { "restart --limit", 'l', 0 },
	{ "rm --force", 'f', 'f' }, { "rm --links", 'n', 'f' }, { "rm --volumes", 'v', 'f' },
	{ "rm --limit", 'l', 0 },
	{ "exec --command", 's', 0 }, { "exec --args", 'a', 'r' }, { "exec --limit", 'l', 0 },
	{ "netem --duration", 'd', 0 }, { "netem --interface", 'i', 0 }, { "netem --target", 't', 'r' },
	{ "netem --egress-port", 0, 0 }, { "netem --egressPort", 0, 0 }, { "netem --ingress-port", 0, 0 },
	{ "netem --ingressPort", 0, 0 }, { "netem --tc-image", 0, 0 }, { "netem --pull-image", 0, 'f' },
	{ "netem --limit", 'l', 0 },
	{ "delay --time", 't', 0 }, { "delay --jitter", 'j', 0 }, { "delay --correlation", 'c', 0 },
	{ "delay --distribution", 'd', 0 },
	{ "loss --percent", 'p', 0 }, { "loss --correlation", 'c', 0 },
	{ "loss-state --p13", 0, 0 }, { "loss-state --p31", 0, 0 }, { "loss-state --p32", 0, 0 },
	{ "loss-state --p23", 0, 0 }, { "loss-state --p14", 0, 0 },
	{ "loss-gemodel --pg", 'p', 0 }, { "loss-gemodel --pb", 'r', 0 }, { "loss-gemodel --one-h", 0, 0 },
	{ "loss-gemodel --one-k", 0, 0 },
	{ "duplicate --percent", 'p', 0 }, { "duplicate --correlation", 'c', 0 },
	{ "corrupt --percent", 'p', 0 }, { "corrupt --correlation", 'c', 0 },
	{ "rate --rate", 'r', 0 }, { "rate --packetoverhead", 'p', 0 }, { "rate --cellsize", 's', 0 },
	{ "rate --celloverhead", 'c', 0 },
	{ "iptables --duration", 'd', 0 }, { "iptables --interface", 'i', 0 }, { "iptables --protocol", 'p', 0 },
	{ "iptables --source", 's', 'r' }, { "iptables --src", 0, 'r' }, { "iptables --destination", 0, 'r' },
	{ "iptables --dest", 0, 'r' }, { "iptables --src-port", 0, 0 }, { "iptables --sport", 0, 0 },
	{ "iptables --dst-port", 0, 0 }, { "iptables --dport", 0, 0 }, { "iptables --iptables-image", 0, 0 },
	{ "iptables --pull-image", 0, 'f' }, { "iptables --limit", 'l', 0 },
	{ "iptables-loss --mode", 'm', 0 }, { "iptables-loss --probability", 'p', 0 },
	{ "iptables-loss --every", 'e', 0 }, { "iptables-loss --packet", 'n', 0 },
	{ "stress --duration", 'd', 0 }, { "stress --stress-image", 0, 0 }, { "stress --pull-image", 0, 'f' },
	{ "stress --stressors", 's', 0 }, { "stress --inject-cgroup", 0, 'f' }, { "stress --limit", 'l', 0 },
};
/* clang-format on */

static const struct option *find_option(const char *command, const char *word, size_t len)
{
	size_t i, n = strlen(command);

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option *o = &options[i];

		if (strncmp(o->name, command, n) || o->name[n] != ' ')
			continue;
		if (len == 2 && word[1] == o->letter)
			return o;
		if (strlen(o->name + n + 1) == len && !strncmp(o->name + n + 1, word, len))
			return o;
	}
	return NULL;
}

static void put_option(json_t *doc, const struct option *o, const char *value)
{
	json_t *list;

	if (o->kind != 'r') {
		json_object_set_new(doc, o->name, json_string(value));
		return;
	}
	list = json_object_get(doc, o->name);
	if (!list)
		json_object_set_new(doc, o->name, list = json_array());
	json_array_append_new(list, json_string(value));
}

int pumba_unknown(const char *word, struct fl_error *err)
{
	_cleanup_free_ char *shown = strdup(word);

	if (shown)
		shell_show(shown);
	return error_usage(err, "not readable: only the shell that runs it knows '%.60s'; write its value",
			   shown ?: "");
}

int pumba_options(json_t *doc, const char *command, char *const **w, struct fl_error *err)
{
	for (; **w && (**w)[0] == '-' && (**w)[1]; (*w)++) {
		const char *word = **w;
		size_t len = strcspn(word, "=");
		const struct option *o = find_option(command, word, len);

		if (!strcmp(word, "--")) {
			(*w)++;
			break;
		}
		if (!shell_is_known(word))
			return pumba_unknown(word, err);
		if (!o)
			return error_usage(err, "pumba: %s has no option '%.40s'", command, word);
		if (word[len] == '=') {
			put_option(doc, o, word + len + 1);
		} else if (o->kind == 'f') {
			put_option(doc, o, "true");
		} else {
			if (!(*w)[1])
				return error_usage(err, "pumba: %s needs a value", o->name);
			if (!shell_is_known((*w)[1]))
				return pumba_unknown((*w)[1], err);
			put_option(doc, o, *++(*w));
		}
	}
	return 0;
}
