# SPDX-License-Identifier: GPL-2.0-only
# matrix.sh - sourced by the matrix: targets of every form, and bystanders around them, each a probe (tests/tools/
# bystander.c) that counts what is done to it. All that is on the host is started in one cgroup, as in the
# scope of a login, and so is the shell that types the commands; the forms that have a group are below its parent.
BY=$BUILD/tests/tools/bystander
P=faultline-test-${T##*.}-mx
M=$T/m
V2=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)
# (A group of a cpuset takes no process until it has CPUs.)
V1S=$(awk '$3 == "cgroup" && $4 !~ /cpuset/ {print $2}' /proc/mounts)
HIERARCHIES="$V2 $V1S"
PROBE_FILE=/run/flt-probe.conf
mkdir -m 777 "$M"

# group NAME [v1|v2]: make it in each hierarchy, or only in those; into NAME COMMAND...: run in it, in place of
# the shell that calls it (so behind it stands a "&").
group() {
	case ${2:-} in v2) _in=$V2 ;; v1) _in=$V1S ;; *) _in=$HIERARCHIES ;; esac
	for _h in $_in; do mkdir -p "$_h/$P/$1"; done
}
into() {
	_g=$1; shift
	exec bash -c 'for h in $1; do [ ! -d "$h/$2" ] || echo $$ >"$h/$2/cgroup.procs"; done; shift 2; exec "$@"' into "$HIERARCHIES" "$P/$_g" "$@"
}
# probe NAME GROUP -- COMMAND...: started in the background; its counters are in $M/NAME. COMMAND ends with the
# probe's own words: "$BY" "$M/NAME" ....
declare -A PROBE_PID
probe() {
	_name=$1 _group=$2; shift 3
	rm -f "$M/$_name"
	into "$_group" "$@" >/dev/null 2>&1 &
	PROBE_PID[$_name]=$!
	_pids="$_pids $!"
}
seen() { "$BY" --read "$M/$1" 2>/dev/null | grep -q 'self loops=[1-9]'; }
settle() { for _p; do wait_for 10 seen "$_p" || { not_ok "the probe $_p starts"; return 1; }; done; }

# MEMBERS[FORM]: its probes; all others are bystanders. up_FORM starts them (again).
declare -A MEMBERS=(
	[netns]="netns netns-late" [pid]=pid [cgroup-v2]="v2 v2-sub" [cgroup-v1]=v1 [lab]="lab lab-late"
	[container]="web web-exec web-late" [compose]=pay [label]=db [swarm-label]=api [network-of]=guest [pid-of]=nested
	[pid-host]=hostpid [network-host]=hostnet [systemd-unit]=unit [swarm-task]=task
)
# Why a form cannot be tried on this machine, and 1; nothing, and 0, when it can.
form_is_here() {
	case $1 in
	systemd-unit) [ -d /run/systemd/system ] || { echo "systemd is not this machine's init"; return 1; } ;;
	swarm-task) [ -n "${FLTEST_HOST:-}" ] || { echo "a Swarm wants a node of its own; tests/docker/60-swarm.sh makes two"; return 1; } ;;
	cgroup-v1) [ -n "$V1S" ] || { echo "no hierarchy of cgroup v1 is mounted"; return 1; } ;;
	esac
}
up_netns() {
	probe netns login -- ip netns exec flt-mx "$BY" "$M/netns" --family --peer 10.77.1.1 --file "$PROBE_FILE"
	settle netns
}
up_pid() {
	probe pid login -- ip netns exec flt-mp "$BY" "$M/pid" --family --peer 10.77.2.1 --file "$PROBE_FILE"
	settle pid
}
up_cgroup-v2() {
	probe v2 v2 -- ip netns exec flt-m2 "$BY" "$M/v2" --family --peer 10.77.3.1 --file "$PROBE_FILE"
	probe v2-sub v2/sub -- ip netns exec flt-m2 "$BY" "$M/v2-sub" --peer 10.77.3.1 --file "$PROBE_FILE"
	settle v2 v2-sub
}
up_cgroup-v1() {
	probe v1 v1 -- ip netns exec flt-m1 "$BY" "$M/v1" --family --peer 10.77.4.1 --file "$PROBE_FILE"
	settle v1
}
LAB=/run/faultline/lab/lab.json
lab_says() { jq -r ".services[\"payment-db\"].$1" $LAB; }
in_lab() {
	bash -c 'for d in "$1" $2; do [ ! -d "$d" ] || echo $$ >"$d/cgroup.procs"; done; shift 2; exec "$@"' lab \
		"$(lab_says cgroup)" "$(for _h in $V1S; do echo "$_h$(lab_says cgroup_v1)"; done | xargs)" "$@"
}
lab_runs() { [ -e "/proc/$(lab_says pid)" ]; }
up_lab() {
	[ -e $LAB ] || FAULTLINE_LAB_CGROUP=$P-lab "$FL" lab up >"$T/lab.out" 2>&1 || { not_ok "the lab is up"; return 1; }
	wait_for 10 lab_runs
	rm -f "$M/lab"
	in_lab ip netns exec "$(lab_says netns)" "$BY" "$M/lab" --family >/dev/null 2>&1 &
	PROBE_PID[lab]=$!; _pids="$_pids $!"
	settle lab
}
# container NAME PROBE OPTION...: of the image that all have, with the probe as its first process.
container() {
	_c=$1 _m=$2; shift 2
	docker rm -f "$_c" >/dev/null 2>&1
	rm -f "$M/$_m"
	docker run -d --name "$_c" -v "$M:/m" -v "$BY:/probe:ro" -v /lib:/lib:ro -v /lib64:/lib64:ro --memory 256m "$@" \
		tiny /probe "/m/$_m" --family --peer "${PEER:-172.17.0.1}" --file "$PROBE_FILE" >/dev/null 2>"$T/docker.err" ||
		{ not_ok "container $_c: $(tail -n 1 "$T/docker.err")"; return 1; }
}
up_container() {
	container mx-web web && settle web || return
	docker exec -d mx-web /probe /m/web-exec --peer 172.17.0.1 --file "$PROBE_FILE"
	settle web-exec
}
up_compose() { container mx-pay pay --label com.docker.compose.project=mxshop --label com.docker.compose.service=pay && settle pay; }
up_label() { container mx-db db --label mxtier=db && settle db; }
up_swarm-label() { container mx_api.1.x api --label com.docker.swarm.service.name=mx_api --label com.docker.swarm.task.name=mx_api.1.x && settle api; }
up_network-of() { container mx-guest guest --network container:mx-host && settle guest; }
up_pid-of() { container mx-nested nested --pid container:mx-host && settle nested; }
up_pid-host() { container mx-hostpid hostpid --pid host && settle hostpid; }
up_network-host() { PEER=10.77.9.2 container mx-hostnet hostnet --network host && settle hostnet; }
up_systemd-unit() {
	# Its file lasts, as a package's does: a transient unit is forgotten when it stops.
	printf '[Service]\nNetworkNamespacePath=/run/netns/flt-mu\nExecStart=%s\nMemoryMax=256M\n' \
		"$BY $M/unit --family --peer 10.77.5.1 --file $PROBE_FILE" >/run/systemd/system/flt-mx.service
	systemctl daemon-reload
	rm -f "$M/unit"
	systemctl restart flt-mx.service
	settle unit
}
up_swarm-task() {
	rm -f "$M/task"
	if docker service inspect flt_mx_task >/dev/null 2>&1; then
		docker service update -q --force flt_mx_task >/dev/null 2>&1
	else
		docker service create -d --name flt_mx_task --no-resolve-image --endpoint-mode dnsrr --restart-delay 100ms \
			--limit-memory 256m --mount "type=bind,src=$M,dst=/m" --mount "type=bind,src=$BY,dst=/probe,ro" \
			--mount type=bind,src=/lib,dst=/lib,ro --mount type=bind,src=/lib64,dst=/lib64,ro \
			tiny /probe /m/task --family --peer 172.17.0.1 --file "$PROBE_FILE" >/dev/null || { not_ok "a service of the Swarm"; return 1; }
	fi
	settle task
}

# Started while the fault is on, where the form lets one join; its name in $LATE.
late_member() { # FORM
	LATE=
	case $1 in netns) LATE=netns-late ;; lab) LATE=lab-late ;; container) LATE=web-late ;; esac
	case $1 in
	netns) probe netns-late login -- ip netns exec flt-mx "$BY" "$M/netns-late" --peer 10.77.1.1 ;;
	lab)
		rm -f "$M/lab-late"
		in_lab ip netns exec "$(lab_says netns)" "$BY" "$M/lab-late" >/dev/null 2>&1 &
		PROBE_PID[lab-late]=$!; _pids="$_pids $!" ;;
	container) docker exec -d mx-web /probe /m/web-late --peer 172.17.0.1 2>/dev/null ;;
	esac
}
late_end() {
	end_probe by-late netns-late lab-late
	pgrep -f '^/probe /m/web-late ' | xargs -r kill -9
	rm -f "$M/web-late"
}
first_pid() { # FORM: the target's main process
	case $1 in
	pid) pgrep -xP "${PROBE_PID[pid]}" bystander | head -n 1 | grep . || echo "${PROBE_PID[pid]}" ;;
	cgroup-v2) echo "${PROBE_PID[v2]}" ;;
	cgroup-v1) echo "${PROBE_PID[v1]}" ;;
	lab) lab_says pid ;;
	container) docker_pid mx-web ;;
	compose) docker_pid mx-pay ;;
	systemd-unit) systemctl show -P MainPID flt-mx.service ;;
	swarm-task) docker_pid "$(docker ps -q --filter label=com.docker.swarm.service.name=flt_mx_task | head -n 1)" ;;
	esac
}
# Who shares a namespace with the target and is none of it. The network only for faults that do not act on
# interfaces: those are refused while a stranger is there, which the form network-of shows.
strangers_up() { # FORM CLASS
	_first=$(first_pid "$1")
	[ -n "$_first" ] || return 0
	probe by-pidns login -- nsenter -t "$_first" -p "$BY" "$M/by-pidns"
	settle by-pidns
	[ "$2" = network ] && return
	probe by-netns login -- nsenter -t "$_first" -n "$BY" "$M/by-netns"
	settle by-netns
}
end_probe() { # NAME...
	for _p; do
		[ -n "${PROBE_PID[$_p]:-}" ] || continue
		# shellcheck disable=SC2046
		kill -9 $(pgrep -P "${PROBE_PID[$_p]}") "${PROBE_PID[$_p]}" 2>/dev/null
		wait "${PROBE_PID[$_p]}" 2>/dev/null
		unset "PROBE_PID[$_p]"
		rm -f "$M/$_p"
	done
}

# The shell's own view: its clock, and its descriptors.
shell_ok() {
	{ exec {_fd}</dev/null; } 2>/dev/null || return 1
	exec {_fd}<&-
	read -r _up _ </proc/uptime
	awk -v now="$EPOCHREALTIME" -v up="$_up" -v boot="$SHELL_BOOT" 'BEGIN { d = now - up - boot; exit !(d < 5 && d > -5) }'
}

world_up() {
	group login; group v2 v2; group v2/sub v2; group v1 v1
	for _h in $HIERARCHIES; do echo $$ >"$_h/$P/login/cgroup.procs"; done
	read -r _up _ </proc/uptime
	SHELL_BOOT=$(awk -v now="$EPOCHREALTIME" -v up="$_up" 'BEGIN { printf "%.2f", now - up }')
	mknet mx 1; mknet mp 2; mknet m2 3; mknet m1 4; mknet mu 5; mknet peer 9
	"$BY" --serve & _pids="$_pids $!"
	ip netns exec flt-peer "$BY" --serve & _pids="$_pids $!"
	echo "limit = 7" >$PROBE_FILE
	probe by-login login -- "$BY" "$M/by-login" --peer 10.77.9.2 --file "$PROBE_FILE"
	probe by-parent . -- "$BY" "$M/by-parent" --peer 10.77.9.2 --file "$PROBE_FILE"
	probe by-root .. -- "$BY" "$M/by-root" --peer 10.77.9.2
	settle by-login by-parent by-root
}
world_engine() {
	if [ -z "${FLTEST_HOST:-}" ]; then docker_up; else mkdir -p "$DOCKER_DIR"; unset DOCKER_HOST; wait_for 20 docker version; fi &&
		docker_image base || return 1
	docker run --name seed base sh -c 'busybox mkdir -p /run /lib /lib64 /m; echo "limit = 7" >/run/flt-probe.conf' &&
		docker commit seed tiny >/dev/null && docker rm seed >/dev/null
	container mx-host by-host && container mx-twin by-twin && settle by-host by-twin || return
	[ -z "${FLTEST_HOST:-}" ] || docker swarm init --advertise-addr 10.77.9.1 >/dev/null
}
# The engine is the host's and stays: what was made in it goes.
host_engine_down() {
	docker service rm flt_mx_task >/dev/null 2>&1
	docker swarm leave --force >/dev/null 2>&1
	# shellcheck disable=SC2046
	docker rm -f -v $(docker ps -aq --filter name=mx) seed >/dev/null 2>&1
	docker rmi -f base tiny >/dev/null 2>&1
	docker network rm docker_gwbridge >/dev/null 2>&1
	systemctl stop flt-mx.service 2>/dev/null
	rm -f /run/systemd/system/flt-mx.service
	systemctl daemon-reload
}
world_down() {
	for _h in $HIERARCHIES; do echo $$ >"$_h/cgroup.procs"; done
	end_probe "${!PROBE_PID[@]}"
	[ ! -e $LAB ] || "$FL" lab down >/dev/null 2>&1
	rm -f $PROBE_FILE
}
groups_down() {
	for _h in $HIERARCHIES; do
		for _g in v2/sub v2 v1 login ''; do
			[ -d "$_h/$P/$_g" ] || continue
			[ ! -e "$_h/$P/$_g/freezer.state" ] || echo THAWED >"$_h/$P/$_g/freezer.state"
			xargs -r kill -9 <"$_h/$P/$_g/cgroup.procs" 2>/dev/null
			wait_for 1 rmdir "$_h/$P/$_g" || not_ok "the cgroup $_h/$P/$_g goes"
		done
	done
}
