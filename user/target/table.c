// SPDX-License-Identifier: GPL-2.0-only
/* table.c - every way of naming a target that this build knows. */
#include "target/provider.h"

extern const struct target_provider target_cgroup;
extern const struct target_provider target_docker;
extern const struct target_provider target_lab;
extern const struct target_provider target_netns;
extern const struct target_provider target_pid;
extern const struct target_provider target_unit;

const struct target_provider *const target_providers[] = {
	&target_netns, &target_pid, &target_cgroup, &target_unit, &target_lab,
	&target_docker, NULL,
};
