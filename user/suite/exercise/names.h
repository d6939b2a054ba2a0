/* SPDX-License-Identifier: GPL-2.0-only */
/* names.h - what the keys, kinds and parameters of the exercise's files are called. See names.c. */
#ifndef FL_EXERCISE_NAMES_H
#define FL_EXERCISE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* Where a key may stand. */
enum place {
	AT_ENTRY = 1,
	AT_BLAST = 2,
	AT_ROLLBACK = 4,
	AT_MEASURE = 8,
	AT_TRUTH = 16,
	AT_FAULT = 32, /* a mapping under `fault:` */
	AT_ROOT = 64,
	AT_COMMAND = 128, /* a mapping under `inject:` */
};

/* What a key means, wherever it stands. */
enum slot {
	SLOT_NONE, /* in no table */
	SLOT_ID,
	SLOT_NAME,
	SLOT_DESCRIPTION,
	SLOT_TAGS,
	SLOT_HYPOTHESIS,
	SLOT_STEADY,
	SLOT_FAULT,
	SLOT_TRUTH_FAULT,
	SLOT_CLASS,
	SLOT_PARAMS,
	SLOT_COMMAND,
	SLOT_ACTION,
	SLOT_FAULTS,
	SLOT_TARGET,
	SLOT_BLAST_TARGET,
	SLOT_TRUTH_TARGET,
	SLOT_PEER,
	SLOT_DURATION,
	SLOT_MAX_DURATION,
	SLOT_TRAFFIC,
	SLOT_STAGE,
	SLOT_INSTANCES,
	SLOT_AUTOMATIC,
	SLOT_TRIGGER,
	SLOT_METHOD,
	SLOT_METRICS,
	SLOT_MORE_METRICS,
	SLOT_WINDOW,
	SLOT_ABORTS,
	SLOT_ROOT,
	SLOT_MORE_ROOTS,
	SLOT_NOT_ROOT,
	SLOT_DETECT,
	SLOT_REASON,
	/* sections */
	SLOT_BLAST,
	SLOT_ROLLBACK,
	SLOT_MEASURE,
	SLOT_TRUTH,
	/* of the file */
	SLOT_EXPERIMENTS,
	SLOT_SUITE,
	SLOT_PROBE,
	SLOT_PIPELINE,
	SLOT_PROMETHEUS,
	SLOT_BASELINE,
	SLOT_COOLDOWN,
	SLOT_GRACE,
	SLOT_DEFAULTS,
	SLOT_INNER,   /* of an entry, with keys of it in it */
	SLOT_CONFIG,  /* what else is about the file, in a section of its own */
	SLOT_IGNORED, /* known, and without a meaning here */
	SLOT_SILENT,  /* known, and nothing is lost with it */
	SLOTS,
};

/* Units that a key may end in. */
enum key_unit { UNIT_NONE, UNIT_MS, UNIT_S, UNIT_MIN, UNIT_H, UNIT_PERCENT, UNIT_RATIO, UNIT_MB };

/* "fault-type", "faultType", "Fault Type" -> "fault_type"; "Giả thuyết" -> "gia_thuyet". */
void names_fold(const char *key, char *ret, size_t size);
/* The same, and the unit cut off: "duration_seconds" -> "duration". */
enum key_unit names_cut_unit(char *folded);

/* The meaning of a key at a place; *ret_native: our own form has it there under this very name. */
enum slot names_slot(const char *key, enum place at, enum key_unit *ret_unit, bool *ret_native);
/* Is it one of our own keys with a letter wrong ("targets")? In a file of ours that is a mistake. */
bool names_is_slip(const char *key, enum place at);
/* A key that was probably meant by @key, which no row has; NULL: none is near enough. */
const char *names_near(const char *key, enum place at);

/* Our name of a kind of fault; NULL: none of its aliases. */
const char *names_kind(const char *word);
/* Of a phrase such as "slow DNS lookups" or "độ trễ mạng"; NULL: none. */
const char *names_kind_of_phrase(const char *phrase);
/* One that was probably meant; NULL: none is near enough. */
const char *names_kind_near(const char *word);

/* Our name of a parameter of @kind. NULL: none. */
const char *names_param(const char *kind, const char *key, enum key_unit *ret_unit);

/* true, yes, on, có, ...: 1; false, no, không, ...: 0; -1: neither. */
int names_bool(const char *word);

/* The services of the exercise's topology (seed section 8.1), NULL-terminated. */
extern const char *const names_services[];

#endif
