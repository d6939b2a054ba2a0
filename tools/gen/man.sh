#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# man.sh FAULTLINE COMMAND - print the manual page of one command as Markdown for lowdown(1): its --help, and what
# docs/ says of it.
set -eu
cd "$(dirname "$0")/../.."
fl=$1 cmd=$2
help=$("$fl" "$cmd" --help)
summary=$("$fl" --help | sed -n "s/^  $cmd  *//p")
# The parts of argp's text: usage, what it does, options, what is said behind them.
usage=$(sed -nE '1,/^[^U ]/{s/^(Usage:|  or:) *//p}' <<<"$help")
does=$(sed -n '/^\(Usage\|  or\):/d; /^$/q; p' <<<"$help")
options=$(awk '/^  ( |-)/ && seen { on = 1 } /^$/ { seen = 1; if (on) exit } on' <<<"$help")
behind=$(awk '/^for any corresponding short options/ { on = 1; next } on' <<<"$help")
section=$(awk -v cmd="$cmd" '
	/^## / { n = split(substr($0, 4), w, /, */); on = 0; for (i = 1; i <= n; i++) on = on || w[i] == cmd; next }
	on { sub(/^###/, "##"); print }' docs/commands.md)
# Lines to type, from the documents: each once, no more than eight.
examples=$(grep -hoE "^    (\\$ |sudo )?(sudo )?faultline $cmd( [^#;|>]*)?" README.md docs/commands.md docs/*.md docs/faults/*.md |
	sed -E 's/^ *(\$ )?(sudo )?//; s/ *\\\\?$//' | awk '!seen[$0]++' | head -n 8 || true)
kin=$(awk -v cmd="$cmd" '/^## / { n = split(substr($0, 4), w, /, */); hit = 0
	for (i = 1; i <= n; i++) hit = hit || w[i] == cmd
	for (i = 1; hit && i <= n; i++) if (w[i] != cmd && w[i] ~ /^[a-z]+$/) print w[i] }' docs/commands.md)
case $cmd in
inject) kin+=' list set stop doctor' ;;
sweep) kin+=' run check plan' ;;
run) kin+=' check baseline score report history compare' ;;
check) kin+=' run import' ;;
score | report | history | compare) kin+=' run score report history compare accept' ;;
accept) kin+=' run report' ;;
halt) kin+=' allow stop' ;;
allow) kin+=' halt' ;;
recover) kin+=' list stop' ;;
serve) kin+=' list halt' ;;
import | plan) kin+=' check run' ;;
probe | lab) kin+=' run' ;;
esac

indented() { sed 's/^/    /' <<<"$1"; }
cat <<EOF
# NAME

faultline-$cmd - $summary

# SYNOPSIS

$(sed 's/\([][*_]\)/\\\1/g; s/$/  /' <<<"$usage")

# DESCRIPTION

$does

$behind

$section

# OPTIONS

$(indented "$options")

**\-\-docker-socket** *PATH* is taken by every command: where the Docker engine listens.

**\-\-btf** *FILE* is taken by every command: the BTF of a kernel that has none of its own.

# EXAMPLES

$(indented "${examples:-$(sed -n 1p <<<"$usage")}")

# EXIT STATUS

$(awk '/^Exit status: /,/^$/' docs/commands.md)

# SEE ALSO

faultline(8)$(tr ' ' '\n' <<<"$kin" | awk -v cmd="$cmd" 'NF && $0 != cmd && !seen[$0]++ { printf ", faultline-%s(8)", $0 }')
EOF
