/* SPDX-License-Identifier: GPL-2.0-only */
/* openmetrics.h - a reading of the meter and the faults of this host as OpenMetrics 1.0 text. Pure;
 * docs/metrics.md has the names. */
#ifndef FL_OPENMETRICS_H
#define FL_OPENMETRICS_H

#include <jansson.h>

#include "measure/meter/meter.h"
#include "util/text/text.h"

#define OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/*
 * Append the whole exposition, "# EOF" included. @faults is an array of {id, kind, target, injected,
 * matched, active}, as `faultline list -o json` prints it; NULL: none.
 */
void openmetrics_write(const struct meter_snapshot *s, const json_t *faults, struct text *out);

#endif
