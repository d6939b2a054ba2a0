#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# release.sh [--no-dist] VERSION - make a release of this checkout: VERSION and CHANGELOG.md say it, one commit, an
# annotated tag vVERSION whose text is the changelog's section, and in build/dist all that is given to people
# (make dist). Nothing leaves this machine: what is left to do by hand is said at the end. Refuses before it changes
# anything; `git tag -d vVERSION && git reset --hard HEAD^` takes it back.
set -euo pipefail
cd "$(dirname "$0")/.."
refuse() { echo "release.sh: $*" >&2; exit 2; }
dist=yes
[ "${1:-}" != --no-dist ] || { dist=no; shift; }
new=${1:-} old=$(cat VERSION) day=$(date -u +%Y-%m-%d)
[[ $new =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || refuse "usage: tools/release.sh [--no-dist] VERSION, as 1.2.3 (now: $old)"
[ "$new" != "$old" ] && [ "$(printf '%s\n' "$old" "$new" | sort -V | tail -n 1)" = "$new" ] || refuse "$new does not come after $old"
! git rev-parse -q --verify "refs/tags/v$new" >/dev/null || refuse "the tag v$new exists"
[ -z "$(git status --porcelain)" ] || refuse "there are changes that are not committed: commit or stash them (git status)"
section() { awk -v head="## $1" '$0 == head || index($0, head " ") == 1 { on = 1; next } /^## / { on = 0 } on' CHANGELOG.md | sed '/./,$!d'; }
[ -n "$(section Unreleased)" ] || refuse "CHANGELOG.md says nothing under 'Unreleased': what is new in $new?"

echo "$new" >VERSION
sed -i "s/^## Unreleased\$/## Unreleased\n\n## $new ($day)/" CHANGELOG.md
# Names of files and of the image.
mapfile -t named < <(grep -rlE "faultline[-:]${old//./\\.}" README.md docs tools/packaging || true)
[ ${#named[@]} = 0 ] || sed -i -E "s/(faultline[-:])${old//./\\.}\b/\1$new/g" "${named[@]}"
git commit -qam "faultline $new"
section "$new" | git tag -a "v$new" --cleanup=verbatim -F -
[ $dist = no ] || make dist
cat <<END
faultline $new is the commit $(git rev-parse --short HEAD) with the tag v$new.
Before it goes out:  make check
Then:                git push --follow-tags
To upload:           $([ $dist = yes ] && echo build/dist/ || echo 'what make dist makes'): packages, archives, images, SBOMs, SHA256SUMS
                     (sign it: gpg --detach-sign --armor build/dist/SHA256SUMS)
END
