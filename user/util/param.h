/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * param.h - typed parameters. One table feeds the YAML loader, the command line, --help, the man
 * page and schema.json, so that a parameter means the same everywhere.
 */
#ifndef FL_PARAM_H
#define FL_PARAM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

enum param_type {
	PARAM_DURATION, /* u64 ns */
	PARAM_OFFSET,   /* i64 ns, signed */
	PARAM_PERCENT,  /* u64 parts per million */
	PARAM_RATE,     /* u64 bit/s */
	PARAM_BYTES,    /* u64 bytes */
	PARAM_INT,      /* i64 */
	PARAM_BOOL,     /* u64 0/1 */
	PARAM_ENUM,     /* u64: index in choices */
	PARAM_STRING,   /* text */
	PARAM_PEERS,    /* text: comma-separated service names, CIDRs, addresses */
	PARAM_PORTS,    /* text: "8080" or "8000-8100" */
	PARAM_RANGE,    /* text: "64" or "64-128", from min to max */
};

/* A PARAM_PORTS or PARAM_RANGE. Not set: from its least to its most. */
struct param_range {
	bool set;
	int64_t from, to;
};

/* A value that may well be 0 when it is set. */
struct param_optional {
	bool set;
	union {
		uint64_t u64;
		int64_t i64;
	};
};

/* The type of the member that a value goes to; an enum is a uint32_t. */
enum param_field {
	PARAM_FIELD_NONE,
	PARAM_FIELD_BOOL,
	PARAM_FIELD_U16,
	PARAM_FIELD_U32,
	PARAM_FIELD_U64,
	PARAM_FIELD_I64,
	PARAM_FIELD_TEXT, /* as written; not owned, valid until the parameter is set anew */
	PARAM_FIELD_RANGE,
	PARAM_FIELD_OPTIONAL,
};

struct param {
	const char *name; /* as in YAML and, with -- before it, on the command line: "max-hits" */
	enum param_type type;
	const char *def;            /* default as text; NULL: unset; "!" : must be given */
	const char *help;           /* one line, no final dot */
	int64_t min, max;           /* PARAM_INT, PARAM_RANGE */
	const char *const *choices; /* PARAM_ENUM, NULL-terminated */
	bool live;                  /* `set` may change it while the fault is on */
	const char *from, *to;      /* the sizes that a sweep tries unless it is told others; NULL: it is no size */

	/* Where the value goes: PARAM_FIELD(). */
	enum param_field field;
	uint16_t at, size; /* of the member in its struct; of the struct */
};

/*
 * Binds a row to a member of the struct that the code reads:
 *
 *	struct latency {
 *		uint64_t delay_ns;
 *		uint32_t percent_ppm;
 *	};
 *	{ .name = "delay", .type = PARAM_DURATION, PARAM_FIELD(struct latency, delay_ns), ... },
 *
 * params->own is then a struct latency that always holds what is set (0 and NULL: nothing), params->common the same
 * for the table that a family shares. Tables whose rows come from several places may bind to several structs, if
 * these begin alike. A member of any other type does not compile; tests/unit/test_kinds.c holds the rows of all kinds
 * to a member that has room for what they may be.
 */
#define PARAM_FIELD(type_, member) \
	.field = _Generic(((type_ *)NULL)->member,             \
			  bool: PARAM_FIELD_BOOL,              \
			  uint16_t: PARAM_FIELD_U16,           \
			  uint32_t: PARAM_FIELD_U32,           \
			  uint64_t: PARAM_FIELD_U64,           \
			  int64_t: PARAM_FIELD_I64,            \
			  const char *: PARAM_FIELD_TEXT,      \
			  struct param_range: PARAM_FIELD_RANGE, \
			  struct param_optional: PARAM_FIELD_OPTIONAL), \
	.at = offsetof(type_, member), .size = sizeof(type_)

struct schedule; /* util/schedule/schedule.h */

struct param_value {
	const struct param *param;
	bool given; /* by the user; otherwise the default */
	bool set;   /* has a value at all */
	union {
		uint64_t u64;
		int64_t i64;
		struct param_range range;
	};
	char *text;                /* as written (or the default's text); owned. Of a schedule what it is now */
	struct schedule *schedule; /* that the value follows; owned; NULL: it stays as it is */
};

/* The values of one fault: one slot for each parameter of its tables, and the structs that they are bound to. */
struct params {
	uint32_t n, n_own; /* of all slots; of the first of them, which are of its own table */
	struct param_value *v;
	void *own, *common; /* owned; NULL where the table binds nothing */
	const char *dir;    /* where params_set() looks for files of schedules; borrowed. NULL: wherever they say */
};

/* Make the slots of up to two tables (each ends with a NULL name; either may be NULL), filled
 * with the defaults. */
int params_init(struct params *p, const struct param *own, const struct param *common, struct fl_error *err);
void params_free(struct params *p);
int params_copy(struct params *dst, const struct params *src, struct fl_error *err);

/* Set one by name from text. An unknown name is an error with the nearest known one. '-' and '_'
 * are the same in names. A number that `set` may change may be a schedule (schedule.h); it is then what it begins with. */
int params_set(struct params *p, const char *name, const char *text, struct fl_error *err);

/* Error when a "must be given" is not set. @what begins the message ("latency"). */
int params_complete(const struct params *p, const char *what, struct fl_error *err);

/* By name; NULL: these tables have no such parameter. */
const struct param_value *params_find(const struct params *p, const char *name);

/*
 * Look-ups by name, for code that is about parameters of any kind. Asking for a name that is in no table is a
 * programming error (assert). A kind reads the members that its rows are bound to instead.
 */
const struct param_value *params_get(const struct params *p, const char *name);
bool params_has(const struct params *p, const char *name);         /* has a value */
const char *params_text(const struct params *p, const char *name); /* NULL when unset */

/* {"delay": "200ms", ...}: those that have a value, as text; a schedule in one word. New reference. */
json_t *params_json(const struct params *p);
/* The same with what each is now. */
json_t *params_now_json(const struct params *p);

/* --- schedules ---------------------------------------------------------------------------------- */

/* Is it a number, and so one that can be given by a schedule if it is live? */
bool param_is_number(const struct param *p);
/* A value of such a parameter as a whole number of its unit (ns, ppm, bit/s, bytes, 1), and back. */
int param_number(const struct param *p, const char *text, int64_t *ret, struct fl_error *err);
char *param_number_text(const struct param *p, int64_t value, char *buf, size_t size);

/* The number that is in a slot. */
int64_t param_value_number(const struct param_value *v);
/* Put one there; a schedule of it goes on. -ENOMEM. */
int params_put_number(struct params *p, uint32_t slot, int64_t value);

/* How many parameters follow a schedule. */
uint32_t params_scheduled(const struct params *p);

/*
 * Have @check judge @p: as it is, or, where schedules move it, with every one of them at its least and its greatest.
 * The error says at which values.
 */
int params_check_range(const struct params *p, int (*check)(const struct params *p, void *ctx, struct fl_error *err),
		       void *ctx, struct fl_error *err);

#endif
