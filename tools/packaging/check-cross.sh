#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# check-cross.sh ARCH - the unit tests of another architecture (arm64; s390x is untried), cross-built in the root of
# portable/root.sh into build/ARCH and run here by qemu-user, a minute each. On 2026-11-30, arm64, 40
# of 46 passed: three simulations take longer, one measures time, two want a vDSO, which qemu-user 7.2 has not.
# Root, tools/setup.sh cross.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
arch=${1:?usage: check-cross.sh arm64|s390x}
case $arch in
arm64) machine=aarch64 ;;
s390x) machine=s390x ;;
*) echo "check-cross.sh: arm64 or s390x" >&2; exit 2 ;;
esac
qemu=$(command -v qemu-$machine-static || command -v qemu-$machine) || { echo "qemu-$machine-static is missing: tools/setup.sh cross" >&2; exit 3; }
# shellcheck disable=SC2086
root=$("$here/cross.sh" "$arch" ${CROSS_GOALS:-all unit-tests})
bad=0 good=0
cd "$top"
for t in build/"$arch"/tests/unit/test_*; do
	[ -x "$t" ] && [ -f "$t" ] || continue
	case $t in *.o | *.d) continue ;; esac
	status=0
	timeout 60 "$qemu" -L "$root" "$t" >"$t.log" 2>&1 </dev/null || status=$?
	if [ $status = 0 ]; then
		good=$((good + 1))
	else
		bad=$((bad + 1))
		echo "NOT ok  $t ($status)"
		{ grep -E 'ERROR|FAILED|error:|Could not' "$t.log" || tail -n 3 "$t.log"; } | sed 's/^/          /' | head -n 8
	fi
done
echo "$arch: $good unit test programs passed, $bad failed"
[ $bad = 0 ] && [ $good -gt 0 ]
