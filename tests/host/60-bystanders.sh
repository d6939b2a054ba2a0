#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The bystander matrix (tests/matrix/10-bystanders.sh) on those forms of target that only a whole host has.
[ -n "${FLTEST_HOST:-}" ] || { echo "not ok 1 - only in a guest of tools/vm/host"; echo 1..1; exit 1; }
for _i in {1..60}; do ! docker version >/dev/null 2>&1 || break; sleep 1; done
export ONLY_FORMS=${ONLY_FORMS:-swarm-task systemd-unit} FLTEST_LONG=1
exec bash "$(dirname "$0")/../matrix/10-bystanders.sh"
