#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The documents: every link leads somewhere, every command line in them is one that this build takes.
. "$(dirname "$0")/../lib.sh"
cd "$TOP" || exit 1
cat >"$T/links.py" <<'EOF'
import glob, os, re

pages = glob.glob('*.md') + glob.glob('docs/**/*.md', recursive=True) + glob.glob('experiments/**/*.md', recursive=True)

def anchors(path):
	seen = set()
	fenced = False
	for line in open(path):
		fenced ^= line.startswith('```')
		m = re.match(r'#+ +(.*?)\s*$', line)
		if m and not fenced:
			a = re.sub(r'[^\w\- ]', '', m[1].lower()).replace(' ', '-')
			seen.add(a)
	return seen

for page in sorted(pages):
	text = re.sub(r'```.*?```', '', open(page).read(), flags=re.S)
	for m in re.finditer(r'\]\(([^)\s]+)\)', text):
		to = m[1]
		if re.match(r'[a-z]+:', to):
			continue
		path, _, anchor = to.partition('#')
		there = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
		picture = re.sub(r'\.svg$', '.dot', there)
		if not os.path.exists(there) and not os.path.exists(picture):
			print(f'{page}: {to}: there is no such file')
		elif anchor and there.endswith('.md') and anchor not in anchors(there):
			print(f'{page}: {to}: there is no such heading')
EOF
nothing "every link of the documents leads somewhere" "$(python3 "$T/links.py")"

cat >"$T/commands.py" <<'EOF'
import glob, os, re, shlex, subprocess, sys

fl = sys.argv[1]
helps = {}

def help_of(*words):
	if words not in helps:
		r = subprocess.run([fl, *words, '--help'], capture_output=True, text=True)
		helps[words] = r.stdout if r.returncode == 0 else None
	return helps[words]

commands = set(re.findall(r'^  ([a-z]+) ', help_of().split('Commands:')[1].split('\n\n')[0], re.M))
n = 0
pages = glob.glob('*.md') + glob.glob('docs/**/*.md', recursive=True) + glob.glob('experiments/**/*.md', recursive=True)
for page in sorted(pages):
	if page == 'CHANGELOG.md':
		continue
	text = open(page).read().replace('\\\n', ' ')
	# what is fenced, as what is indented
	text = re.sub(r'^```[a-z]*\n(.*?)^```', lambda m: re.sub(r'^', '    ', m[1], flags=re.M), text, flags=re.M | re.S)
	lines = re.findall(r'^(?:    |\t)(?:\$ |# )?((?:sudo )?faultline [a-z].*)$', text, re.M) + \
		re.findall(r'`(faultline [a-z][^`]*)`', text)
	for line in lines:
		for part in re.split(r'\s+[;&|]+\s+|\s+#\s|\s*[;|>]\s', line):
			part = re.sub(r'^(sudo )?', '', part.strip())
			if not part.startswith('faultline '):
				continue
			try:
				words = shlex.split(part, comments=True)[1:]
			except ValueError:
				words = part.split()[1:]
			if not words or not re.fullmatch(r'[a-z]+', words[0]):
				continue
			n += 1
			cmd = words[0]
			if '--' in words:
				words = words[:words.index('--')]
			if cmd not in commands | {'complete'}:
				print(f'{page}: no command: {part}')
				continue
			text_of = help_of(cmd) or ''
			if cmd == 'inject' and len(words) > 1 and re.fullmatch(r'[a-z_]+', words[1]):
				kind = help_of('inject', words[1])
				if kind is None:
					print(f'{page}: no kind: {part}')
					continue
				text_of += kind
			for w in words[1:]:
				m = re.match(r'(--[a-z][a-z-]*)(=|$)', w)
				if m and m[1] not in ('--help', '--docker-socket') and \
				   not re.search(re.escape(m[1]) + r'(?![a-z-])', text_of):
					print(f'{page}: {cmd} has no {m[1]}: {part}')
print(n, file=sys.stderr)
EOF
nothing "every command line of the documents is one of this build's" \
	"$(python3 "$T/commands.py" "$FL" 2>"$T/n")"
check_num "... and there were as many as there should be" "$(cat "$T/n")" ge 100

cat >"$T/messages.py" <<'EOF'
import glob, re, sys

# Adjacent literals are one message; "..." of the page is whatever a format puts there.
literals = []
for f in glob.glob('user/**/*.[ch]', recursive=True):
	s = re.sub(r'"\s*PRI\w+\s*"', 'd', open(f).read())
	s = re.sub(r'"\s*\n\s*"', '', s)
	literals += [m[1].replace('%%', '%').replace('\\"', '"') for m in re.finditer(r'"((?:[^"\\\n]|\\.)+)"', s)]
text = '\n'.join(literals)
n = 0
for line in open('docs/troubleshooting.md'):
	m = re.match(r'\| `([^`]+)`', line)
	if not m:
		continue
	n += 1
	words = m[1][1:-1] if m[1].startswith('[') else m[1]
	parts = [p for p in (p.strip(" '") for p in words.split('...')) if p]
	if not parts or not re.search('.*'.join(map(re.escape, parts)), text):
		print(f'no such message in the source: {m[1]}')
print(n, file=sys.stderr)
EOF
nothing "every message that troubleshooting.md explains is one of the source" "$(python3 "$T/messages.py" 2>"$T/n")"
check_num "... and there were as many as there should be" "$(cat "$T/n")" ge 45

cat >"$T/results.py" <<'EOF'
import json, re

entry = json.load(open('docs/schema/chaos_results.json'))['items']
rows = {}
part = None
for line in open('docs/results.md'):
	if line.startswith('## '):
		part = line[3:].strip()
	m = re.match(r'\| ((?:`\w+`(?:, )?)+) \| (.*)', line)
	if m and part in ('What every entry has', 'What an entry may have besides'):
		for key in re.findall(r'\w+', m[1]):
			rows[key] = (part.startswith('What every'), m[2])
words = {'text': 'string', 'number': 'number', 'bool': 'boolean', 'object': 'object', 'array': 'array', 'null': 'null'}
for key in sorted(set(entry['properties']) ^ set(rows)):
	print(f'{key}: ' + ('in the schema, not on the page' if key not in rows else 'on the page, not in the schema'))
for key, (always, text) in rows.items():
	p = entry['properties'].get(key, {})
	if always != (key in entry['required']):
		print(f'{key}: is it always there? The page and the schema differ')
	# the type column of the first table, where one key has the row
	kind = text.split(' | ')[0]
	if always and set(kind.split(' or ')) <= set(words):
		types = p.get('type', 'string' if 'enum' in p else None)
		types = {t.replace('integer', 'number') for t in ([types] if isinstance(types, str) else types)}
		if {words[w] for w in kind.split(' or ')} != types:
			print(f'{key}: {kind} on the page, {sorted(types)} in the schema')
	inner = p if p.get('type') == 'object' else p.get('items', {})
	for name in inner.get('properties', {}):
		if f'`{name}`' not in text:
			print(f'{key}: {name} is in the schema, not on the page')
EOF
nothing "the tables of results.md are the schema of chaos_results.json" "$(python3 "$T/results.py")"
