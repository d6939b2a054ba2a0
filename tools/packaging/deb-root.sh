#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# deb-root.sh RELEASE - make sure that a root of that Debian release with what debian/control wants to build is in the
# cache ($FAULTLINE_CACHE, default ~/.cache/faultline); print its folder. Root, mmdebstrap, a Debian mirror.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
release=${1:?usage: deb-root.sh RELEASE}
: "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
cache=${FAULTLINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline}/portable
export CONTROL=$here/debian/control
root=$cache/deb-$release-$(cat "$here/deb-root.sh" "$CONTROL" | sha256sum | cut -c1-12)
mkdir -p "$cache"
exec 9>"$cache/.deb-$release.lock"
flock 9
if [ ! -e "$root/made" ]; then
	rm -rf --one-file-system "$cache/deb-$release"-*
	# build-dep in the same go: the lists that were fetched are still there.
	# shellcheck disable=SC2016
	mmdebstrap --variant=minbase --aptopt='APT::Install-Recommends "false"' --dpkgopt='force-unsafe-io' \
		--include=build-essential,debhelper,lintian,git \
		--customize-hook='mkdir -p "$1/tmp/for/debian" && sed s/@MAINTAINER@/x/ "$CONTROL" >"$1/tmp/for/debian/control"' \
		--customize-hook='chroot "$1" apt-get -q -y build-dep /tmp/for && rm -r "$1/tmp/for"' \
		--customize-hook='chroot "$1" git config --system --add safe.directory /src' \
		"$release" "$root" "$("$here/../setup/mirror.sh")" >"$root.log" 2>&1 9>&- || { tail -n 20 "$root.log" >&2; exit 1; }
	rm "$root.log"
	touch "$root/made"
fi
echo "$root"
