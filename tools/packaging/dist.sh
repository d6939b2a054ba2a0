#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# dist.sh OUT - everything that is given to people, of this checkout's last commit: the Debian packages of 12 and 13,
# portable archives and images of amd64 and arm64, an SBOM of each, SHA256SUMS. OUT is emptied of older ones first.
# dist.sh OUT again - all of it once more, in other folders, compared byte by byte with what is in OUT.
# Both releases' packages and the archives are made side by side; at the end stands what it took of the clock and of
# the CPUs. The roots it builds in are kept in $FAULTLINE_CACHE (default ~/.cache/faultline).
# Root, mmdebstrap, a Debian mirror.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
mkdir -p "${1:?usage: dist.sh OUT [again]}"
out=$(cd "$1" && pwd)
version=$(cat "$top/VERSION")
epoch=$(git -C "$top" log -1 --format=%ct)
command -v mmdebstrap >/dev/null || { echo "mmdebstrap is missing: tools/setup.sh host" >&2; exit 3; }
[ "$(id -u)" = 0 ] || { echo "dist.sh makes roots to build in: run it as root" >&2; exit 3; }
[ -z "$(git -C "$top" status --porcelain --untracked-files=no)" ] || echo "dist.sh: changes that are not committed are left out" >&2
work=$(mktemp -d)
parts=()
# Who builds goes with this script, each with its children.
trap 'for p in "${parts[@]}"; do kill -- "-$p" 2>/dev/null || true; done; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
# With what this shell and its children have used of the CPUs so far (asked of the shell itself, not of a child of it).
say() {
	times >"$work/times.$BASHPID"
	awk -F'[ms[:space:]]+' -v what="$1" -v clock=$SECONDS '{ for (i = 1; i < NF; i += 2) sum += $i * 60 + $(i + 1) }
		END { printf "dist.sh: %s: %d s, %d s of CPU\n", what, clock, sum }' "$work/times.$BASHPID" >&2
}

debs() { # RELEASE
	local root
	root=$("$here/deb-root.sh" "$1")
	say "a root of $1"
	rm -rf "$root/out"
	"$here/portable/root.sh" in "$root" "$work/src" '/src/tools/packaging/deb.sh /out' >"$work/$1.log" 2>&1 || { tail -n 40 "$work/$1.log" >&2; exit 1; }
	grep '^[EW]:' "$work/$1.log" >&2 || true
	cp "$root"/out/*.deb "$made"
	say "packages of $1"
}
archives() {
	local arch
	"$work/src/tools/packaging/portable.sh" "$made" amd64 arm64
	for arch in amd64 arm64; do
		"$here/image.py" "$made/faultline-$version-linux-$arch.tar.gz" $arch "$version" "$epoch" "$made/faultline-$version-image-$arch.tar"
	done
	say "archives and images"
}

made=$out
if [ "${2:-}" = again ]; then made=$work/again; mkdir "$made"; else rm -f "$out"/faultline* "$out/SHA256SUMS"; fi
git clone -q "$top" "$work/src"
set -m
for part in 'debs bookworm' 'debs trixie' archives; do
	$part &
	parts+=($!)
done
set +m
for _ in "${parts[@]}"; do wait -n || exit 1; done
parts=()
(cd "$made" && sha256sum -- faultline* >SHA256SUMS)
say "all"
[ "$made" = "$out" ] || { diff "$out/SHA256SUMS" "$made/SHA256SUMS" && echo "the same bytes: $(wc -l <"$out/SHA256SUMS") files"; exit; }
ls -l "$out"
