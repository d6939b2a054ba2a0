/* SPDX-License-Identifier: GPL-2.0-only */
/* entry.h - between the parts of user/exercise/; nobody else includes it. */
#ifndef FL_EXERCISE_ENTRY_H
#define FL_EXERCISE_ENTRY_H

#include "suite/exercise/exercise.h"
#include "suite/exercise/names.h"

/* The fault that a command line would have made: command.c. */
struct command {
	const char *kind;     /* our name; NULL: no fault is read */
	json_t *params;       /* our names to what stood there */
	const char *duration; /* as it stood there, or NULL */
	const char *peer;     /* an address or a name, or NULL */
	char offset[40];
	char *text; /* behind the pointers */
};

/* Read @line. false: it is no command that makes a fault. Release with command_release(), whatever it returned. */
bool command_read(const char *line, struct command *ret);
void command_release(struct command *c);

/* A value of the file and where it stands. */
struct value {
	struct fy_node *node; /* NULL: the file does not say it */
	enum key_unit unit;   /* that its key ends in */
	enum place at;
	int line, column;
};

/* One experiment: what the file says (v), and what is made of it (the rest; owned). */
struct entry {
	struct value v[SLOTS];
	int line, column;
	int number;
	char *id, *name, *kind;
	char *action;           /* "loss" of "netem" */
	const char *in_words;   /* the kind that a phrase stands for */
	struct command command; /* its kind NULL: none is read */
	char **targets;         /* several, or one */
	char *peer;
	json_t *params; /* our names to texts */
	char *duration, *traffic, *window, *stage, *trigger, *method, *hypothesis, *steady;
	char **metrics, **aborts, **roots, **not_roots;
	bool must_detect;
	char *symptom, *reason;
};

/* A conversion under way. */
struct work {
	struct yaml *y;
	const struct fault_ops *const *table;
	struct exercise *out;
	struct value v[SLOTS]; /* of the file */
	struct entry *entries;
	size_t n;
	struct suite known;    /* targets only: what metric names are resolved against */
	const char **services; /* NULL-terminated */
	size_t n_services;
	bool clean, failed;
};

/*
 * Record a finding at @at (NULL: at the entry; @x NULL: of the file). @kind NOTE: something is left out or read
 * in one of several ways; INVENTED: the file does not say it; WRONG: it cannot be used.
 */
enum note_kind { NOTE, INVENTED, WRONG };
void work_note(struct work *w, const struct entry *x, const struct value *at, enum note_kind kind, const char *rule,
	       const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* --- node.c: values ------------------------------------------------------------------------------ */

bool node_is_mapping(struct fy_node *node);
bool node_is_list_of_mappings(struct fy_node *node);
/* Text of a scalar, or of a list with @between; NULL: there is none, or null, or another shape. */
char *value_text(const struct work *w, const struct value *v, const char *between);
char *node_text(const struct work *w, struct fy_node *node, const char *between);
/* Key and value of the next pair, through "<<"; false at the end. */
typedef void (*pair_visit)(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *value, void *arg);
void node_each_pair(struct work *w, struct fy_node *map, pair_visit visit, void *arg);
void value_place(struct value *v, struct fy_node *key, struct fy_node *node, enum key_unit unit);
/* "TODO", "<service>", "???": what the template wants filled in. */
bool text_is_placeholder(const char *text);
/* That, or null, "", "none", "n/a"... */
bool text_says_nothing(const char *text);

/* "tc qdisc add ...": of a text, of its words, or of a mapping {tool, cmd}; the caller's to free. */
char *command_line(struct work *w, struct fy_node *node);

/* --- read.c: what the file says --------------------------------------------------------------- */

/* The entries, each key in its slot. -EINVAL: there are none. */
int work_read(struct work *w);
/* One parameter, by whatever name. */
void param_take(struct work *w, struct entry *x, const char *key, struct fy_node *key_node, struct fy_node *node);

/* --- wrap.c: where the entries are ------------------------------------------------------------- */

/* What is inside of `experiment: {...}`, or @node. */
struct fy_node *wrap_unwrapped(struct fy_node *node);
/* Has it two of what only an entry has: a fault, a target, a hypothesis, a section of one? */
bool wrap_is_entry(struct fy_node *node);
/* An entry below its name: `payment_latency: {...}`, and nothing beside it? */
bool wrap_is_named(struct fy_node *node);
/* Is one of its values such an entry, or a list with one in it? */
bool wrap_has_entries(struct fy_node *node);
/* No mapping, or one with a key of our own form at the top, maybe with a letter wrong. */
bool wrap_may_be_ours(struct fy_node *node);
/* A section in which, maybe in a section of it, stands `experiments:`. */
bool wrap_holds(struct fy_node *node);

/* --- foreign.c: what has no entries in it ------------------------------------------------------- */

/* Refuse what is neither YAML nor JSON with what to do about it. 0: it may be either. */
int foreign_refuse(const char *name, const char *text, size_t len, struct fl_error *err);
/* What is no YAML, where no better advice is known; always -EINVAL. */
int foreign_hint(struct fl_error *err);
/* A list of lists? */
bool foreign_is_rows(struct fy_node *node);
/* Rows and columns, which no key goes with? */
bool foreign_is_table(struct fy_node *root);
/* There are no entries: what it looks like, and what to write. Always -EINVAL. */
int foreign_no_entries(struct yaml *y);

/* --- params.c, truth.c, complete.c ------------------------------------------------------------ */

/* --- condition.c: prose, lists and mappings as one text; the caller's to free ------------------- */

/* "a OR b" of a list, "metric op value for time" of a mapping; NULL: nothing. */
char *condition_text(struct work *w, struct fy_node *node);
/* Its parts, a line each. */
char *prose_text(struct work *w, struct fy_node *node);
/* "60 seconds" of {value: 60, unit: seconds}, "100% synthetic" of {percent: 100, type: synthetic}. */
char *quantity_text(struct work *w, struct fy_node *node);
/* The first time with a unit in a text: "1 instance, 60s" -> "60s"; NULL: none. */
char *time_in(const char *text);

/* "60", 60 with a unit of its key, "1m", "60 giây" -> "60s"; NULL: no duration. */
char *duration_of(const char *text, enum key_unit unit, enum key_unit bare);

/* Kind, targets and peer. */
void entry_fault(struct work *w, struct entry *x);
void entry_params(struct work *w, struct entry *x);
void entry_truth(struct work *w, struct entry *x);
/* Hypothesis, trigger, metrics, abort conditions: needs the services of all entries. */
void entry_measure(struct work *w, struct entry *x);
/* Duration, traffic, window, rollback, name. */
void entry_plain(struct work *w, struct entry *x);

/* Every value that is invented comes out of these. */
/* The kind that a phrase such as "độ trễ mạng" stands for; NULL: none, or it is a kind itself. */
const char *kind_in_words(const struct work *w, const char *said);
void invent_kind(struct work *w, struct entry *x);
void invent_target(struct work *w, struct entry *x);
void invent_peer(struct work *w, struct entry *x);
void invent_params(struct work *w, struct entry *x);
void invent_name(struct work *w, struct entry *x);
void invent_duration(struct work *w, struct entry *x, const char *why);
void invent_traffic(struct work *w, struct entry *x);
void invent_window(struct work *w, struct entry *x, const char *why);
void invent_trigger(struct work *w, struct entry *x, const char *why);
void invent_method(struct work *w, struct entry *x);
void invent_automatic(struct work *w, struct entry *x, const char *why);
void invent_hypothesis(struct work *w, struct entry *x, const char *why);
void invent_metrics(struct work *w, struct entry *x);
void invent_truth(struct work *w, struct entry *x);
const char *invent_probe(struct work *w);
const char *invent_pipeline(struct work *w);

/* --- targets.c: the services of a Prometheus configuration ------------------------------------- */

void targets_read(const char *text, size_t len, char ***list);
/* Of the one beside the experiment file, when there is one. */
void targets_beside(const char *file, char ***list);

/* --- write.c ---------------------------------------------------------------------------------- */

void work_write(struct work *w);

#endif
