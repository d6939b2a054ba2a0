#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What has to fit on a screen does: no file over 600 lines, no function over 60, no folder of more than 25 sources.
. "$(dirname "$0")/../lib.sh"

cat >"$T/sizes.py" <<'PY'
import ast, collections, glob, os, sys

what, places = sys.argv[1], sys.argv[2:]
names = sorted(n for p in places for n in glob.glob(p + '/**', recursive=True) if os.path.isfile(n))
if not names:
	print('nothing was looked at')

def functions_of_c(lines):
	"""A function begins with what stands in the first column before a { in it, and ends with the } there."""
	head = start = None
	for i, line in enumerate(lines, 1):
		if line[:1] not in (' ', '\t', '', '{', '}', '#', '/', '*') and not line.rstrip().endswith(';'):
			head = i
		if line.startswith('{'):
			start, head = head or i, None
		elif line.startswith('}'):
			if start and line.strip() == '}':
				yield start, i
			head = start = None
		elif line.rstrip().endswith((';', '};')) and not line.startswith((' ', '\t')):
			head = None

for name in names:
	ext = os.path.splitext(name)[1]
	if ext not in ('.c', '.h', '.S', '.py', '.sh'):
		continue
	text = open(name).read()
	lines = text.split('\n')
	if what == 'files' and len(lines) - 1 > 600:
		print(f'{name}: {len(lines) - 1} lines')
	if what == 'functions' and ext in ('.c', '.h'):
		for start, end in functions_of_c(lines):
			if end - start + 1 > 60:
				print(f'{name}:{start}: {end - start + 1} lines')
	if what == 'functions' and ext == '.py':
		for node in ast.walk(ast.parse(text)):
			if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno + 1 > 60:
				print(f'{name}:{node.lineno}: {node.end_lineno - node.lineno + 1} lines')
if what == 'folders':
	count = collections.Counter(os.path.dirname(n) for n in names if n.endswith(('.c', '.h', '.S', '.py')))
	for folder, n in sorted(count.items()):
		if n > 25:
			print(f'{folder}: {n} files')
PY
cd "$TOP" || exit 1
nothing "no file over 600 lines" "$(python3 "$T/sizes.py" files user bpf tools tests/tools)"
nothing "no function over 60 lines" "$(python3 "$T/sizes.py" functions user bpf tools tests)"
nothing "no folder of more than 25 sources" "$(python3 "$T/sizes.py" folders user bpf tools tests/tools)"
