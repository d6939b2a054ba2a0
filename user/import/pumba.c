// SPDX-License-Identifier: GPL-2.0-only
/*
 * pumba.c - pumba command lines: `pumba [GLOBAL] netem --duration 5m delay --time 300 web`. The words
 * become a document {"netem --duration": "5m", ...} out of which the commands take what they know, as
 * from any other source. Options and their defaults are those of pumba 0.10 to 1.0.
 *
 * What the container sends is "from" the target for faultline; iptables acts on what it receives.
 */
#include <ctype.h>
#include <errno.h>

#include "util/yaml.h"
#include "import/import.h"
#include "util/cleanup.h"
#include "util/units.h"

/* One line an option: "COMMAND --name", its letter, 'f' for a flag, 'r' when it may be repeated. */
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

static const struct import_reason reasons[] = {
	/* How it logs and where it gets its tools from says nothing of the fault. */
	{ "pumba --log-level", NULL }, { "pumba --json", NULL }, { "pumba --slack*", NULL },
	{ "pumba --tls*", NULL }, { "pumba --skip-error", NULL }, { "pumba --dry-run", NULL },
	{ "pumba --runtime", NULL }, { "*-socket", NULL }, { "*-image", NULL }, { "stress --inject-cgroup", NULL },
	{ "pumba --host", "faultline acts on its own host" },
	{ "pumba --containerd-namespace", "a target is the name of a service" },
	{ "pumba --interval", "`faultline run --every TIME` repeats a suite" },
	{ "pumba --label", "a target is the name of a service" },
	{ "pumba --random", "an experiment has a target; each one named is an experiment of its own" },
	{ "*--limit", "each target named is an experiment of its own" },
	{ "*--interface", "all interfaces of the target are hit" },
	{ "*--correlation", "packets are chosen one by one here" },
	{ "rate --*", "the size on the wire counts" },
	{ NULL, NULL },
};

/* --- words to a document ---------------------------------------------------------------------- */

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

/* The options of @command from *w on; *w moves to the first word that is none. */
static int read_options(json_t *doc, const char *command, char *const **w, struct fl_error *err)
{
	for (; **w && (**w)[0] == '-' && (**w)[1]; (*w)++) {
		const char *word = **w;
		size_t len = strcspn(word, "=");
		const struct option *o = find_option(command, word, len);

		if (!strcmp(word, "--")) {
			(*w)++;
			break;
		}
		if (!o)
			return error_usage(err, "pumba: %s has no option '%.40s'", command, word);
		if (word[len] == '=') {
			put_option(doc, o, word + len + 1);
		} else if (o->kind == 'f') {
			put_option(doc, o, "true");
		} else {
			if (!(*w)[1])
				return error_usage(err, "pumba: %s needs a value", o->name);
			put_option(doc, o, *++(*w));
		}
	}
	return 0;
}

/* --- the commands ----------------------------------------------------------------------------- */

struct pumba {
	struct import *im;
	struct import_experiment *x;
	json_t *doc;
};

/* A parameter out of an option, or its default. */
static void take(struct pumba *p, struct import_fault *f, const char *param, const char *option,
		 const char *unit, const char *def)
{
	_cleanup_free_ char *text = import_take_text(p->doc, option);
	_cleanup_free_ char *value = text || def ? text_format("%s%s", text ? text : def, unit) : NULL;

	import_param(p->im, f, param, value, option);
}

static void take_duration(struct pumba *p, const char *option)
{
	_cleanup_free_ char *text = import_take_text(p->doc, option);
	int64_t ns;

	if (text && import_go_duration(text, &ns) && ns > 0 && ns <= 86400000000000)
		p->x->duration_ns = (uint64_t)ns;
	else
		import_lose(p->im, option, text, "not a duration of up to a day; 60s here");
}

/* A list of texts, joined by commas. */
static void take_list(struct pumba *p, const char *option, struct text *to)
{
	json_t *list = import_take(p->doc, option), *item;
	size_t i;

	json_array_foreach(list, i, item)
		text_append(to, "%s%s", to->len ? "," : "", json_string_value(item));
	json_decref(list);
}

static void take_peers(struct pumba *p, struct import_fault *f, const char *option, const char *alias)
{
	struct text peers = {};

	take_list(p, option, &peers);
	if (alias)
		take_list(p, alias, &peers);
	import_param(p->im, f, "peer", peers.s, option);
	text_free(&peers);
}

/* One port or range is a parameter; several are not. */
static void take_port(struct pumba *p, struct import_fault *f, const char *param, const char *option,
		      const char *alias)
{
	_cleanup_free_ char *first = import_take_text(p->doc, option);
	_cleanup_free_ char *second = first ? NULL : import_take_text(p->doc, alias);
	const char *ports = first ? first : second;

	if (ports && strchr(ports, ','))
		import_lose(p->im, option, ports, "one port or range is known: the fault hits all ports, which is MORE "
			    "than it did");
	else
		import_param(p->im, f, param, ports, option);
}

static const char *netem_kind(const char *word)
{
	static const char *const kinds[][2] = {
		{ "delay", "latency" }, { "loss", "network_loss" }, { "loss-state", "network_loss" },
		{ "loss-gemodel", "network_loss" }, { "duplicate", "duplicate" }, { "corrupt", "corrupt" },
		{ "rate", "bandwidth" },
	};
	size_t i;

	for (i = 0; word && i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i][0], word))
			return kinds[i][1];
	return NULL;
}

static void netem_params(struct pumba *p, struct import_fault *f, const char *word)
{
	_cleanup_free_ char *rate = NULL, *ours = NULL;

	if (!strcmp(word, "delay")) {
		take(p, f, "delay", "delay --time", "ms", "100");
		take(p, f, "jitter", "delay --jitter", "ms", "10");
		if (params_u64(&f->params, "jitter")) /* else nothing varies */
			take(p, f, "correlation", "delay --correlation", "%", "20");
		take(p, f, "distribution", "delay --distribution", "", NULL);
	} else if (!strcmp(word, "loss")) {
		take(p, f, "percent", "loss --percent", "%", "0");
		take(p, f, "correlation", "loss --correlation", "%", NULL);
	} else if (!strcmp(word, "loss-state")) {
		import_param(p->im, f, "model", "markov4", "loss-state");
		take(p, f, "p13", "loss-state --p13", "%", "0");
		take(p, f, "p31", "loss-state --p31", "%", "100");
		take(p, f, "p32", "loss-state --p32", "%", "0");
		take(p, f, "p23", "loss-state --p23", "%", "100");
		take(p, f, "p14", "loss-state --p14", "%", "0");
	} else if (!strcmp(word, "loss-gemodel")) {
		import_param(p->im, f, "model", "gilbert-elliott", "loss-gemodel");
		take(p, f, "p", "loss-gemodel --pg", "%", "0");
		take(p, f, "r", "loss-gemodel --pb", "%", "100");
		take(p, f, "loss-bad", "loss-gemodel --one-h", "%", "100");
		take(p, f, "loss-good", "loss-gemodel --one-k", "%", "0");
	} else if (!strcmp(word, "duplicate")) {
		take(p, f, "percent", "duplicate --percent", "%", "0");
	} else if (!strcmp(word, "corrupt")) {
		take(p, f, "percent", "corrupt --percent", "%", "0");
	} else {
		rate = import_take_text(p->doc, "rate --rate");
		ours = import_tc_rate(rate ? rate : "100kbit");
		if (!ours)
			import_lose(p->im, "rate --rate", rate, "no rate of tc");
		import_param(p->im, f, "rate", ours, "rate --rate");
	}
}

static int netem(struct pumba *p, char *const **w, struct fl_error *err)
{
	const char *word, *kind;
	struct import_fault *f;
	int r;

	word = **w;
	kind = netem_kind(word);
	if (!kind)
		return error_usage(err, "pumba netem: no command '%.40s'", word ? word : "");
	(*w)++;
	r = read_options(p->doc, word, w, err);
	if (r)
		return r;
	take_duration(p, "netem --duration");
	f = import_fault(p->im, p->x, kind);
	take_peers(p, f, "netem --target", NULL);
	take_port(p, f, "local-port", "netem --egress-port", "netem --egressPort");
	take_port(p, f, "peer-port", "netem --ingress-port", "netem --ingressPort");
	netem_params(p, f, word);
	import_fault_done(p->im, p->x, word);
	return 0;
}

static int iptables(struct pumba *p, char *const **w, struct fl_error *err)
{
	_cleanup_free_ char *mode = NULL, *probability = NULL, *percent = NULL;
	struct import_fault *f;
	double v;
	int r;

	if (!**w || strcmp(**w, "loss"))
		return error_usage(err, "pumba iptables: no command '%.40s'", **w ? **w : "");
	(*w)++;
	r = read_options(p->doc, "iptables-loss", w, err);
	if (r)
		return r;
	take_duration(p, "iptables --duration");
	f = import_fault(p->im, p->x, "network_loss");
	import_param(p->im, f, "direction", "to", "iptables");
	take_peers(p, f, "iptables --source", "iptables --src");
	take_port(p, f, "peer-port", "iptables --src-port", "iptables --sport");
	take_port(p, f, "local-port", "iptables --dst-port", "iptables --dport");
	take(p, f, "protocol", "iptables --protocol", "", NULL);
	mode = import_take_text(p->doc, "iptables-loss --mode");
	if (mode && !strcmp(mode, "nth")) {
		take(p, f, "nth", "iptables-loss --every", "", "1");
	} else {
		probability = import_take_text(p->doc, "iptables-loss --probability");
		if (!probability || units_double(probability, &v, NULL) || v < 0 || v > 1)
			import_lose(p->im, "iptables-loss --probability", probability, "not from 0.0 to 1.0");
		else
			percent = text_format("%.6g%%", v * 100);
		import_param(p->im, f, "percent", percent, "iptables-loss --probability");
	}
	import_fault_done(p->im, p->x, "iptables loss");
	return 0;
}

static int kill_command(struct pumba *p)
{
	struct import_fault *f = import_fault(p->im, p->x, "availability");
	_cleanup_free_ char *every = import_take_text(p->doc, "pumba --interval");
	_cleanup_free_ char *ours = import_duration_text(every);
	_cleanup_free_ char *signal = import_take_text(p->doc, "kill --signal");

	if (every && !ours)
		import_lose(p->im, "pumba --interval", every, "no duration");
	import_param(p->im, f, "every", ours, "pumba --interval");
	import_param(p->im, f, "signal", signal && !strncmp(signal, "SIG", 3) ? signal + 3 : signal,
		     "kill --signal");
	import_fault_done(p->im, p->x, "kill");
	return 0;
}

/* Everything but netem and iptables, which have commands of their own. */
static int plain_command(struct pumba *p, const char *word, struct fl_error *err)
{
	_cleanup_free_ char *text = NULL;
	struct import_fault *f;

	if (!strcmp(word, "kill"))
		return kill_command(p);
	if (!strcmp(word, "stop")) {
		text = import_take_text(p->doc, "stop --restart");
		if (text)
			take_duration(p, "stop --duration");
		else
			import_lose(p->im, "stop", NULL, "without --restart it stays down; 60s here, then it comes back");
		f = import_fault(p->im, p->x, "stop");
		take(p, f, "grace", "stop --time", "s", "5");
	} else if (!strcmp(word, "pause")) {
		take_duration(p, "pause --duration");
		import_fault(p->im, p->x, "pause");
	} else if (!strcmp(word, "restart")) {
		f = import_fault(p->im, p->x, "restart");
		take(p, f, "grace", "restart --timeout", "", NULL);
	} else if (!strcmp(word, "stress")) {
		take_duration(p, "stress --duration");
		text = import_take_text(p->doc, "stress --stressors");
		import_stress_ng(p->im, p->x, text ? text : "--cpu 4 --timeout 60s", "stress --stressors");
		return 0;
	} else if (!strcmp(word, "rm") || !strcmp(word, "exec")) {
		import_lose(p->im, word, NULL, "containers are not removed, and nothing is run in them");
		return 0;
	} else {
		return error_usage(err, "pumba: no command '%.40s'", word);
	}
	import_fault_done(p->im, p->x, word);
	return 0;
}

/* --- one command line ------------------------------------------------------------------------- */

static int command(struct pumba *p, char *const **w, struct fl_error *err)
{
	const char *word;
	int r = read_options(p->doc, "pumba", w, err);

	if (r)
		return r;
	word = **w;
	if (!word)
		return error_usage(err, "pumba: no command");
	(*w)++;
	r = read_options(p->doc, word, w, err);
	if (r)
		return r;
	if (!strcmp(word, "netem"))
		return netem(p, w, err);
	if (!strcmp(word, "iptables"))
		return iptables(p, w, err);
	return plain_command(p, word, err);
}

/* The containers: each is an experiment of its own, as a first one should have one target. */
static void add_targets(struct pumba *p, char *const *w)
{
	struct import_experiment *x = p->x;

	import_set_target(p->im, x, w[0], "containers");
	if (w[0] && w[1])
		import_lose(p->im, "containers", NULL, "they were hit at once; here one after the other");
	for (w += w[0] != NULL; *w; w++) {
		_cleanup_free_ char *name = text_format("%s_%s", x->faults[0]->ops->name, *w);
		struct import_experiment *copy = name ? import_add_copy(p->im, x, name) : NULL;

		if (!copy)
			return;
		import_set_target(p->im, copy, *w, "containers");
	}
}

/* UTF-8, which json_stringn() tells, without control characters. */
static bool is_text(const char *s, size_t len)
{
	json_t *string = json_stringn(s, len);
	size_t i;

	json_decref(string);
	for (i = 0; string && i < len; i++)
		if (((unsigned char)s[i] < ' ' && s[i] != '\t' && s[i] != '\n') || s[i] == 0x7f)
			return false;
	return string != NULL;
}

int import_pumba_words(struct import *im, char *const *words, struct fl_error *err)
{
	struct pumba p = { .im = im };
	struct text line = {};
	char *const *w;
	int r;

	for (w = words; *w; w++)
		text_append(&line, "%s%s", line.len ? " " : "pumba ", *w);
	if (line.s && !is_text(line.s, line.len)) {
		text_free(&line);
		return error_usage(err, "this is no text in UTF-8");
	}
	import_set_where(im, "%s", line.s ? line.s : "pumba");
	p.doc = json_object();
	p.x = import_add(im, "pumba");
	w = words;
	r = p.x && p.doc ? command(&p, &w, err) : error_usage(err, "more than %d commands", IMPORT_MAX);
	if (!r && p.x->n_faults) {
		_cleanup_free_ char *name = text_format("%s_%s", p.x->faults[0]->ops->name, *w ? *w : "pumba");

		import_rename(im, p.x, name);
		p.x->description = line.s ? strdup(line.s) : NULL;
		add_targets(&p, w);
	}
	if (!r)
		import_lose_rest(im, "", p.doc, reasons);
	if (!r)
		import_drop_empty(im);
	json_decref(p.doc);
	text_free(&line);
	return r;
}

/* --- a file of command lines ------------------------------------------------------------------ */

static bool is_separator(const char *word)
{
	static const char *const separators[] = { "&", "&&", ";", "|", "||" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(separators); i++)
		if (!strcmp(word, separators[i]))
			return true;
	return false;
}

static bool is_pumba(const char *word)
{
	const char *slash = strrchr(word, '/'), *name = slash ? slash + 1 : word;

	return !strncmp(name, "pumba", 5) && (!name[5] || name[5] == ':');
}

/* Each command of the line that runs it: "sudo pumba ...", "docker run ... gaiaadm/pumba:0.10 ... &". */
static int import_line(struct import *im, char **words, struct fl_error *err)
{
	char **begin, *kept;
	int r = 0;

	for (; !r && words && *words; words++) {
		if (!is_pumba(*words))
			continue;
		begin = ++words;
		while (*words && !is_separator(*words))
			words++;
		kept = *words;
		*words = NULL;
		r = import_pumba_words(im, begin, err);
		*words = kept;
		if (!kept)
			break;
	}
	return r;
}

/* The next line of a script, with what a backslash at its end continues; the caller's to free. */
static char *next_line(const char **text, int *ret_line)
{
	struct text line = {};

	text_append(&line, "%s", "");
	for (;;) {
		size_t len = strcspn(*text, "\n");
		bool more = len && (*text)[len - 1] == '\\' && (*text)[len];

		text_append_bytes(&line, *text, more ? len - 1 : len);
		*text += len;
		if (**text) {
			(*text)++;
			(*ret_line)++;
		}
		if (!more)
			return line.s;
	}
}

int import_pumba(struct import *im, const char *text, size_t len, struct fl_error *err)
{
	int line = 0, began, r = 0;

	if (memchr(text, '\0', len))
		return error_usage(err, "this is no text file: it has a NUL byte");
	while (!r && *text) {
		_cleanup_free_ char *one = NULL;
		char **words = NULL;

		began = line + 1;
		one = next_line(&text, &line);
		if (!one)
			return error_sys(err, ENOMEM, "out of memory");
		r = import_split(one, &words, err);
		if (!r)
			r = import_line(im, words, err);
		if (r)
			error_at(err, im->source, began, 1);
		words_free(words);
	}
	if (!r && !im->n)
		r = im->n_losses ? error_usage(err, "nothing in it can be done by faultline: %s: %s",
					       im->losses[0].path, im->losses[0].why) :
				   error_usage(err, "no pumba command in it");
	return r;
}
