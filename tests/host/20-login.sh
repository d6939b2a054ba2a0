#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is typed in a login hits its target and nothing else of that login: the session's scope holds the shell,
# what it runs in a network namespace (the target), and what else it has started. In a login on a terminal, by
# PAM as any other, and through ssh where sshd is installed.
[ -n "${FLTEST_HOST:-}" ] || { echo "not ok 1 - only in a guest of tools/vm/host"; echo 1..1; exit 1; }
export FLTEST_SANDBOX=1
# (The engine's own bridge is there before anybody looks what there is.)
for _i in {1..60}; do ! docker version >/dev/null 2>&1 || break; sleep 1; done
. "$(dirname "$0")/../lib.sh"
BY=$BUILD/tests/tools/bystander
mknet x 9

# A line of what is typed for each step; what is seen goes to files, since a terminal shows what is typed as well.
# (A fault stays until the shell itself ends it, four seconds at least. A shell that a fault had stopped would never get
# there; an emulated machine stands still for a second by itself.)
typed() { # DIRECTORY
	cat <<-END
		PATH=$PATH; set +o history
		cat /proc/self/cgroup >$1/scope
		ip netns exec flt-x $BY $1/member --family --stopped 3000 >/dev/null 2>&1 & member=\$!
		$BY $1/beside --family --stopped 3000 >/dev/null 2>&1 & beside=\$!
		sleep 2
	END
	while read -r kind options; do
		cat <<-END
			$BY --read $1/member $1/beside >$1/$kind.before
			$FL inject $kind netns:flt-x $options --for 600s -o json >$1/$kind.json 2>$1/$kind.err & fault=\$!
			until $FL list -o json | jq -es 'any(.[][]; .active)' >/dev/null || [ ! -e /proc/\$fault ]; do sleep 0.2; done
			date +%s >$1/$kind.date
			exec 9</dev/null && echo opened >$1/$kind.fd; exec 9<&-
			$BY $1/late --family --stopped 3000 >/dev/null 2>&1 & late=\$!
			sleep 4; kill -INT \$fault; wait \$fault; echo \$? >$1/$kind.status
			sleep 1; kill \$late; $BY --read $1/member $1/beside >$1/$kind.after; $BY --read $1/late >$1/$kind.late; rm $1/late
		END
	done <"$T/kinds"
	echo "kill \$member \$beside; echo alive >$1/alive"
	echo exit
}
type_in() { # DIRECTORY COMMAND...: a login by it, in a terminal; who types waits for the prompt
	typed "$1" >"$T/typed"
	timeout 1500 python3 "$TOP/tests/tools/typist.py" "$T/typed" "${@:2}" >"$1/said" 2>&1
}
cat >"$T/kinds" <<-'END'
	pause
	time_skew --offset 3600s
	fd_exhaustion
END
# counted FILE BEFORE: "PROCESS SLOT COUNTER" of what was noticed, but for being alive.
counted() {
	awk '{ for (i = 3; i <= NF; i++) { split($i, a, "="); k = $1 " " $2 " " a[1]
		if (FILENAME == ARGV[1]) was[k] = a[2]; else if (a[2] != was[k] + 0) print k } }' "$2" "$1"
}
sign() { case $1 in pause) echo stop ;; time_skew) echo clock ;; fd_exhaustion) echo fd ;; esac; }

judge() { # LOGIN DIRECTORY
	check "$1: it has a scope of its own" grep -qE '^0::/user\.slice/user-0\.slice/session-[^/]*\.scope' "$2/scope"
	while read -r kind _; do
		check "$1: $kind hits" sh -c "[ \"\$(cat $2/$kind.status)\" = 0 ] && jq -e '.injected > 0' $2/$kind.json"
		counted "$2/$kind.after" "$2/$kind.before" >"$T/counted"
		counted "$2/$kind.late" /dev/null >>"$T/counted"
		for slot in self child; do
			check "$1: $kind: what runs in the namespace notices ($slot)" grep -qx "member $slot $(sign "$kind")" "$T/counted"
		done
		check "$1: $kind: what the login has started beside it does not" sh -c "! grep -E '^(beside|late)' '$T/counted' | grep -v ' loops\$'"
		for who in beside late; do
			check "$1: $kind: ... and goes on ($who)" grep -qx "$who self loops" "$T/counted"
		done
		check "$1: $kind: the shell has its descriptors" grep -qx opened "$2/$kind.fd"
		check_num "$1: $kind: the shell has its clock, seconds away" \
			"$(awk -v is="$(cat "$2/$kind.date")" -v right="$(stat -c %Y "$2/$kind.date")" 'BEGIN { print right != "" && is - right < 2 && right - is < 2 ? 0 : is - right }')" eq 0
	done <"$T/kinds"
	check "$1: the shell is alive at the end" grep -qx alive "$2/alive"
	grep -qsx alive "$2/alive" || tail -n 15 "$2/said" | tr -d '\r' | sed 's/^/#   /'
}

mkdir "$T/login"
# (The first session of an emulated machine takes longer than a minute to set up, after which login(1) gives up.)
sed -i 's/^LOGIN_TIMEOUT.*/LOGIN_TIMEOUT 900/' /etc/login.defs
type_in "$T/login" login -f root
judge login "$T/login"

if [ -x /usr/sbin/sshd ]; then
	mkdir -p "$T/ssh" /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$T/host_key"; ssh-keygen -q -t ed25519 -N '' -f "$T/key"
	chmod 755 "$T"
	printf '%s\n' 'ListenAddress 127.0.0.1' 'Port 2222' "HostKey $T/host_key" "AuthorizedKeysFile $T/key.pub" 'UsePAM yes' \
		'PermitRootLogin yes' 'StrictModes no' "PidFile $T/sshd.pid" >"$T/sshd_config"
	bg /usr/sbin/sshd -D -e -f "$T/sshd_config" 2>"$T/sshd.log"
	listens() { ss -Hltn 'sport = 2222' | grep -q .; }
	check "ssh: a server" wait_for 10 listens
	type_in "$T/ssh" ssh -tt -F none -p 2222 -i "$T/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		-o ServerAliveInterval=10 -o ServerAliveCountMax=25 root@127.0.0.1; rc=$?
	check_num "ssh: the connection held to the end: status" $rc eq 0
	judge ssh "$T/ssh"
else
	skip "a login through ssh" "sshd"
fi
