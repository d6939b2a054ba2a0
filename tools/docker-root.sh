#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# docker-root.sh [BUILD] - lay out BUILD/docker/{shop,monitoring}, the build contexts of
# experiments/docker/compose.yaml: what the build made and programs of Debian packages, each with the
# shared libraries it asks for.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}

# put ROOT PROGRAM...: into ROOT/usr/bin, libraries and the loader where the program looks for them.
put() {
	root=$1; shift
	for program in "$@"; do
		cp -L "$program" "$root/usr/bin/"
		# "libc.so.6 => /lib/.../libc.so.6 (0x...)", and "/lib64/ld-linux... (0x...)" for the loader
		ldd "$program" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
			[ -e "$root$library" ] || cp -L --parents "$library" "$root"
		done
	done
}
# base NAME: an empty root folder with what every program takes for granted.
base() {
	root=$build/docker/$1
	mkdir -p "$root/usr/bin" "$root/etc/ssl/certs" "$root/var/log" "$root/data"
	mkdir -p -m 1777 "$root/tmp"
	echo 'root:x:0:0::/:' >"$root/etc/passwd"
	echo 'root:x:0:' >"$root/etc/group"
}
rm -rf "$build/docker"
base shop
put "$build/docker/shop" "$build/lab-service" "$build/lab-load" "$build/lab-pipeline" \
	"$(command -v dnsmasq)" "$(command -v redis-server)"
base monitoring
# Alertmanager reads its templates though nobody is notified.
cp -r --parents /usr/share/prometheus/alertmanager "$build/docker/monitoring"
put "$build/docker/monitoring" "$(command -v prometheus)" "$(command -v prometheus-alertmanager)"
