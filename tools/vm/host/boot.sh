#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# boot.sh RELEASE FOLDER - boot the host of image.sh under QEMU's software emulation and stay until it ends.
# FOLDER/share/in and FOLDER/share/out are seen by the guest (see agent); FOLDER/console.log is its console,
# FOLDER/qemu.pid the emulator. What the guest writes to its disk is forgotten.
# VM_MEMORY (MiB, 3072), VM_APPEND (more for the kernel's command line), VM_REBOOT=1 (it may boot again, and finds
# its disk as it left it) may be set.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
release=${1:?usage: boot.sh RELEASE FOLDER}
to=$(realpath "${2:?usage: boot.sh RELEASE FOLDER}")
image=$("$here/image.sh" "$release")
mkdir -p "$to/share/in" "$to/share/out"
cd "$to"
reboot=()
[ -n "${VM_REBOOT:-}" ] || reboot=(-no-reboot)
# The processor: see tools/vm/boot.sh.
exec qemu-system-x86_64 -accel tcg,thread=multi -cpu max,cx16=off -pidfile "$to/qemu.pid" \
	-m "${VM_MEMORY:-3072}" -smp "${VM_CPUS:-1}" -nographic "${reboot[@]}" -net none \
	-kernel "$image/vmlinuz" -initrd "$image/initrd" \
	-drive "file=$image/disk.img,format=raw,if=virtio,cache=unsafe,snapshot=on" \
	-virtfs "local,path=$to/share,mount_tag=share,security_model=none,id=share" \
	-append "console=ttyS0 quiet panic=-1 loglevel=4 mitigations=off no_timer_check systemd.show_status=0 root=/dev/vda rw ${VM_APPEND:-}" \
	</dev/null >"$to/console.log" 2>&1
