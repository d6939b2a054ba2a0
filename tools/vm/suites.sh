#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# suites.sh [SUITE...] - what the kernel matrix runs in a guest: what doctor says there (VM_DOCTOR=0
# leaves it out), then each suite of the table below, between marks that matrix.sh reads. VM_KINDS: the
# kinds of fault that the suite `kept` tries (all).
set -u
cd "$(dirname "$0")/../.." || exit 1
declare -A tests=(
	[verifier]='bpf/test_verified'
	[programs]='bpf/test_net bpf/test_nl bpf/test_exec'
	[syscall]='bpf/test_syscall lab/60-fault-syscall'
	[net]='lab/70-netem lab/31-net-loss'
	[attach]='lab/36-net-attach'
	[edt]='lab/39-net-edt'
	[host]='lab/48-host-interface'
	[kill]='lab/30-kill'
	[measure]='bpf/test_m lab/70-measure'
	[cost]='lab/61-syscall-cost'
	[doctor]='cli/12-doctor'
	[kept]='matrix/05-doctor-kept'
	[btf]='lab/64-btf'
	[short]='bpf/test_verified bpf/test_nl bpf/test_syscall'
	[arm64]="unit/ lab/50-clock bpf/test_nl bpf/test_verified bpf/test_syscall"
)
order='doctor kept btf verifier cost kill syscall net programs measure attach edt host'
# Nine rounds: each way of attaching, each of who is killed.
export FLTEST_KILLS=9 LANES=1 VERBOSE=1 TEST_TIMEOUT=${TEST_TIMEOUT:-300}
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $order
if [ "${VM_DOCTOR:-1}" = 1 ]; then
	for what in '' --syscalls; do
		echo "@@DOCTOR${what}"
		# shellcheck disable=SC2086
		build/faultline doctor $what -o json
	done
	echo '@@DONE doctors'
fi
for suite; do
	echo "@@SUITE $suite"
	if [ "$suite" = kept ]; then
		# A class at a time: an emulated processor takes half a minute for some of the kinds.
		classes=(network process 'stress|file|special' deadly)
		[ -z "${VM_KINDS:-}" ] || classes=(chosen)
		for class in "${classes[@]}"; do
			kinds=${VM_KINDS:-$(awk -v c="^($class)\$" '!/^#/ && $2 ~ c {print $1}' tests/matrix/kinds | xargs)}
			ONLY_KINDS=$kinds TEST_TIMEOUT=900 tests/run.sh build "${tests[kept]}"
		done
		echo "@@DONE $suite"
		continue
	fi
	for t in ${tests[$suite]:?}; do
		# A suite that is not in this tree has no result, which the matrix shows.
		compgen -G "build/tests/$t*" >/dev/null || compgen -G "tests/$t*" >/dev/null || continue
		# (cli/12 asks doctor six times, which takes a busy emulator a minute each.)
		TEST_TIMEOUT=$([ "$suite" = doctor ] && echo 900 || echo "$TEST_TIMEOUT") tests/run.sh build "$t"
	done
	echo "@@DONE $suite"
done
