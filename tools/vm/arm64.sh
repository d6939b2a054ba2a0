#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# arm64.sh [SUITE...] - the tree cross-built for arm64 (tools/packaging/cross.sh), in a guest with Debian 13's arm64
# kernel and programs, under QEMU's emulation: what doctor says there, then the suites (of suites.sh; default: arm64).
# Its exit status is 1 when a test failed. Not part of `make check-vm`: an emulated arm64 takes long.
# Root, tools/setup.sh cross, a Debian mirror.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
command -v qemu-system-aarch64 >/dev/null || { echo "qemu-system-aarch64 is missing: tools/setup.sh cross" >&2; exit 3; }
[ $# != 0 ] || set -- arm64
# What the tests call, and the libraries that a build of Debian 13 wants.
packages=base-files,bash,bpftool,busybox-static,coreutils,dash,diffutils,findutils,gawk,grep,iproute2,iputils-ping,jq
packages+=,libc-bin,libpython3-stdlib,mount,procps,python3-minimal,sed,strace,util-linux,util-linux-extra,libc-ares2
packages+=,libcmocka0,libcurl4t64,libelf1t64,libfyaml0,libhiredis1.1.0,libjansson4,libmd0,libmicrohttpd12t64,libmnl0
packages+=,libseccomp2,libtre5,libuv1t64
: "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
cache=${FAULTLINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline}
guest=$cache/arm64-$(sha256sum "$0" | cut -c1-12)
if [ ! -e "$guest/made" ]; then
	rm -rf --one-file-system "$cache"/arm64-*
	mkdir -p "$guest"
	# Unpacked and not configured: none of it has to run here.
	mmdebstrap --quiet --architectures=arm64 --variant=extract --include="$packages" \
		trixie "$guest/root" "$("$here/../setup/mirror.sh")"
	ln -s gawk "$guest/root/usr/bin/awk"
	printf 'root:x:0:0::/root:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n' >"$guest/root/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$guest/root/etc/group"
	rm -rf "$guest/root"/usr/share/{doc,locale,man,info} "$guest/root/var/lib/apt" "$guest/root/var/cache"
	touch "$guest/made"
fi
# shellcheck disable=SC2086
root=$("$top/tools/packaging/cross.sh" arm64 ${CROSS_GOALS:-all tests})
# What is linked from archives or of another version: the libraries that it was linked with.
cp -Pn "$root"/usr/lib/aarch64-linux-gnu/*.so.* "$guest/root/usr/lib/aarch64-linux-gnu/"
VM_ROOT=$guest/root VM_TIMEOUT=${VM_TIMEOUT:-3000} VM_SILENCE=${VM_SILENCE:-900} VM_MEMORY=${VM_MEMORY:-3072} \
	"$here/boot.sh" 6.12-arm64 "$top/build/arm64" tools/vm/suites.sh "$@"
