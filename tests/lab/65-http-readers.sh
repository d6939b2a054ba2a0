#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Three readers of HTTP, one result: what the tests of the meter ask of them, with every head through the byte-wise
# parser, the simplest of them (docs/architecture.md). That the switch is one, test_measure_flows says itself.
. "$(dirname "$0")/../lib.sh"
export FAULTLINE_HTTP_READER=bytes
for t in test_measure test_measure_flows; do check "$t, byte by byte" "$BUILD/tests/bpf/$t"; done
