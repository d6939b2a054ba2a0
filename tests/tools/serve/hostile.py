# SPDX-License-Identifier: GPL-2.0-only
"""hostile.py PORT SOCKET TOKEN: requests that no honest client sends, raw, to `faultline serve`; prints a line a check."""
import json, random, socket, sys, threading, time

PORT, PATH, TOKEN = int(sys.argv[1]), sys.argv[2], sys.argv[3]
AUTH = f'Authorization: Bearer {TOKEN}\r\n'
HOST = f'Host: 127.0.0.1:{PORT}\r\n'


def check(what, good, said=''):
	print(('ok ' if good else 'not ok ') + what + ('' if good else f' ({said!r})'), flush=True)


def connect(unix=False, seconds=15):
	s = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
	s.settimeout(seconds)
	s.connect(PATH if unix else ('127.0.0.1', PORT))
	return s


def answer(s):
	"""All that comes until the other end closes, or a whole answer with its length."""
	got = b''
	try:
		while True:
			head, _, body = got.partition(b'\r\n\r\n')
			low = head.lower()
			if body and b'content-length:' in low and len(body) >= int(low.split(b'content-length:')[1].split(b'\r\n')[0]):
				return got
			part = s.recv(65536)
			if not part:
				return got
			got += part
	except (ConnectionError, socket.timeout):
		return got


def send(raw, unix=False):
	s = connect(unix)
	try:
		s.sendall(raw if isinstance(raw, bytes) else raw.encode('latin-1'))
	except ConnectionError:
		pass
	got = answer(s)
	s.close()
	return got


def status(got):
	return int(got.split()[1]) if got.startswith(b'HTTP/1.1 ') else 0


def get(headers, path='/v1/me', method='GET', body=''):
	return send(f'{method} {path} HTTP/1.1\r\n{headers}\r\n{body}')


def browser():
	check('an honest request', status(get(HOST + AUTH)) == 200)
	for name, headers, wanted in [
		('a name that was made to point here', 'Host: evil.example\r\n', 421),
		('the same, with a port', f'Host: evil.example:{PORT}\r\n', 421),
		('no name at all', '', (400, 421)),
		('a foreign Origin', HOST + 'Origin: http://evil.example\r\n', 403),
		('Origin null', HOST + 'Origin: null\r\n', 403),
		('another port of the loopback as Origin', HOST + 'Origin: http://127.0.0.1:1\r\n', 403),
		('cross-site', HOST + 'Sec-Fetch-Site: cross-site\r\n', 403),
		('two names', HOST + 'Host: evil.example\r\n', (200, 400, 421)),
	]:
		got = status(get(headers + AUTH))
		check(f'{name}: refused', got in (wanted if isinstance(wanted, tuple) else (wanted,)), got)
	page = status(send('GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n'))
	check('the page itself is not given under another name', page == 421, page)
	got = get(HOST + 'Origin: http://evil.example\r\nAccess-Control-Request-Method: POST\r\n', '/v1/faults', 'OPTIONS')
	check('no answer allows another site anything', b'access-control' not in got.lower() and status(got) in (403, 405), got[:200])
	form = 'Content-Type: text/plain\r\nContent-Length: 2\r\n'
	check('a body of the type that a form has', status(get(HOST + AUTH + form, '/v1/halt', 'POST', '{}')) == 415)


def sizes():
	head = HOST + AUTH + 'Content-Type: application/json\r\n'
	got = status(get(HOST + AUTH + 'X: ' + 'a' * 20000 + '\r\n'))
	check('headers of 20 KB', got in (400, 413, 431), got)
	got = status(get(head + 'Content-Length: 99999999\r\n', '/v1/faults', 'POST'))
	check('a length of 100 MB is not waited for', got == 413, got)
	got = status(get(head + 'Content-Length: 99999999999999999999999999\r\n', '/v1/faults', 'POST'))
	check('a length that is no number of this world', got in (400, 413), got)
	big = 'x' * 1000
	body = ''.join(f'3e8\r\n{big}\r\n' for _ in range(100)) + '0\r\n\r\n'
	got = status(get(head + 'Transfer-Encoding: chunked\r\n', '/v1/faults', 'POST', body))
	check('a body of 100 KB in pieces', got == 413, got)
	got = status(get(head + 'Content-Length: 4\r\n', '/v1/halt', 'POST', '{\0}\n'))
	check('a NUL in a body', got == 400, got)
	got = status(send((f'POST /v1/halt HTTP/1.1\r\n{head}Content-Length: 15\r\n\r\n').encode() + b'{"reason":"\xff\xfe"}'))
	check('a body that is no UTF-8', got == 400, got)
	got = status(get(HOST + 'Authorization: Bearer \xff\xfe\r\n'))
	check('a token that is no UTF-8', got in (400, 401), got)
	got = status(get(HOST + 'Authorization: Bearer ' + 'a' * 5000 + '\r\n'))
	check('a token of 5 KB', got == 401, got)
	deep = '[' * 30000
	got = status(get(head + f'Content-Length: {len(deep)}\r\n', '/v1/faults', 'POST', deep))
	check('JSON of 30,000 levels', got == 400, got)
	twice = '{"kind":"null","kind":"latency","targets":["x"]}'
	got = status(get(head + f'Content-Length: {len(twice)}\r\n', '/v1/faults', 'POST', twice))
	check('a key twice', got == 400, got)


def garbage():
	r = random.Random(7)
	for _ in range(300):
		n = r.randrange(1, 400)
		raw = bytes(r.randrange(256) for _ in range(n))
		if r.random() < .5:
			raw = f'GET /v1/faults HTTP/1.1\r\n{HOST}'.encode() + raw
		s = connect(r.random() < .3)
		try:
			s.sendall(raw + (b'\r\n\r\n' if r.random() < .5 else b''))
		except ConnectionError:
			pass
		s.close()
	check('garbage, 300 times', status(get(HOST + AUTH)) == 200)


def slow():
	"""A byte a second is activity to everybody but a clock."""
	s, t = connect(seconds=60), time.monotonic()
	s.settimeout(1)
	raw = (f'GET /v1/me HTTP/1.1\r\n{HOST}X: ' + 'a' * 1000).encode()
	ended = 0
	for b in raw[:50]:
		try:
			s.sendall(bytes([b]))
			if s.recv(100) == b'':
				ended = time.monotonic() - t
				break
		except socket.timeout:
			continue
		except ConnectionError:
			ended = time.monotonic() - t
			break
	check('a request of a byte a second is ended', 15 < ended < 30, ended)


def idle():
	held = [connect() for _ in range(1000)] + [connect(True) for _ in range(200)]
	times = []
	for _ in range(100):
		t = time.monotonic()
		if status(get(HOST + AUTH, '/v1/faults')) != 200:
			break
		times.append((time.monotonic() - t) * 1000)
	check('beside 1,200 idle connections others are answered as before', len(times) == 100 and sorted(times)[98] < 100, times[-3:])
	front = [p for p in __import__('glob').glob('/proc/[0-9]*/comm') if open(p).read() == 'fl-serve\n'][0]
	rss = [int(l.split()[1]) for l in open(front.replace('comm', 'status')) if l.startswith('VmRSS')][0] / 1024
	check('the front holds them in 32 MiB', rss <= 32, rss)
	print(f'# 1,200 idle connections: a list in {sorted(times)[50]:.1f} ms (p99 {sorted(times)[98]:.1f}), front {rss:.1f} MiB')
	more = []
	try:
		for _ in range(4000):
			more.append(connect())
	except OSError as e:
		print(f'# {len(more)} more, then {e}')
	got = status(get(HOST + AUTH))
	check('beside 5,200 the next honest one is answered', got == 200, got)
	for s in held + more:
		s.close()


threads = [threading.Thread(target=slow)]
for t in threads:
	t.start()
for f in (browser, sizes, garbage):
	f()
for t in threads:
	t.join()
idle()
