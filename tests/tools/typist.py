#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""typist.py FILE COMMAND... - somebody at a terminal: COMMAND runs in one of its own, and each line of FILE is typed
once the shell there has asked for it (what it said ends with "# "), so that nothing is typed into a login that is
still on its way and forgets it. What is said goes to standard output. Exit status: the command's.
"""
import os
import pty
import select
import sys
import time

lines = open(sys.argv[1], "rb").read().splitlines(keepends=True)
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
said = b""
while True:
    # A prompt stays: what looks like one and is followed by more is none.
    if said.endswith(b"# ") and not select.select([terminal], [], [], 0.3)[0] and lines:
        said = b""
        os.write(terminal, lines.pop(0))
    try:
        text = os.read(terminal, 4096)
    except OSError:
        text = b""
    if not text:
        # login(1) hangs its terminal up and opens it again: the end is the end of the command.
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        time.sleep(0.1)
        continue
    said = (said + text)[-64:]
    os.write(1, text)
sys.exit(os.waitstatus_to_exitcode(status))
