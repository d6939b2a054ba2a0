/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plan.h - from what runs here to a suite for it: which faults make sense on which service and edge of a measured
 * stack, what each of them should leave intact, in which order they are worth running.
 *
 *     plan_measure()   what the kernel's meter saw           -> facts       pure
 *     plan_look()      processes, volumes, supervisors       -> facts       asks the host, touches nothing
 *     plan_choose()    facts                                 -> candidates  pure
 *     plan_refuse()    candidates that this host cannot do   -> refused     asks the host, touches nothing
 *     plan_select()    what is written, in its order                        pure
 *     plan_write()     the suite, with comments                             pure
 */
#ifndef FL_PLAN_H
#define FL_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "measure/meter/meter.h"
#include "util/error.h"
#include "util/text/text.h"

#define PLAN_NAME_MAX 64
#define PLAN_VOLUMES  4
#define PLAN_PARAMS   5
/* Experiments of one file: the loader takes 10,000 values, and each has about 40. */
#define PLAN_MAX 150

struct plan_figures {
	uint64_t tries, errors;
	double rate, error_rate, p99_s; /* NaN: not known */
	uint32_t protocols;             /* bits 1 << enum meter_protocol */
	uint16_t port;                  /* 0: several, or unknown */
};

struct plan_service {
	char name[PLAN_NAME_MAX]; /* what it is called in the suite */
	char spec[256];           /* how it is found; empty: by its name, a service of the lab */
	bool has_process;
	bool restarts;        /* somebody would start it again */
	bool docker_resolver; /* asks Docker's own, inside its network namespace, where nothing is measured */
	bool tokens;          /* it was asked for something that has to do with logins or tokens */
	char volumes[PLAN_VOLUMES][128]; /* mount points of file systems that the host does not have there */
	uint32_t n_volumes;
	char not_measured[200];     /* why; empty: it is measured */
	bool missing;               /* nothing that is called so runs here */
	struct plan_figures served; /* what it answered, over all clients */
};

/* Who asked whom; 0 is everybody who is not measured ("outside"). Figures as the client saw them, where it is measured. */
struct plan_edge {
	uint32_t client, server;
	struct plan_figures seen;
};

struct plan_facts {
	uint32_t n; /* with number 0, "outside" */
	struct plan_service *services;
	uint32_t n_edges;
	struct plan_edge *edges;
	double seconds;   /* how long was looked */
	char *note;       /* whom the plan leaves out, to be told; or NULL */
	char *unmeasured; /* why nothing could be measured at all; NULL: it could */
	bool lab;         /* some are the embedded lab's */
	/* The external probe, asked while the traffic was watched. */
	char *probe_url; /* NULL: none */
	uint32_t probe_tries, probe_passed;
	double probe_slowest_s;
	json_t *unsupported; /* kind -> why it cannot be done on this host */
};

struct plan_param {
	const char *name;
	char value[128];
};

struct plan_fault {
	const char *kind;
	uint32_t target, peer; /* peer 0: none */
	struct plan_param params[PLAN_PARAMS];
	uint32_t n_params;
	uint64_t offset_ns;
};

struct plan_rule;

struct plan_experiment {
	char name[2 * PLAN_NAME_MAX + 64];
	const struct plan_rule *rule; /* of its first fault */
	struct plan_fault faults[2];
	uint32_t n_faults;
	char why[400]; /* what was seen that makes it worth trying */
	char hypothesis[700];
	bool measured; /* its numbers came out of a measurement */
	char trigger[256], abort[256];
	char metrics[3][160]; /* empty: none */
	uint32_t roots[2];
	uint32_t n_roots;
	double worth;
	char *refused; /* by this host, or because nobody would see it; NULL: not */
	bool chosen;
};

struct plan_options {
	uint64_t duration_ns, baseline_ns, cooldown_ns, grace_ns;
	uint64_t budget_ns;                 /* of the whole run; 0: until everything is covered, 10 minutes at least */
	bool all;                           /* every candidate */
	const char *pipeline_url, *adapter; /* NULL: none given */
	const char *pipeline_said;          /* what it answered; NULL */
	const char *title, *made;           /* the suite's name; when and on which kernel */
};

struct plan {
	struct plan_facts facts;
	struct plan_options options;
	struct plan_experiment *v; /* candidates; once selected, in their order, chosen ones first */
	uint32_t n, n_chosen;
	json_t *omissions; /* [{"kind", "why", "instead"}]: kinds that have no candidate */
	bool failed;       /* out of memory */
};

void plan_free(struct plan *p);

/* names.c: give each of @specs (NULL-terminated) a name of its own. A spec without a colon is its own name. */
int plan_name_services(struct plan_facts *f, char *const *specs, struct fl_error *err);

/* facts.c: @d is the difference of two readings of a meter that measured the services by their names. */
int plan_measure(struct plan_facts *f, const struct meter_snapshot *d, double seconds, struct fl_error *err);

/* Services that depend on @i: call it, directly or through others; itself included. @ret has room for f->n. */
void plan_dependents(const struct plan_facts *f, uint32_t i, bool *ret);
/* Was anything asked of anybody? */
bool plan_has_traffic(const struct plan_facts *f);

/* view.c: where users, or who is nearest to them, would notice a fault on @target (from @client's side, 0: anybody's). */
struct plan_view {
	char latency[160], errors[160]; /* metrics */
	char words[160];                /* "what frontend answers" */
	struct plan_figures base;
};
/* @packets: the fault acts on packets, which the target's own figures do not show. False: nobody would see it. */
bool plan_find_view(const struct plan_facts *f, uint32_t target, uint32_t client, bool packets, struct plan_view *ret);

/* choose.c: p->facts and p->options are set. */
int plan_choose(struct plan *p, struct fl_error *err);
/* order.c: those that are not refused, by worth, until the budget is spent or everything is covered. */
void plan_select(struct plan *p);
/* How long the first @n of them take. */
double plan_seconds(const struct plan *p, uint32_t n);
/* One after another: what one experiment takes. */
double plan_seconds_each(const struct plan *p);

/* write.c */
/* "84 s", "34 min" */
void plan_put_duration(struct text *out, double s);
int plan_write(const struct plan *p, struct text *out, struct fl_error *err);

/* host.c: the rest of the facts, and what this host refuses. */
int plan_look(struct plan_facts *f, struct fl_error *err);
int plan_refuse(struct plan *p, const struct meter_snapshot *seen, struct fl_error *err);

/* found.c: who is there. Specs of all services that run here; of a Compose project or file; *ret is released with words_free().
 * *ret_note: who is left out (an engine that does not answer, services of the file that do not run), the caller's to
 * free; NULL: nobody. */
int plan_find_all(char ***ret, char **ret_note, struct fl_error *err);
int plan_find_project(const char *project, char ***ret, struct fl_error *err);
int plan_find_compose(const char *path, const char *project, char ***ret, char **ret_note, struct fl_error *err);
/* What a word of the command line means as a spec: itself, or how the service of that name is found. */
char *plan_find_one(const char *word, struct fl_error *err);

#endif
