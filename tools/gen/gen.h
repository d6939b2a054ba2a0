/* SPDX-License-Identifier: GPL-2.0-only */
/* gen.h - what is made out of the fault table: one file a form. */
#ifndef FL_GEN_H
#define FL_GEN_H

#include <stdio.h>

#include "util/error.h"

/* Markdown: a section a kind, a row a parameter. */
int gen_kinds(FILE *out, struct fl_error *err);
/* JSON Schema of an experiment file: @base with the kinds and their parameters put in. */
int gen_schema(const char *base, FILE *out, struct fl_error *err);

#endif
