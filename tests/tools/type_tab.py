#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""type_tab.py HOME BUILD DIR SHELL TEXT...: type each TEXT and TAB into an interactive SHELL in DIR, and print the line it
then has, one below the other.

The line is read back by the shell itself: ^A puts `echo LINE= ` in front of it, so nothing depends on how a shell
draws its screen."""
import os, pty, re, select, signal, sys, time

home, build, folder, shell, *texts = sys.argv[1:]
ARGV = {
    "bash": ["bash", "--noprofile", "--rcfile", home + "/bashrc", "-i"],
    "zsh": ["zsh", "-i"],
    "fish": ["fish", "--private", "-i"],
}[shell]
pid, fd = pty.fork()
if not pid:
    os.chdir(folder)
    env = {"HOME": home, "ZDOTDIR": home, "TERM": "xterm", "LC_ALL": "C.UTF-8", "PATH": build + ":" + os.environ["PATH"],
           "fish_greeting": "", "XDG_CONFIG_HOME": home + "/.config", "XDG_DATA_HOME": home + "/.data"}
    os.execvpe(ARGV[0], ARGV, env)

seen = ""

def read_for(seconds, pattern=None, quiet=None):
    """Until @pattern is there, or nothing has come for @quiet seconds since something did, or for so long."""
    global seen
    end = time.monotonic() + seconds
    last = None
    while time.monotonic() < end:
        if pattern and re.search(pattern, seen):
            return True
        if quiet and last and time.monotonic() - last > quiet:
            break
        if select.select([fd], [], [], 0.05)[0]:
            try:
                data = os.read(fd, 65536).decode("utf-8", "replace")
            except OSError:
                break
            if "\x1b[c" in data or "\x1b[0c" in data:  # fish asks what terminal this is
                os.write(fd, b"\x1b[?6c")
            seen += data
            last = time.monotonic()
    return bool(pattern and re.search(pattern, seen))

os.write(fd, b"echo re''ady\n")
read_for(20, r"ready")
read_for(0.7)
for text in texts:
    os.write(fd, text.encode() + b"\t")
    seen = ""
    read_for(1.5, quiet=0.4)
    # To the front of the line, and let the shell say it.
    seen = ""
    os.write(fd, b"\x01" + b"echo LI''NE= \x05\n")
    read_for(10, r"LINE= [^\r\n]*[\r\n]")
    found = re.findall(r"LINE= ([^\r\n\x1b]*)", seen)
    print(found[-1].strip() if found else "?" + repr(seen[-300:]))
    read_for(1, quiet=0.2)
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
