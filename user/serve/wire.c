// SPDX-License-Identifier: GPL-2.0-only
/* wire.c - see wire.h */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "serve/wire.h"
#include "util/cleanup.h"
#include "util/fd_pass.h"

struct wire_packet {
	struct wire_packet *next;
	size_t n;
	int fd;
	struct wire_head head; /* and the bytes behind it, as they are sent */
	char bytes[];
};

/* --- out ----------------------------------------------------------------------------------------- */

static struct wire_packet *packet_new(struct wire_head head, const char *bytes, size_t n, int fd)
{
	struct wire_packet *p = malloc(sizeof(*p) + n);

	if (!p)
		return NULL;
	*p = (struct wire_packet){ .n = n, .fd = -1, .head = head };
	if (n)
		memcpy(p->bytes, bytes, n);
	if (fd >= 0)
		p->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0 || p->fd >= 0)
		return p;
	free(p);
	return NULL;
}

static void packet_free(struct wire_packet *p)
{
	if (p->fd >= 0)
		close(p->fd);
	free(p);
}

bool wire_put(struct wire_out *out, enum wire_type type, uint32_t id, const void *bytes, size_t n, int fd)
{
	struct wire_packet *list = NULL, **last = &list, *p;
	const char *at = bytes;
	size_t left = n;

	do {
		size_t part = left < WIRE_PACKET ? left : WIRE_PACKET;
		struct wire_head head = { .id = id, .type = (uint8_t)type, .more = part < left };

		p = packet_new(head, at, part, at == bytes ? fd : -1);
		*last = p;
		if (!p)
			goto fail;
		last = &p->next;
		at = at ? at + part : at;
		left -= part;
	} while (left);
	*(out->first ? out->last : &out->first) = list;
	out->last = last;
	out->bytes += n;
	return true;
fail:
	while ((p = list)) {
		list = p->next;
		packet_free(p);
	}
	return false;
}

int wire_flush(struct wire_out *out, int to)
{
	struct wire_packet *p;

	while ((p = out->first)) {
		ssize_t r = fd_send(to, &p->head, sizeof(p->head) + p->n, p->fd);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return errno == EAGAIN ? 1 : -errno;
		out->first = p->next;
		out->bytes -= p->n;
		packet_free(p);
	}
	return 0;
}

void wire_out_free(struct wire_out *out)
{
	struct wire_packet *p;

	while ((p = out->first)) {
		out->first = p->next;
		packet_free(p);
	}
	*out = (struct wire_out){};
}

/* --- in ------------------------------------------------------------------------------------------ */

void wire_in_init(struct wire_in *in)
{
	*in = (struct wire_in){ .fd = -1 };
}

static void drop_fd(struct wire_in *in)
{
	if (in->fd >= 0)
		close(take_fd(in->fd));
}

/* One packet of @n bytes behind the head. 1: the message is complete. */
static int take_packet(struct wire_in *in, const struct wire_head *head, const char *bytes, size_t n, size_t max)
{
	if (head->zero || head->more > 1 || head->type < WIRE_REQUEST || head->type > WIRE_GONE)
		return -EPROTO;
	if (in->begun && (head->id != in->head.id || head->type != in->head.type))
		return -EPROTO;
	if (n > max || in->body.len > max - n || (head->more && !n))
		return -EPROTO;
	in->head = *head;
	in->begun = true;
	text_append_bytes(&in->body, bytes, n);
	if (in->body.failed)
		return -ENOMEM;
	return !head->more;
}

int wire_get(struct wire_in *in, int from, size_t max)
{
	char buf[sizeof(struct wire_head) + WIRE_PACKET];
	int r = 0;

	if (!in->begun) {
		drop_fd(in);
		in->body.len = 0;
	}
	while (!r) {
		struct wire_head head;
		int fd = -1;
		ssize_t n = fd_receive(from, buf, sizeof(buf), &fd);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (fd >= 0) {
			drop_fd(in);
			in->fd = fd;
		}
		if (!n)
			return -EPIPE;
		if ((size_t)n < sizeof(head))
			return -EPROTO;
		memcpy(&head, buf, sizeof(head));
		r = take_packet(in, &head, buf + sizeof(head), (size_t)n - sizeof(head), max);
	}
	in->begun = false;
	return r;
}

void wire_in_free(struct wire_in *in)
{
	drop_fd(in);
	text_free(&in->body);
}
