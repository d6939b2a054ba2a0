# SPDX-License-Identifier: GPL-2.0-only
# docker.sh - sourced behind lib.sh by tests that need a Docker engine: a dockerd of the test's own
# inside the sandbox, with its state in $T. Its bridges and iptables rules are in the sandbox's
# network namespace, its containers below the cgroup $DOCKER_CGROUP. At exit it is stopped, and it is
# asserted that no process, mount or cgroup of it is left; its bridges are removed.
DOCKER_DIR=$T/docker
DOCKER_SOCK=$DOCKER_DIR/docker.sock
DOCKER_CGROUP=fltest-docker-${T##*.}
DOCKER_PID=
DOCKER_ENTER=() # what dockerd is started through: "nsenter --net=..." for an engine in another namespace
export DOCKER_CONFIG=$DOCKER_DIR/config DOCKER_HOST=unix://$DOCKER_SOCK

# docker_up [DOCKERD OPTION...]: also brings one back that docker_kill or docker_halt ended; the
# containers live through that (unless --live-restore=false: then they end with it).
docker_up() {
	mkdir -p "$DOCKER_DIR" "$DOCKER_CONFIG"
	rm -f "$DOCKER_DIR/pid"
	# Old ones write a key there, wherever their state is.
	mountpoint -q /etc/docker || mount -t tmpfs tmpfs /etc/docker
	"${DOCKER_ENTER[@]}" dockerd --data-root "$DOCKER_DIR/data" --exec-root "$DOCKER_DIR/exec" --pidfile "$DOCKER_DIR/pid" \
		--host "$DOCKER_HOST" --storage-driver vfs --exec-opt native.cgroupdriver=cgroupfs \
		--cgroup-parent "/$DOCKER_CGROUP" --live-restore "$@" >>"$DOCKER_DIR/log" 2>&1 &
	DOCKER_PID=$!
	wait_for 20 docker_answers || { note "dockerd does not answer:"; tail -n 5 "$DOCKER_DIR/log" | sed 's/^/#   /'; return 1; }
}
docker_answers() { [ "$(curl -s --max-time 2 --unix-socket "$DOCKER_SOCK" http://docker/_ping)" = OK ]; }

# docker_image NAME [FILE...]: an image of busybox (statically linked) and of the given files in
# /bin. No registry is asked.
docker_image() {
	_root=$DOCKER_DIR/image
	rm -rf "$_root"
	mkdir -p "$_root"/bin "$_root"/etc "$_root"/tmp "$_root"/www
	cp /bin/busybox "$_root/bin/busybox"
	for _a in sh sleep cat echo date kill ps ls ip ping nc wget httpd nslookup dd; do ln -s busybox "$_root/bin/$_a"; done
	_n=$1; shift
	[ $# = 0 ] || cp "$@" "$_root/bin/"
	tar -C "$_root" -c . | docker import - "$_n" >/dev/null
}

# docker_pid CONTAINER, docker_id CONTAINER, docker_state CONTAINER ("running", "paused", "exited")
docker_pid() { docker inspect -f '{{.State.Pid}}' "$1"; }
docker_id() { docker inspect -f '{{.Id}}' "$1"; }
docker_state() { docker inspect -f '{{.State.Status}}' "$1"; }
# docker_addr CONTAINER [NETWORK]: its IPv4 address.
docker_addr() { docker inspect -f "{{with index .NetworkSettings.Networks \"${2:-bridge}\"}}{{.IPAddress}}{{end}}" "$1"; }
docker_is() { [ "$(docker_state "$1")" = "$2" ]; }

# End the daemon: in order, or without a word.
docker_halt() { kill "$DOCKER_PID" 2>/dev/null; wait "$DOCKER_PID" 2>/dev/null; DOCKER_PID=; }
docker_kill() { kill -9 "$DOCKER_PID" 2>/dev/null; wait "$DOCKER_PID" 2>/dev/null; DOCKER_PID=; rm -f "$DOCKER_SOCK"; }

# What is left of it: processes whose command line names its folder, mounts, cgroups.
docker_rest() {
	for _p in /proc/[0-9]*; do
		# (This shell, and what it runs, has $T in no argument.)
		tr '\0' ' ' <"$_p/cmdline" 2>/dev/null | grep -qF "$DOCKER_DIR/" && echo "process ${_p#/proc/}"
	done
	awk -v d="$DOCKER_DIR/" 'index($2, d) == 1 || $2 ~ "^/run/docker/netns/" {print "mount", $2}' /proc/mounts
	find /sys/fs/cgroup -maxdepth 3 -type d -path "*/$DOCKER_CGROUP/*" 2>/dev/null | sed 's/^/cgroup /'
}
docker_clean() { [ -z "$(docker_rest)" ]; }
docker_down() {
	[ -d "$DOCKER_DIR" ] || return 0
	# One that died left its containers running; only itself takes them down in order.
	[ -n "$DOCKER_PID" ] && docker_answers || docker_up || not_ok "dockerd comes back for the teardown"
	# shellcheck disable=SC2046
	docker rm -f -v $(docker ps -aq) >"$DOCKER_DIR/rm" 2>&1 || grep -q requires "$DOCKER_DIR/rm" || sed 's/^/# /' "$DOCKER_DIR/rm"
	docker_halt
	! mountpoint -q /etc/docker || umount /etc/docker
	# Its own: a killed one leaves its data folder mounted, any the namespace of the host's network.
	for _m in "$DOCKER_DIR/data" "$DOCKER_DIR/exec/netns/default"; do ! mountpoint -q "$_m" || umount "$_m"; done
	for _l in $(ip -o link show type bridge | awk -F': ' '$2 == "docker0" || $2 ~ /^br-/ {print $2}'); do ip link del "$_l"; done
	if wait_for 5 docker_clean; then ok "nothing is left of the Docker engine"; else
		not_ok "nothing is left of the Docker engine"; docker_rest | sed 's/^/#   /'
	fi
	for _d in /sys/fs/cgroup/*/"$DOCKER_CGROUP" /sys/fs/cgroup/"$DOCKER_CGROUP"; do [ ! -d "$_d" ] || rmdir "$_d"; done
}
trap '_docker_rc=$?; docker_down; (exit $_docker_rc); cleanup' EXIT
