# SPDX-License-Identifier: GPL-2.0-only
# forms.sh - sourced behind host.sh: what there is to be hit, in each form that a target has on a host. A form
# has a service "web" (stack/service.py) and a Redis "store". Per form: up, how the part is named, a process of it, its
# address, a container (or namespace) from which it is asked.
FORMS='container compose swarm podman rootless unit'
PODMAN_SOCK=/run/podman/podman.sock
service() { echo "python3 -B /stack/service.py 8080 $*"; }
redis='redis-server --protected-mode no --save  --appendonly no --dir /tmp'

up_container() {
	docker run -d --name c-store --restart always fltest $redis >/dev/null &&
		docker run -d --name c-web --restart always --memory 192m --tmpfs /data:size=16m --dns 10.77.1.2 fltest \
			$(service a.ext.lab "$(docker_addr c-store)" /data/conf) >/dev/null
}
up_compose() { compose -p shop -f "$STACK/compose.yaml" up -d >"$T/compose" 2>&1 || { sed 's/^/# /' "$T/compose"; return 1; }; }
# (An overlay network is not to be reached from the host: s-client asks.)
up_swarm() {
	ip link add swarm0 type bridge && ip addr add 10.77.3.1/24 dev swarm0 && ip link set swarm0 up
	# (A manager that hears nothing of its node for some seconds starts every task anew; an emulated one is that slow.)
	docker swarm init --advertise-addr 10.77.3.1 --dispatcher-heartbeat 120s >/dev/null &&
		docker network create -d overlay --attachable over >/dev/null || return
	_service='docker service create -d --network over --endpoint-mode dnsrr --no-resolve-image --restart-delay 100ms'
	$_service --name s-store fltest $redis >/dev/null &&
		$_service --name s-web --limit-memory 192m --mount type=tmpfs,destination=/data,tmpfs-size=16777216 \
			fltest $(service s-store s-store /data/conf) >/dev/null && $_service --name s-client fltest sleep 100000 >/dev/null || return
	wait_for 60 has_task client
}
up_podman() {
	systemctl start podman.socket
	podman image exists localhost/fltest || podman import -q $IMAGE localhost/fltest >/dev/null 2>&1
	podman network create pods >/dev/null &&
		podman run -d --name p-store --network pods --restart always localhost/fltest $redis >/dev/null &&
		podman run -d --name p-web --network pods --restart always --memory 192m --tmpfs /data:size=16m localhost/fltest \
			$(service p-store p-store /data/conf) >/dev/null
}
as_user() {
	_uid=$(id -u $USER_NAME)
	systemd-run --quiet --wait --pipe --collect --uid=$USER_NAME -p PAMName=login \
		env XDG_RUNTIME_DIR="/run/user/$_uid" DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$_uid/bus" "$@"
}
up_rootless() {
	id $USER_NAME >/dev/null 2>&1 || useradd -m -s /bin/bash $USER_NAME
	grep -q "^$USER_NAME:" /etc/subuid || usermod --add-subuids 200000-265535 --add-subgids 200000-265535 $USER_NAME
	loginctl enable-linger $USER_NAME
	wait_for 20 systemctl is-active --quiet "user@$(id -u $USER_NAME).service"
	as_user systemctl --user start podman.socket &&
		{ as_user podman image exists localhost/fltest || as_user podman import -q $IMAGE localhost/fltest >/dev/null 2>&1; } &&
		as_user podman network create pods >/dev/null &&
		as_user podman run -d --name r-store --network pods --restart always localhost/fltest $redis >/dev/null &&
		as_user podman run -d --name r-web --network pods --restart always --memory 192m --tmpfs /data:size=16m localhost/fltest \
			$(service r-store r-store /data/conf) >/dev/null
}
# Services in network namespaces of their own; one whose network is the host's is in 40-units.sh.
up_unit() {
	mknet unit 2 && mknet ustore 4
	echo nameserver 10.77.1.2 >"$T/resolv.conf"
	chmod 755 "$T"
	mkdir -p /run/systemd/system
	unit_file web unit 192M "/usr/bin/$(service a.ext.lab 10.77.4.2 /data/conf | sed "s|/stack/|$STACK/|")"
	unit_file store ustore 64M "/usr/bin/redis-server --protected-mode no --dir /tmp"
	systemctl daemon-reload && systemctl start fltest-store fltest-web
}
unit_file() { # NAME NETWORK MEMORY COMMAND
	cat >"/run/systemd/system/fltest-$1.service" <<-UNIT
		[Service]
		ExecStart=$4
		NetworkNamespacePath=/run/netns/flt-$2
		BindReadOnlyPaths=$T/resolv.conf:/etc/resolv.conf
		TemporaryFileSystem=/data:size=16m
		MemoryMax=$3
		Restart=always
		RestartSec=200ms
		TimeoutStopSec=5s
	UNIT
}

compose_id() { docker ps -aq --no-trunc --filter label=com.docker.compose.project=shop --filter "label=com.docker.compose.service=$1"; }
swarm_task() { docker ps -q --no-trunc --filter "label=com.docker.swarm.service.name=s-$1" | head -n 1; }
has_task() { [ -n "$(swarm_task "$1")" ]; }
# target FORM PART: as it is typed, with options.
target() {
	case $1 in
	container) echo "docker:c-$2" ;;
	compose) echo "$2" ;;
	swarm) echo "s-$2" ;;
	podman) echo "docker:p-$2 --docker-socket $PODMAN_SOCK" ;;
	rootless) echo "docker:r-$2 --docker-socket /run/user/$(id -u $USER_NAME)/podman/podman.sock" ;;
	unit) echo "unit:fltest-$2" ;;
	esac
}
pid_of() { # FORM PART
	case $1 in
	container) docker_pid "c-$2" ;;
	compose) docker_pid "$(compose_id "$2")" ;;
	swarm) docker_pid "$(swarm_task "$2")" ;;
	podman) podman inspect -f '{{.State.Pid}}' "p-$2" ;;
	rootless) as_user podman inspect -f '{{.State.Pid}}' "r-$2" ;;
	unit) systemctl show -P MainPID "fltest-$2" ;;
	esac
}
addr_of() { # FORM PART
	case $1 in
	container) docker_addr "c-$2" ;;
	compose) docker_addr "$(compose_id "$2")" ;;
	swarm) docker_addr "$(swarm_task "$2")" ;;
	podman) podman inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "p-$2" ;;
	rootless) as_user podman inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "r-$2" ;;
	unit) [ "$2" = web ] && echo 10.77.2.2 || echo 10.77.4.2 ;;
	esac
}
# client FORM COMMAND...: from where the form is asked.
client() {
	_form=$1; shift
	case $_form in
	swarm) nsenter --net="/proc/$(docker_pid "$(swarm_task client)")/ns/net" "$@" ;;
	# (The namespace in which the user's own bridges are has no name; their resolver runs there.)
	rootless) nsenter --net="/proc/$(pgrep -o -u $USER_NAME aardvark-dns)/ns/net" "$@" ;;
	*) "$@" ;;
	esac
}
ended() { # FORM: what ended for good is started again
	case $1 in
	container) docker start c-web c-store ;;
	compose) docker start $(compose_id web) $(compose_id store) ;;
	podman) podman start p-web p-store ;;
	rootless) as_user podman start r-web r-store ;;
	unit) systemctl reset-failed fltest-web fltest-store; systemctl start fltest-web fltest-store ;;
	esac >/dev/null 2>&1
}
form_down() {
	case $1 in
	container) docker rm -f -v c-web c-store ;;
	compose) compose -p shop -f "$STACK/compose.yaml" down -v --timeout 1 ;;
	swarm)
		docker service rm s-web s-store s-client
		docker swarm leave --force
		for _i in 1 2 3 4 5; do docker network rm docker_gwbridge && break; sleep 1; done
		ip link del swarm0 ;;
	podman) podman rm -f -t 0 p-web p-store; podman network rm -f pods; systemctl stop podman.socket podman.service ;;
	rootless) as_user podman rm -f -t 0 r-web r-store; as_user podman network rm -f pods; loginctl disable-linger $USER_NAME; systemctl stop "user@$(id -u $USER_NAME)" ;;
	unit)
		systemctl stop fltest-web fltest-store
		rm -f /run/systemd/system/fltest-{web,store}.service
		systemctl daemon-reload
		systemctl reset-failed 'fltest-*' ;;
	esac >/dev/null 2>&1
}
_forms_up=
form_up() { _forms_up="$_forms_up $1"; "up_$1"; }
forms_down() { for _f in $_forms_up; do form_down "$_f"; done; }
