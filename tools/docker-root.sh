#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# docker-root.sh [BUILD] - lay out BUILD/docker/{shop,monitoring,exercise}, the build contexts of
# experiments/docker/compose.yaml and experiments/exercise/compose.yaml: what the build made and programs of
# Debian packages, each with the shared libraries it asks for.
set -eu
cd "$(dirname "$0")/.."
. tools/image-root.sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
build=${1:-build}

rm -rf "$build/docker"
image_base "$build/docker/shop"
image_put "$build/docker/shop" "$build/lab-service" "$build/lab-load" "$build/lab-pipeline" \
	"$(command -v dnsmasq)" "$(command -v redis-server)"
image_base "$build/docker/monitoring"
image_put "$build/docker/monitoring" "$(command -v prometheus)" "$(command -v prometheus-alertmanager)"
# Alertmanager reads its templates though nobody is notified.
cp -r --parents /usr/share/prometheus/alertmanager "$build/docker/monitoring"
image_base "$build/docker/exercise"
image_python "$build/docker/exercise"
