#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The Docker engine of the tests itself: it starts in the sandbox, runs a container, comes back after
# SIGKILL, and leaves nothing (docker.sh asserts that at the end).
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../docker.sh"
_t0=$(date +%s%N)
check "dockerd starts in the sandbox" docker_up
note "FIGURE a private dockerd is up after $((($(date +%s%N) - _t0) / 1000000)) ms"
check "an image from busybox, without a registry" docker_image tiny
check "a container" docker run -d --name web tiny httpd -f -p 80 -h /etc
check "its network is the sandbox's" ping -c 1 -W 2 "$(docker_addr web)"
check "its cgroup is the test's own" grep -q "/$DOCKER_CGROUP/" "/proc/$(docker_pid web)/cgroup"
docker_kill
if docker_answers; then not_ok "a killed dockerd answers"; else ok "a killed dockerd answers no more"; fi
check "it comes back" docker_up
check "and its container lived through it" docker_is web running
