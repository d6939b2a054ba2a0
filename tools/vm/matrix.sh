#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# matrix.sh BUILD - boot every kernel of the matrix, run suites.sh in it, and print: the instructions
# that the verifier processed, the figures, where `doctor` differs from tests/vm/kinds and
# tests/vm/calls, what failed, and last suite x kernel (passed / failed / skipped) with the reason of
# each skip. Exit 1 when anything failed, was skipped without leave (tests/skips), or did not finish.
#
# As many guests run at a time as there are CPUs (VM_JOBS: so many). A line a suite goes to stderr as it
# ends. A guest that dies or hangs costs the suite it was in: the others get another boot. Logs and the
# guests' doctor reports are kept in BUILD/vm. VM_KERNELS, VM_SUITES and VM_KINDS (of the suite `kept`) choose a part.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${1:?usage: matrix.sh BUILD}
read -ra kernels <<<"${VM_KERNELS:-5.10 6.1 6.12 6.18 6.1-override 6.1-integrity 6.1-confidentiality}"
read -ra suites <<<"${VM_SUITES:-doctor kept btf verifier cost kill syscall net programs measure attach edt}"
out=$build/vm
bad=0
mkdir -p "$out"

say() { printf '%(%H:%M:%S)T  %-13s ' -1 "$1" >&2; printf "${@:2}" >&2; echo >&2; }

# The output between "@@WORD" and the next mark, but not what run.sh repeats of a test that failed.
part() { # KERNEL WORD
	awk -v mark="@@$2" '/^@@/ {on = $0 == mark; next} on && !/^ +\|/' "$out/$1.log"
}
begun() { grep -qx "@@SUITE $2" "$out/$1.log"; }
finished() { grep -qx "@@DONE $2" "$out/$1.log"; }
# "passed / failed / skipped" of a suite.
counts() { # KERNEL SUITE
	if ! finished "$1" "$2"; then
		if begun "$1" "$2"; then echo 'DIED HERE'; else echo 'not run'; fi
		return
	fi
	part "$1" "SUITE $2" | awk '/ ok +[0-9]+ failed +[0-9]+ skipped/ { n++; p += $2; f += $4; s += $6 }
		END { if (n) printf "%d / %d / %d\n", p, f, s; else print "-" }'
}
row() { printf '  %-22s' "$1"; shift; printf ' %-18s' "$@"; echo; }

# follow KERNEL: a guest's output, to its log; a line about each suite, and each failure, for who watches.
follow() {
	local line suite=doctors began=$SECONDS since=$SECONDS
	while IFS= read -r line; do
		printf '%s\n' "$line" >&3
		case $line in
		'@@DOCTOR') say "$1" 'up after %d s' $((SECONDS - began)); since=$SECONDS ;;
		'@@SUITE '*) suite=${line#* }; since=$SECONDS ;;
		'@@DONE doctors') say "$1" 'doctor has spoken: %d s' $((SECONDS - since)) ;;
		'@@DONE '*)
			echo "$suite $((SECONDS - since))" >>"$out/$1.times"
			say "$1" '%-9s %-18s %4d s' "$suite" "$(counts "$1" "$suite")" $((SECONDS - since))
			;;
		'    not ok '*'# SKIP'*) ;;
		'    not ok '* | '    skip not allowed'*) say "$1" '%s' "${line#    }" ;;
		'boot.sh: '*)
			echo "$suite $((SECONDS - since))" >>"$out/$1.times"
			say "$1" '%-9s DIED: %s' "$suite" "${line#boot.sh: }"
			;;
		esac
	done 3>>"$out/$1.log"
}

# try KERNEL: boot until each suite has finished or was cut short by the end of its guest.
try() {
	local k=$1 s left doctor=1 boots
	: >"$out/$k.log"
	: >"$out/$k.times"
	for ((boots = 0; boots < 4; boots++)); do
		left=()
		for s in "${suites[@]}"; do begun "$k" "$s" || left+=("$s"); done
		[ ${#left[@]} != 0 ] || return
		say "$k" 'booting for %s' "${left[*]}"
		VM_TIMEOUT=${VM_TIMEOUT:-3600} VM_SILENCE=${VM_SILENCE:-960} "$here/boot.sh" "$k" "$build" \
			env VM_DOCTOR=$doctor VM_KINDS="${VM_KINDS:-}" tools/vm/suites.sh "${left[@]}" 2>&1 | follow "$k"
		# What was the end of a guest is not tried again.
		grep -q '^@@' "$out/$k.log" || return
		doctor=0
	done
}

# Each in a process group of its own, which goes with who started it.
guests=()
trap 'for g in "${guests[@]}"; do kill -- "-$g" 2>/dev/null; done; exit 130' INT TERM
set -m
for k in "${kernels[@]}"; do
	while [ "$(jobs -rp | wc -l)" -ge "${VM_JOBS:-$(nproc)}" ]; do wait -n; done
	try "$k" &
	guests+=($!)
done
wait
set +m
for k in "${kernels[@]}"; do
	part "$k" DOCTOR >"$out/$k.doctor.json"
	part "$k" DOCTOR--syscalls >"$out/$k.calls.json"
done

row 'verified instructions' "${kernels[@]}"
for k in "${kernels[@]}"; do
	part "$k" 'SUITE verifier' | sed -nE 's/.*ok [0-9]+ - ([^:]*)\.bpf\.o: ([^:]*): ([0-9]+) instructions.*/\1 \2 \3/p' >"$out/$k.verified"
done
for k in "${kernels[@]}"; do awk '{print $1, $2}' "$out/$k.verified"; done | sort -u | while read -r object program; do
	cells=()
	for k in "${kernels[@]}"; do
		cells+=("$(awk -v o="$object" -v p="$program" '$1 == o && $2 == p {print $3; found = 1} END {if (!found) print "-"}' "$out/$k.verified")")
	done
	row "$object:$program" "${cells[@]}"
done

echo
echo 'figures'
for k in "${kernels[@]}"; do
	for s in "${suites[@]}"; do
		[ "$s" = verifier ] || part "$k" "SUITE $s" | sed -n "s/.*# FIGURE /  $k: /p"
	done
done

# What doctor says there against the table: a line a kind (or a call), a column a kernel.
compare() { # TABLE SUFFIX JQ
	local k column
	for k in "${kernels[@]}"; do
		# Whether doctor keeps its word there is for the suite `kept` to say.
		if ! awk -v k="$k" '$1 == "name" {for (i = 2; i <= NF; i++) if ($i == k) found = 1} END {exit !found}' "$top/$1"; then
			echo "  $k: $1 has no column for it"
			continue
		fi
		column=$(awk -v k="$k" '$1 == "name" {for (i = 2; i <= NF; i++) if ($i == k) print i}' "$top/$1")
		awk -v c="${column:-99}" '!/^#/ && NF && $1 != "name" {print $1, $c}' "$top/$1" | sort >"$out/$k.expected"
		jq -r "$3" "$out/$k.$2.json" 2>/dev/null | sort >"$out/$k.said"
		if diff "$out/$k.expected" "$out/$k.said" >"$out/$k.diff"; then
			echo "  $k: as in $1 ($(wc -l <"$out/$k.said") lines)"
		else
			bad=1
			echo "  $k: not as in $1 (< the table, > doctor):"
			grep '^[<>]' "$out/$k.diff" | sed 's/^/    /'
		fi
	done
}
echo
echo 'doctor'
word='gsub(" "; "_")'
compare tests/vm/kinds doctor ".faults[] | \"\(.name) \(if .supported then (.backend | $word) else \"-\" end)\""
compare tests/vm/calls calls ".[] | \"\(.name) \(if .supported then .backend else \"-\" end)\""

for k in "${kernels[@]}"; do
	for s in "${suites[@]}"; do
		case $(counts "$k" "$s") in *' / 0 / '*) ;; *) bad=1 ;; esac
	done
done
if [ $bad != 0 ]; then
	echo
	echo 'what failed'
	for k in "${kernels[@]}"; do
		grep -v '# SKIP' "$out/$k.log" | grep -E 'not ok [0-9]|not allowed' -A3 | sed "s/^/  $k: /" | head -n 60
		grep -h '^boot.sh: ' -A25 "$out/$k.log" | sed "s/^/  $k: /"
	done
fi

echo
echo 'skipped'
for k in "${kernels[@]}"; do
	for s in "${suites[@]}"; do
		part "$k" "SUITE $s" | sed -n 's/.*# missing: //p' | sort | uniq -c |
			while read -r n why; do echo "  $k $s: $n x $why"; done
	done
done

echo
row 'passed/failed/skipped' "${kernels[@]}"
for s in "${suites[@]}"; do
	cells=()
	for k in "${kernels[@]}"; do
		cells+=("$(counts "$k" "$s")$(sed -n "s/^$s \(.*\)/, \1 s/p" "$out/$k.times")")
	done
	row "$s" "${cells[@]}"
done
printf '%s in %d min %d s\n' "$([ $bad = 0 ] && echo 'all well' || echo 'NOT well')" $((SECONDS / 60)) $((SECONDS % 60))
exit $bad
