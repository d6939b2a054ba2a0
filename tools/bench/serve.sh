#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# serve.sh - what the API takes, on this machine, now: a list of 100 faults, a fault on and changed until the first packet
# obeys, memory of the process that speaks HTTP. docs/figures.md. `make bench`.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
. tests/tools/serve/lib.sh
. tools/bench/table.sh
mknet a 1
serve_begin --listen 127.0.0.1:0
op=$(token op operate)
front() { pgrep -x fl-serve; }
mib() { awk -v w="$2" '$1 == w ":" { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }
line "memory of the front, nobody there: MiB" "$(mib "$(front)" VmRSS)" le 32
line "  of the back: MiB" "$(mib "$SERVE" VmRSS)"
python3 - "${URL##*:}" "$op" >"$T/first" <<'P'
import http.client, json, socket, struct, sys, threading, time
port, token = int(sys.argv[1]), sys.argv[2]
c = http.client.HTTPConnection('127.0.0.1', port)
head = {'Authorization': f'Bearer {token}', 'Content-Type': 'application/json'}
def ask(method, path, body):
	c.request(method, path, json.dumps(body) if body else None, head)
	r = c.getresponse()
	return json.loads(r.read())
# Echo requests, one every millisecond; a reply tells how long its request waited, by the time in it.
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
seen, stop = [], False
def checksum(b):
	n = sum(struct.unpack(f'!{len(b) // 2}H', b))
	n = (n >> 16) + (n & 0xffff)
	return ~(n + (n >> 16)) & 0xffff
def sender():
	i = 0
	while not stop:
		i = (i + 1) & 0xffff
		b = struct.pack('!BBHHHd', 8, 0, 0, 77, i, time.monotonic())
		s.sendto(b[:2] + struct.pack('!H', checksum(b)) + b[4:], ('10.77.1.2', 0))
		time.sleep(.001)
def receiver():
	while not stop:
		b = s.recv(200)
		if b[20] == 0:
			sent, = struct.unpack('!d', b[28:36])
			seen.append((sent, time.monotonic() - sent))
for f in (sender, receiver):
	threading.Thread(target=f, daemon=True).start()
def first(after, least):
	"""When the first packet was sent, after that moment, that waited so long."""
	until = time.monotonic() + 3
	while time.monotonic() < until:
		for sent, took in seen[-3000:]:
			if sent >= after and took >= least:
				return (sent - after) * 1000
		time.sleep(.002)
times = {'POST': [], 'PATCH': []}
for _ in range(11):
	t = time.monotonic()
	fault = ask('POST', '/v1/faults', {'kind': 'latency', 'targets': ['netns:flt-a'], 'params': {'delay': '20ms'}, 'for': '30s'})
	times['POST'].append(first(t, .019))
	time.sleep(.1)
	t = time.monotonic()
	ask('PATCH', f"/v1/faults/{fault['id']}", {'params': {'delay': '50ms'}})
	times['PATCH'].append(first(t, .049))
	ask('DELETE', f"/v1/faults/{fault['id']}", None)
stop = True
for name, v in times.items():
	print(name, sorted(x for x in v if x is not None)[len(v) // 2])
P
line "POST, from the request to the first packet that is late: ms" "$(awk '$1 == "POST" { printf "%.1f", $2 }' "$T/first")"
line "PATCH, from the request to the first packet that obeys: ms" "$(awk '$1 == "PATCH" { printf "%.1f", $2 }' "$T/first")" le 50
# (An interface takes 64 programs.)
mknet b 2
for ((i = 0; i < 100; i++)); do
	"$FL" inject loss "netns:flt-$([ $((i % 2)) = 0 ] && echo a || echo b)" --percent 0.001% --for 10min --detach 2>&1 >/dev/null | grep -v '^note'
done
python3 - "${URL##*:}" "$op" >"$T/list" <<'P'
import http.client, json, sys, time
c = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]))
times = []
for _ in range(1000):
	t = time.monotonic()
	c.request('GET', '/v1/faults', headers={'Authorization': f'Bearer {sys.argv[2]}'})
	body = c.getresponse().read()
	times.append((time.monotonic() - t) * 1000)
assert len(json.loads(body)) == 100
times.sort()
print(times[500], times[990])
P
read -r median p99 <"$T/list"
line "a list of 100 faults of 100 sessions, 1,000 times, median: ms" "$median"
line "  p99: ms" "$p99" le 5
line "memory of the front after that: MiB" "$(mib "$(front)" VmRSS)" le 32
"$FL" stop --everyone --yes >/dev/null 2>&1
serve_end
rm -rf /etc/faultline/tokens /var/lib/faultline/audit.jsonl /run/faultline-serve
