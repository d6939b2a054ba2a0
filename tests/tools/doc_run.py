#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""doc_run.py BIN PAGE...: run the command blocks of a page in order, in one shell, and compare what they print.

A command block is indented by four blanks, or fenced, and begins with a command: `$ command` with the output that it is
to have below it, or plain commands, which are to succeed. Numbers, ids and people are not compared; `...` stands for
any text. HTML comments before a block say what else is needed:

    <!-- run: COMMANDS -->       done first, out of the reader's sight
    <!-- not run: REASON -->     cannot be run here; counted and listed at the end
    <!-- engine -->              wants a Docker engine: run with DOC_ENGINE=1, as no other block is then
    <!-- long: REASON -->        only with FLTEST_LONG=1
    <!-- status: N -->           what the commands of the block end with (0 when left out)
    <!-- any order -->           each line that is shown is printed, in whatever order, among others

BIN is a folder with a wrapper for faultline that shortens waiting. Of several that run at a time, in sandboxes of their
own, each takes the pages that no other one has taken: $DOC_TAKEN is a folder for their names. Prints TAP."""

import os
import re
import select
import signal
import subprocess
import sys
import time

STARTS = re.compile(r'(\$ |(sudo|faultline|make|docker|tar|systemctl|tools/\S+|tests/\S+|ip|git|curl|mkdir|cp|cd|apt|apt-get|sed|'
                    r'[A-Z_]+=\S+ (make|sudo|faultline)|[a-z]+=\$\(faultline)\b)')
ENGINE = bool(os.environ.get('DOC_ENGINE'))
# What may be run here without a word; whatever else could touch the machine says why it is not run.
SAFE = re.compile(r'((sudo )?faultline|' + (r'docker|' if ENGINE else '') + r'[a-z]+=\$\((sudo )?faultline|cat|cd|cp|echo|mkdir|jq|curl|ip|sed|python3|grep)\b')
LONG = bool(os.environ.get('FLTEST_LONG'))
LIMIT_S = 150 if LONG or ENGINE else 45

SHELL = r'''
s=0
while IFS= read -r -d '' c <&3; do
	eval "(exit $s); $c" </dev/null >>"$DOC_OUT" 2>&1
	s=$?
	printf '%d\n' $s >&4
done
'''


class Block:
	def __init__(self, page, line, text):
		self.page, self.line, self.text = page, line, text
		self.before, self.reason, self.status, self.any_order, self.engine = [], None, 0, False, False

	@property
	def runs(self):
		return bool(STARTS.match(self.text[0]))

	def commands(self):
		"""(command, expected lines or None) of the block."""
		out = []
		prompt = self.text[0].startswith('$ ')
		lines = iter(self.text)
		for line in lines:
			if prompt and not line.startswith('$ '):
				out[-1][1].append(line)
				continue
			command = line[2:] if prompt else line
			while command.endswith('\\'):
				command = command[:-1] + next(lines)
			if command.strip():
				out.append((command, [] if prompt else None))
		return out


def blocks_of(page):
	lines = open(page).read().split('\n')
	i, comments = 0, []
	while i < len(lines):
		line = lines[i]
		if line.startswith('<!--'):
			j = i
			while '-->' not in lines[j]:
				j += 1
			comments.append('\n'.join(lines[i:j + 1])[4:].split('-->')[0].strip())
			i = j + 1
			continue
		block = None
		if re.match(r'(    |\t)\S', line) and (i == 0 or not lines[i - 1].strip() or lines[i - 1].endswith('-->')):
			j = i
			while j < len(lines) and (re.match(r'(    |\t)', lines[j]) or (not lines[j].strip() and j + 1 < len(lines) and re.match(r'(    |\t)', lines[j + 1]))):
				j += 1
			block = Block(page, i + 1, [re.sub(r'^(    |\t)', '', s) for s in lines[i:j]])
		elif line.startswith('```'):
			j = i + 1
			while not lines[j].startswith('```'):
				j += 1
			block = Block(page, i + 2, lines[i + 1:j] or [''])
			j += 1
		if block:
			for c in comments:
				word, _, rest = c.partition(':')
				rest = rest.strip()
				if word == 'run':
					block.before.append(rest)
				elif word == 'not run':
					block.reason = rest
				elif word == 'long':
					block.reason = None if LONG else 'long: ' + rest
				elif word == 'status':
					block.status = int(rest)
				elif word == 'engine':
					block.engine = True
					block.reason = block.reason if ENGINE else 'an engine: tests/docker/62-docs-run.sh'
				elif word == 'any order':
					block.any_order = True
			if [c for c in comments if re.match(r'(run|not run|long|status|engine|any order)\b', c)] or block.runs or \
			   any(re.match(r'(sudo )?faultline [a-z]', s) for s in block.text):
				yield block
			comments = []
			i = j
			continue
		if line.strip():
			comments = []
		i += 1


NUMBER = r'-?\b\d[\d.,:/-]*(ns|us|ms|s|min|h|[KMG]iB|B|[KMG]?bit/s|%)?(?![\w])'


def plain(line):
	line = re.sub(r'\x1b\[[0-9;]*m', '', line)
	line = re.sub(r'/tmp/\S*/', '', line)
	line = re.sub(r'\b(alice|bob|root)( \([^)]*\))?(?= |,|$)', 'SOMEBODY', line)
	line = re.sub(r'^kernel \S+', 'kernel N', line)
	line = re.sub(NUMBER, 'N', line)
	line = re.sub(r'(?<= )-(?= |$)', 'N', line)
	line = re.sub(r'\b([a-z0-9]{6}\.[\dN]+|(?=[a-z]*\d)[a-z0-9]{6})\b', 'ID', line)
	return re.sub(r'\s+', ' ', line).strip()


def matcher(line):
	# (A name of letters alone is not seen to be one, but where one is shown.)
	names = lambda p: re.sub(r'\bID\b', '(ID|[a-z]{6})', re.escape(p))
	return re.compile('.*'.join(names(p) for p in plain(line).split('...')) + r'\Z')


def fits(shown, printed):
	"""None, or the shown line that is not there."""
	i = 0
	gap = False
	for s in shown:
		if s.strip() == '...':
			gap = True
			continue
		m = matcher(s)
		while gap and i < len(printed) and not m.match(printed[i]):
			i += 1
		if i == len(printed) or not m.match(printed[i]):
			return s
		i += 1
		gap = False
	return None if gap or i == len(printed) else '(no more)'


def difference(block, shown, output):
	printed = [p for p in map(plain, output.split('\n')) if p]
	shown = [s for s in shown if s.strip()]
	if not block.any_order:
		return fits(shown, printed)
	return next((s for s in shown if s.strip() != '...' and not any(matcher(s).match(p) for p in printed)), None)


class Shell:
	def __init__(self, folder):
		self.out = os.path.join(folder, 'out')
		to, self.fd = os.pipe()
		self.answer, back = os.pipe()
		# 3: commands, 4: their exit status
		def hand_over():
			a, b = os.dup(to), os.dup(back)
			os.dup2(a, 3)
			os.dup2(b, 4)
		self.p = subprocess.Popen(['bash', '-c', SHELL], cwd=folder, env=dict(os.environ, DOC_OUT=self.out), close_fds=False,
		                          preexec_fn=hand_over, start_new_session=True)
		os.close(to)
		os.close(back)

	def run(self, command):
		open(self.out, 'w').close()
		os.write(self.fd, command.encode() + b'\0')
		if not select.select([self.answer], [], [], LIMIT_S)[0]:
			os.killpg(self.p.pid, signal.SIGKILL)
			return None, open(self.out, errors='replace').read()
		status = os.read(self.answer, 16)
		return (int(status) if status else None), open(self.out, errors='replace').read()

	def close(self):
		os.close(self.fd)
		self.p.wait()
		os.close(self.answer)


def run_block(shell, b):
	"""None, or what is wrong, and the output."""
	unsafe = [c for c, _ in b.commands() if not SAFE.match(c)]
	if unsafe:
		return f'this is not run without a word of why not: {unsafe[0]}', ''
	for c in b.before:
		status, output = shell.run(c)
		if status != 0:
			return f'what has to be done first ended with {status}', output
	whole, commands = '', b.commands()
	for i, (command, shown) in enumerate(commands):
		begun = time.monotonic()
		status, output = shell.run(command)
		took = time.monotonic() - begun
		if took > 3:
			print(f'# {took:.1f} s: {command[:90]}')
		whole += f'$ {command}\n{output}'
		if status is None:
			return f'no end within {LIMIT_S} s (say why it is not run here, in a comment before it): {command}', whole
		# The verdict of a run that was cut short is not what its page is about.
		allowed = (b.status, 1) if re.search(r'faultline (run|accept) ', command) else (b.status,)
		asked = i + 1 < len(commands) and commands[i + 1][0] == 'echo $?'
		if not asked and status not in allowed and not (shown and b.status == 0 and any('faultline: ' in s for s in shown)):
			return f'status {status}: {command}', whole
		if shown is not None and (shown or output):
			if not shown and not b.any_order:
				continue # what is left out: no output is shown
			missing = difference(b, shown, output)
			for _ in range(3):
				# A second in which nobody asked for some of it shows less than another one.
				if missing and re.match(r'(sudo )?faultline (top|graph) ', command):
					missing = difference(b, shown, shell.run(command)[1])
			if missing:
				return f'not what is printed: {missing}', whole
			if command == 'echo $?' and output.split() != shown[0].split():
				return f'the status is {output.strip()}, not {shown[0]}', whole
	return None, whole


def takes(page):
	"""Is it this one's to read?"""
	taken = os.environ.get('DOC_TAKEN')
	try:
		return not taken or os.mkdir(os.path.join(taken, page.replace('/', '_'))) is None
	except FileExistsError:
		return False


def main():
	sys.stdout.reconfigure(line_buffering=True)
	bin_dir, pages = os.path.abspath(sys.argv[1]), sys.argv[2:]
	top = os.getcwd()
	os.environ['PATH'] = bin_dir + ':' + os.environ['PATH']
	n = ran = 0
	left = []
	for page in filter(takes, pages):
		n += 1
		begun = time.monotonic()
		folder = os.path.join(os.environ['T'], 'page', page.replace('/', '_'))
		os.makedirs(folder)
		for name in ('experiments', 'docs', 'tests', 'tools'):
			os.symlink(os.path.join(top, name), os.path.join(folder, name))
		shell = Shell(folder)
		shell.run('faultline stop --everyone --yes; faultline allow; rm -f /etc/faultline/stack.yaml' +
		          ('' if ENGINE else '; faultline lab up') + '; true')
		wrong = []
		for b in blocks_of(page):
			if ENGINE and not b.engine:
				continue
			if b.reason:
				left.append(f'{b.page}:{b.line}: {b.reason}')
				continue
			if not b.runs:
				wrong.append(f'{page}:{b.line}: this block is not understood as one of commands: {b.text[0]}')
				continue
			what, output = run_block(shell, b)
			if os.environ.get('VERBOSE'):
				print('\n'.join('# ' + l for l in output.split('\n')))
			ran += len(b.commands())
			if what:
				wrong.append(f'{page}:{b.line}: {what}')
				wrong += ['| ' + plain(l) for l in output.split('\n')[:40]]
			if what and what.startswith('no end'):
				break
		if ENGINE:
			shell.run('[ ! -e compose.yaml ] || docker compose down -t 0')
		shell.close()
		print(f'{"not ok" if wrong else "ok"} {page}: its commands do what is shown')
		print(f'# {time.monotonic() - begun:.1f} s for {page}')
		for w in wrong:
			print(f'#   {w}')
	print(f'# {ran} commands ran')
	print(f'# not run: {len(left)} blocks')
	for l in left:
		print(f'#   {l}')


main()
