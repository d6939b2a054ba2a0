// SPDX-License-Identifier: GPL-2.0-only
/*
 * hold_tap.c - see hold_tap.h
 *
 * IFF_VNET_HDR puts a virtio_net_hdr before each packet, and TUNSETOFFLOAD makes the kernel hand
 * over segments and checksums that are still to be done: a 64 KiB GSO packet passes as one, and
 * comes back as one. Its csum_start and hdr_len count from the start of the frame, so they shrink
 * when the header that BPF put in front is taken out.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

#include "bpf/abi/abi.h"
#include "net/hold/hold_tap.h"
#include "os/netns.h"
#include "util/cleanup.h"
#include "util/text/text.h"

/* Linux 6.2: UDP segmentation offload; the constants are missing from older uapi headers. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

/* Room for what arrives while the thread is busy or not scheduled; pointers, not packets. */
#define TAP_QUEUE_PACKETS 16384

/* Nobody may speak on this interface: without an IPv6 address there is neither DAD nor MLD. The
 * file is absent where IPv6 is off, and then there is nothing to do. */
static void ipv6_off(const char *ifname)
{
	char path[96];
	_cleanup_fd_ int fd = -1;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", ifname);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "1", 1) < 0)
		return; /* a read-only /proc: harmless, what it says is not for anybody */
}

static int offload(int fd)
{
	unsigned int common = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;

	if (!ioctl(fd, TUNSETOFFLOAD, common | TUN_F_USO4 | TUN_F_USO6))
		return 0;
	/* Before 6.2 the kernel segments UDP itself before the TAP sees it. */
	return ioctl(fd, TUNSETOFFLOAD, common) ? -errno : 0;
}

static int tap_make(const char *ifname, uint32_t *ret_ifindex, struct fl_error *err)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	_cleanup_fd_ int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int header = sizeof(struct virtio_net_hdr);
	int code, r;

	if (fd < 0) {
		code = errno;
		error_env(err, code, "delay line: open /dev/net/tun: %s", strerror(code));
		error_hint(err, "the kernel needs CONFIG_TUN (modprobe tun)");
		return -code;
	}
	text_copy(ifr.ifr_name, sizeof(ifr.ifr_name), ifname);
	if (ioctl(fd, TUNSETIFF, &ifr))
		return error_env(err, errno, "delay line: make the TAP %s: %s", ifname, strerror(errno));
	r = offload(fd);
	if (r || ioctl(fd, TUNSETVNETHDRSZ, &header))
		return error_env(err, r ? -r : errno, "delay line: offloads of %s: %s", ifname,
				 strerror(r ? -r : errno));
	*ret_ifindex = if_nametoindex(ifname);
	ipv6_off(ifname);
	r = netns_link_txqlen(*ret_ifindex, TAP_QUEUE_PACKETS, err);
	if (!r)
		r = netns_link_up(*ret_ifindex, err);
	return r ? r : take_fd(fd);
}

int hold_tap_open(int netns_fd, const char *ifname, uint32_t *ret_ifindex, struct fl_error *err)
{
	int old, fd;

	/* A TAP belongs to the namespace in which /dev/net/tun was opened. */
	fd = netns_enter(netns_fd, &old, err);
	if (fd < 0)
		return fd;
	fd = tap_make(ifname, ret_ifindex, err);
	netns_leave(old);
	return fd;
}

bool hold_tap_decode(struct hold_packet *packet, uint32_t n, struct hold_order *ret)
{
	static const uint8_t nobody[6];
	const uint32_t skip = sizeof(struct fl_hold_header);
	struct virtio_net_hdr vnet;
	struct fl_hold_header hold;

	if (n < sizeof(vnet) + skip + ETH_HLEN)
		return false;
	memcpy(&vnet, packet->data, sizeof(vnet));
	memcpy(&hold, packet->data + sizeof(vnet), sizeof(hold));
	/* Whatever else the host's stack might send out here carries the TAP's own address. */
	if (memcmp(hold.dst, nobody, sizeof(nobody)) || memcmp(hold.src, nobody, sizeof(nobody)))
		return false;
	if (vnet.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		if (vnet.csum_start < skip)
			return false;
		vnet.csum_start -= skip;
	}
	/* A hint only; the kernel may give 0. */
	vnet.hdr_len = vnet.hdr_len > skip ? vnet.hdr_len - skip : 0;
	memcpy(packet->data + skip, &vnet, sizeof(vnet));
	packet->start = skip;
	packet->len = n - skip;
	*ret = (struct hold_order){
		.due_ns = hold.due_ns,
		.flow_hash = hold.flow_hash,
		.ordered = hold.flags & FL_HOLD_ORDERED,
	};
	return true;
}
