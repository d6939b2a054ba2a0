#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# image.sh RELEASE - make sure that the image of a Debian host (trixie, bookworm) is in the cache and print
# its folder: root/ (the release, with what the tree is built with), disk.img (the same without that: systemd,
# cgroup v2, Docker, Podman, a service that runs what is put into a shared folder), vmlinuz, initrd.
#
# The folder's name has the checksum of what the image is made by, so a change here makes a new one; older
# ones of the release are removed. The cache is $FAULTLINE_CACHE, default ~/.cache/faultline; the mirror is
# the one that the host's own apt sources name. Root.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
release=${1:?usage: image.sh trixie|bookworm}
: "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
cache=${FAULTLINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline}/hosts
case $release in
trixie) system=debian-13 ;;
bookworm) system=debian-12 ;;
*) echo "image.sh: no host called $release (trixie, bookworm)" >&2; exit 2 ;;
esac
packages=$({
	awk -v r="$release" '$1 == "*" || $1 == r {for (i = 2; i <= NF; i++) print $i}' "$here/packages"
	"$here/../../setup.sh" list build $system
	echo libcmocka-dev
} | sort -u | paste -sd,)
key=$({ echo "$packages"; cat "$here/image.sh" "$here/agent"; } | sha256sum | cut -c1-12)
dir=$cache/$release-$key
mkdir -p "$cache"
exec 9>"$cache/.$release.lock"
flock 9
if [ -e "$dir/made" ]; then
	echo "$dir"
	exit 0
fi

say() { printf 'image.sh: %s: %s, %d s\n' "$release" "$1" $SECONDS >&2; }

make_root() {
	# No initramfs of Debian's own: the guest has a small one. No documentation.
	# (In a mount namespace of its own: what it mounts in the new root is not for others to see.)
	unshare --mount --propagation private mmdebstrap --variant=minbase --include="$packages" \
		--aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
		--dpkgopt='force-unsafe-io' --dpkgopt='force-confold' --dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--setup-hook='mkdir -p "$1/etc/initramfs-tools"; echo update_initramfs=no >"$1/etc/initramfs-tools/update-initramfs.conf"' \
		"$release" "$root" "$("$here/../../setup/mirror.sh")" >"$tmp/log" 2>&1 || { cp "$tmp/log" "$cache/$release.log"; tail -n 20 "$tmp/log" >&2; return 1; }
}

# A host on which Docker runs and nothing else that would answer, or wake up by the clock.
set_up() {
	local u f
	for u in redis-server.service nginx.service prometheus.service prometheus-alertmanager.service \
		prometheus-node-exporter.service podman-restart.service systemd-timesyncd.service \
		ssh.service ssh.socket getty@tty1.service; do
		ln -sf /dev/null "$root/etc/systemd/system/$u"
	done
	for f in "$root"/usr/lib/systemd/system/*.timer "$root"/lib/systemd/system/*.timer; do
		[ ! -e "$f" ] || ln -sf /dev/null "$root/etc/systemd/system/$(basename "$f")"
	done
	install -m 755 "$here/agent" "$root/usr/local/sbin/share-agent"
	cat >"$root/etc/systemd/system/share-agent.service" <<-'UNIT'
		[Unit]
		Description=runs what is put into the shared folder
		After=basic.target
		[Service]
		ExecStart=/usr/local/sbin/share-agent
		KillMode=process
		[Install]
		WantedBy=multi-user.target
	UNIT
	mkdir -p "$root/etc/systemd/system/multi-user.target.wants" "$root/etc/docker" "$root/share" "$root/fl"
	ln -sf ../share-agent.service "$root/etc/systemd/system/multi-user.target.wants/share-agent.service"
	echo '{"storage-driver": "overlay2"}' >"$root/etc/docker/daemon.json"
	echo host >"$root/etc/hostname"
	printf '127.0.0.1 localhost host\n' >"$root/etc/hosts"
	: >"$root/etc/fstab"
	: >"$root/etc/machine-id"
	chroot "$root" passwd -d root >/dev/null 2>&1 || true
}

# The release without its compilers and without the drivers of machines that QEMU is not. (Hard links: the
# tree is only listed, not copied.)
make_disk() {
	local d drivers
	cp -al "$root" "$tmp/disk"
	(
		cd "$tmp/disk"
		rm -rf usr/lib/llvm-* usr/lib/gcc usr/libexec/gcc usr/include var/cache/apt var/lib/apt/lists boot
		find usr/lib -maxdepth 2 -name '*.a' -delete
		for drivers in lib/modules/*/kernel usr/lib/modules/*/kernel; do
			[ -d "$drivers" ] || continue
			rm -rf "$drivers/sound"
			for d in gpu media infiniband staging scsi wireless iio isdn hwmon usb nvme mmc mtd ata input; do
				rm -rf "$drivers/drivers/$d" "$drivers/drivers/net/$d"
			done
			rm -rf "$drivers/drivers/net/ethernet"
		done
	)
	truncate -s 8G "$tmp/disk.img"
	mkfs.ext4 -q -F -O ^metadata_csum,^has_journal -d "$tmp/disk" "$tmp/disk.img"
	rm -rf "$tmp/disk"
}

make_initrd() {
	local i=$tmp/initrd.d m ko name version
	version=$(ls "$root/lib/modules" | head -n 1)
	mkdir -p "$i"/{bin,mod,proc,sys,dev,root}
	cp "$root/bin/busybox" "$i/bin/busybox"
	for m in virtio_pci virtio_blk ext4 crc32c_generic 9p 9pnet_virtio; do
		modprobe -d "$root" -S "$version" --show-depends "$m" 2>/dev/null | awk '$1 == "insmod" {print $2}' || true
	done | awk '!seen[$0]++' | while read -r ko; do
		name=$(basename "${ko%.xz}")
		case $ko in
		*.xz) xz -dc "$ko" >"$i/mod/$name" ;;
		*) cp "$ko" "$i/mod/$name" ;;
		esac
		echo "$name"
	done >"$i/mod/order"
	cat >"$i/init" <<-'INIT'
		#!/bin/busybox sh
		B=/bin/busybox
		$B mount -t proc proc /proc; $B mount -t sysfs sys /sys; $B mount -t devtmpfs dev /dev
		while read m; do $B insmod /mod/$m; done </mod/order
		$B mount -t ext4 -o noatime /dev/vda /root || $B poweroff -f
		exec $B switch_root /root /sbin/init
	INIT
	chmod 755 "$i/init"
	(cd "$i" && find . | cpio -o -H newc --quiet) >"$tmp/initrd"
	cp "$root/boot/vmlinuz-$version" "$tmp/vmlinuz"
}

tmp=$(mktemp -d "$cache/.tmp.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
root=$tmp/root
say 'installing the release'
make_root
say 'making the disk'
set_up
make_disk
make_initrd
touch "$tmp/made"
rm -rf "$cache/$release"-*
mv "$tmp" "$dir"
say 'made'
echo "$dir"
