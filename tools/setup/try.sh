#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# try.sh [RELEASE...] - tools/setup.sh in a fresh root of each Debian release (bookworm trixie): installs STEP
# (test), leaves nothing enabled that was not, and `undo` leaves the root as it was. Not part of `make check`: it
# wants the network, mmdebstrap (tools/setup.sh host) and some minutes. Root.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# != 0 ] || set -- bookworm trixie
step=${STEP:-test}
bad=0
result() { if [ "$1" = 0 ]; then echo "  ok      $2"; else echo "  NOT ok  $2"; bad=1; fi; }

# in_root COMMAND: in the root, which is $work/root, with this tree at /src.
in_root() {
	# shellcheck disable=SC2016
	unshare --mount --propagation private bash -euc '
		mount --bind "$1" "$1"; mount --rbind /dev "$1/dev"; mount -t proc proc "$1/proc"
		mkdir -p "$1/src"; mount --bind "$2" "$1/src"; cd "$1"
		exec chroot . env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -c "$3"' in_root "$work/root" "$PWD" "$1"
}
# (A bare root has no /etc/hosts; the first program that wants one makes it.)
# What a root is, for comparing: packages, who may log in, files that are configuration, start links.
state() {
	in_root "dpkg-query -W -f '\${binary:Package} \${db:Status-Abbrev}\n'" >"$1.packages"
	cut -d: -f1 "$work"/root/etc/{passwd,group} | sort >"$1.names"
	(cd "$work/root" && find etc usr/sbin/policy-rc.d \( -type f -o -type l \) 2>/dev/null | sort |
		grep -vE '^etc/(ld.so.cache|hosts|mailcap|.*-|ssl/certs/.*|.*\.(db|dpkg-old))$') >"$1.files" || true
	(cd "$work/root" && find etc/systemd etc/rc[S2-5].d -type l \( -path 'etc/systemd/*' -o -name 'S*' \) 2>/dev/null | sort) >"$1.links"
}
same() { # WHAT DESCRIPTION
	diff "$work/before.$1" "$work/$3.$1" >"$work/diff" && result 0 "$2" || { result 1 "$2"; head -n 20 "$work/diff" | sed 's/^/          /'; }
}

for release; do
	work=$(mktemp -d)
	trap 'rm -rf --one-file-system "$work"' EXIT
	echo "$release"
	mmdebstrap --quiet --variant=minbase "$release" "$work/root" "$(tools/setup/mirror.sh)" 2>"$work/log" || { cat "$work/log"; exit 1; }
	state "$work/before"
	began=$SECONDS
	in_root "/src/tools/setup.sh $step" >"$work/out" 2>&1 && result 0 "installs, $((SECONDS - began)) s" || { result 1 "installs"; sed 's/^/          /' "$work/out"; continue; }
	sed 's/^/          /' "$work/out" | cut -c1-150
	state "$work/with"
	same links 'nothing is enabled that was not' with
	result "$([ ! -e "$work/root/usr/sbin/policy-rc.d" ]; echo $?)" "no policy-rc.d stays"
	[ -z "$(in_root "/src/tools/setup.sh $step")" ] && result 0 'a second time does nothing' || result 1 'a second time does nothing'
	began=$SECONDS
	in_root '/src/tools/setup.sh undo' >"$work/out" 2>&1 && { result 0 "undo, $((SECONDS - began)) s"; cut -c1-150 "$work/out" | sed "s/^/          /"; } || { result 1 "undo"; sed 's/^/          /' "$work/out"; }
	state "$work/after"
	same packages 'packages as before' after
	same names 'users and groups as before' after
	same files 'files of /etc as before' after
	same links 'enabled as before' after
	result "$([ ! -e "$work/root/var/lib/faultline" ]; echo $?)" 'no record stays'
	rm -rf --one-file-system "$work"
done
exit $bad
