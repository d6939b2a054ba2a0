#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# setup.sh [-n] build|demo|demo-docker|test|vm|host|dev|cross - install the packages that a step needs, once, and say
# first which. What they bring is not started and not enabled, so nothing more runs after the next boot than
# before. -n: only say it.
# setup.sh [-n] undo - remove what it has installed here, and nothing that was there before.
# setup.sh list STEP [SYSTEM] - print what SYSTEM (debian-12, debian-13, ubuntu-22.04, ubuntu-24.04, fedora,
# arch) calls the packages of a step.
#
# Where there is no apt: the list and the command are printed for a person to type; exit status 3.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
steps='build demo demo-docker test vm host dev cross'
systems='debian-12 debian-13 ubuntu-22.04 ubuntu-24.04 fedora arch'

usage() {
	sed -n '3,8s/^# //p' "$0" >&2
	exit 2
}

# Which column of the table is this system? Derivatives say in ID_LIKE and in the code name what they are made from.
# A release that is not in the table is taken for the newest that is.
system() {
	ID='' ID_LIKE='' VERSION_ID='' UBUNTU_CODENAME=''
	# shellcheck disable=SC1090
	[ ! -r "${OS_RELEASE:-/etc/os-release}" ] || . "${OS_RELEASE:-/etc/os-release}"
	for id in $ID $ID_LIKE; do
		case $id in
		ubuntu)
			case ${UBUNTU_CODENAME:-$VERSION_ID} in
			jammy | 22.*) echo ubuntu-22.04 ;;
			*) echo ubuntu-24.04 ;;
			esac
			;;
		debian | raspbian)
			case $VERSION_ID in
			12) echo debian-12 ;;
			*) echo debian-13 ;;
			esac
			;;
		fedora | rhel | centos) echo fedora ;;
		arch) echo arch ;;
		*) continue ;;
		esac
		return
	done
	echo unknown
}

# list STEP SYSTEM: names, one a line, each once.
list() {
	awk -v step="$1" -v column_of="$2" -v steps="$steps" -v systems="$systems" '
		BEGIN {
			n = split(steps, s, " ")
			for (i = 1; i <= n; i++) { wanted[s[i]] = 1; if (s[i] == step) break }
			m = split(systems, y, " ")
			for (i = 1; i <= m; i++) if (y[i] == column_of) column = i + 1
		}
		/^#/ || !NF || !wanted[$1] { next }
		{
			name = $2
			for (i = 3; i <= column; i++) if ($i != "=") name = $i
			k = split(name, part, "+")
			for (i = 1; i <= k; i++) if (part[i] != "-" && !seen[part[i]]++) print part[i]
		}' "$here/setup/packages"
}

known() { case " $2 " in *" $1 "*) ;; *) usage ;; esac; }

# For a person: what to type there. What has not been tried is said to be so.
by_hand() { # STEP SYSTEM
	case $2 in
	fedora) echo "Type this, then go on (these names have not been tried): dnf install" ;;
	arch) echo "Type this, then go on (these names have not been tried): pacman -S --needed" ;;
	*) echo "This system is none of: $systems. Install what it calls these packages of Debian 13, then go on:" ;;
	esac
	[ "$2" != unknown ] || set -- "$1" debian-13
	list "$1" "$2" | sed 's/^/  /'
}

dry=
if [ "${1:-}" = -n ]; then
	dry=1
	shift
fi
step=${1:-}
case $step in
list)
	known "${2:-none}" "$steps"
	known "${3:-debian-13}" "$systems"
	list "$2" "${3:-$(system)}"
	exit
	;;
undo) ;;
*) known "${step:-none}" "$steps" ;;
esac

name=$(system)
if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
	if [ "$step" = undo ]; then echo "Nothing is installed by this script on a system without apt." >&2; else by_hand "$step" "$name" >&2; fi
	exit 3
fi
[ "$name" != unknown ] || name=debian-13
if [ "$(id -u)" = 0 ]; then
	sudo=
elif command -v sudo >/dev/null 2>&1; then
	sudo=sudo
else
	sudo=none
fi
. "$here/setup/apt.sh"
if [ "$step" = undo ]; then
	apt_undo
else
	# shellcheck disable=SC2046
	apt_install $(list "$step" "$name")
	[ -n "$dry" ] || pkg-config --atleast-version=1.1 libbpf || {
		echo "libbpf $(pkg-config --modversion libbpf 2>/dev/null) is too old: faultline needs 1.1 or newer, as Debian 12 and Ubuntu 24.04 have it." >&2
		exit 3
	}
fi
