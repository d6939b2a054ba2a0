#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# dist.sh OUT - everything that is given to people, of this checkout's last commit: the Debian packages of 12 and 13,
# portable archives and images of amd64 and arm64, an SBOM of each, SHA256SUMS. OUT is emptied of older ones first.
# The roots it builds in are kept in $FAULTLINE_CACHE (default ~/.cache/faultline). Root, mmdebstrap, a Debian mirror.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
mkdir -p "${1:?usage: dist.sh OUT}"
out=$(cd "$1" && pwd)
: "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
cache=${FAULTLINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline}/portable
version=$(cat "$top/VERSION")
epoch=$(git -C "$top" log -1 --format=%ct)
command -v mmdebstrap >/dev/null || { echo "mmdebstrap is missing: tools/setup.sh host" >&2; exit 3; }
[ "$(id -u)" = 0 ] || { echo "dist.sh makes roots to build in: run it as root" >&2; exit 3; }
[ -z "$(git -C "$top" status --porcelain --untracked-files=no)" ] || echo "dist.sh: changes that are not committed are left out" >&2
rm -f "$out"/faultline* "$out/SHA256SUMS"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$cache"
say() { printf 'dist.sh: %s, %d s\n' "$1" $SECONDS >&2; }

# A root of the release with what debian/control wants, once.
deb_root() { # RELEASE
	local key root
	key=$(cat "$here/dist.sh" "$here/debian/control" | sha256sum | cut -c1-12)
	root=$cache/deb-$1-$key
	if [ ! -e "$root/made" ]; then
		rm -rf --one-file-system "$cache/deb-$1"-*
		mmdebstrap --variant=minbase --aptopt='APT::Install-Recommends "false"' --dpkgopt='force-unsafe-io' \
			--include=build-essential,devscripts,equivs,debhelper,lintian,git "$1" "$root" \
			"$("$here/../setup/mirror.sh")" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; return 1; }
		"$here/portable/root.sh" in "$root" "$top" 'apt-get -q update; sed s/@MAINTAINER@/x/ /src/tools/packaging/debian/control >/tmp/control
			cd /tmp && mk-build-deps --install --remove --tool "apt-get -y --no-install-recommends" control
			git config --global --add safe.directory /src' >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; return 1; }
		touch "$root/made"
	fi
	echo "$root"
}

git clone -q "$top" "$work/src"
for release in bookworm trixie; do
	say "packages for Debian's $release"
	root=$(deb_root $release)
	rm -rf "$root/out"
	"$here/portable/root.sh" in "$root" "$work/src" '/src/tools/packaging/deb.sh /out' >"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2; exit 1; }
	cp "$root"/out/*.deb "$out"
done
say "portable archives"
"$here/portable.sh" "$out" amd64 arm64
for arch in amd64 arm64; do
	name=faultline-$version-linux-$arch
	"$here/image.py" "$out/$name.tar.gz" $arch "$version" "$epoch" "$out/faultline-$version-image-$arch.tar"
done
(cd "$out" && sha256sum -- faultline* >SHA256SUMS)
say "done"
ls -l "$out"
