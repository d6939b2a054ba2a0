#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# cross.sh ARCH GOAL... - make for another architecture (arm64, s390x) in the root of portable/root.sh, into build/ARCH
# of this tree; prints the root, which has that architecture's libraries. Root, mmdebstrap, a Debian mirror.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
arch=${1:?usage: cross.sh arm64|s390x GOAL...}
shift
case $arch in
arm64) triplet=aarch64-linux-gnu ;;
s390x) triplet=s390x-linux-gnu ;;
*) echo "cross.sh: arm64 or s390x" >&2; exit 2 ;;
esac
root=$("$here/portable/root.sh" "$arch")
# (A static program among the tests' tools: a guest has no compiler that could make one.)
"$here/portable/root.sh" in "$root" "$here/../.." "
	export PKG_CONFIG_LIBDIR=/opt/portable/$arch/lib/pkgconfig:/usr/lib/$triplet/pkgconfig
	make -C /src --no-print-directory -j\"\$(nproc)\" BUILD=build/$arch CC=$triplet-gcc \
		CFLAGS='-O1 -I/opt/portable/$arch/include' PKG_CONFIG='pkg-config --static' $*
	mkdir -p /src/build/$arch/tests/tools
	$triplet-gcc -O1 -static -o /src/build/$arch/tests/tools/clock_show.static /src/tests/tools/clock_show.c" >&2
echo "$root"
