#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The folder of an experiment file may be somebody else's: what its git checkout configures is not run.
. "$(dirname "$0")/../lib.sh"
export GIT_CONFIG_NOSYSTEM=1
chmod 755 "$T"
as() { # UID COMMAND...: root drops to UID; anybody else stays who they are
	local uid=$1
	shift
	if [ "$(id -u)" = 0 ] && [ "$uid" != 0 ]; then setpriv --reuid "$uid" --regid "$uid" --clear-groups env HOME="$T" "$@"
	else env HOME="$T" "$@"; fi
}
checkout() { # UID DIR: a checkout of UID that tries to have its own programs run
	local uid=$1 d=$2 c
	mkdir "$d" && chown "$uid" "$d"
	cp "$TOP/tests/golden/antipatterns/good.yaml" "$d"
	printf '*.yaml filter=evil\n' >"$d/.gitattributes"
	chown "$uid" "$d"/* "$d/.gitattributes"
	for c in 'init -q' 'add .' 'commit -q -m t'; do
		# shellcheck disable=SC2086
		as "$uid" git -C "$d" -c user.name=t -c user.email=t@example.org -c init.defaultBranch=t $c 2>/dev/null
	done
	printf '#!/bin/sh\nid -u >>"%s/ran"\ncat\n' "$d" >"$d/evil"
	chmod 755 "$d/evil"
	: >"$d/ran"
	chmod 666 "$d/ran"
	for c in core.fsmonitor "filter.evil.clean" "filter.evil.process" core.sshCommand core.pager core.editor diff.external; do
		as "$uid" git -C "$d" config "$c" "$d/evil"
	done
	as "$uid" git -C "$d" config core.repositoryformatversion 1
	as "$uid" git -C "$d" config extensions.partialClone origin
	as "$uid" git -C "$d" config remote.origin.url "ext::$d/evil"
	as "$uid" git -C "$d" config protocol.ext.allow always
	mkdir -p "$d/.git/hooks"
	cp "$d/evil" "$d/.git/hooks/post-index-change"
	touch "$d/good.yaml" # the index is out of date: a status would look at the file anew
	: >"$d/ran"
}
uids=$(id -u)
[ "$(id -u)" != 0 ] || uids="0 65534"
for uid in $uids; do
	d=$T/of-$uid
	checkout "$uid" "$d"
	"$FL" check "$d/good.yaml" >"$T/out" 2>&1
	check_num "uid $uid: checked" $? eq 0
	check "uid $uid: ... and known to be its commit's" test -z "$(grep unversioned "$T/out")"
	check "uid $uid: nothing of the checkout has run" test ! -s "$d/ran"
	echo '# more' >>"$d/good.yaml"
	"$FL" check "$d/good.yaml" >"$T/out" 2>&1
	check "uid $uid: a change is seen" grep -q 'differs from its last commit' "$T/out"
	tree=$(as "$uid" git -C "$d" rev-parse 'HEAD^{tree}')
	rm -f "$d/.git/objects/${tree:0:2}/${tree:2}" # what is missing would be fetched by the remote's program
	"$FL" check "$d/good.yaml" >"$T/out" 2>&1
	check "uid $uid: a missing object is not fetched" test ! -s "$d/ran"
	rm "$d/.git/config"
	mkfifo "$d/.git/config"
	t0=$SECONDS
	"$FL" check "$d/good.yaml" >"$T/out" 2>&1
	check_num "uid $uid: a checkout that never answers is waited for, s" $((SECONDS - t0)) lt 20
	check "uid $uid: ... and is none" grep -q 'not in a git checkout' "$T/out"
done
