# SPDX-License-Identifier: GPL-2.0-only
# host.sh - sourced by the tests of a whole host (make check-host): systemd, cgroup v2, the Docker engine that
# runs there, Podman. They run on the machine itself, not in lib.sh's sandbox: only in a guest of tools/vm/host.
[ -n "${FLTEST_HOST:-}" ] || { echo "not ok 1 - only in a guest of tools/vm/host"; echo 1..1; exit 1; }
export FLTEST_SANDBOX=1
# (The engine's own bridge is there before anybody looks what there is.)
for _i in {1..60}; do ! docker version >/dev/null 2>&1 || break; sleep 1; done
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$TOP/tools/image-root.sh"
STACK=$TOP/tests/host/stack
USER_NAME=fltest # who runs rootless containers

same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2' is not '$3'"; fi; }

# host_image: the image "fltest", of the release's own packages, for Docker; localhost/fltest for Podman. It is kept for
# the tests that follow. No registry is asked.
IMAGE=/var/tmp/fltest.tar
image_file() {
	[ ! -e $IMAGE ] || return 0
	_root=/var/tmp/fltest-root
	rm -rf $_root
	image_base $_root
	image_put $_root /bin/busybox "$(command -v redis-server)" "$(command -v nginx)" "$(command -v dig)" "$(command -v getent)"
	image_python $_root
	mkdir -p $_root/stack $_root/var/lib/nginx $_root/bin
	cp "$STACK"/{service.py,nginx.conf} $_root/stack
	for _a in sh sleep cat echo ls ip ping date touch; do ln -s busybox "$_root/usr/bin/$_a"; done
	ln -s ../usr/bin/busybox $_root/bin/sh
	tar -C $_root -cf $IMAGE . && rm -rf $_root && chmod 644 $IMAGE
}
host_image() {
	image_file && { docker image inspect fltest >/dev/null 2>&1 || docker import $IMAGE fltest >/dev/null; }
}

# world: names outside (a DNS server in a namespace, 10.77.1.2, that knows *.ext.lab) and a way to it.
world() {
	wait_for 30 docker version || return
	mknet dns 1
	bg ip netns exec flt-dns dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file= \
		--bind-interfaces --listen-address=10.77.1.2 --cache-size=0 --address=/ext.lab/10.1.2.9 >"$T/dnsmasq.log" 2>&1
	# (Docker lets nothing through that it has not made itself.)
	sysctl -qw net.ipv4.ip_forward=1
	iptables -P FORWARD ACCEPT
}

docker_pid() { docker inspect -f '{{.State.Pid}}' "$1"; }
docker_addr() { docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' "$1" | cut -d' ' -f1; }
compose() { if docker compose version >/dev/null 2>&1; then docker compose "$@"; else docker-compose "$@"; fi; }
unit_runs() { [ "$(systemctl show -P ActiveState "$1")" = active ]; }

# begin KIND TARGET OPTION...: a fault that is active when it returns. finish: its end; $rc, and injected says how often it hit.
begin() {
	"$FL" inject "$@" --for 900s -o json >"$T/out" 2>"$T/err" & _inject=$!
	until active; do
		[ -e /proc/$_inject ] || { not_ok "$* is on"; sed 's/^/#   /' "$T/err"; return 1; }
		sleep 0.2
	done
}
finish() { kill -INT $_inject 2>/dev/null; wait $_inject; rc=$?; }
active() { "$FL" list -o json | jq -es 'any(.[][]; .active)' >/dev/null; }
none_active() { [ "$("$FL" list -o json)" = '[]' ]; }
injected() { jq -s '.[0].injected // 0' "$T/out"; }

# group_of PID: the nearest cgroup upwards that has a limit of memory.
group_of() {
	_g=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$1/cgroup")
	while [ "$_g" != /sys/fs/cgroup ] && ! grep -qs '^[0-9]' "$_g/memory.max"; do _g=${_g%/*}; done
	echo "$_g"
}

host_down() {
	for _p in $_pids; do kill "$_p" 2>/dev/null; done
	! declare -F forms_down >/dev/null || forms_down >/dev/null 2>&1
	! declare -F test_down >/dev/null || test_down >/dev/null 2>&1
}
trap '_rc=$?; host_down; (exit $_rc); cleanup' EXIT
