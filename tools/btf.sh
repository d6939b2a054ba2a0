#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# btf.sh FROM OUT [BUILD] - of a kernel's BTF what faultline's programs need, a few kilobytes: for hosts whose kernel
# has none of its own. FROM is /sys/kernel/btf/vmlinux of such a kernel built with CONFIG_DEBUG_INFO_BTF, or what
# "pahole -J --btf_encode_detached=FROM vmlinux" makes of its debugging symbols. faultline takes OUT by
# --btf OUT, or by itself as /usr/lib/faultline/btf/RELEASE.btf (RELEASE: uname -r).
set -euo pipefail
from=${1:?usage: btf.sh FROM OUT [BUILD]} out=${2:?usage: btf.sh FROM OUT [BUILD]} build=${3:-build}
bpftool=$(PATH=/usr/sbin:/usr/local/sbin:$PATH type -P bpftool) || { echo 'btf.sh: bpftool is not installed' >&2; exit 3; }
mkdir -p "$(dirname "$out")"
"$bpftool" gen min_core_btf "$from" "$out" "$build"/bpf/*.bpf.o
