#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# build.sh RELEASE ARCHIVE [GOAL...] - build this tree (all tests) with the compilers and libraries of the release (in the root
# of image.sh, in mount and network namespaces of its own) into build/host/RELEASE, and put what a guest needs into
# ARCHIVE (tar): tests/, tools/, experiments/, and build/ without debugging information. Root.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
release=${1:?usage: build.sh RELEASE ARCHIVE}
archive=$(realpath "${2:?usage: build.sh RELEASE ARCHIVE [GOAL...]}")
shift 2
[ $# != 0 ] || set -- all tests
image=$("$here/image.sh" "$release")
root=$image/root
build=build/host/$release
mkdir -p "$top/$build" "$image/ccache"

# shellcheck disable=SC2016
unshare --mount --net --propagation private bash -euc '
	mkdir -p "$1/src" "$1/ccache"
	mount --bind "$1" "$1"
	mount --rbind /dev "$1/dev"
	mount -t proc proc "$1/proc"
	mount -t tmpfs tmpfs "$1/tmp"
	mount --bind "$2" "$1/src"
	mount --bind "$3" "$1/ccache"
	cd "$1"
	exec chroot . env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin CCACHE_DIR=/ccache CCACHE_SLOPPINESS=time_macros \
		make -C /src --no-print-directory -j"$(nproc)" CC="ccache gcc" CLANG="ccache clang" BUILD="$4" "${@:5}"
' build "$root" "$top" "$image/ccache" "$build" "$@" >&2

pack=$(mktemp -d)
trap 'rm -rf "$pack"' EXIT
cp -r "$top"/{tests,tools,experiments,VERSION} "$pack"
cd "$top/$build"
find . -type f \( -name '*.bpf.o' -o -perm -u+x ! -name '*.o' ! -path './tests/fuzz/*' \) -print | while read -r f; do
	mkdir -p "$pack/build/${f%/*}"
	case $f in
	*.bpf.o) cp "$f" "$pack/build/$f" ;;
	*) strip -g -o "$pack/build/$f" "$f" 2>/dev/null || cp "$f" "$pack/build/$f" ;;
	esac
done
tar -C "$pack" -cf "$archive.new" .
mv "$archive.new" "$archive"
