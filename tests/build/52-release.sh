#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: busy
# tools/release.sh in a clone of its own: a version, a changelog, a commit and a tag; what it refuses changes nothing.
. "$(dirname "$0")/../lib.sh"
tree=$(cd "$(dirname "$0")/../.." && pwd)
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org
export GIT_CONFIG_GLOBAL=/dev/null
# As the tree is now, whether or not it has a history.
mkdir "$T/r"
(cd "$tree" && tar -c --exclude=./build --exclude=./build-* --exclude=./.git .) | tar -x -C "$T/r"
cd "$T/r" || exit 1
git init -q && git add -A && git commit -qm base
sed -i '/^## Unreleased$/a\\n### Added\n- A thing that is new.' CHANGELOG.md && git commit -qam news
head=$(git rev-parse HEAD) old=$(cat VERSION)
refused() { # DESCRIPTION PATTERN ARG...
	_d=$1 _p=$2; shift 2
	tools/release.sh --no-dist "$@" >"$T/e" 2>&1
	check "$_d: refused" [ $? = 2 ]
	check "... in words" grep -q -- "$_p" "$T/e"
	check "... and nothing has changed" [ "$(git rev-parse HEAD)$(git tag)" = "$head" ]
}
refused "no version" usage
refused "no number" usage 9.9
refused "an older version" "does not come after" 0.0.1
refused "the same version" "does not come after" "$(cat VERSION)"
echo x >>README.md; refused "work that is not committed" "not committed" 9.9.9; git checkout -q README.md
check "a release" tools/release.sh --no-dist 9.9.9
check "its version" [ "$(cat VERSION)" = 9.9.9 ]
check "its section in the changelog" grep -qx "## 9.9.9 ($(date -u +%Y-%m-%d))" CHANGELOG.md
check "a tag with what is new" grep -q '^- A thing that is new' <(git tag -l --format='%(contents)' v9.9.9)
check "the documents name its files" grep -q 'faultline-9\.9\.9' docs/install.md
check "... and its image" grep -q 'faultline:9\.9\.9' tools/packaging/compose.yaml
check "the old number is nowhere" [ -z "$(grep -rE "faultline[-:]$old" README.md docs tools/packaging)" ]
check "nothing is left uncommitted" [ -z "$(git status --porcelain)" ]
head=$(git rev-parse HEAD)v9.9.9
refused "a changelog without news" "says nothing" 10.0.0
