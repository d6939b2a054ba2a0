#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# boot.sh KERNEL BUILD COMMAND [ARG...] - boot a kernel of kernel.sh under QEMU's software emulation,
# run COMMAND in it as root, in a copy of this tree with BUILD as its build folder, print what it
# prints, power off, exit with its status.
#
# The guest is one initramfs: the programs that the tests call with the libraries they need, the
# tree's tests/ and experiments/, the kernel modules listed below. No disk, no network card, no
# accelerator; 8 to 20 s from start to power-off. VM_MEMORY (MiB, 1536), VM_TIMEOUT (s, 300),
# VM_PROGRAMS (more programs to carry) may be set.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
kernel=${1:?usage: boot.sh KERNEL BUILD COMMAND...}
build=${2:?}
shift 2
dir=$("$here/kernel.sh" "$kernel")
root=$(mktemp -d)
trap 'rm -rf "$root" "$root.gz" "$root.log"' EXIT

modules='veth tun bridge dummy ifb 8021q sch_ingress cls_bpf act_bpf sch_netem sch_fq sch_tbf'
programs="bash sh cat ls cp mv rm mkdir rmdir mktemp ln touch chmod chown stat dd head tail sort uniq wc tr cut
	date sleep seq env id uname dirname basename readlink realpath tee timeout nproc nice df sync cmp diff
	od sha256sum base64 yes truncate kill ps pgrep mount umount unshare nsenter setpriv setsid flock
	ip tc ss bridge ping awk sed grep find xargs jq curl strace bpftool sysctl poweroff insmod
	nginx wrk iperf3 redis-server redis-cli redis-benchmark dnsmasq dig stress-ng taskset ${VM_PROGRAMS:-}"

mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin,proc,sys,dev,tmp,run,etc,root,var/log/nginx,var/lib/nginx,lib/modules,fl}
# One file and, when it is a program, the libraries that its loader would find.
carry() { # PATH IN HOST
	[ -e "$1" ] || return 0
	[ -e "$root$1" ] && return 0
	mkdir -p "$root$(dirname "$1")"
	cp -L "$1" "$root$1"
	ldd "$1" 2>/dev/null | grep -o '/[^ ]*' | while read -r l; do
		[ -e "$root$l" ] || { mkdir -p "$root$(dirname "$l")"; cp -L "$l" "$root$l"; }
	done || true
}
for p in $programs; do
	path=$(PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v "$p" 2>/dev/null || true)
	case $path in /*) carry "$path" && [ -e "$root/bin/$p" ] || ln -sf "$path" "$root/bin/$p" ;; esac
done
carry /bin/busybox
for p in poweroff insmod ps; do [ -e "$root/bin/$p" ] || ln -sf /bin/busybox "$root/bin/$p"; done
for f in /etc/passwd /etc/group /etc/nsswitch.conf /etc/protocols /etc/services /etc/nginx; do
	[ ! -e "$f" ] || cp -rL "$f" "$root$f"
done
echo '127.0.0.1 localhost' >"$root/etc/hosts"

# The tree, and of the build folder only what can run.
for d in tests experiments tools; do [ ! -d "$top/$d" ] || cp -r "$top/$d" "$root/fl/"; done
find "$build" -type f -perm -u+x ! -name '*.o' ! -name '*.d' | while read -r f; do
	mkdir -p "$root/fl/build/$(dirname "${f#"$build"/}")"
	cp "$f" "$root/fl/build/${f#"$build"/}"
	ldd "$f" 2>/dev/null | grep -o '/[^ ]*' | while read -r l; do
		[ -e "$root$l" ] || { mkdir -p "$root$(dirname "$l")"; cp -L "$l" "$root$l"; }
	done
done

# Modules in the order in which they must be inserted.
: >"$root/lib/modules/order"
if [ -d "$dir/modules" ]; then
	release=$(ls "$dir/modules")
	tree=$(mktemp -d)
	mkdir -p "$tree/lib/modules"
	ln -s "$dir/modules/$release" "$tree/lib/modules/$release"
	[ -e "$dir/modules/$release/modules.dep.bin" ] || depmod -b "$tree" "$release" 2>/dev/null || true
	for m in $modules; do
		modprobe -d "$tree" -S "$release" --show-depends "$m" 2>/dev/null | awk '$1 == "insmod" {print $2}' || true
	done | awk '!seen[$0]++' | while read -r ko; do
		name=$(basename "${ko%.xz}")
		case $ko in
		*.xz) xz -dc "$ko" >"$root/lib/modules/$name" ;;
		*) cp "$ko" "$root/lib/modules/$name" ;;
		esac
		echo "$name" >>"$root/lib/modules/order"
	done
	rm -rf "$tree"
fi

{
	cat <<'INIT'
#!/bin/bash
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root TERM=dumb
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev 2>/dev/null
ln -sf /proc/self/fd /dev/fd
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs tmp /tmp
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup2 /sys/fs/cgroup
while read -r m; do insmod "/lib/modules/$m" || echo "init: cannot insert $m"; done </lib/modules/order
mkdir -p /dev/net; [ -e /dev/net/tun ] || /bin/busybox mknod /dev/net/tun c 10 200
ip link set lo up
cd /fl
export FLTEST_VM=1
echo "@@BEGIN $(uname -r)"
INIT
	printf '%q ' "$@"
	printf '\n%s\n' 'echo "@@END $?"' 'sync; poweroff -f'
} >"$root/init"
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$root.gz"

# cx16=off: QEMU 7.2's emulation of cmpxchg16b can leave garbage in the flags, and 6.12's allocator,
# which uses it, then panics.
timeout "${VM_TIMEOUT:-300}" qemu-system-x86_64 -accel tcg,thread=multi -cpu max,cx16=off -m "${VM_MEMORY:-1536}" -smp 2 \
	-nographic -no-reboot -net none -kernel "$dir/vmlinuz" -initrd "$root.gz" \
	-append "console=ttyS0 quiet panic=-1 loglevel=3 mitigations=off" </dev/null >"$root.log" 2>&1 || true
tr -d '\r' <"$root.log" | sed -n '/@@BEGIN/,/^@@END/p' | sed '1d;$d'
status=$(tr -d '\r' <"$root.log" | sed -n 's/^@@END \([0-9]*\)$/\1/p')
if [ -z "$status" ]; then
	echo "boot.sh: the guest did not finish; its last lines:" >&2
	tr -d '\r' <"$root.log" | tail -n 25 >&2
	exit 70
fi
exit "$status"
