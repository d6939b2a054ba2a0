/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sweep.h - from which size on users feel a fault, from which on the pipeline reports it, and what lies between:
 * which size to try next, when that is enough, and what the trials say (docs/sweep.md). Pure: the trials are
 * carried out by others.
 */
#ifndef FL_SWEEP_H
#define FL_SWEEP_H

#include <jansson.h>

#include "score/sweep/psychometric.h"
#include "util/param.h"
#include "util/text/text.h"

struct quest;

/* One curve each. */
enum sweep_curve {
	SWEEP_FELT,     /* users felt it (measure/visible/felt.h) */
	SWEEP_REPORTED, /* the pipeline reported it */
	SWEEP_ROOT,     /* ... and named the right root */
	SWEEP_CURVES,
};

enum sweep_answer { ANSWER_NO, ANSWER_YES, ANSWER_UNKNOWN };

struct sweep_trial {
	char id[80];   /* its entry of chaos_results.json */
	char text[32]; /* the size as it was set: "62ms" */
	double size;   /* 0: a catch trial */
	enum sweep_answer answer[SWEEP_CURVES];
	char note[160]; /* why it does not count, or "" */
	bool counts;
};

enum limit_state {
	LIMIT_UNTESTED, /* no trial had an answer */
	LIMIT_NOISY,    /* answers without a fault as often as not */
	LIMIT_BELOW,    /* noticed in the whole range */
	LIMIT_ABOVE,    /* not noticed in the range */
	LIMIT_FOUND,    /* the 95 % interval lies within the range */
	LIMIT_OPEN,     /* not yet */
};

/* What is known of one curve. */
struct limit {
	enum limit_state state;
	uint32_t n, yes, n_catch, catch_yes; /* trials with an answer; the catch trials among them */
	struct psy fit;
	struct psy_range interval;  /* 95 %, of the posterior */
	struct psy_range bootstrap; /* 95 %, NaN before the end */
	bool precise;               /* narrower than asked */
};

/* What the size is: a parameter of the fault, in its own unit. */
struct sweep_size {
	char param[32];
	enum param_type type;
	bool falling;           /* the smaller the value, the larger the fault (a rate) */
	bool negative;          /* an offset into the past */
	struct psy_range range; /* as values, from < to */
};

struct sweep {
	struct sweep_size size;
	struct psy_range range; /* as sizes: values, or one over them */
	double precision;       /* 0.2: the interval ends 20 % above and below */
	uint64_t seed, random;
	bool asks_pipeline, asks_roots;
	struct quest *quest[SWEEP_CURVES];
	struct sweep_trial *trials;
	uint32_t n, room, block_catch;
};

/* -EINVAL: the range is none; -ENOMEM. *s is released with sweep_free(), also after an error. */
int sweep_init(struct sweep *s, const struct sweep_size *size, double precision, uint64_t seed, bool asks_pipeline,
	       bool asks_roots);
void sweep_free(struct sweep *s);

/* The next trial: size and text. False: every curve is as well known as was asked for. */
bool sweep_next(struct sweep *s, struct sweep_trial *ret);

/* It was carried out. -ENOMEM. */
int sweep_take(struct sweep *s, const struct sweep_trial *trial);

/* What is known of @curve; @bootstrap: with that interval, which takes a second of CPU. */
void sweep_limit(const struct sweep *s, enum sweep_curve curve, bool bootstrap, struct limit *ret);

/* Which curves decide when it is enough. */
bool sweep_asks(const struct sweep *s, enum sweep_curve curve);

/* What lies between two curves. */
enum band_state {
	BAND_UNKNOWN,    /* one of the two is not known */
	BAND_BLIND,      /* felt before it is reported, by a factor (found for both) */
	BAND_OPEN_ENDED, /* felt, and not reported in the range; or felt in the whole range and reported from a size on */
	BAND_NONE,       /* reported before it is felt */
	BAND_EVEN,       /* no difference can be told */
	BAND_OUTSIDE,    /* both notice all of the range, or neither notices any of it */
};

struct band {
	enum band_state state;
	double factor; /* NaN: none */
	struct psy_range interval;
};

void sweep_band(const struct sweep *s, const struct limit *felt, const struct limit *reported, struct band *ret);

/* Do the answers depend on the trials before? A likelihood ratio test of one threshold against two: another one where one of
 * the CARRY_LOOK trials before was larger. */
#define CARRY_LOOK 3
#define CARRY_TOLD 0.01 /* the p value below which it is told */
struct carry {
	double p;      /* NaN: too few trials of either sort */
	double factor; /* of the threshold, behind a larger trial */
	uint32_t n;    /* trials behind a larger one */
};

void sweep_carry(const struct sweep *s, enum sweep_curve curve, struct carry *ret);

/* A sentence where one of the curves depends on the trials before; nothing is appended where none does. */
void sweep_carry_sentence(const struct sweep *s, struct text *out);

/* sweep_words.c */

/* What can be set: a size of three digits, and whole where the parameter is. */
double sweep_size_round(const struct sweep_size *z, double size);
/* "62ms", as it is given to the fault and told to people; size 0 is "none". Returns @buf. */
const char *sweep_size_text(const struct sweep_size *z, double size, char *buf, size_t len);

/* One sentence with what was found, @name being the experiment's. */
void sweep_sentence(const struct sweep *s, const struct limit limits[SWEEP_CURVES], const char *name, struct text *out);

/* The threshold that is told of one that was found. */
double limit_at(const struct limit *l);

const char *limit_state_text(enum limit_state state);
const char *band_state_text(enum band_state state);
const char *sweep_curve_text(enum sweep_curve curve);

/* sweep_json.c: curves, band, trials and the sentence; new reference. */
json_t *sweep_json(const struct sweep *s, const char *name, bool bootstrap);

/* sweep_read.c: the same trials once more. -EINVAL: it is no such thing; -ENOMEM. Released as sweep_init() says. */
int sweep_from_json(const json_t *o, struct sweep *ret);
const char *sweep_type_text(enum param_type type);

#endif
