#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A file system that never answers: deaf_fuse.py DIRECTORY mounts one there, in the mount namespace it is started
in, says "ready", and sleeps. Whoever goes by that directory waits."""
import ctypes
import os
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
fd = os.open("/dev/fuse", os.O_RDWR)
if libc.mount(b"deaf", os.fsencode(sys.argv[1]), b"fuse", 0, b"fd=%d,rootmode=40000,user_id=0,group_id=0" % fd):
    sys.exit(os.strerror(ctypes.get_errno()))
print("ready", flush=True)
time.sleep(600)
