#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# deb.sh OUT - build the Debian packages of this checkout's last commit into OUT, for the release that this machine
# runs, and judge them by lintian. Build it on (or in a chroot of) the release that they are for. The maintainer is
# $DEBFULLNAME <$DEBEMAIL>, else the author of the commit.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
for program in dpkg-buildpackage dh lintian; do
	command -v $program >/dev/null || { echo "$program is missing: apt-get install dpkg-dev debhelper lintian" >&2; exit 3; }
done
mkdir -p "${1:?usage: deb.sh OUT}"
out=$(cd "$1" && pwd)
version=$(cat "$top/VERSION")
# shellcheck disable=SC1091
release=$(. /etc/os-release && echo "${ID}${VERSION_ID:-}")
maintainer=$(git -C "$top" log -1 --format='%an <%ae>')
[ -z "${DEBEMAIL:-}" ] || maintainer="${DEBFULLNAME:-$DEBEMAIL} <$DEBEMAIL>"
epoch=$(git -C "$top" log -1 --format=%ct)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
src=$work/faultline-$version
mkdir "$src"
git -C "$top" archive HEAD | tar -C "$src" -xf -
cp -r "$src/tools/packaging/debian" "$src/debian"
sed -i "s|@MAINTAINER@|$maintainer|" "$src/debian/control"
cat >"$src/debian/changelog" <<C
faultline ($version~$release) unstable; urgency=medium

  * See the history of the project.

 -- $maintainer  $(date -uR -d "@$epoch")
C
(cd "$src" && SOURCE_DATE_EPOCH=$epoch dpkg-buildpackage -j"$(nproc)" -b -us -uc -ui >"$work/log" 2>&1) || {
	tail -n 40 "$work/log" >&2
	echo "the packages could not be built" >&2
	exit 1
}
mv "$work"/*.deb "$work"/*.changes "$work"/*.buildinfo "$out"
lintian --allow-root --fail-on error "$out"/faultline_"$version"*.changes
(cd "$out" && sha256sum -- *.deb)
