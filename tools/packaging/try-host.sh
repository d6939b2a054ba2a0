#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# try-host.sh DIST [RELEASE...] - what tools/packaging/dist.sh made, on whole Debian hosts (trixie bookworm) in QEMU: the
# packages are installed; faults are left on, one of them for good, and the power goes; what the next boot makes of them;
# the image by its one documented line, and by its Compose file; the purge leaves nothing. Not part of `make check`: it
# wants the images of tools/vm/host and minutes. Root.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
host=$here/../vm/host
dist=$(cd "${1:?usage: try-host.sh DIST [RELEASE...]}" && pwd)
shift
[ $# != 0 ] || set -- trixie bookworm
version=$(cat "$here/../../VERSION")
work=$(mktemp -d)
trap '"$host/guest.sh" "$work/host" down; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
bad=0

# in_guest NAME SECONDS <SCRIPT: its lines "ok ..." and "NOT ok ..." are results; what it says else only when it fails.
in_guest() {
	{ cat "$work/words"; cat; } | "$host/guest.sh" "$work/host" run "$1" "$2" >"$work/out" 2>&1
	local rc=$?
	grep -E '^(NOT )?ok ' "$work/out" | sed 's/^ok /  ok      /; s/^NOT ok /  NOT ok  /'
	grep -E '^note ' "$work/out" | sed 's/^note /          /'
	[ $rc = 0 ] && ! grep -q '^NOT ok' "$work/out" && return
	bad=1
	[ $rc = 0 ] || echo "  NOT ok  $1: status $rc"
	tail -n 30 "$work/out" | sed 's/^/          | /'
}
cat >"$work/words" <<-'END'
	cd /
	check() { local what=$1; shift; if "$@" >/tmp/said 2>&1; then echo "ok $what"; else echo "NOT ok $what"; head -c 2000 /tmp/said; fi; }
	until_ok() { local end=$((SECONDS + $1)); shift; until "$@"; do [ $SECONDS -lt $end ] || return; sleep 0.5; done; }
	image() { docker run --rm --privileged --pid=host --network=host --cgroupns=host \
		-v /sys:/sys -v /run:/run:rslave -v /var/lib/faultline:/var/lib/faultline "faultline:$VERSION" "$@"; }
	VERSION=@VERSION@
END
sed -i "s/@VERSION@/$version/" "$work/words"

for release; do
	echo "$release"
	VM_REBOOT=1 "$host/guest.sh" "$work/host" up "$release" || exit 1
	cp "$dist"/faultline{,-lab,-doc}_*"~debian$([ "$release" = trixie ] && echo 13 || echo 12)"_*.deb "$work/host/share"
	cp "$dist/faultline-$version-image-amd64.tar" "$here/compose.yaml" "$work/host/share"
	in_guest install 300 <<-'END'
		check 'installed' dpkg -i /share/faultline_*.deb /share/faultline-lab_*.deb /share/faultline-doc_*.deb
		check 'recover runs at boot' systemctl is-enabled faultline-recover.service faultline-recover-late.service
		check 'it judges a suite' faultline check /usr/share/faultline/experiments/demo.yaml
		faultline doctor -o json >/tmp/doctor.json 2>/dev/null
		check 'doctor answers' jq -e '.faults | length > 20' /tmp/doctor.json
		jq -r '"note \([.faults[] | select(.supported)] | length) of \(.faults | length) kinds work on this host"' /tmp/doctor.json
		mkdir -p /srv/victim
		echo 'limit = 1234567890' >/srv/victim/conf
		printf '%s\n' '[Service]' 'ExecStart=/bin/sleep 1000000' >/etc/systemd/system/victim.service
		systemctl daemon-reload
		systemctl start victim
		check 'a fault for good is on' faultline inject config_corruption unit:victim --path /srv/victim/conf --allow-persistent --allow-host-root --for 3h --detach
		spoilt() { ! grep -qx 'limit = 1234567890' /srv/victim/conf; }
		check 'its file is spoilt' until_ok 30 spoilt
		check 'and a service is down' faultline inject stop unit:victim --for 3h --detach
		down() { [ "$(systemctl show -P ActiveState victim)" = inactive ]; }
		check 'really' until_ok 30 down
		sync
		END
	"$host/guest.sh" "$work/host" cut || { echo "  NOT ok  it boots after the power was cut"; bad=1; "$host/guest.sh" "$work/host" down; continue; }
	in_guest boot 300 <<-'END'
		check 'after a power cut: faultline-recover.service has run' until_ok 60 sh -c '[ "$(systemctl show -P ExecMainStartTimestampMonotonic faultline-recover.service)" != 0 ]'
		check 'the file is as it was' until_ok 60 grep -qx 'limit = 1234567890' /srv/victim/conf
		runs() { [ "$(systemctl show -P ActiveState victim)" = active ]; }
		check 'the service runs again' until_ok 60 runs
		check 'nothing is active' until_ok 60 sh -c '[ "$(faultline list -o json)" = "[]" ]'
		check 'recover has nothing left' faultline recover
		check 'no unit has failed' sh -c '! systemctl --failed --plain --no-legend | grep faultline'
		until_ok 60 docker version >/dev/null
		check 'the image is loaded' docker load -i "/share/faultline-$VERSION-image-amd64.tar"
		image doctor -o json >/tmp/doctor.json 2>/tmp/said
		check 'doctor in the image' jq -e '.faults | length > 20' /tmp/doctor.json
		jq -r '"note \([.faults[] | select(.supported)] | length) of \(.faults | length) kinds work in the image; not: \([.faults[] | select(.supported | not) | .name] | join(", "))"' /tmp/doctor.json
		mkdir /tmp/box && cp /bin/busybox /tmp/box && tar -C /tmp/box -c . | docker import - box >/dev/null
		docker run -d --name web box /busybox httpd -f -p 80 -h / >/dev/null
		at=$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' web)
		answers() { curl -s -o /dev/null --max-time 3 "http://$at/busybox"; }
		silent() { ! answers; }
		check 'a container answers' until_ok 30 answers
		hits() { # NAME COMMAND...: a fault of a program in the image, until it is told to end
			local name=$1
			shift
			"$@" >"/tmp/$name" 2>&1 & local p=$!
			check "$name from the image: the container is silent" until_ok 60 silent
			docker ps -q --filter ancestor="faultline:$VERSION" | xargs -r docker kill -s INT >/dev/null
			wait $p
			check "$name: it ends" grep -q . "/tmp/$name"
			check "$name: and answers again" until_ok 30 answers
			tail -n 3 "/tmp/$name" | sed 's/^/  /'
		}
		hits network_loss image inject network_loss docker:web --percent 100% --for 300s
		hits pause image inject pause docker:web --for 300s
		if docker compose version >/dev/null 2>&1; then
			hits tcp_reset docker compose -f /share/compose.yaml run --rm faultline inject tcp_reset docker:web --percent 100% --for 300s
		else
			echo 'note no Compose 2 here: its file is not tried'
		fi
		docker rm -f web >/dev/null
		END
	in_guest purge 300 <<-'END'
		rm /srv/victim/conf
		check 'purged' dpkg --purge faultline faultline-lab faultline-doc
		check 'nothing is left' sh -c '! find / -xdev -name "*faultline*" -not -path "/share/*" -not -path "/proc/*" -not -path "/var/lib/docker/*" -not -path "/tmp/*" -not -path "/var/lib/containerd/*" | grep .'
		systemctl daemon-reload
		check 'nor a unit' sh -c '! systemctl list-unit-files --plain --no-legend | grep faultline'
		END
	"$host/guest.sh" "$work/host" down
done
exit $bad
