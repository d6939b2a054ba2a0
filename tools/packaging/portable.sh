#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# portable.sh OUT [ARCH...] - faultline-VERSION-linux-ARCH.tar.gz of this checkout's last commit into OUT, for amd64 and
# arm64 if none is named: static binaries that run on any Linux of that architecture, and what belongs to them.
# Unpack it below a prefix: tar -C /usr/local --strip-components=1 -xf ARCHIVE. Beside it, SPDX 2.3: what was linked.
# Paths and times in it are those of the commit and the root (portable/root.sh), not of the folder or the day. Root.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
mkdir -p "${1:?usage: portable.sh OUT [ARCH...]}"
out=$(cd "$1" && pwd)
shift
native=amd64
[ $# != 0 ] || set -- amd64 arm64
version=$(cat "$top/VERSION")
epoch=$(git -C "$top" log -1 --format=%ct)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/src"
git -C "$top" archive HEAD | tar -C "$work/src" -xf -

build() { # ARCH GOAL...: into src/build/ARCH
	local arch=$1
	shift
	root=$("$here/portable/root.sh" "$arch")
	# shellcheck disable=SC2016
	"$here/portable/root.sh" in "$root" "$work/src" "
		arch=$arch goals='$*' SOURCE_DATE_EPOCH=$epoch"' prefix=/opt/portable/$arch
		triplet=$(dpkg-architecture -a$arch -qDEB_HOST_MULTIARCH 2>/dev/null)
		export SOURCE_DATE_EPOCH PKG_CONFIG_LIBDIR=$prefix/lib/pkgconfig:/usr/lib/$triplet/pkgconfig
		make -C /src --no-print-directory -j"$(nproc)" BUILD=build/$arch STATIC=1 CC=$triplet-gcc \
			CFLAGS="-O2 -ffile-prefix-map=/src=. -I$prefix/include" LDFLAGS="$prefix/lib/nss.o -Wl,-Map=\$@.map" $goals
		cd /src/build/$arch
		for program in faultline lab-*; do
			case $program in *.map) ;; *) $triplet-strip "$program" ;; esac
		done
	' >"$work/log" 2>&1 || { grep -E 'error|rror:|undefined' "$work/log" | head -n 20 >&2; tail -n 20 "$work/log" >&2; exit 1; }
}

# What is the same for every architecture: made by programs that run here.
build $native all gen man install install-man PREFIX=/usr/local DESTDIR=/src/build/stage
stage=$work/src/build/stage/usr/local
mkdir -p "$stage/share/doc/faultline"
cp -r "$top"/{README.md,LICENSE,SECURITY.md,docs} "$stage/share/doc/faultline"

for arch; do
	[ "$arch" = $native ] || build "$arch" all
	name=faultline-$version-linux-$arch
	cp -r "$stage" "$work/$name"
	rm -r "$work/$name"/sbin/* "$work/$name"/libexec/faultline/*
	install -m 0755 "$work/src/build/$arch/faultline" "$work/$name/sbin"
	(cd "$work/src/build/$arch" && find . -maxdepth 1 -name 'lab-*' ! -name '*.map' -exec install -m 0755 {} "$work/$name/libexec/faultline" ';')
	python3 "$here/sbom.py" --root "$root" --arch "$arch" --version "$version" --epoch "$epoch" \
		--licences "$work/$name/share/doc/faultline/licences" "$work/src/build/$arch"/*.map >"$out/$name.spdx.json"
	"$here/tar.sh" "$work" "$name" "$epoch" | gzip -9n >"$out/$name.tar.gz.new"
	mv "$out/$name.tar.gz.new" "$out/$name.tar.gz"
	echo "$out/$name.tar.gz $(stat -c %s "$out/$name.tar.gz")"
done
