/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fault_options.h - command-line options out of a fault kind's parameter table, so that
 * `faultline inject latency --help` lists what latency has, and nothing else.
 */
#ifndef FL_FAULT_OPTIONS_H
#define FL_FAULT_OPTIONS_H

#include <argp.h>

#include "fault/fault.h"

struct fault_options;

/* Options of @params behind those of @fixed (ended by a zeroed one); keys from @first_key on. */
int fault_options_make(const struct params *params, const struct argp_option *fixed, int first_key,
		       struct fault_options **ret, struct fl_error *err);
void fault_options_free(struct fault_options *o);
const struct argp_option *fault_options_argp(const struct fault_options *o);

/* In the argp parser: set the parameter of @key. ARGP_ERR_UNKNOWN when it is none of them. */
error_t fault_options_parse(const struct fault_options *o, int key, const char *arg, struct params *params,
			    struct fl_error *err);

/* An unknown --option in @argv is an error that names the nearest one; argp would not. */
int fault_options_check(const struct fault_options *o, const char *kind, char **argv, struct fl_error *err);

/* How a value of this type is written in help: "TIME". */
const char *fault_options_word(const struct param *p);

#endif
