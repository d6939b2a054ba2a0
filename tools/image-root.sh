# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# image-root.sh - sourced: the root folder of an image made from programs of this machine.

# image_base ROOT: what every program takes for granted.
image_base() {
	mkdir -p "$1/usr/bin" "$1/etc/ssl/certs" "$1/var/log" "$1/data"
	mkdir -p "$1/tmp"; chmod 1777 "$1/tmp"
	echo 'root:x:0:0::/:' >"$1/etc/passwd"
	echo 'root:x:0:' >"$1/etc/group"
}
# image_put ROOT PROGRAM...: into ROOT/usr/bin, libraries and the loader where the program looks for them.
image_put() {
	_to=$1; shift
	for _program in "$@"; do
		cp -L "$_program" "$_to/usr/bin/"
		image_libraries "$_to" "$_program"
	done
}
# image_libraries ROOT FILE...: what they ask for. ldd writes "libc.so.6 => /lib/.../libc.so.6 (0x...)",
# and "/lib64/ld-linux... (0x...)" for the loader.
image_libraries() {
	_to=$1; shift
	ldd "$@" 2>/dev/null | sed -n 's/^[^/]*[[:space:]]\(\/[^ :]*\) (0x.*/\1/p' | sort -u | while read -r _library; do
		[ -e "$_to$_library" ] || cp -L --parents "$_library" "$_to"
	done
}
# image_python ROOT: python3 with its standard library, without what only its developers and pip use.
image_python() {
	image_put "$1" "$(command -v python3)"
	_library=$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
	tar -C / --exclude=__pycache__ --exclude='config-*' --exclude=test --exclude=idlelib --exclude=ensurepip \
		-c "${_library#/}" | tar -C "$1" -x
}
