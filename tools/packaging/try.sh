#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# try.sh DIST [RELEASE...] - the packages that dist.sh made (lintian has judged them there) for each Debian release
# (bookworm trixie): installed, used and purged in a fresh root of it, which must be as it was before. Not part of
# `make check`: it wants the network, mmdebstrap and minutes. Root.
set -euo pipefail
dist=$(cd "${1:?usage: try.sh DIST [RELEASE...]}" && pwd)
cd "$(dirname "$0")/../.."
shift
[ $# != 0 ] || set -- bookworm trixie
version=$(cat VERSION)
bad=0
result() { if [ "$1" = 0 ]; then echo "  ok      $2"; else echo "  NOT ok  $2"; bad=1; fi; }
# in_root ROOT COMMAND: with DIST at /out.
in_root() {
	# shellcheck disable=SC2016
	unshare --mount --propagation private bash -euc '
		mount --bind "$1" "$1"; mount --rbind /dev "$1/dev"; mount -t proc proc "$1/proc"; mkdir -p "$1/out"
		mount --bind "$2" "$1/out"; cd "$1"
		exec chroot . env -i HOME=/root DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin bash -euc "$3"' \
		in_root "$1" "$dist" "$2"
}
state() { # ROOT: packages, users and groups, files but those of package management
	in_root "$1" "dpkg-query -W -f '\${binary:Package} \${db:Status-Abbrev}\n'"
	cut -d: -f1 "$1"/etc/{passwd,group}
	(cd "$1" && find . -xdev -path ./proc -prune -o -path ./dev -prune -o -path ./out -prune \
		-o -path ./var/cache -prune -o -path ./var/lib/apt -prune -o -path ./var/lib/dpkg -prune -o -path ./var/log -prune \
		-o -name '*-' -prune -o -name 'ld.so.cache' -prune -o -path ./etc/hosts -prune -o -print) | sort
}
new_root() { # DIR [OPTION...]
	local dir=$1
	shift
	mmdebstrap --quiet --variant=minbase "$@" "$release" "$dir" "$(tools/setup/mirror.sh)" 2>"$work/log" || { cat "$work/log"; exit 1; }
}

for release; do
	work=$(mktemp -d)
	trap 'rm -rf --one-file-system "$work"' EXIT
	case $release in bookworm) of=12 ;; trixie) of=13 ;; *) echo "try.sh: bookworm or trixie" >&2; exit 2 ;; esac
	files=
	for package in faultline faultline-lab faultline-doc; do
		file=$(cd "$dist" && ls "${package}_$version~debian${of}_"*.deb) || exit 1
		files="$files /out/$file"
	done
	echo "$release:$(sed 's|/out/||g' <<<"$files")"
	new_root "$work/use"
	state "$work/use" >"$work/before"
	in_root "$work/use" 'apt-get -q update; apt-get -y -q --no-install-recommends install'"$files" \
		>"$work/log" 2>&1 && result 0 installed || { result 1 installed; tail -n 20 "$work/log"; continue; }
	in_root "$work/use" 'faultline --version && faultline check /usr/share/faultline/experiments/demo.yaml' >"$work/log" 2>&1 &&
		result 0 'the binary runs and judges a suite' || { result 1 'the binary runs and judges a suite'; sed 's/^/          /' "$work/log"; }
	result "$(! in_root "$work/use" 'for b in /usr/sbin/faultline /usr/libexec/faultline/*; do ldd $b; done' | grep -q 'not found'; echo $?)" 'no library is missing'
	in_root "$work/use" 'faultline doctor -o json' >"$work/doctor.json" 2>/dev/null || true
	result "$(grep -q '"faults"' "$work/doctor.json"; echo $?)" 'doctor answers'
	result "$([ -L "$work/use/etc/systemd/system/multi-user.target.wants/faultline-recover.service" ]; echo $?)" 'recover runs at boot'
	in_root "$work/use" 'apt-get -y -q purge faultline faultline-lab faultline-doc && apt-get -y -q autoremove --purge' >"$work/log" 2>&1 &&
		result 0 purged || { result 1 purged; tail -n 20 "$work/log"; }
	state "$work/use" >"$work/after"
	grep -i faultline "$work/after" >"$work/left" && { result 1 'nothing is left'; sed 's/^/          /' "$work/left" | head; } || result 0 'nothing is left'
	diff "$work/before" "$work/after" >"$work/diff" && result 0 'and the root is as it was' ||
		{ echo "  note    what packages it depends on have left:"; sed 's/^/          /' "$work/diff" | head -n 20; }
	rm -rf --one-file-system "$work"
done
exit $bad
