#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# kernel.sh NAME - make sure that a test kernel is in the cache and print its folder.
#
#   5.10          Debian 11's kernel (cloud flavour): the oldest that is supported
#   6.1           Debian 12's own kernel (cloud flavour)
#   6.12          the newer one, from bookworm-backports of the same mirror, else from trixie
#   6.18          from trixie-backports, as long as its package is there
#   6.1-override  6.1 built from linux-source-6.1 with tools/vm/kernel.config, because no Debian
#                 kernel has CONFIG_BPF_KPROBE_OVERRIDE; about ten minutes on two cores, once
#
#   6.12-arm64    Debian 13's, for arm64 (tools/vm/arm64.sh)
#
# NAME-integrity, NAME-confidentiality: the same kernel, which boot.sh locks down so far.
#
# A folder holds `vmlinuz` and, for packaged kernels, `modules/` (the tree below /lib/modules).
# The cache is $FAULTLINE_CACHE, default ~/.cache/faultline; nothing is installed on the host.
# The mirror is the one that the host's own apt sources name.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# (Nobody says that there is a $HOME.)
: "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
cache=${FAULTLINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline}/kernels
name=${1:?usage: kernel.sh 5.10|6.1|6.12|6.18|6.1-override}
name=${name%-integrity}
name=${name%-confidentiality}
arch=amd64
case $name in *-arm64) arch=arm64 ;; esac
dir=$cache/$name
mkdir -p "$cache"
exec 9>"$cache/.$name.lock"
flock 9
if [ -s "$dir/vmlinuz" ]; then
	echo "$dir"
	exit 0
fi
tmp=$(mktemp -d "$cache/.tmp.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

# deb822 and one-line sources alike: the first URI that serves a Debian main archive.
mirror() {
	cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
		grep -oE '(https?|mirror[+a-z]*)://[^ ]*/debian/?([[:space:]]|$)' | head -n 1 | tr -d '[:space:]'
}

# apt with a state of its own: SUITE is looked up without touching the host's lists.
apt_options() { # SUITE
	local a=$tmp/apt-$1
	mkdir -p "$a/lists/partial" "$a/cache/archives/partial" "$a/parts"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $1 main" >"$a/sources.list"
	options=(-o Dir::Etc::SourceList="$a/sources.list" -o Dir::Etc::SourceParts="$a/parts"
		-o Dir::State::Lists="$a/lists" -o Dir::Cache="$a/cache" -o APT::Sandbox::User=root
		-o APT::Architecture="$arch" -o APT::Architectures="$arch" -o Dir::State::Status=/dev/null)
}

# packaged SUITE [SERIES]: unpack the cloud kernel that the suite's metapackage depends on, or the newest that it
# has of a series.
packaged() {
	local image
	apt_options "$1"
	apt-get -q "${options[@]}" update >&2 || return 1
	if [ -n "${2:-}" ]; then
		image=$(apt-cache "${options[@]}" pkgnames "linux-image-$2." | grep -- "-cloud-$arch\$" | sort -V | tail -n 1)
	else
		image=$(apt-cache "${options[@]}" show "linux-image-cloud-$arch" |
			sed -n 's/^Depends: \(linux-image-[^ ,]*\).*/\1/p' | head -n 1)
	fi
	[ -n "$image" ] || return 1
	(cd "$tmp" && apt-get -q "${options[@]}" download "$image" >&2) || return 1
	mkdir -p "$tmp/root" "$tmp/out"
	dpkg-deb -x "$tmp"/linux-image-*.deb "$tmp/root"
	cp "$tmp"/root/boot/vmlinuz-* "$tmp/out/vmlinuz"
	if [ -d "$tmp/root/usr/lib/modules" ]; then
		mv "$tmp/root/usr/lib/modules" "$tmp/out/modules"
	else
		mv "$tmp/root/lib/modules" "$tmp/out/modules"
	fi
}

built() {
	local src=$tmp/src
	(cd "$tmp" && apt-get -q download linux-source-6.1 >&2)
	dpkg-deb -x "$tmp"/linux-source-6.1_*.deb "$tmp/root"
	mkdir -p "$src" "$tmp/out"
	tar -C "$src" --strip-components=1 -xf "$tmp"/root/usr/src/linux-source-6.1.tar.xz
	make -C "$src" -s tinyconfig >&2
	cat "$here/kernel.config" >>"$src/.config"
	make -C "$src" -s olddefconfig >&2
	grep -q '^CONFIG_BPF_KPROBE_OVERRIDE=y' "$src/.config" || {
		echo "kernel.sh: the configuration lost CONFIG_BPF_KPROBE_OVERRIDE" >&2
		exit 1
	}
	nice -n 10 make -C "$src" -s -j"$(nproc)" bzImage >&2
	cp "$src/arch/x86/boot/bzImage" "$tmp/out/vmlinuz"
}

case $name in
5.10) packaged bullseye ;;
6.1) packaged bookworm ;;
6.12) packaged bookworm-backports || { rm -rf "$tmp"/*.deb "$tmp/root" "$tmp/out"; packaged trixie; } ;;
6.12-arm64) packaged trixie ;;
6.18) packaged trixie-backports 6.18 ;;
6.1-override) built ;;
*)
	echo "kernel.sh: no kernel called $name (5.10, 6.1, 6.12, 6.18, 6.1-override, 6.12-arm64)" >&2
	exit 2
	;;
esac
rm -rf "$dir"
mv "$tmp/out" "$dir"
echo "$dir"
