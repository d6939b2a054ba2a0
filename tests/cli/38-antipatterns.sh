#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One file an anti-pattern (tests/golden/antipatterns): check names each by its rule, with its place and what
# to do, and --strict refuses it. Only good.yaml has nothing to say of.
. "$(dirname "$0")/../lib.sh"
cp "$TOP"/tests/golden/antipatterns/* "$T"
cd "$T" || exit 1
export HOME=$T GIT_CONFIG_NOSYSTEM=1
commit() { git -c user.name=t -c user.email=t@example.org -c init.defaultBranch=t "$@" >/dev/null 2>&1; }
commit init && commit add '*.yaml' && commit commit -m t || not_ok "git"

for f in *.yaml; do
	rule=${f%.yaml}
	"$FL" check "$f" >"$T/out" 2>&1
	rc=$?
	"$FL" check --strict "$f" >/dev/null 2>&1
	strict=$?
	refused=$(grep -q ' error \[\|^faultline:' "$rule.txt" && echo 2 || echo 0)
	if ! diff "$rule.txt" "$T/out" >"$T/diff"; then not_ok "$rule: the messages"; sed 's/^/#   /' "$T/diff"
	elif [ $rule != good ] && ! grep -q "$rule" <<<"$(grep "\[$rule\]\|: $rule:" "$T/out")"; then not_ok "$rule: not named"
	elif [ $rc != "$refused" ] || [ $strict != "$([ $rule = good ] && echo 0 || echo 2)" ]; then not_ok "$rule: exit $rc, --strict $strict"
	else ok "$rule (exit $rc, --strict $strict)"; fi
done
check_num "anti-patterns with a file" "$(ls -- *.yaml | wc -l)" ge 17
# Every rule that check knows has its file.
for rule in $(grep -ohE '(add|add_host_finding)\((r|d), (true|false|error|!measurable), "[a-z-]+"' "$TOP"/user/suite/check.c "$TOP/user/cmd/suite/check.c" | grep -oE '"[a-z-]+"' | tr -d '"' | sort -u); do
	[ -e "$rule.yaml" ] || [ "$rule" = unversioned-config ] || not_ok "no file for $rule"
done

echo '# not committed' >>good.yaml
"$FL" check good.yaml >"$T/out" 2>&1
check "unversioned-config: a file that differs from its commit" grep -q 'warning \[unversioned-config\] the file differs from its last commit' "$T/out"
"$FL" check --strict good.yaml >/dev/null 2>&1
check_num "... refused by --strict" $? eq 2
rm -rf .git
"$FL" check good.yaml >"$T/out" 2>&1
check "... or is in no checkout" grep -q 'warning \[unversioned-config\] the file is not in a git checkout' "$T/out"
