/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * export.h - a run as cases that other benchmarks of root-cause analysis read.
 *
 *   rcaeval  <dir>/rcaeval/<root>_<fault>/<number>/{data.csv,inject_time.txt}: a row a second from the
 *            baseline to the end of the watch, columns time, probe_latency (s), probe_failed and
 *            <service>_alerts; only of experiments that count and have one root
 *   openrca  <dir>/openrca/{record,query,prediction}.csv: ground truth, one question (time and
 *            component) and the pipeline's answer per experiment, as its evaluate.py takes them
 */
#ifndef FL_EXPORT_H
#define FL_EXPORT_H

#include "report/folder.h"

/* *ret_n: cases written. */
int export_rcaeval(const struct folder *f, uint32_t *ret_n, struct fl_error *err);
int export_openrca(const struct folder *f, uint32_t *ret_n, struct fl_error *err);

/* A journal as Chaos Toolkit writes it; docs/results.md says how a run is put into it. The JSON is a new
 * reference, NULL when out of memory. */
json_t *export_toolkit_journal(const struct folder *f);
int export_journal(const struct folder *f, const char *path, struct fl_error *err);

#endif
