// SPDX-License-Identifier: GPL-2.0-only
/*
 * jvm.c - jvm_exception: a method of a Java virtual machine throws instead of doing its work.
 *
 * The kernel cannot do that: it takes a rule in the JVM's own bytecode agent, Byteman, and faultline
 * installs nothing in a target. Where a target brings the agent (its jar is open in the process), the
 * rule is given to it on activation and taken back at the end, by the journal when the owner dies.
 * Elsewhere the kind is listed as unsupported, with that reason; `syscall_error` and `crash` are what
 * the kernel can do to a JVM.
 *
 * Limits: every call throws. The agent tells that a rule has been triggered, not how often; so a hit
 * is a method that threw at least once, at the time it was first known. Byteman checks a rule when it
 * is triggered first: an exception that the method may not throw is found out only then, and does
 * nothing; the effect says so.
 */
#include <errno.h>
#include <string.h>

#include "bpf/abi/abi.h"
#include "fault/state/byteman.h"
#include "fault/fault.h"
#include "session/journal.h"
#include "target/process/process.h"
#include "session/session.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

#define REASON     "no Byteman agent installed in the target"
#define LOOK_MS    300 /* from the owner's loop, which must not be away for long */
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.$"

struct jvm_exception_params {
	const char *class, *method, *exception;
	uint16_t agent_port;
};

/* clang-format off */
#define FIELD(member) PARAM_FIELD(struct jvm_exception_params, member)

static const struct param params[] = {
	{ FIELD(class), .name = "class", .type = PARAM_STRING, .def = "!", .help = "fully qualified class" },
	{ FIELD(method), .name = "method", .type = PARAM_STRING, .def = "!",
	  .help = "method that throws: its name, or with the types, work(int)" },
	{ FIELD(exception), .name = "exception", .type = PARAM_STRING, .def = "java.lang.RuntimeException",
	  .help = "what it throws; it must take a text and be one that the method may throw" },
	{ FIELD(agent_port), .name = "agent-port", .type = PARAM_INT, .def = "9091", .min = 1, .max = 65535,
	  .help = "where the agent listens in the target" },
	{}
};
/* clang-format on */

/* One JVM of the target. */
struct unit {
	struct process_id id;
	unsigned int entry; /* in the journal; 0: no rule there */
	uint32_t thrown;    /* methods known to have thrown */
};

struct jvm_state {
	char *script;
	char remark[256];
	uint64_t first_ns, last_ns;
	uint32_t n;
	struct unit units[TARGET_MAX_PIDS];
};

static void supported(struct fault_support *ret)
{
	*ret = (struct fault_support){ .supported = byteman_anywhere(), .backend = "byteman" };
	if (!ret->supported)
		text_copy(ret->reason, sizeof(ret->reason), REASON);
}

/* Each goes into a line of the rule: nothing that could end it. */
static int check_name(const char *name, const char *text, const char *more, struct fl_error *err)
{
	size_t good = strspn(text, NAME_CHARS);

	while (text[good] && strchr(more, text[good]))
		good += 1 + strspn(text + good + 1, NAME_CHARS);
	return *text && !text[good] ? 0 : error_usage(err, "jvm_exception: %s '%.80s' is none in Java", name, text);
}

static int validate(const struct params *p, struct fl_error *err)
{
	const struct jvm_exception_params *own = p->own;

	return check_name("class", own->class, "", err) ?: check_name("method", own->method, "<>(),[] ", err) ?:
	       check_name("exception", own->exception, "", err);
}

static char *make_script(const struct fault *f)
{
	const struct jvm_exception_params *p = f->params.own;

	return text_format("RULE faultline %s\nCLASS %s\nMETHOD %s\nAT ENTRY\n"
			   "IF TRUE\nDO throw new %s(\"injected by faultline\")\nENDRULE\n",
			   f->id, p->class, p->method, p->exception);
}

static uint16_t port_of(const struct fault *f)
{
	const struct jvm_exception_params *p = f->params.own;

	return p->agent_port;
}

/* Find the JVMs of @t that have the agent, and hear that it answers. */
static int find_agents(struct fault *f, const struct target *t, struct fl_error *err)
{
	_cleanup_free_ struct process_id *ids = NULL;
	struct jvm_state *s = f->priv;
	uint32_t before = s->n, n, i;
	int r = process_list(t, &ids, &n, err);

	for (i = 0; !r && i < n && s->n < TARGET_MAX_PIDS; i++) {
		struct process_id id = ids[i];

		if (!byteman_loaded(id.pid))
			continue;
		r = byteman_ask(id, port_of(f), BYTEMAN_PATIENT_MS, "VERSION\n", NULL, err);
		if (!r)
			s->units[s->n++] = (struct unit){ .id = id };
	}
	if (r || s->n > before)
		return r;
	error_env(err, ENOTSUP, "jvm_exception on %s: " REASON, t->name);
	error_hint(err, "start its JVM with -javaagent:byteman.jar=listener:true; crash, syscall_error "
			"and http_error need no agent");
	return -ENOTSUP;
}

static int arm(struct fault *f, struct fl_error *err)
{
	struct jvm_state *s = calloc(1, sizeof(*s));
	uint32_t i;
	int r = 0;

	f->priv = s;
	if (!s || !(s->script = make_script(f)))
		return error_sys(err, ENOMEM, "jvm_exception: out of memory");
	text_copy(f->backend, sizeof(f->backend), "byteman");
	for (i = 0; !r && i < f->n_targets; i++)
		r = find_agents(f, &f->targets[i], err);
	return r;
}

static int load(struct fault *f, struct unit *u, struct fl_error *err)
{
	struct jvm_state *s = f->priv;
	_cleanup_free_ char *request = byteman_request("LOAD", s->script), *answer = NULL;
	int r;

	if (!request)
		return error_sys(err, ENOMEM, "jvm_exception: out of memory");
	r = journal_add(f->session->journal, "byteman-delete",
			json_pack("{s:i, s:I, s:i, s:s}", "pid", (int)u->id.pid, "start", (json_int_t)u->id.start,
				  "port", (int)port_of(f), "script", s->script),
			&u->entry, err);
	if (!r)
		r = byteman_ask(u->id, port_of(f), BYTEMAN_PATIENT_MS, request, &answer, err);
	if (!r && (!strncmp(answer, "ERROR", 5) || !strncmp(answer, "EXCEPTION", 9)))
		r = error_env(err, EPROTO, "the Byteman agent of process %d refused: %.200s", (int)u->id.pid, answer);
	return r;
}

/* Byteman's word why the rule does nothing, one line of its report. */
static void note_failure(struct jvm_state *s, const char *report)
{
	static const char mark[] = "TypeException: ";
	const char *why = strstr(report, mark);

	if (strstr(report, "\nfailed to compile") && why) {
		text_copy(s->remark, sizeof(s->remark), why + sizeof(mark) - 1);
		s->remark[strcspn(s->remark, "\n")] = '\0';
	}
}

/* The agent's list tells of each trigger method whether its rule was compiled, which it is when the
 * method is called first. */
static void look(struct fault *f, struct unit *u)
{
	struct jvm_state *s = f->priv;
	_cleanup_free_ char *list = NULL, *mark = text_format("RULE faultline %s\n", f->id);
	char *p, *end;
	uint32_t n = 0;

	if (!u->entry || u->thrown || !mark || byteman_ask(u->id, port_of(f), LOOK_MS, "LIST\n", &list, NULL))
		return;
	p = strstr(list, mark);
	end = p ? strstr(p, "\n# File") : NULL;
	if (end)
		*end = '\0';
	if (p)
		note_failure(s, p);
	for (; p && (p = strstr(p, "\ncompiled successfully")); p++)
		n++;
	u->thrown = n;
	if (n)
		s->last_ns = clock_mono_ns();
	s->first_ns = s->first_ns ? s->first_ns : s->last_ns;
}

static int activate(struct fault *f, bool on, struct fl_error *err)
{
	struct jvm_state *s = f->priv;
	uint32_t i;
	int r = 0, r2;

	for (i = 0; i < s->n; i++) {
		if (!on)
			look(f, &s->units[i]);
		r2 = on ? load(f, &s->units[i], err)
			: journal_settle(f->session->journal, &s->units[i].entry, s->remark, sizeof(s->remark),
					 r ? NULL : err);
		r = r ? r : r2;
		if (on && r)
			break;
	}
	return r;
}

static int proof(struct fault *f, struct fault_proof *ret, struct fl_error *err)
{
	const struct jvm_exception_params *p = f->params.own;
	struct jvm_state *s = f->priv;
	struct fl_proof sum = {};
	uint32_t i;

	(void)err;
	for (i = 0; i < s->n; i++) {
		look(f, &s->units[i]);
		sum.matched += s->units[i].thrown;
	}
	sum.injected = sum.matched;
	sum.first_hit_ns = s->first_ns;
	sum.last_hit_ns = s->last_ns;
	fault_proof_from(ret, &sum);
	if (s->remark[0])
		text_copy(ret->effect, sizeof(ret->effect), s->remark);
	else
		snprintf(ret->effect, sizeof(ret->effect), "%s.%s in %u JVM%s: %s", p->class, p->method, s->n,
			 s->n == 1 ? "" : "s", sum.matched ? "has thrown" : "not called");
	return 0;
}

static int disarm(struct fault *f, struct fl_error *err)
{
	struct jvm_state *s = f->priv;
	int r;

	if (!s)
		return 0;
	r = activate(f, false, err);
	if (r)
		return r;
	free(s->script);
	free(s);
	f->priv = NULL;
	return 0;
}

const struct fault_ops fault_jvm_exception = {
	.name = "jvm_exception",
	.summary = "Throw an exception in a method of a JVM (needs a Byteman agent in it)",
	.class = FAULT_APPLICATION,
	.params = params,
	.need_process = true,
	.supported = supported,
	.validate = validate,
	.arm = arm,
	.activate = activate,
	.proof = proof,
	.disarm = disarm,
};
