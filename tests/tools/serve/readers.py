# SPDX-License-Identifier: GPL-2.0-only
"""readers.py PORT TOKEN N SECONDS: N readers of events; prints how many events each has seen, and lost (by number)."""
import re, selectors, socket, sys, time

port, token, n, seconds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
ask = f'GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n'.encode()
chosen = selectors.DefaultSelector()
got = []
for i in range(n):
	s = socket.create_connection(('127.0.0.1', port))
	s.sendall(ask)
	s.setblocking(False)
	got.append(b'')
	chosen.register(s, selectors.EVENT_READ, i)
ready = False
until = time.monotonic() + seconds
while time.monotonic() < until:
	for key, _ in chosen.select(0.2):
		part = key.fileobj.recv(1 << 16)
		got[key.data] += part
		if not part:
			chosen.unregister(key.fileobj)
	if not ready and all(b'\r\n\r\n' in g for g in got):
		ready = True
		until = time.monotonic() + seconds
		print('ready', flush=True)
ids = [[int(m[1]) for m in re.finditer(rb'id: \d+-(\d+)\nevent', g)] for g in got]
lost = sum(max(x) - min(x) + 1 - len(x) for x in ids if x)
print(f'{n} {min(map(len, ids))} {max(map(len, ids))} {lost}')
