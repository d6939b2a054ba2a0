/* SPDX-License-Identifier: GPL-2.0-only */
/* scrape.h - reads the metrics of all targets at once, within a time limit. */
#ifndef LAB_SCRAPE_H
#define LAB_SCRAPE_H

#include <jansson.h>

#include "tools/lab/pipeline/graph.h"
#include "tools/lab/pipeline/observation.h"
#include "util/error.h"

struct scraper;

/* @config: {"targets": {NAME: URL}}, in the order of @g. */
int scraper_open(const json_t *config, const struct graph *g, struct scraper **ret, struct fl_error *err);
void scraper_close(struct scraper *s);

/* One observation per target in @ret; what did not answer within @limit_ms is not up. */
void scraper_run(struct scraper *s, unsigned int limit_ms, struct observation *ret);

#endif
