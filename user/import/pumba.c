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

#include "import/import.h"
#include "import/pumba_options.h"
#include "import/shell.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"
#include "util/text/units.h"

static const struct import_reason reasons[] = {
	/* How it logs and where it gets its tools from says nothing of the fault. */
	{ "pumba --log-level", NULL },
	{ "pumba --json", NULL },
	{ "pumba --slack*", NULL },
	{ "pumba --tls*", NULL },
	{ "pumba --skip-error", NULL },
	{ "pumba --runtime", NULL },
	{ "*-socket", NULL },
	{ "*-image", NULL },
	{ "stress --inject-cgroup", NULL },
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

/* --- the commands ----------------------------------------------------------------------------- */

/* One address or port that packets are chosen by. */
struct filter {
	const char *param, *path;
	char *value;
};

struct pumba {
	struct import *im;
	struct import_experiment *x;
	json_t *doc;
	struct filter *filters;
	uint32_t n_filters;
};

/* A parameter out of an option, or its default. */
static void take(struct pumba *p, struct import_fault *f, const char *param, const char *option, const char *unit,
		 const char *def)
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

/* --- what the packets are chosen by ----------------------------------------------------------- */

/* pumba makes a filter of its own out of each address and each port, so that a packet is hit when it
 * matches *any* of them. The parameters of a fault have to match *all*: each filter is a fault. */
static void add_filter(struct pumba *p, const char *param, const char *value, const char *path)
{
	struct filter *grown = reallocarray(p->filters, p->n_filters + 1, sizeof(*grown)), *f;

	if (!grown) {
		p->im->failed = true;
		return;
	}
	p->filters = grown;
	f = &grown[p->n_filters++];
	*f = (struct filter){ .param = param, .value = strdup(value), .path = path };
	p->im->failed |= !f->value;
}

/* All addresses and services are one filter, as "peer" is a list of alternatives itself. */
static void take_peers(struct pumba *p, const char *option, const char *alias)
{
	const char *const names[] = { option, alias };
	struct text peers = {};
	json_t *list, *item;
	size_t i, k;

	for (k = 0; k < ARRAY_SIZE(names) && names[k]; k++) {
		list = import_take(p->doc, names[k]);
		json_array_foreach(list, i, item)
			text_append(&peers, "%s%s", peers.len ? "," : "", json_string_value(item));
		json_decref(list);
	}
	if (peers.s)
		add_filter(p, "peer", peers.s, option);
	text_free(&peers);
}

/* "80,443" are two filters; a range of iptables is "8000:8100". */
static void take_ports(struct pumba *p, const char *param, const char *option, const char *alias)
{
	_cleanup_free_ char *first = import_take_text(p->doc, option);
	_cleanup_free_ char *second = first ? NULL : import_take_text(p->doc, alias);
	char *rest = first ? first : second, *word, *colon;

	while ((word = strsep(&rest, ","))) {
		word += strspn(word, " ");
		colon = strchr(word, ':');
		if (colon)
			*colon = '-';
		if (*word)
			add_filter(p, param, word, option);
	}
}

static bool is_mixed(const struct pumba *p)
{
	uint32_t i;

	for (i = 1; i < p->n_filters; i++)
		if (strcmp(p->filters[i].param, p->filters[0].param))
			return true;
	return false;
}

static void apply_filter(struct pumba *p, struct import_fault *f, const struct filter *one)
{
	struct fl_error err = {};

	if (import_param(p->im, f, one->param, one->value, one->path)) {
		if (!f->ops->validate || !f->ops->validate(&f->params, &err))
			return;
		import_lose(p->im, one->path, one->value, "%s", err.message);
	}
	import_fault_drop(p->x, f); /* without its filter it would hit all */
}

/* The fault, which has no filter yet, once for each. */
static void apply_filters(struct pumba *p, struct import_fault *f, const char *command)
{
	struct import_fault *copy;
	uint32_t i;

	if (is_mixed(p))
		import_lose(p->im, command, NULL,
			    "pumba hits what matches any of its addresses and ports: %u faults "
			    "here, and what matches two of them may be hit by both",
			    p->n_filters);
	for (i = 1; i < p->n_filters; i++) {
		copy = import_fault_copy(p->im, p->x, f);
		if (copy)
			apply_filter(p, copy, &p->filters[i]);
	}
	if (p->n_filters)
		apply_filter(p, f, &p->filters[0]);
}

static const char *netem_kind(const char *word)
{
	static const char *const kinds[][2] = {
		{ "delay", "latency" },           { "loss", "network_loss" },
		{ "loss-state", "network_loss" }, { "loss-gemodel", "network_loss" },
		{ "duplicate", "duplicate" },     { "corrupt", "corrupt" },
		{ "rate", "bandwidth" },
	};
	size_t i;

	for (i = 0; word && i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i][0], word))
			return kinds[i][1];
	return NULL;
}

/* clang-format off */
static const struct {
	const char *word, *param, *option, *unit, *def;
} netem_options[] = {
	{ "delay", "delay", "delay --time", "ms", "100" },
	{ "delay", "jitter", "delay --jitter", "ms", "10" },
	{ "delay", "correlation", "delay --correlation", "%", "20" },
	{ "delay", "distribution", "delay --distribution", "", NULL },
	{ "loss", "percent", "loss --percent", "%", "0" },
	{ "loss", "correlation", "loss --correlation", "%", NULL },
	{ "loss-state", "p13", "loss-state --p13", "%", "0" },
	{ "loss-state", "p31", "loss-state --p31", "%", "100" },
	{ "loss-state", "p32", "loss-state --p32", "%", "0" },
	{ "loss-state", "p23", "loss-state --p23", "%", "100" },
	{ "loss-state", "p14", "loss-state --p14", "%", "0" },
	{ "loss-gemodel", "p", "loss-gemodel --pg", "%", "0" },
	{ "loss-gemodel", "r", "loss-gemodel --pb", "%", "100" },
	{ "loss-gemodel", "loss-bad", "loss-gemodel --one-h", "%", "100" },
	{ "loss-gemodel", "loss-good", "loss-gemodel --one-k", "%", "0" },
	{ "duplicate", "percent", "duplicate --percent", "%", "0" },
	{ "corrupt", "percent", "corrupt --percent", "%", "0" },
};
/* clang-format on */

static void take_rate(struct pumba *p, struct import_fault *f)
{
	_cleanup_free_ char *rate = import_take_text(p->doc, "rate --rate");
	_cleanup_free_ char *ours = import_tc_rate(rate ? rate : "100kbit");

	if (!ours)
		import_lose(p->im, "rate --rate", rate, "no rate of tc");
	import_param(p->im, f, "rate", ours, "rate --rate");
}

static void netem_params(struct pumba *p, struct import_fault *f, const char *word)
{
	size_t i;

	if (!strcmp(word, "loss-state"))
		import_param(p->im, f, "model", "markov4", "loss-state");
	if (!strcmp(word, "loss-gemodel"))
		import_param(p->im, f, "model", "gilbert-elliott", "loss-gemodel");
	if (!strcmp(word, "rate"))
		take_rate(p, f);
	for (i = 0; i < ARRAY_SIZE(netem_options); i++) {
		const char *param = netem_options[i].param;

		if (strcmp(netem_options[i].word, word) != 0)
			continue;
		/* Where nothing varies there is nothing to correlate. */
		if (!strcmp(word, "delay") && !strcmp(param, "correlation") && !params_get(&f->params, "jitter")->u64)
			continue;
		take(p, f, param, netem_options[i].option, netem_options[i].unit, netem_options[i].def);
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
	r = pumba_options(p->doc, word, w, err);
	if (r)
		return r;
	take_duration(p, "netem --duration");
	f = import_fault(p->im, p->x, kind);
	take_peers(p, "netem --target", NULL);
	take_ports(p, "local-port", "netem --egress-port", "netem --egressPort");
	take_ports(p, "peer-port", "netem --ingress-port", "netem --ingressPort");
	netem_params(p, f, word);
	if (import_fault_done(p->im, p->x, word))
		apply_filters(p, f, "netem");
	return 0;
}

/* 0 is what faultline does anyway. */
static void drop_zero(struct pumba *p, const char *option)
{
	const char *text = json_string_value(json_object_get(p->doc, option));

	if (text && !strcmp(text, "0"))
		json_object_del(p->doc, option);
}

/* What comes in goes to the target's own addresses, which no parameter tells apart. */
static void lose_destination(struct pumba *p)
{
	static const char *const names[] = { "iptables --destination", "iptables --dest" };
	size_t i, k;

	for (k = 0; k < ARRAY_SIZE(names); k++) {
		json_t *list = import_take(p->doc, names[k]), *item;

		json_array_foreach(list, i, item)
			import_lose(p->im, names[k], json_string_value(item),
				    "packets are not chosen by the target's own "
				    "address: the fault hits %s",
				    p->n_filters ? "what the other filters match, which may "
						   "be LESS than it did"
						 : "all that it receives, which may be MORE than it did");
		json_decref(list);
	}
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
	r = pumba_options(p->doc, "iptables-loss", w, err);
	if (r)
		return r;
	take_duration(p, "iptables --duration");
	f = import_fault(p->im, p->x, "network_loss");
	import_param(p->im, f, "direction", "to", "iptables");
	take_peers(p, "iptables --source", "iptables --src");
	take_ports(p, "peer-port", "iptables --src-port", "iptables --sport");
	take_ports(p, "local-port", "iptables --dst-port", "iptables --dport");
	lose_destination(p);
	take(p, f, "protocol", "iptables --protocol", "", NULL);
	mode = import_take_text(p->doc, "iptables-loss --mode");
	if (mode && !strcmp(mode, "nth")) {
		take(p, f, "nth", "iptables-loss --every", "", "1");
		drop_zero(p, "iptables-loss --packet");
	} else {
		probability = import_take_text(p->doc, "iptables-loss --probability");
		if (!probability || units_double(probability, &v, NULL) || v < 0 || v > 1)
			import_lose(p->im, "iptables-loss --probability", probability, "not from 0.0 to 1.0");
		else
			percent = text_format("%.6g%%", v * 100);
		import_param(p->im, f, "percent", percent, "iptables-loss --probability");
	}
	if (import_fault_done(p->im, p->x, "iptables loss"))
		apply_filters(p, f, "iptables");
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
	import_param(p->im, f, "signal", signal && !strncmp(signal, "SIG", 3) ? signal + 3 : signal, "kill --signal");
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
			import_lose(p->im, "stop", NULL,
				    "without --restart it stays down; 60s here, then it comes back");
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

/* A flag that is set: "--dry-run", and not "--dry-run=false". */
static bool take_flag(json_t *doc, const char *option)
{
	_cleanup_free_ char *text = import_take_text(doc, option);

	return text && strcmp(text, "false") && strcmp(text, "0");
}

/* --- one command line ------------------------------------------------------------------------- */

static int command(struct pumba *p, char *const **w, struct fl_error *err)
{
	const char *word;
	int r = pumba_options(p->doc, "pumba", w, err);

	if (r)
		return r;
	if (take_flag(p->doc, "pumba --dry-run"))
		return error_usage(err, "pumba --dry-run: it hits nothing, so it is no experiment");
	word = **w;
	if (!word)
		return error_usage(err, "pumba: no command");
	if (!shell_is_known(word))
		return pumba_unknown(word, err);
	(*w)++;
	r = pumba_options(p->doc, word, w, err);
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
	size_t i;

	for (i = 0; w[i]; i++)
		import_exact_name(w[i]);
	import_set_target(p->im, x, w[0], "containers");
	if (w[0] && w[1] && !p->im->together)
		import_lose(p->im, "containers", NULL, "they were hit at once; here one after the other");
	for (w += w[0] != NULL; *w; w++) {
		_cleanup_free_ char *name = text_format("%s_%s", x->faults[0]->ops->name, *w);
		struct import_experiment *copy = name ? import_add_copy(p->im, x, name) : NULL;

		if (!copy)
			return;
		import_set_target(p->im, copy, *w, "containers");
	}
}

/* "pumba kill web", as it is in the file. */
static char *line_of(char *const *words)
{
	struct text line = {};

	text_append(&line, "pumba");
	for (; *words; words++)
		text_append(&line, " %s", *words);
	if (line.s)
		shell_show(line.s);
	return line.s;
}

/* The container names may hold what only the shell knows: they are no targets then. */
static void show_words(char *const *words)
{
	for (; *words; words++)
		shell_show(*words);
}

static void filters_free(struct pumba *p)
{
	while (p->n_filters)
		free(p->filters[--p->n_filters].value);
	free(p->filters);
}

int import_pumba_words(struct import *im, char *const *words, struct fl_error *err)
{
	struct pumba p = { .im = im, .doc = json_object() };
	_cleanup_free_ char *line = line_of(words);
	uint32_t n = im->n;
	char *const *w = words;
	int r;

	if (line && !import_is_text(line, strlen(line))) {
		json_decref(p.doc);
		return error_usage(err, "this is no text in UTF-8");
	}
	import_set_where(im, "%s", line ? line : "pumba");
	p.x = import_add(im, "pumba");
	r = p.x && p.doc ? command(&p, &w, err) : error_usage(err, "more than %d commands", IMPORT_MAX);
	show_words(words);
	if (!r && p.x->n_faults) {
		_cleanup_free_ char *name = text_format("%s_%s", p.x->faults[0]->ops->name, *w ? *w : "pumba");

		import_rename(im, p.x, name);
		p.x->description = line ? strdup(line) : NULL;
		add_targets(&p, w);
	}
	if (!r) {
		import_lose_rest(im, "", p.doc, reasons);
		import_drop_empty(im);
	} else {
		import_cut(im, n);
	}
	json_decref(p.doc);
	filters_free(&p);
	return r;
}
