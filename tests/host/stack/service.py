# SPDX-License-Identifier: GPL-2.0-only
"""The service under test, made of what its language has. /state says what it sees, in one line:
  TIME BORN FREE DESCRIPTORS MS ADDRESS VALUE FILE...
(its clock; when it was started; bytes free beside its file; whether it can open more; what its own getaddrinfo says of NAME
after how many milliseconds; user:1 of its store; its file). /lookup?NAME: MS ADDRESS. Anything else answers "ok". A loop
does the same, so that there is always something for a fault to hit.

  service.py PORT NAME STORE FILE      NAME: what the loop looks up; STORE: host of a Redis
"""
import os
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT, NAME, STORE, FILE = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
born = time.monotonic()


def lookup(name):
    began = time.monotonic()
    try:
        found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]
    except OSError as error:
        found = "error:%s" % str(error).replace(" ", "_")
    return "%d %s" % (1000 * (time.monotonic() - began), found)


def read_file():
    try:
        with open(FILE) as f:
            return f.read().strip()
    except OSError as error:
        return "error: %s" % error


def ask_store():
    try:
        with socket.create_connection((STORE, 6379), 2) as s:
            s.sendall(b"GET user:1\r\n")
            answer = s.recv(100).decode(errors="replace").split("\r\n")
            return answer[1] if len(answer) > 2 and answer[1] else "none"
    except OSError:
        return "error"


def descriptors():
    try:
        for fd in [os.dup(0) for _ in range(3)]:
            os.close(fd)
        return True
    except OSError:
        return False


def work():
    while True:
        lookup(NAME)
        read_file()
        ask_store()
        time.sleep(0.3)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer

    def do_GET(self):
        if self.path == "/state":
            data = os.statvfs(os.path.dirname(FILE))
            body = "%.3f %.3f %d %s %s %s %s\n" % (time.time(), born, data.f_bavail * data.f_frsize, descriptors(),
                                                  lookup(NAME), ask_store(), read_file())
        elif self.path.startswith("/lookup?"):
            body = lookup(self.path[8:]) + "\n"
        elif self.path == "/big":
            body = "x" * 65536
        else:
            body = "ok\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 64
    daemon_threads = True

    def handle_error(self, *args):
        pass


if not os.path.exists(FILE):
    with open(FILE, "w") as f:
        f.write("limit = 1234567890\n")
threading.Thread(target=work, daemon=True).start()
Server(("", PORT), Handler).serve_forever()
