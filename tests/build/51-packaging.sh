#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The Debian packages are built elsewhere (make dist): here what would break them is looked at.
. "$(dirname "$0")/../lib.sh"
D=$TOP/tools/packaging/debian
# What a build needs is said in two places: setup.sh's table and the packages' own list.
for release in debian-12 debian-13; do
	"$TOP/tools/setup.sh" list build "$release" | grep -vxE 'make|pkg-config|pkgconf' | sort >"$T/setup"
	sed -n '/^Build-Depends:/,/^[^ ]/{s/^Build-Depends://;/^[^ ]/d;p}' "$D/control" >"$T/field"
	tr ',' '\n' <"$T/field" | sed 's/[|(].*//; s/ //g; /^$/d' | grep -vxE 'debhelper-compat|lowdown|pkgconf' | sort >"$T/control"
	check "$release: build dependencies are those of setup.sh" diff "$T/setup" "$T/control"
done
# What is installed is packaged, and what is packaged is installed.
make -s -C "$TOP" -n install install-man PREFIX=/usr DESTDIR=/D BUILD="$BUILD" 2>/dev/null | grep -oE '/D/usr/[^ ;]+' | sort -u >"$T/installed"
check "make install puts something somewhere" test "$(wc -l <"$T/installed")" -gt 8
grep -hv '^$' "$D"/*.install >"$T/packaged"
echo usr/lib/systemd/system >>"$T/packaged" # by debian/rules
while read -r file; do
	sed 's|^/D/||' "$T/installed" | grep -q "^$file\(/\|$\)" || not_ok "packaged and not installed: $file"
done <"$T/packaged"
while read -r file; do
	# shellcheck disable=SC2254 # dh_install's names are patterns
	while read -r p; do case ${file#/D/} in $p | $p/*) continue 2 ;; esac; done <"$T/packaged"
	not_ok "installed and in no package: $file"
done <"$T/installed"
ok "packages hold what is installed ($(wc -l <"$T/installed") files)"
for s in "$D"/faultline.prerm "$D"/faultline.postrm; do check "${s##*/} is a shell script" sh -n "$s"; done
