#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The stack that a program of BPF needs with all that it calls, as kernels before 6.9 count it: each function in steps of 32
# bytes, 512 in all. (Newer ones count in smaller steps, and so let through what does not load on the old ones.)
. "$(dirname "$0")/../lib.sh"

cat >"$T/stacks.py" <<'PY'
import collections, re, subprocess, sys

STEP, MOST, FRAMES = 32, 512, 8

def functions(path):
	"""Of an object: bytes of stack of each function, and whom it calls."""
	text = subprocess.run(['llvm-objdump', '-dr', path], capture_output=True, text=True, check=True).stdout
	stack, local, calls, name, section, copies, where = {}, [], collections.defaultdict(set), None, None, {}, {}
	for line in text.splitlines():
		if m := re.match(r'Disassembly of section (\S+):', line):
			section = m[1]
		elif m := re.match(r'([0-9a-f]+) <([^>]+)>:', line):
			if not m[2].startswith('LBB'):
				name, copies = m[2], {}
				stack[name] = 0
				where[section, int(m[1], 16) // 8] = name
		elif m := re.search(r'R_BPF_64_32\s+(\S+)', line):
			if m[1] in stack or not m[1].startswith('.'):
				local.pop()
				calls[name].add(m[1])
			else: # a static one: so many instructions into that section, less one
				local[-1] = (name, m[1], local[-1][3] + 1)
		elif m := re.match(r'\s+(\d+):\t85 1. (?:.. ){5}..\s+call (-?\d+|-?0x[0-9a-f]+)', line):
			local.append((name, section, int(m[1]) + 1 + int(m[2], 0), int(m[2], 0)))
		elif m := re.search(r'\(r10 - (0x[0-9a-f]+|\d+)\)', line):
			stack[name] = max(stack[name], int(m[1], 0))
		elif m := re.search(r'\b(r\d) = r10$', line):
			copies[m[1]] = True
		elif (m := re.search(r'\b(r\d) \+= -(0x[0-9a-f]+|\d+)$', line)) and copies.pop(m[1], None):
			stack[name] = max(stack[name], int(m[2], 0))
	for caller, place, at, *_ in local:
		calls[caller].add(where[place, at])
	return stack, calls

def deepest(name, stack, calls):
	own = max(STEP, -(-stack[name] // STEP) * STEP)
	below = max((deepest(c, stack, calls) for c in calls[name] if c in stack), default=(0, []))
	return own + below[0], ['%s (%d)' % (name, stack[name])] + below[1]

most = 0
for path in sys.argv[1:]:
	stack, calls = functions(path)
	called = set().union(*calls.values()) if calls else set()
	for name in set(stack) - called:
		depth, chain = deepest(name, stack, calls)
		most = max(most, depth)
		if depth > MOST or len(chain) > FRAMES:
			print('%s: %d bytes in %d frames: %s' % (path, depth, len(chain), ' > '.join(chain)))
print('FIGURE stacks: most of a program and what it calls, in steps of %d: %d of %d bytes' % (STEP, most, MOST), file=sys.stderr)
if not most:
	print('nothing was looked at')
PY
python3 "$T/stacks.py" "$BUILD"/bpf/*.bpf.o >"$T/out" 2>"$T/figure"
note "$(cat "$T/figure")"
check "no program of BPF, with all that it calls, takes more than 512 bytes of stack on older kernels" diff /dev/null "$T/out"
# (It can fail: what the compiler is made to put onto the stack counts.)
cat >"$T/deep.bpf.c" <<'C'
void *(*const use)(void *) = (void *)1;
__attribute__((noinline)) static int low(int n) { char b[200]; use(b); return n + b[3]; }
__attribute__((noinline)) static int middle(int n) { char b[200]; use(b); return low(n) + b[3]; }
__attribute__((section("tc"))) int high(int *n) { char b[120]; use(b); return middle(*n) + b[3]; }
C
clang -O2 -g -target bpfel -mcpu=v3 -c "$T/deep.bpf.c" -o "$T/deep.bpf.o" 2>"$T/err" || sed 's/^/# /' "$T/err"
check "224 + 224 + 128 of another one are too many" sh -c "python3 '$T/stacks.py' '$T/deep.bpf.o' 2>/dev/null | grep -qE '576 bytes in 3 frames: high .* > middle .* > low'"
