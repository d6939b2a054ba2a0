# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154
# apt.sh - sourced by setup.sh: install packages so that the machine is else as it was, write down what came
# with them, and take that away again. Uses $sudo, $dry, $step.
#
# $state/packages has a line "PACKAGE BEFORE" for each that was installed (BEFORE: "-", or "c" where its
# configuration was there already), $state/upgraded one for each that was replaced by a newer one, $state/passwd
# and $state/group the names that they made. (SETUP_STATE, SETUP_POLICY: for the tests.)
state=${SETUP_STATE:-/var/lib/faultline/setup}
scratch=$(mktemp -d)
policy=
cluster=
trap apt_finish EXIT
trap 'exit 130' INT TERM

need_root() {
	[ "$sudo" != none ] || {
		echo "This is neither root nor is there sudo: $*" >&2
		exit 3
	}
}

# "PACKAGE STATE VERSION" of what dpkg knows, sorted (i: installed, c: only its configuration).
dpkg_state() {
	dpkg-query -W -f '${binary:Package} ${db:Status-Status} ${Version}\n' |
		sed -e 's/ installed / i /' -e 's/ config-files / c /' | LC_ALL=C sort
}
# What makes a daemon start at boot: links of systemd (of users' managers too), start links of System V.
boot_links() {
	find /etc/systemd/system /etc/systemd/user /etc/rc[S2345].d -type l \
		\( -path '/etc/systemd/*' -o -name 'S*' \) 2>/dev/null | LC_ALL=C sort
}
names_of() { cut -d: -f1 "/etc/$1" | LC_ALL=C sort; }

# A package that brings a daemon must not start it here: policy-rc.d answers 101 for the time of the
# install. One that somebody else put there is left alone. And PostgreSQL's makes a database, unless told not to.
hold_daemons() {
	if [ ! -e "${SETUP_POLICY:-/usr/sbin/policy-rc.d}" ]; then
		policy=${SETUP_POLICY:-/usr/sbin/policy-rc.d}
		printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
		$sudo chmod 755 "$policy"
	fi
	if [ ! -e /etc/postgresql-common/createcluster.d/faultline.conf ]; then
		cluster=/etc/postgresql-common/createcluster.d/faultline.conf
		$sudo mkdir -p ${cluster%/*}
		echo 'create_main_cluster = false' | $sudo tee $cluster >/dev/null
	fi
}

# Links that were not there before are taken away by those who made them, so that an upgrade of the package does not
# put them back.
disable_new() {
	boot_links | LC_ALL=C comm -13 "$scratch/links" - >"$scratch/new"
	while read -r link; do
		[ -L "$link" ] || continue
		unit=$(basename "$(readlink "$link")")
		case $link in
		/etc/systemd/*)
			[ "$unit" != null ] || continue
			manager=
			case $link in /etc/systemd/user/*) manager=--user ;; esac
			# shellcheck disable=SC2086
			$sudo deb-systemd-helper $manager disable "$unit" >/dev/null 2>&1 || true
			[ ! -L "$link" ] || $sudo rm -f "$link"
			;;
		*) $sudo update-rc.d "$(basename "$(readlink "$link")")" disable >/dev/null 2>&1 || true ;;
		esac
		echo "$unit"
	done <"$scratch/new" | LC_ALL=C sort -u >"$scratch/disabled"
	[ ! -s "$scratch/disabled" ] || echo "installed and left disabled: $(paste -sd' ' "$scratch/disabled")"
}

add_to() { # FILE: from standard input
	{ cat; cat "$state/$1" 2>/dev/null || true; } | LC_ALL=C sort -u >"$scratch/$1.all"
	[ ! -s "$scratch/$1.all" ] || $sudo tee "$state/$1" <"$scratch/$1.all" >/dev/null
}
write_down() {
	dpkg_state >"$scratch/after"
	$sudo mkdir -p "$state"
	awk 'NR == FNR { was[$1] = $2; next } $2 == "i" && was[$1] != "i" { print $1, was[$1] == "c" ? "c" : "-" }' \
		"$scratch/before" "$scratch/after" | add_to packages
	awk 'NR == FNR { was[$1] = $2 " " $3; next } $2 == "i" && was[$1] ~ /^i / && was[$1] != "i " $3 { print $1, substr(was[$1], 3), $3 }' \
		"$scratch/before" "$scratch/after" | add_to upgraded
	for f in passwd group; do names_of $f | LC_ALL=C comm -13 "$scratch/$f" - | add_to $f; done
}

# However it ends: nothing stays enabled, and what came is written down.
apt_finish() {
	if [ -e "$scratch/begun" ]; then
		rm "$scratch/begun"
		disable_new
		write_down
	fi
	[ -z "$policy" ] || $sudo rm -f "$policy"
	if [ -n "$cluster" ]; then
		$sudo rm -f $cluster
		[ ! -d ${cluster%/*} ] || $sudo rmdir -p --ignore-fail-on-non-empty ${cluster%/*}
	fi
	rm -rf "$scratch"
}

run_apt() { $sudo env DEBIAN_FRONTEND=noninteractive apt-get -y -q "$@" >"$scratch/log" 2>&1; }

apt_install() { # PACKAGE...
	# One question for all of them: where nothing is missing this takes no time, and no network.
	installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^.i  *//p')
	missing=$(printf '%s\n' "$@" | grep -vxFe "$installed" | tr '\n' ' ')
	[ -n "$missing" ] || return 0
	need_root "these packages are missing: $missing"
	# shellcheck disable=SC2086
	plan=$(apt-get -s install --no-install-recommends $missing 2>/dev/null) || {
		# The package lists are old or absent.
		[ -n "$dry" ] || run_apt update || true
		plan=$(apt-get -s install --no-install-recommends $missing 2>&1) || {
			printf '%s\n' "$plan" | grep '^E:' >&2
			echo "apt cannot install: $missing" >&2
			exit 3
		}
	}
	echo "to install: $missing"
	printf '%s\n' "$plan" | awk -v named=" $missing" '$1 == "Inst" { if ($3 ~ /^\[/ || $3 ~ /^\(/ && $0 ~ /^Inst [^ ]+ \[/) up++; else if (!index(named, " " $2 " ")) more++ }
		END { printf "  with %d more that they depend on; %d that are there are upgraded for them\n", more, up }'
	echo "  none of their daemons is started or enabled; 'tools/setup.sh undo' removes them"
	[ -z "$dry" ] || return 0
	dpkg_state >"$scratch/before"
	boot_links >"$scratch/links"
	for f in passwd group; do names_of $f >"$scratch/$f"; done
	hold_daemons
	touch "$scratch/begun"
	# shellcheck disable=SC2086
	if ! run_apt install --no-install-recommends $missing; then
		run_apt update || true
		# shellcheck disable=SC2086
		if ! run_apt install --no-install-recommends $missing; then
			tail -n 20 "$scratch/log" >&2
			echo "apt-get could not install: $missing" >&2
			exit 3
		fi
	fi
}

# Packages among ours that somebody has begun to use: a unit of theirs is enabled or runs, or there is a database.
in_use() {
	{
		for link in $(boot_links); do basename "$(readlink "$link")"; done
		[ ! -d /run/systemd/system ] || systemctl list-units --state=active --no-legend --plain 2>/dev/null | awk '{print $1}'
	} | LC_ALL=C sort -u >"$scratch/used"
	cut -d' ' -f1 "$state/packages" | while read -r p; do
		dpkg-query -L "$p" 2>/dev/null | sed -n -e 's|.*/systemd/system/\([^/]*\.[a-z]*\)$|\1|p' \
			-e 's|.*/systemd/user/\([^/]*\.[a-z]*\)$|\1|p' -e 's|^/etc/init.d/||p' |
			LC_ALL=C sort -u | LC_ALL=C comm -12 - "$scratch/used" | sed "s|^|$p |"
	done
	for cluster_of in /etc/postgresql/*/*/; do
		[ ! -d "$cluster_of" ] || echo "postgresql $cluster_of"
	done
}

# What apt would remove with PACKAGE... that is not among them.
taken_along() {
	apt-get -s purge "$@" 2>/dev/null | awk '$1 == "Purg" || $1 == "Remv" {print $2}' | LC_ALL=C sort -u |
		LC_ALL=C comm -23 - "$scratch/ours"
}
# Of ours: what PACKAGE... need, themselves among them.
needed_by() {
	{
		printf '%s\n' "$@"
		apt-cache depends --installed --recurse --no-recommends --no-suggests --no-enhances --no-conflicts \
			--no-breaks --no-replaces "$@" 2>/dev/null | sed -n 's/^\([^ <].*\)$/\1/p'
	} | LC_ALL=C sort -u
}

apt_undo() {
	if [ ! -s "$state/packages" ]; then
		echo "nothing was installed by this script"
		return
	fi
	need_root "cannot remove packages"
	in_use >"$scratch/in_use"
	installed=$(dpkg_state | awk '$2 == "i" {print $1}')
	cut -d' ' -f1 "$state/packages" | LC_ALL=C sort -u | grep -xFe "$installed" | sed 's/:.*//' | LC_ALL=C sort -u >"$scratch/ours" || true
	# shellcheck disable=SC2046
	keep_for $(cut -d' ' -f1 "$scratch/in_use" | sed 's/:.*//' | sort -u) $(taken_along $(cat "$scratch/ours"))
	if [ -s "$scratch/ours" ]; then
		# shellcheck disable=SC2046
		more=$(taken_along $(cat "$scratch/ours"))
		[ -z "$more" ] || { echo "apt would remove what was not installed by this script, so nothing is removed: $more" >&2; exit 3; }
	fi
	echo "to remove: $(paste -sd' ' "$scratch/ours")"
	[ ! -s "$scratch/in_use" ] || sed 's/^\([^ ]*\) \(.*\)/  kept: \1, because \2 is enabled or in use/' "$scratch/in_use"
	[ ! -s "$scratch/kept" ] || echo "  kept, because what is there needs them: $(paste -sd' ' "$scratch/kept")"
	[ ! -s "$state/upgraded" ] || echo "  stay upgraded: $(cut -d' ' -f1 "$state/upgraded" | paste -sd' ' -)"
	[ -z "$dry" ] || return 0
	remove_ours
}

keep_for() { # PACKAGE...
	: >"$scratch/kept"
	[ $# != 0 ] || return 0
	needed_by "$@" >"$scratch/needed"
	LC_ALL=C comm -12 "$scratch/ours" "$scratch/needed" >"$scratch/kept"
	LC_ALL=C comm -23 "$scratch/ours" "$scratch/needed" >"$scratch/left"
	mv "$scratch/left" "$scratch/ours"
}

# Configuration goes with a package, unless it was there before the package came.
remove_ours() {
	awk '$2 == "c" {sub(/:.*/, "", $1); print $1}' "$state/packages" | LC_ALL=C sort -u >"$scratch/configured"
	had=$(LC_ALL=C comm -12 "$scratch/ours" "$scratch/configured")
	new=$(LC_ALL=C comm -23 "$scratch/ours" "$scratch/configured")
	# shellcheck disable=SC2086
	if { [ -n "$had" ] && ! run_apt remove $had; } || { [ -n "$new" ] && ! run_apt purge $new; }; then
		tail -n 20 "$scratch/log" >&2
		echo "apt-get could not remove them all; type it again when that is mended" >&2
		exit 3
	fi
	if [ -s "$scratch/kept" ]; then
		grep -Ff "$scratch/kept" "$state/packages" >"$scratch/rest" || true
		$sudo tee "$state/packages" <"$scratch/rest" >/dev/null
		return
	fi
	# Users and groups that packages made stay behind when they are purged.
	for u in $(cat "$state/passwd" 2>/dev/null); do $sudo userdel "$u" >/dev/null 2>&1 || true; done
	for g in $(cat "$state/group" 2>/dev/null); do $sudo groupdel "$g" >/dev/null 2>&1 || true; done
	$sudo rm -rf "$state"
	$sudo rmdir -p --ignore-fail-on-non-empty "${state%/*}"
}
