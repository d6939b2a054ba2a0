/* SPDX-License-Identifier: GPL-2.0-only */
/* doctor.h - the parts of doctor. */
#ifndef FL_DOCTOR_H
#define FL_DOCTOR_H

#include <jansson.h>

/* [{name, family, supported, backend, reasons {backend: why not}, note}]; new reference. */
json_t *doctor_syscalls(void);
/* The same for people. */
void doctor_print_syscalls(json_t *list);

/* What is not allowed here, see doctor_rails.c. New reference. */
json_t *doctor_rails(void);
void doctor_print_rails(const json_t *rails);

#endif
