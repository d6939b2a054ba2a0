#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# setup.sh build|demo|demo-docker|test|vm - install the Debian packages that a step needs, once. On any other
# system: print the list and stop, so that a person can install what their system calls them.
set -eu

build='gcc clang llvm make pkg-config bpftool libbpf-dev libelf-dev zlib1g-dev
	libcurl4-openssl-dev libjansson-dev libfyaml-dev libmicrohttpd-dev libuv1-dev libmnl-dev libmd-dev
	libc-ares-dev libhiredis-dev libseccomp-dev libtre-dev'
demo="$build iproute2 dnsmasq-base redis-server stress-ng"
demo_docker="$demo docker.io docker-compose prometheus prometheus-alertmanager curl"
test="$demo_docker libcmocka-dev libclang-rt-14-dev cppcheck clang-tidy clang-format
	iputils-ping iperf3 wrk nginx-light redis-tools bind9-dnsutils curl jq python3 python3-jsonschema python3-yaml strace ethtool procps lowdown postgresql
	qemu-system-x86 busybox-static cpio kmod xz-utils tzdata"
vm="$test flex bison bc libssl-dev dwarves"

step=${1:-}
case $step in
build) packages=$build ;;
demo) packages=$demo ;;
demo-docker) packages=$demo_docker ;;
test) packages=$test ;;
vm) packages=$vm ;;
*)
	echo "usage: tools/setup.sh build|demo|demo-docker|test|vm" >&2
	exit 2
	;;
esac

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
	echo "This is no Debian system. Install what it calls these, then go on:" >&2
	# shellcheck disable=SC2086
	printf '  %s\n' $packages >&2
	exit 3
fi

# One question for all of them: where nothing is missing this takes no time, and no network.
# shellcheck disable=SC2086
installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' $packages 2>/dev/null | sed -n 's/^.i  *//p')
# shellcheck disable=SC2086
missing=$(printf '%s\n' $packages | grep -vxFe "$installed" | tr '\n' ' ')
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
	sudo=
elif command -v sudo >/dev/null 2>&1; then
	sudo=sudo
else
	echo "These packages are missing, and this is neither root nor is there sudo: $missing" >&2
	exit 3
fi

echo "installing: $missing"
log=$(mktemp)
# A package that brings a daemon must not start it here: policy-rc.d answers 101 for the time of
# the install. One that somebody else put there is left alone.
policy=/usr/sbin/policy-rc.d
mine=
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
	$sudo chmod 755 $policy
	mine=1
fi
# And PostgreSQL's makes a database, which would run from the next boot on, unless this is there.
cluster=/etc/postgresql-common/createcluster.d/faultline.conf
case " $missing " in
*' postgresql '*)
	$sudo mkdir -p ${cluster%/*}
	echo 'create_main_cluster = false' | $sudo tee $cluster >/dev/null
	;;
*) cluster= ;;
esac
finish() {
	[ -z "$mine" ] || $sudo rm -f $policy
	if [ -n "$cluster" ]; then
		$sudo rm -f $cluster
		$sudo rmdir -p --ignore-fail-on-non-empty ${cluster%/*}
	fi
	rm -f "$log"
}
trap finish EXIT
install() {
	# shellcheck disable=SC2086
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >"$log" 2>&1
}
# The package lists may be old or absent: one update, then once more.
if ! install; then
	$sudo apt-get update -q >>"$log" 2>&1 || true
	if ! install; then
		tail -n 20 "$log" >&2
		echo "apt-get could not install: $missing" >&2
		exit 3
	fi
fi
