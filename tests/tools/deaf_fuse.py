#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A file system that does not answer.

deaf_fuse.py DIRECTORY mounts one there that never says anything, in the mount namespace it is started in, says
"ready", and sleeps. Whoever goes by that directory waits.

deaf_fuse.py DIRECTORY TEXT: one with a file "conf" of that text, that can be read and written. From SIGUSR1 on it
still lets it be looked up and opened, and answers nobody who reads, writes, cuts, syncs or closes it; SIGUSR2: it
answers all of them."""
import ctypes
import errno
import os
import signal
import struct
import sys
import time

LOOKUP, FORGET, GETATTR, SETATTR, OPEN, READ, WRITE, STATFS, RELEASE, FSYNC = 1, 2, 3, 4, 14, 15, 16, 17, 18, 20
FLUSH, INIT, INTERRUPT, BATCH_FORGET = 25, 26, 36, 42
CONTENT = (SETATTR, READ, WRITE, FSYNC, FLUSH)
SIZE_GIVEN = 1 << 3
DIRECT_IO = 1

libc = ctypes.CDLL(None, use_errno=True)
fd = os.open("/dev/fuse", os.O_RDWR)
if libc.mount(b"deaf", os.fsencode(sys.argv[1]), b"fuse", 0, b"fd=%d,rootmode=40000,user_id=0,group_id=0" % fd):
    sys.exit(os.strerror(ctypes.get_errno()))
content = bytearray(sys.argv[2].encode()) if len(sys.argv) > 2 else None
deaf, held = False, []


def attributes(node):
    mode, size = (0o40755, 0) if node == 1 else (0o100644, len(content))
    return struct.pack("<6Q10I", node, size, 1, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def answer(op, node, body):
    if op == INIT:
        return struct.pack("<IIIIHHIIHHI28x", 7, 31, 65536, 0, 12, 9, 65536, 1, 16, 0, 0)
    if op == LOOKUP:
        return struct.pack("<4Q2I", 2, 0, 0, 0, 0, 0) + attributes(2) if body == b"conf\0" else -errno.ENOENT
    if op in (GETATTR, SETATTR):
        if op == SETATTR and struct.unpack_from("<I", body)[0] & SIZE_GIVEN:
            size = struct.unpack_from("<Q", body, 16)[0]
            content[:] = content[:size].ljust(size, b"\0")
        return struct.pack("<QII", 0, 0, 0) + attributes(node)
    if op == OPEN:
        return struct.pack("<QII", 1, DIRECT_IO, 0)
    if op == READ:
        at, size = struct.unpack_from("<8xQI", body)
        return bytes(content[at:at + size])
    if op == WRITE:
        at, size = struct.unpack_from("<8xQI", body)
        content[at:at + size] = body[40:40 + size]
        return struct.pack("<II", size, 0)
    if op == STATFS:
        return struct.pack("<5Q4I24x", 9, 9, 9, 9, 9, 4096, 255, 4096, 0)
    return b"" if op in (RELEASE, FSYNC, FLUSH) else -errno.ENOSYS


def reply(request):
    op, unique, node = struct.unpack_from("<4xIQQ", request)
    if op in (FORGET, BATCH_FORGET, INTERRUPT):
        return
    body = answer(op, node, request[40:])
    code, body = (body, b"") if isinstance(body, int) else (0, body)
    try:
        os.write(fd, struct.pack("<IiQ", 16 + len(body), code, unique) + body)
    except OSError:
        pass  # who asked has gone


def on_signal(number, _frame):
    global deaf
    deaf = number == signal.SIGUSR1
    while not deaf and held:
        reply(held.pop(0))


signal.signal(signal.SIGUSR1, on_signal)
signal.signal(signal.SIGUSR2, on_signal)
print("ready", flush=True)
if content is None:
    time.sleep(600)
while content is not None:
    request = os.read(fd, 1 << 17)
    if deaf and struct.unpack_from("<4xI", request)[0] in CONTENT:
        held.append(request)
    else:
        reply(request)
