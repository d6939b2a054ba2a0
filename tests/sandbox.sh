#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# sandbox.sh COMMAND... - run a command where it cannot hurt or be hurt: own network, mount and pid
# namespaces, an empty /run, /var/lib/faultline and /etc/faultline, its own bpffs. "The initial namespace" of what runs in it is the
# sandbox's. When it ends, however it ends, the kernel takes processes, links and mounts with it.
set -eu
if [ "${FLTEST_SANDBOX:-}" = 1 ]; then exec "$@"; fi
export FLTEST_SANDBOX=1
exec unshare --net --mount --pid --fork --kill-child --mount-proc --propagation private \
	bash -c 'mount -t tmpfs -o mode=755 tmpfs /run && mkdir -p /run/lock /run/netns &&
		mkdir -p /var/lib/faultline /etc/faultline &&
		mount -t tmpfs -o mode=755 tmpfs /var/lib/faultline && mount -t tmpfs -o mode=755 tmpfs /etc/faultline &&
		mount -t bpf bpf /sys/fs/bpf && ip link set lo up && exec "$@"' sandbox "$@"
