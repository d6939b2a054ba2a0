#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# root.sh ARCH - make sure that the root in which portable binaries are built (Debian 13, of this machine's own
# architecture) is in the cache and can build for ARCH (amd64, arm64, s390x); print its folder.
# root.sh in ROOT SOURCE COMMAND - run a shell command in it, with SOURCE at /src.
#
# The folder's name has the checksum of what it is made by, so a change here makes a new one, and so it is with the
# libraries in it. The cache is
# $FAULTLINE_CACHE, default ~/.cache/faultline; the mirror is the one that the machine's own apt sources name. Root.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
release=trixie

in_root() { # ROOT SOURCE COMMAND
	# shellcheck disable=SC2016
	unshare --mount --propagation private bash -euc '
		mkdir -p "$1/src"
		mount --bind "$1" "$1"
		mount --rbind /dev "$1/dev"
		mount -t proc proc "$1/proc"
		mount --bind "$2" "$1/src"
		[ ! -e "$1/etc/resolv.conf" ] || mount --bind /etc/resolv.conf "$1/etc/resolv.conf"
		cd "$1"
		exec chroot . env -i HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
			PATH=/usr/sbin:/usr/bin:/sbin:/bin bash -euc "$3"' root.sh "$@"
}
if [ "${1:-}" = in ]; then
	shift
	in_root "$@"
	exit
fi

arch=${1:?usage: root.sh amd64|arm64|s390x}
: "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
cache=${FAULTLINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline}/portable
sum() { sha256sum | cut -c1-12; }
key=$({ grep '^tool' "$here/packages"; cat "$here/root.sh"; } | sum)
libs=$(cat "$here"/{packages,libs.sh,mnl.c,nss.c} | sum)
root=$cache/$release-$key
mirror=$("$here/../../setup/mirror.sh")
mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9
say() { printf 'root.sh: %s, %d s\n' "$1" $SECONDS >&2; }
list() { sed -n "s/^$1 //p" "$here/packages"; }
quietly() { "$@" >"$cache/log" 2>&1 9>&- || { tail -n 20 "$cache/log" >&2; exit 1; }; }

if [ ! -e "$root/opt/portable/made" ]; then
	command -v mmdebstrap >/dev/null || { echo "mmdebstrap is missing: tools/setup.sh host" >&2; exit 3; }
	rm -rf --one-file-system "$cache/$release"-*
	say "a root of Debian 13, to build in"
	quietly mmdebstrap --variant=minbase --include="$(list tool | paste -sd,)" \
		--aptopt='APT::Install-Recommends "false"' --dpkgopt='force-unsafe-io' "$release" "$root" \
		"deb $mirror $release main" "deb-src $mirror $release main"
	mkdir -p "$root/opt/portable"
	touch "$root/opt/portable/made"
fi
if [ "$(cat "$root/opt/portable/$arch/made" 2>/dev/null)" != "$libs" ]; then
	say "libraries for $arch"
	cross=
	[ "$arch" = "$(in_root "$root" "$here" 'dpkg --print-architecture')" ] || cross=crossbuild-essential-$arch
	quietly in_root "$root" "$here" "dpkg --add-architecture $arch; apt-get -q update
		apt-get -q -y install $cross $(list lib | sed "s/\$/:$arch/" | paste -sd' ')"
	in_root "$root" "$here" "cd /; /src/libs.sh $arch" >&2 9>&-
	echo "$libs" >"$root/opt/portable/$arch/made"
	say "libraries for $arch are made"
fi
echo "$root"
