// SPDX-License-Identifier: GPL-2.0-only
/* table.c - every way of naming a target that this build knows, in the order in which they are asked. */
#include "target/provider.h"

#define PROVIDERS(X)  X(netns) X(pid) X(cgroup) X(unit) X(lab) X(docker)

#define DECLARE(form) extern const struct target_provider target_##form;
PROVIDERS(DECLARE)

#define ROW(form) &target_##form,
const struct target_provider *const target_providers[] = { PROVIDERS(ROW) NULL };
