/* SPDX-License-Identifier: GPL-2.0-only */
/* frame.h - Ethernet frames for tests: built with right checksums, taken apart and verified. */
#ifndef TEST_FRAME_H
#define TEST_FRAME_H

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define FRAME_MAX 4096

struct frame {
	uint8_t bytes[FRAME_MAX];
	uint32_t len;
	uint32_t l4;      /* offset of the transport header */
	uint32_t payload; /* offset of its payload */
	uint8_t protocol;
};

/* Both ends of a flow, as the target sees them, and where TCP stands. */
struct flow {
	const char *local, *peer;
	uint16_t local_port, peer_port;
};

static inline uint32_t frame_sum(const void *bytes, size_t n, uint32_t sum)
{
	const uint8_t *b = bytes;
	size_t i;

	for (i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)b[i] << 8 | b[i + 1];
	if (n & 1)
		sum += (uint32_t)b[n - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Sum over pseudo header and transport; 0xffff when the checksum in it is right. */
static inline uint32_t frame_l4_sum(const struct frame *f)
{
	const uint8_t *ip = f->bytes + ETH_HLEN;
	bool v4 = ip[0] >> 4 == 4;
	uint32_t sum = v4 ? frame_sum(ip + 12, 8, 0) : frame_sum(ip + 8, 32, 0);
	uint32_t end = v4 ? ETH_HLEN + (uint32_t)(ip[2] << 8 | ip[3]) : ETH_HLEN + 40 + (uint32_t)(ip[4] << 8 | ip[5]);

	sum += f->protocol + (end - f->l4);
	return frame_sum(f->bytes + f->l4, end - f->l4, sum);
}

static inline uint32_t frame_ip_sum(const struct frame *f)
{
	const uint8_t *ip = f->bytes + ETH_HLEN;

	return frame_sum(ip, (size_t)(ip[0] & 15) * 4, 0);
}

static inline void frame_fix_l4(struct frame *f, uint32_t check_off)
{
	uint16_t check;

	memset(f->bytes + f->l4 + check_off, 0, 2);
	check = htons((uint16_t)~frame_l4_sum(f));
	memcpy(f->bytes + f->l4 + check_off, &check, 2);
}

/* Ethernet and IP headers for @n bytes of transport; sets f->l4. @from: the target sends it. */
static inline void frame_ip(struct frame *f, const struct flow *flow, bool from, uint8_t protocol, uint32_t n)
{
	const char *src = from ? flow->local : flow->peer, *dst = from ? flow->peer : flow->local;
	struct ethhdr eth = { .h_dest = { 2, 0, 0, 0, 0, 1 }, .h_source = { 2, 0, 0, 0, 0, 2 } };

	memset(f, 0, sizeof(*f));
	f->protocol = protocol;
	if (strchr(src, ':')) {
		struct ipv6hdr ip = { .version = 6, .nexthdr = protocol, .hop_limit = 64 };

		eth.h_proto = htons(ETH_P_IPV6);
		ip.payload_len = htons((uint16_t)n);
		inet_pton(AF_INET6, src, &ip.saddr);
		inet_pton(AF_INET6, dst, &ip.daddr);
		memcpy(f->bytes + ETH_HLEN, &ip, sizeof(ip));
		f->l4 = ETH_HLEN + sizeof(ip);
	} else {
		struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = protocol };

		eth.h_proto = htons(ETH_P_IP);
		ip.tot_len = htons((uint16_t)(sizeof(ip) + n));
		inet_pton(AF_INET, src, &ip.saddr);
		inet_pton(AF_INET, dst, &ip.daddr);
		ip.check = htons((uint16_t)~frame_sum(&ip, sizeof(ip), 0));
		memcpy(f->bytes + ETH_HLEN, &ip, sizeof(ip));
		f->l4 = ETH_HLEN + sizeof(ip);
	}
	memcpy(f->bytes, &eth, sizeof(eth));
	f->len = f->l4 + n;
}

static inline void frame_udp(struct frame *f, const struct flow *flow, bool from, const void *data, uint32_t n)
{
	struct udphdr udp = {
		.source = htons(from ? flow->local_port : flow->peer_port),
		.dest = htons(from ? flow->peer_port : flow->local_port),
		.len = htons((uint16_t)(sizeof(udp) + n)),
	};

	frame_ip(f, flow, from, IPPROTO_UDP, sizeof(udp) + n);
	memcpy(f->bytes + f->l4, &udp, sizeof(udp));
	f->payload = f->l4 + sizeof(udp);
	memcpy(f->bytes + f->payload, data, n);
	frame_fix_l4(f, offsetof(struct udphdr, check));
}

static inline void frame_tcp(struct frame *f, const struct flow *flow, bool from, uint32_t seq, uint32_t ack,
			     const void *data, uint32_t n)
{
	struct tcphdr tcp = {
		.source = htons(from ? flow->local_port : flow->peer_port),
		.dest = htons(from ? flow->peer_port : flow->local_port),
		.seq = htonl(seq),
		.ack_seq = htonl(ack),
		.doff = 5,
		.ack = 1,
		.psh = n > 0,
		.window = htons(0xffff),
	};

	frame_ip(f, flow, from, IPPROTO_TCP, sizeof(tcp) + n);
	memcpy(f->bytes + f->l4, &tcp, sizeof(tcp));
	f->payload = f->l4 + sizeof(tcp);
	memcpy(f->bytes + f->payload, data, n);
	frame_fix_l4(f, offsetof(struct tcphdr, check));
}

/* Does the payload begin with / contain @text? */
static inline bool frame_begins(const struct frame *f, const char *text)
{
	return f->len >= f->payload + strlen(text) && !memcmp(f->bytes + f->payload, text, strlen(text));
}

#endif
