#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# An include never climbs (user/LAYERS), folders of a room form no circle, nothing is weak or declared where it is used.
. "$(dirname "$0")/../lib.sh"

cat >"$T/layers.py" <<'EOF'
import collections, glob, os, re, sys

order = [l.split()[0] for l in open('user/LAYERS') if l.strip() and not l.startswith('#')]
rank = {room: i for i, room in enumerate(order)}
files = {f[5:] for f in glob.glob('user/**/*.[ch]', recursive=True)}
edges = collections.defaultdict(set)
for f in sorted(files):
	room = f.split('/')[0]
	for line in open('user/' + f):
		m = re.match(r'\s*#\s*include "(?:user/)?([^"]+)"', line)
		if not m:
			continue
		to = next((x for x in (os.path.dirname(f) + '/' + m[1], m[1]) if x in files), None)
		if to is None:
			if m[1].startswith(('tools/', 'tests/')) and room != 'cmd':
				print('climbs:', f, m[1])
			continue
		if '/' not in f:
			continue # main.c
		there = to.split('/')[0]
		if room not in rank or there not in rank:
			print('not in user/LAYERS:', f, to)
		elif rank[there] > rank[room]:
			print('climbs:', f, to)
		a, b = os.path.dirname(f), os.path.dirname(to)
		if a != b and room in a.split('/') and '/' in a and '/' in b:
			edges[a].add(b)

def reaches(a, b, seen):
	return a == b or any(reaches(x, b, seen | {x}) for x in edges[a] if x not in seen)

for a in sorted(edges):
	for b in sorted(edges[a]):
		if reaches(b, a, {b}):
			print('circle:', a, b)
for d in sorted({os.path.dirname(f) for f in files}):
	n = sum(os.path.dirname(f) == d for f in files)
	if n > 25:
		print('more than 25 files:', d, n)
EOF
cd "$TOP" || exit 1
nothing "no include climbs, no circle of folders, no folder of more than 25 files" "$(python3 "$T/layers.py")"
nothing "nothing is weak" "$(grep -rnE '#pragma weak|__attribute__\(\(weak' user tools/lab)"
nothing "what is declared extern stands in a header or beside its table" \
	"$(grep -rnE '^extern ' user --include='*.c' | grep -v 'char \*\*environ')"
