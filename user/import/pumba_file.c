// SPDX-License-Identifier: GPL-2.0-only
/*
 * pumba_file.c - where pumba commands stand: a script, in which pumba is run by itself or as a container;
 * a YAML file (Compose, Kubernetes) with containers of pumba's image. A command that cannot be read is
 * named, and the others are taken.
 */
#include <ctype.h>
#include <errno.h>

#include "import/import.h"
#include "import/shell.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"

struct file {
	struct import *im;
	uint32_t unreadable, failed_line;
	struct fl_error first; /* what was wrong with the first of them */
	struct fl_error *err;
	json_t *constants; /* of the script */
	json_t *used;      /* those of the command under way */
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "pumba", "./pumba_linux_amd64", "gaiaadm/pumba:0.10", "ghcr.io/alexei-led/pumba@sha256:..." */
static bool is_pumba(const char *word)
{
	size_t len = strcspn(word, "@");
	_cleanup_free_ char *path = strndup(word, len);
	const char *name = path ? base_name(path) : "";

	return !strncmp(name, "pumba", 5) && (!name[5] || name[5] == ':' || !strncmp(name + 5, "_linux", 6));
}

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(*list, word))
			return true;
	return false;
}

/* --help and --version do nothing to anybody. */
static bool is_question(char *const *words)
{
	static const char *const questions[] = { "--version", "-v", "--help", "-h", "help", "h", "version", NULL };

	return words[0] && is_one_of(words[0], questions);
}

/* Not carried over: the command on @line (0: none), which does not end the reading. */
static void lose_command(struct file *f, int line, const char *what, const struct fl_error *why)
{
	_cleanup_free_ char *where = line ? text_format("line %d", line) : NULL;

	import_set_where(f->im, "%s", where ? where : f->im->source);
	import_lose(f->im, what, NULL, "%s", why->message);
	if (!f->unreadable++) {
		f->first = *why;
		f->failed_line = (uint32_t)line;
	}
}

static void read_pumba(struct file *f, char *const *words, int line)
{
	struct fl_error err = {};

	if (is_question(words) || !import_pumba_words(f->im, words, &err))
		return;
	lose_command(f, line, "pumba", &err);
}

/* What was read for a variable is said: it may be set from outside as well. */
static void name_constants(struct file *f, int line)
{
	const char *name;
	json_t *value;

	json_object_foreach(f->used, name, value) {
		import_set_where(f->im, "line %d", line);
		import_lose(f->im, name, json_string_value(value),
			    "a variable: read as the one value that the script "
			    "gives it");
	}
}

/* --- a script --------------------------------------------------------------------------------- */

/* Options of `docker run` and `docker` that have no value; all others do. */
/* clang-format off */
static const char *const docker_flags[] = {
	"--detach", "--interactive", "--tty", "--rm", "--privileged", "--init", "--publish-all", "--read-only",
	"--no-healthcheck", "--oom-kill-disable", "--sig-proxy", "--disable-content-trust", "--quiet", "--debug",
	"--tls", "--tlsverify", "--remote", NULL,
};
/* clang-format on */

/* Behind the options at @w. */
static char **skip_options(char **w, const char *const *flags, const char *letters)
{
	for (; *w && (*w)[0] == '-' && (*w)[1]; w++) {
		bool is_long = (*w)[1] == '-';

		if (!strcmp(*w, "--"))
			return w + 1;
		if (strchr(*w, '=') || (is_long ? is_one_of(*w, flags) : !(*w)[1 + strspn(*w + 1, letters)]))
			continue;
		if (!is_long && (*w)[2] && !strchr(letters, (*w)[1]))
			continue; /* "-v/var/run:/var/run" */
		if (!w[1])
			return w + 1;
		w++;
	}
	return w;
}

/* Behind the image of `docker run ... IMAGE ...` when that is pumba's; else NULL. */
static char **pumba_of_docker(char **w)
{
	w = skip_options(w + 1, docker_flags, "D");
	if (*w && !strcmp(*w, "container"))
		w++;
	if (!*w || (strcmp(*w, "run") && strcmp(*w, "create")))
		return NULL;
	w = skip_options(w + 1, docker_flags, "ditPqD");
	return *w && is_pumba(*w) ? w + 1 : NULL;
}

/* Behind what runs another command: "sudo -E", "timeout 60", "nohup", "env A=b". */
static char **skip_runners(char **w)
{
	static const char *const runners[] = { "sudo", "exec", "nohup", "env",    "command", "timeout",
					       "nice", "time", "doas",  "stdbuf", "ionice",  NULL };
	static const char *const flags[] = { "--preserve-env",
					     "--foreground",
					     "--preserve-status",
					     "--non-interactive",
					     "--ignore-environment",
					     "--verbose",
					     NULL };
	bool timeout;

	for (;;) {
		while (*w && shell_is_assignment(*w))
			w++;
		if (!*w || !is_one_of(base_name(*w), runners))
			return w;
		timeout = !strcmp(base_name(*w), "timeout");
		w = skip_options(w + 1, flags, "EnHSibvp0");
		if (timeout && *w)
			w++;
	}
}

/* The text of `sh -c TEXT`; NULL: it is no shell. */
static const char *inner_script(char *const *w)
{
	static const char *const shells[] = { "sh", "bash", "dash", "ash", "zsh", "ksh", NULL };

	if (!strcmp(w[0], "eval"))
		return w[1];
	if (!is_one_of(base_name(w[0]), shells))
		return NULL;
	for (w++; *w && (*w)[0] == '-'; w++)
		if ((*w)[1] != '-' && strchr(*w, 'c'))
			return w[1];
	return NULL;
}

/* "pumba", or "$PUMBA_IMAGE" */
static bool may_be_pumba(const char *word)
{
	return is_pumba(word) || (!shell_is_known(word) && strcasestr(word, "pumba"));
}

/* pumba with one of its commands behind it, in a command that is read as none: "ssh HOST pumba kill web",
 * "docker run $IMAGE netem ...". */
static bool mentions_pumba(char *const *w)
{
	static const char *const commands[] = { "kill",    "netem", "iptables", "stop",   "pause",
						"restart", "rm",    "exec",     "stress", NULL };
	static const char *const own[] = { "netem", "iptables", "kill", "pause", "stress", NULL };
	static const char *const printers[] = { "echo",    "printf", "grep", "test",  "[", "[[",
						"apt-get", "apt",    "brew", "which", NULL };
	bool docker_run = !strcmp(base_name(*w), "docker") && w[1] && !strcmp(w[1], "run"), unknown = false;

	if (is_one_of(base_name(*w), printers))
		return false;
	for (; *w && !may_be_pumba(*w); w++) {
		if (docker_run && unknown && is_one_of(*w, own))
			return true;
		unknown |= !shell_is_known(*w);
	}
	for (; *w; w++)
		if (is_one_of(*w, commands))
			return true;
	return false;
}

static void use_constant(void *used, const char *name, const char *value)
{
	json_object_set_new(used, name, json_string(value));
}

/* The words with the script's constants filled in, in place. */
static void fill_in(struct file *f, char **words)
{
	json_decref(f->used);
	f->used = json_object();
	for (; *words; words++) {
		char *filled =
			shell_is_known(*words) ? NULL : shell_expand(f->constants, *words, use_constant, f->used);

		if (filled) {
			free(*words);
			*words = filled;
		}
	}
}

static int read_command(void *user, char **words, int line)
{
	static const char *const engines[] = { "docker", "podman", "nerdctl", NULL };
	struct file *f = user;
	struct fl_error err = {};
	const char *script;
	char **w, **of_docker;

	if (!words) {
		error_usage(&err, "not readable: a quote or a bracket is not closed");
		lose_command(f, line, "script", &err);
		return f->unreadable > SHELL_UNREADABLE_MAX
			       ? error_usage(f->err, "more than %d lines cannot be read", SHELL_UNREADABLE_MAX)
			       : 0;
	}
	fill_in(f, words);
	w = skip_runners(words);
	if (!*w)
		return 0;
	of_docker = is_one_of(base_name(*w), engines) ? pumba_of_docker(w) : NULL;
	script = inner_script(w);
	if (is_pumba(*w) || of_docker) {
		read_pumba(f, of_docker ? of_docker : w + 1, line);
		name_constants(f, line);
	} else if (script) {
		return shell_commands(script, line, read_command, f);
	} else if (mentions_pumba(w)) {
		shell_show(*w);
		error_usage(&err, "not read: pumba is, or may be, run by '%.60s'", *w);
		lose_command(f, line, "pumba", &err);
	}
	return f->im->failed ? -ENOMEM : 0;
}

/* --- Compose, Kubernetes ---------------------------------------------------------------------- */

/* "${NAME}" is filled in when the file is used, "$$" is one "$". */
static void mark_variables(char *s)
{
	char *to = s;

	for (; *s; s++) {
		bool twice = s[0] == '$' && s[1] == '$';

		s += twice;
		*to++ = !twice && s[0] == '$' &&
					(s[1] == '{' || s[1] == '(' || isalpha((unsigned char)s[1]) || s[1] == '_')
				? SHELL_UNKNOWN
				: *s;
	}
	*to = '\0';
}

/* A text is split as a shell would, a list is taken as it is. */
static int add_arguments(const json_t *v, char ***words, struct fl_error *err)
{
	const json_t *item;
	char **split = NULL, **w;
	size_t i;
	int r = 0;

	if (json_is_string(v))
		r = import_split(json_string_value(v), &split, err);
	for (w = split; !r && w && *w; w++)
		r = words_add(words, strdup(*w));
	words_free(split);
	json_array_foreach(v, i, item)
		if (!r && json_is_string(item))
			r = words_add(words, strdup(json_string_value(item)));
	for (w = *words; w && *w; w++)
		mark_variables(*w);
	return r;
}

static void read_container(struct file *f, const json_t *container)
{
	static const char *const keys[] = { "entrypoint", "command", "args" };
	struct fl_error err = {};
	char **words = NULL, **w, *none = NULL;
	size_t i;
	int r = 0;

	for (i = 0; !r && i < ARRAY_SIZE(keys); i++)
		r = add_arguments(json_object_get(container, keys[i]), &words, &err);
	if (r) {
		lose_command(f, 0, "command", &err);
	} else {
		w = words ? words : &none;
		read_pumba(f, *w && is_pumba(*w) ? w + 1 : w, 0);
	}
	words_free(words);
}

/* Every mapping with pumba's image, wherever it stands. */
static void walk(struct file *f, const json_t *v, int depth)
{
	const char *image = json_string_value(json_object_get(v, "image")), *key;
	const json_t *item;
	size_t i;

	if (depth > 50)
		return;
	if (image && is_pumba(image)) {
		read_container(f, v);
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)v, key, item)
		walk(f, item, depth + 1);
	json_array_foreach(v, i, item)
		walk(f, item, depth + 1);
}

/* A mapping of Compose or an object of Kubernetes; a script is no mapping. */
static bool is_container_file(const json_t *doc)
{
	return json_is_object(json_object_get(doc, "services")) || json_object_get(doc, "kind");
}

static bool read_document(struct file *f, const char *text, size_t len)
{
	json_t *doc = NULL;
	bool known;

	if (import_parse(f->im, text, len, &doc, NULL))
		return false;
	known = is_container_file(doc);
	if (known)
		walk(f, doc, 0);
	json_decref(doc);
	return known;
}

/* True: @text is such a file, by its first document, and was read. */
static bool read_yaml(struct file *f, const char *text, size_t len)
{
	const char *end = text + len, *begin = text, *next, *p;
	bool known = false;
	int line = 1;

	for (; text < end; text = next) {
		const char *body = text;

		next = import_document_end(text, end);
		if (next - text >= 3 && !memcmp(text, "---", 3))
			body += 3;
		if (!import_is_blank(body, next) && !read_document(f, body, (size_t)(next - body))) {
			struct fl_error err = {};

			if (!known)
				return false;
			for (line = 1, p = begin; p < text; p++)
				line += *p == '\n';
			error_usage(&err, "the document that begins here is neither of Compose nor of Kubernetes");
			lose_command(f, line, "document", &err);
		}
		known |= !import_is_blank(body, next);
	}
	return known;
}

int import_pumba(struct import *im, const char *text, size_t len, struct fl_error *err)
{
	struct file f = { .im = im, .err = err };
	int r = 0;

	if (memchr(text, '\0', len))
		return error_usage(err, "this is no text file: it has a NUL byte");
	if (!import_is_text(text, len))
		return error_usage(err, "this is no text in UTF-8");
	if (!read_yaml(&f, text, len)) {
		f.constants = shell_constants(text);
		r = shell_commands(text, 1, read_command, &f);
		json_decref(f.constants);
		json_decref(f.used);
	}
	if (r && !im->failed)
		return r;
	if (im->failed || im->n)
		return 0; /* the caller says what failed */
	if (f.unreadable) {
		*err = f.first;
		error_at(err, im->source, (int)f.failed_line, f.failed_line ? 1 : 0);
		return -EINVAL;
	}
	return im->n_losses ? error_usage(err, "nothing in it can be done by faultline: %s: %s", im->losses[0].path,
					  im->losses[0].why)
			    : error_usage(err, "no pumba command in it");
}
