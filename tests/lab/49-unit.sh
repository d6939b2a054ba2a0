#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# unit:NAME: what is asked of systemd, and what comes of it. This host need not run one: a systemctl of
# the test's own keeps one service, in a cgroup, and notes its orders.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../target.sh"
[ ! -e /run/systemd/system ] || { skip "a stand-in for systemd" "systemd"; echo "1..$TAP_N"; exit 0; }
place=/faultline-test-${T##*.}-slice/web.service
# shellcheck disable=SC2154 # of target.sh
group=$_v2$place
mkdir -p "$group" /run/systemd/system "$T/bin"
_cgroups="$group ${group%/*}"
trap 'rmdir /run/systemd/system; rmtargets; cleanup' EXIT
export UNIT_DIR=$T UNIT_GROUP=$group UNIT_PLACE=$place
cat >"$T/bin/systemctl" <<'SYSTEMCTL'
#!/bin/bash
echo "$*" >>"$UNIT_DIR/orders"
for unit; do :; done
pid=$(head -n 1 "$UNIT_GROUP/cgroup.procs")
case $1 in
show) if [ "$unit" != web.service ]; then printf 'Id=%s\nLoadState=not-found\nActiveState=inactive\nMainPID=0\n' "$unit"; exit; fi
	printf 'Id=web.service\nLoadState=loaded\nActiveState=%s\nControlGroup=%s\nMainPID=%s\n' \
		"$(if [ -n "$pid" ]; then echo active; else cat "$UNIT_DIR/state"; fi)" "${pid:+$UNIT_PLACE}" "${pid:-0}" ;;
start) [ ! -e "$UNIT_DIR/broken" ] || { echo failed >"$UNIT_DIR/state"; exit 0; }
	setsid bash -c 'echo $$ >"$UNIT_GROUP/cgroup.procs"; exec sleep 1000' >/dev/null 2>&1 & ;;
stop) [ -z "$pid" ] || kill "$pid"; echo inactive >"$UNIT_DIR/state" ;;
esac
SYSTEMCTL
chmod +x "$T/bin/systemctl"
PATH=$T/bin:$PATH
runs() { grep -q . "$group/cgroup.procs"; }
down() { ! runs; }
systemctl start web.service; wait_for 3 runs

"$FL" inject stop unit:web --for 60s >"$T/out" 2>&1 & p=$!
check "stop: it is down" wait_for 5 down
asked() { grep -c '^show ' "$T/orders"; }
n=$(asked); sleep 1
check_num "... and while nothing runs systemd is not asked" $(($(asked) - n)) le 1
check "... by an order to systemd" grep -qx 'stop --no-block -- web.service' "$T/orders"
kill -INT $p; wait $p; rc=$?
check_num "... status" $rc eq 0
check "... and started again, its failures forgotten" sh -c "grep -qx 'reset-failed --quiet -- web.service' '$T/orders' && grep -q . '$group/cgroup.procs'"
"$FL" inject availability unit:web.service --for 300ms >"$T/out" 2>&1; rc=$?
check_num "availability: status" $rc eq 0
check "... nobody has restarted it: it is started at the end" runs
touch "$T/broken"
"$FL" inject stop unit:web --for 300ms >"$T/out" 2>&1; rc=$?
check_num "a unit that does not start again is no success: status" $rc eq 3
check "... is named, with what it is" grep -q "unit:web.service was told to start, and is 'failed'" "$T/out"
rm "$T/broken"
recovered() { runs || { "$FL" recover >/dev/null && runs; }; } # or the guardian, which goes on trying
check "... and recover starts it" wait_for 8 recovered

refused() { # STATUS WORDS COMMAND...
	"${@:3}" >"$T/out" 2>&1; _rc=$?
	check "${*:4}: refused" sh -c "[ $_rc = $1 ] && grep -q '$2' '$T/out'"
}
refused 2 'name it as unit:web.service' "$FL" inject stop "cgroup:$group" --for 1s
refused 2 'name it as unit:web.service' "$FL" inject restart "cgroup:$place" --for 1s
refused 3 "no unit .none.service" "$FL" inject stop unit:none --for 1s
refused 2 'services only' "$FL" inject stop unit:web.socket --for 1s
refused 2 'not the name of a unit' "$FL" inject stop 'unit:w*' --for 1s
refused 2 'not the name of a unit' "$FL" inject stop unit:--help --for 1s
rmdir /run/systemd/system
refused 3 'does not run systemd' "$FL" inject stop unit:web --for 1s
mkdir /run/systemd/system
