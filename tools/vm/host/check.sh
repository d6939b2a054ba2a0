#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# check.sh [short] - boot each Debian host (HOSTS: trixie bookworm), run the suites of tests/host in it with a build
# made for that release, and print: what failed; a table of each host, kinds of fault x forms of target (hit, refused
# with its reason, FAILED; "-": not tried); suites x hosts; and last "N passed, N failed, N skipped". Exit 1 when
# anything failed or a guest did not finish. short: one host, and a few kinds on each form.
# HOST_SUITES, HOST_KINDS choose a part. What was printed in a guest is kept in build/host/HOST.log. Root.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
short=
[ "${1:-}" != short ] || short=1
all='trixie bookworm'
read -ra hosts <<<"${HOSTS:-${short:+trixie}}"
[ ${#hosts[@]} != 0 ] || read -ra hosts <<<"$all"
read -ra suites <<<"${HOST_SUITES:-}"
if [ ${#suites[@]} = 0 ]; then
	if [ -n "$short" ]; then suites=(30-short); else mapfile -t suites < <(cd "$top/tests/host" && printf '%s\n' [0-9]*.sh | grep -v short | sed 's/\.sh$//'); fi
fi
work=$(mktemp -d)
running=
end() {
	[ -z "$running" ] || "$here/guest.sh" "$work/$running" down
	rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT TERM
bad=0 passed=0 failed=0 skipped=0
declare -A cell

say() { printf '%(%H:%M:%S)T  %-9s ' -1 "$1" >&2; printf "${@:2}" >&2; echo >&2; }

# suite HOST SUITE: its counts to cell; a line for who watches, and what failed.
suite() {
	local log=$top/build/host/$1.log began=$SECONDS counts rc p f s
	"$here/guest.sh" "$work/$1" run "$2" "${VM_TIMEOUT:-3600}" >"$work/out" 2>&1 <<-END
		cd /fl && FLTEST_HOST=1 VERBOSE=1 LANES=1 TEST_TIMEOUT=${VM_TIMEOUT:-3600} ONLY_KINDS='${HOST_KINDS:-}' tests/run.sh build host/$2.sh
	END
	rc=$?
	{ echo "== $2 (status $rc)"; cat "$work/out"; } >>"$log"
	counts=$(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/p' "$work/out" | tail -n 1)
	read -r p f s <<<"${counts:-0 1 0}"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	[ -n "$counts" ] && [ "$f" = 0 ] && [ "$p" -gt 0 ] || bad=1
	cell[$1.$2]="$([ -n "$counts" ] && echo "$p / $f / $s" || echo DIED), $((SECONDS - began)) s"
	say "$1" '%-14s %s' "$2" "${cell[$1.$2]}"
	grep -E '^ *not ok' -A4 "$work/out" | grep -v '# SKIP' | sed 's/^ */    /' | awk '!seen[$0]++' | head -n 60 >&2
}

# table HOST: the cells that its suites told, kinds x forms.
table() {
	grep -o '# CELL .*' "$top/build/host/$1.log" | awk -v host="$1" '
		{ if (!($3 in kind)) { kind[$3]; k[++n] = $3 } if (!($4 in form)) { form[$4]; f[++m] = $4 } what[$3, $4] = $5; sum[$5]++ }
		END {
			if (!n) exit
			printf "\n  %-20s", host
			for (j = 1; j <= m; j++) printf " %-10s", f[j]
			print ""
			for (i = 1; i <= n; i++) {
				printf "  %-20s", k[i]
				for (j = 1; j <= m; j++) printf " %-10s", (k[i], f[j]) in what ? what[k[i], f[j]] : "-"
				print ""
			}
			printf "  %d hit, %d refused, %d failed\n", sum["hit"], sum["refused"], sum["FAILED"]
		}'
}

for h in "${hosts[@]}"; do
	mkdir -p "$top/build/host" "$work/$h"
	: >"$top/build/host/$h.log"
	running=$h
	say "$h" 'image and build'
	if "$here/build.sh" "$h" "$work/$h.tar" ${short:+all} >"$work/out" 2>&1 && "$here/guest.sh" "$work/$h" up "$h" &&
		"$here/guest.sh" "$work/$h" tree "$work/$h.tar"; then
		for s in "${suites[@]}"; do suite "$h" "$s"; done
	else
		bad=1 failed=$((failed + 1))
		tail -n 20 "$work/out" >&2
		for s in "${suites[@]}"; do cell[$h.$s]='no host'; done
	fi
	"$here/guest.sh" "$work/$h" down
	running=
done

for h in "${hosts[@]}"; do table "$h"; done
printf '\n  %-22s' 'passed/failed/skipped'
printf ' %-24s' "${hosts[@]}"
echo
for s in "${suites[@]}"; do
	printf '  %-22s' "$s"
	for h in "${hosts[@]}"; do printf ' %-24s' "${cell[$h.$s]}"; done
	echo
done
printf '%s in %d min %d s\n' "$([ $bad = 0 ] && echo 'all well' || echo 'NOT well')" $((SECONDS / 60)) $((SECONDS % 60))
echo "$passed passed, $failed failed, $skipped skipped"
exit $bad
