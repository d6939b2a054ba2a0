#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# power-cut-guest.sh - what power-cut.sh runs in each boot of its guest: recover, compare with what was there
# before, and then break things until the power goes.
#     cut: row ROW OPEN BAD KIND     after a cut: 1 when there was something to undo, 1 when it is not as before
#     cut: missing UNDO              an undo that outlives a boot, and no row of tests/vm/lasting is about it
# Services (unit:) are kept by a stand-in for systemd, which remembers on disk which of them ran, as a
# container engine does: what was down when the power went stays down.
set -u
FL=/fl/build/faultline ROW=/disk/row
mkdir -p /disk /fill /run/netns /run/bin /run/systemd/system /var/lib/faultline
mount /dev/vda /disk && mount /dev/vdb /fill || exit 1
mkdir -p /disk/state $ROW
mount --bind /disk/state /var/lib/faultline
export PATH=/run/bin:$PATH
cp /fl/tools/vm/power-cut-systemctl.sh /run/bin/systemctl
chmod +x /run/bin/systemctl
for c in $(cat /sys/fs/cgroup/cgroup.controllers); do echo "+$c" >/sys/fs/cgroup/cgroup.subtree_control; done

wanted=$(sed -n 's/.*pc\.rows=\([^ ]*\).*/\1/p' /proc/cmdline)
declare -A UNDO KIND TARGET OPTIONS PID
rows=
while read -r row undo kind target options; do
	case $row in '' | '#'*) continue ;; esac
	UNDO[$row]=$undo KIND[$row]=$kind TARGET[$row]=$target OPTIONS[$row]=$options
	case ",${wanted:-$row}," in *",$row,"*) rows="$rows $row" ;; esac
done </fl/tests/vm/lasting
for undo in $(/fl/build/tests/tools/lasting); do
	case " ${UNDO[*]} " in *" $undo "*) ;; *) echo "cut: missing $undo" ;; esac
done
echo "cut: kernel $(uname -r)"

in_store() { ip netns exec pc-value redis-cli "$@"; }
answers() { in_store ping >/dev/null 2>&1; }
until_is() { for _ in $(seq 300); do "$@" && return; sleep 0.1; done; return 1; } # COMMAND...
store() {
	ip netns exec pc-value redis-server --port 6379 --bind 127.0.0.1 --appendonly yes --appendfsync always --save '' \
		--dir $ROW/pc-value >/dev/null 2>&1 &
	until_is answers
}
overlay() { # ROW DIRECTORY: as a container's root, its own layer on the disk
	mkdir -p "$2"
	mount -t overlay overlay -o "lowerdir=$ROW/$1/lower,upperdir=$ROW/$1/upper,workdir=$ROW/$1/work" "$2"
}
# Every file below a directory: kind, mode, owner, size, time, content. (A directory's own time may change.)
tree() {
	(cd "$1" && find . ! -type d -exec stat -c '%n %F %a %u %g %s %y' {} + | sort && find . -type d | sort &&
		find . -type f -exec sha256sum {} + | sort)
}
state() { # ROW: what it is to be like again
	case $1 in
	pc-value) for k in $(seq 40); do echo "GET item:$k"; done | in_store ;;
	pc-*layer) overlay "$1" "/tmp/$1"; tree "/tmp/$1"; umount "/tmp/$1" ;;
	pc-fill) tree /fill; stat -f -c '%f' /fill ;;
	pc-stop | pc-restart | pc-availability | pc-crash) systemctl runs "$1" && echo runs ;;
	*) tree "$ROW/$1" ;;
	esac
}
make() { # ROW: the first time
	mkdir -p "$ROW/$1"
	case $1 in
	*layer)
		mkdir -p "$ROW/$1"/{lower,upper,work}/data "$ROW/$1/work"
		rmdir "$ROW/$1/work/data"
		head -c 50000 /dev/urandom >"$ROW/$1/lower/data/conf"
		chmod 640 "$ROW/$1/lower/data/conf"; touch -d 2020-02-02 "$ROW/$1/lower/data/conf" ;;
	pc-file | pc-io)
		head -c 90000 /dev/urandom >"$ROW/$1/conf"
		chown 17:18 "$ROW/$1/conf"; chmod 640 "$ROW/$1/conf"; touch -d 2020-02-02 "$ROW/$1/conf" ;;
	pc-fill) echo kept >/fill/file ;;
	pc-value) store; for k in $(seq 40); do echo "SET item:$k right-$k"; done | in_store >/dev/null ;;
	pc-stop | pc-restart | pc-availability | pc-crash) systemctl make "$1" ;;
	esac
}

# Lines of the journals that are not done, one a line: "UNDO ARGS". (The last line may have been cut off.)
open_entries() {
	cat /disk/state/sessions/*/journal.jsonl /dev/null 2>/dev/null | grep -q . || return 0
	jq -nRr '[inputs as $l | ($l | fromjson?) as $e | {f: input_filename, e: $e}] | group_by(.f)[] | [.[].e] as $all |
		[$all[] | select(.done) | .n] as $done | $all[] | select(.undo and ([.n] | inside($done) | not)) |
		"\(.undo) \(.args | tojson)"' /disk/state/sessions/*/journal.jsonl
}
was_open() { # ROW
	local line
	while read -r line; do
		case $line in "${UNDO[$1]} "*"$1"[!-a-z]*) return 0 ;; esac
	done </tmp/open
	return 1
}

judge() { # WORD... of rows: which are to be looked at now
	for row; do
		open=0 bad=0
		# What the kernel gives back is told of when the disk is mounted.
		if [ "${UNDO[$row]}" = kernel ]; then
			! dmesg | grep -q 'vdb.*orphan inode' || open=1
		elif was_open "$row"; then
			open=1
		fi
		state "$row" >/tmp/is 2>&1
		cmp -s /tmp/is "/disk/right.$row" || bad=1
		echo "cut: row $row $open $bad ${KIND[$row]}"
		[ $bad = 0 ] || { diff "/disk/right.$row" /tmp/is | head -n 8; cat /tmp/recover1 /tmp/recover2; }
	done
}
ip netns add pc-value
ip -n pc-value link set lo up
systemctl boot
if [ ! -e /disk/made ]; then
	for row in $rows; do make "$row"; done
	sync
	for row in $rows; do state "$row" >"/disk/right.$row"; done
	[ "$(cat /disk/right.pc-value 2>/dev/null | grep -c right-)" = 40 ] || case $rows in *pc-value*) echo "no store"; exit 1 ;; esac
	touch /disk/made; sync
else
	open_entries >/tmp/open
	# As the first unit (faultline-recover.service), when no store runs yet; and as the second, when it does, which
	# is started again until nothing is left.
	$FL recover >/tmp/recover1 2>&1
	[ ! -e $ROW/pc-value ] || store
	for ((i = 0; i < 10; i++)); do
		! $FL recover >/tmp/recover2 2>&1 || break
		sleep 2
	done
	judge $rows
	[ -z "$(ls /disk/state/sessions 2>/dev/null)" ] || { echo "something is left in the journal:"; head -c 1000 /disk/state/sessions/*/journal.jsonl; }
fi
! grep -q 'pc\.last' /proc/cmdline || exit 0

# --- until the power goes ---
target() { # ROW COMMAND...: a process with a mount namespace in which /data is the row's
	unshare -m bash -c "$2; exec sleep 100000" &
	PID[$1]=$!
}
target pc-file "mkdir -p /data; mount --bind $ROW/pc-file /data"
target pc-fill "mkdir -p /data; mount --bind /fill /data"
for row in pc-layer pc-fill-layer; do
	[ -e $ROW/$row ] || continue
	target $row "mkdir -p /tmp/m; mount -t overlay overlay -o lowerdir=$ROW/$row/lower,upperdir=$ROW/$row/upper,workdir=$ROW/$row/work /tmp/m; mkdir -p /data; mount --bind /tmp/m/data /data"
done
mkdir -p /sys/fs/cgroup/pc-io
(echo $BASHPID >/sys/fs/cgroup/pc-io/cgroup.procs; exec sleep 100000) &
systemctl watch &
sleep 1
again() { # ROW: over and over, each time for as long as it happens to be
	exec 2>/dev/null # who is killed by his guardian, on a slow machine, is told of here
	local spec=${TARGET[$1]} modes=("flip --count 3000" truncate "replace --content x") mode=
	case $spec in *@*) spec=${spec%%@*}${PID[$(cut -d@ -f2 <<<"$spec")]} ;; esac
	while :; do
		[ "${KIND[$1]}" != config_corruption ] || mode="--mode ${modes[RANDOM % 3]}"
		# shellcheck disable=SC2086
		(set -f; exec $FL inject "${KIND[$1]}" $spec ${OPTIONS[$1]} $mode --for "$((RANDOM % 5)).$((RANDOM % 9 + 1))s") >/tmp/said.$1 2>&1
		case $? in 0 | 1 | 137) ;; *) cp /tmp/said.$1 /tmp/failed.$1 ;; esac
		sleep "0.$((RANDOM % 10))"
	done
}
for row in $(shuf -e $rows); do again "$row" & done
# Emulated, so many of them take their time to begin. (Nothing is started to look: the CPU is theirs.)
mkfifo /tmp/never
exec {never}<>/tmp/never
all_on() {
	local text left=0
	for row in $rows; do
		[ -z "${seen[$row]:-}" ] || continue
		text=
		read -r -d '' text <"/tmp/said.$row"
		case $text in *'is active'*) seen[$row]=1 ;; *) left=1 ;; esac
	done
	return $left
}
declare -A seen
for ((i = 0; i < 60; i++)); do ! all_on || break; read -rt 0.2 -u "$never"; done 2>/dev/null
for row in $rows; do [ ! -e /tmp/failed.$row ] || { echo "$row failed:"; head -n 1 /tmp/failed.$row; tail -n 1 /tmp/failed.$row; }; done
read -rt "$(sed -n 's/.*pc\.cut=\([0-9.]*\).*/\1/p' /proc/cmdline)" -u "$never"
echo "@@READY"
sleep 1000
