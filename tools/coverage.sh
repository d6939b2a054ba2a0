#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# coverage.sh [PATTERN...] - build with counters into build-cov/, run the tests whose names have one of the
# patterns (all, without), and print which share of the lines of user/ they ran: a row a folder, and in all.
# build-cov/coverage.html says it line by line.
#
# What a process counted is written when it exits: one that is killed counts for nothing, so these are lower bounds.
set -eu
cd "$(dirname "$0")/.."
build="build-cov"
make --no-print-directory -j"$(nproc)" BUILD=$build CFLAGS='-O1 -g --coverage -fprofile-abs-path -Wno-error' all tests
find $build -name '*.gcda' -delete
tests/run.sh $build "$@" || echo "(some tests failed: what they would have run may be missing below)"
gcovr --root . --filter user/ --gcov-ignore-parse-errors --json-summary $build/coverage.json \
	--html-details $build/coverage.html $build >/dev/null
jq -r '
	def share(f): "\(f | map(.line_covered) | add) \(f | map(.line_total) | add)";
	(.files | group_by(.filename | sub("/[^/]*$"; ""))[] | "\(.[0].filename | sub("/[^/]*$"; "")) " + share(.)),
	"user " + share(.files)' $build/coverage.json |
	awk '{ printf "%-28s %6d of %6d lines  %5.1f %%\n", $1, $2, $3, $3 ? 100 * $2 / $3 : 0 }'
