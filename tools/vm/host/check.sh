#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# check.sh [short] - boot each Debian host (HOSTS: trixie bookworm), run the suites of tests/host in it with a build
# made for that release, and print: what failed; a table of each host, kinds of fault x forms of target (hit, refused
# with its reason, FAILED; "-": not tried); steps and suites x hosts; and last "N passed, N failed, N skipped". Exit 1
# when anything failed or a guest did not finish. short: one host, three ways of acting (on packets, on processes, by
# stressors) on four forms. Each step has its own limit of time.
# HOST_SUITES, HOST_KINDS choose a part. HOST_OPTIONAL=SECONDS, for a build machine: where the image cannot be made, for want
# of a mirror or of mmdebstrap, or the guest does not start, that is a skip, with what is missing; what fails is tried once
# more, and the table says so; no suite is begun later than so many seconds after this script was.
# What was printed in a guest is kept in build/host/HOST.log. Root.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
all='trixie bookworm' all_suites=$(cd "$top/tests/host" && echo [0-9]*.sh) goals='all tests' limit=3600
if [ "${1:-}" = short ]; then
	all=trixie all_suites='36-unit 31-container 32-compose 34-podman' goals=all limit=600
	: "${HOST_KINDS:=network_loss pause cpu_saturation}"
fi
read -ra hosts <<<"${HOSTS:-$all}"
read -ra suites <<<"${HOST_SUITES:-${all_suites//.sh/}}"
read -ra goals <<<"$goals"
work=$(mktemp -d)
running=
end() {
	[ -z "$running" ] || "$here/guest.sh" "$work/$running" down
	rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT TERM
passed=0 failed=0 skipped=0 optional=${HOST_OPTIONAL:-}
declare -A cell

say() { printf '%(%H:%M:%S)T  %-9s ' -1 "$1" >&2; printf "${@:2}" >&2; echo >&2; }
note_cell() { # HOST ROW TEXT
	cell[$1.$2]=$3
	say "$1" '%-14s %s' "$2" "$3"
}

# step HOST NAME SECONDS COMMAND...: what every suite needs; its time to cell, what it says only when it fails.
step() {
	local began=$SECONDS why
	if timeout --kill-after=20 "$3" "${@:4}" >"$work/out" 2>&1 </dev/null; then
		note_cell "$1" "$2" "$((SECONDS - began)) s"
		return
	fi
	tail -n 20 "$work/out" | sed 's/^/    /' >&2
	if [ -n "$optional" ] && [ "$2" != build ]; then
		why=$({ grep '^E: ' "$work/out" || tail -n 1 "$work/out"; } | head -n 1 | cut -c1-160)
		note_cell "$1" "$2" "skipped, $((SECONDS - began)) s: ${why:-no end within $3 s}"
		skipped=$((skipped + 1))
		return 1
	fi
	note_cell "$1" "$2" "FAILED, $((SECONDS - began)) s (its limit: $3 s)"
	failed=$((failed + 1))
	return 1
}

# suite HOST SUITE [AGAIN]: its counts to cell; a line for who watches, and what failed.
suite() {
	local log=$top/build/host/$1.log began=$SECONDS seconds=${VM_TIMEOUT:-$limit} counts rc p f s what
	"$here/guest.sh" "$work/$1" run "$2" $((seconds + 60)) >"$work/out" 2>&1 <<-END
		cd /fl && FLTEST_HOST=1 VERBOSE=1 LANES=1 AGAIN=0 TEST_TIMEOUT=$seconds ONLY_KINDS='${HOST_KINDS:-}' tests/run.sh build host/$2.sh
	END
	rc=$?
	{ echo "== $2 (status $rc)"; cat "$work/out"; } >>"$log"
	counts=$(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/p' "$work/out" | tail -n 1)
	read -r p f s <<<"${counts:-0 1 0}"
	# (No counts: the guest died, or the suite took too long. Nothing passed: nothing was tried.)
	[ $((p + f)) -gt 0 ] || f=1
	what="$p / $f / $s"
	[ -n "$counts" ] || what="no result (status $rc)"
	note_cell "$1" "$2" "$what, $((SECONDS - began)) s${3:+, ${3}}"
	[ -n "$counts" ] || tail -n 20 "$work/out" | sed 's/^/    /' >&2
	grep -E '^ *not ok' -A4 "$work/out" | grep -v '# SKIP' | sed 's/^ */    /' | awk '!seen[$0]++' | head -n 60 >&2
	if [ "$f" != 0 ] && [ -n "$optional" ] && [ -z "${3:-}" ] && [ $SECONDS -lt "$optional" ]; then
		suite "$1" "$2" "at the second try"
	else
		passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	fi
}

# table HOST: the cells that its suites told, kinds x forms.
table() {
	grep -o '# CELL .*' "$top/build/host/$1.log" | awk -v host="$1" '
		{ if (!($3 in kind)) { kind[$3]; k[++n] = $3 } if (!($4 in form)) { form[$4]; f[++m] = $4 } what[$3, $4] = $5 }
		END {
			if (!n) exit
			printf "\n  %-20s", host
			for (j = 1; j <= m; j++) printf " %-10s", f[j]
			print ""
			for (i = 1; i <= n; i++) {
				printf "  %-20s", k[i]
				for (j = 1; j <= m; j++) {
					w = (k[i], f[j]) in what ? what[k[i], f[j]] : "-"
					sum[w]++
					printf " %-10s", w
				}
				print ""
			}
			printf "  %d hit, %d refused, %d failed\n", sum["hit"], sum["refused"], sum["FAILED"]
		}'
}

cpu() { # HOST: seconds of CPU that its emulator has taken
	local pid
	pid=$(cat "$work/$1/qemu.pid") && [ -n "$pid" ] || return
	awk -v tick="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print int(($12 + $13) / tick) " s" }' "/proc/$pid/stat"
}

for h in "${hosts[@]}"; do
	mkdir -p "$top/build/host" "$work/$h"
	: >"$top/build/host/$h.log"
	running=$h
	if step "$h" image 1200 "$here/image.sh" "$h" &&
		step "$h" build 1200 "$here/build.sh" "$h" "$work/$h.tar" "${goals[@]}" &&
		step "$h" boot 360 "$here/guest.sh" "$work/$h" up "$h" &&
		step "$h" unpack 150 "$here/guest.sh" "$work/$h" tree "$work/$h.tar"; then
		for s in "${suites[@]}"; do
			if [ -n "$optional" ] && [ $SECONDS -ge "$optional" ]; then
				note_cell "$h" "$s" "skipped: begun after $optional s it would be late"
				skipped=$((skipped + 1))
			else
				suite "$h" "$s"
			fi
		done
		note_cell "$h" "CPU of the guest" "$(cpu "$h" 2>/dev/null || echo 'it has ended')"
	fi
	"$here/guest.sh" "$work/$h" down
	running=
done

for h in "${hosts[@]}"; do table "$h"; done
printf '\n  %-22s' 'passed/failed/skipped'
printf ' %-24s' "${hosts[@]}"
echo
for s in image build boot unpack "${suites[@]}" 'CPU of the guest'; do
	printf '  %-22s' "$s"
	for h in "${hosts[@]}"; do printf ' %-24s' "${cell[$h.$s]:-not run}"; done
	echo
done
bad=$failed
[ "$passed" -gt 0 ] || [ -n "$optional" ] || bad=1
[ "$bad" = 0 ] && said='all well' || said='NOT well'
[ "$bad$passed" != 00 ] || said='nothing was tried'
printf '%s in %d min %d s\n' "$said" $((SECONDS / 60)) $((SECONDS % 60))
echo "$passed passed, $failed failed, $skipped skipped"
[ "$bad" = 0 ]
