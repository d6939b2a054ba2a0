// SPDX-License-Identifier: GPL-2.0-only
/*
 * The HTTP/1.x framing that the kernel side uses, on any bytes: the parser that is fed byte by byte
 * (bpf/http/http.bpf.h), and the fast ways through heads that end in the same state (bpf/http/http_memo.bpf.h,
 * bpf/http/http_scan.bpf.h). Wherever the parser finds its way, all must see the same messages at the same
 * places.
 *
 * The first byte of the input says: bit 0 responses; bit 1 they are to HEAD; the rest, where the
 * "packets" are cut.
 */
#include <linux/types.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HTTP_WITHOUT_PATH
#include "bpf/http/http_memo.bpf.h"

#define MAX_FOUND 256

struct found {
	int event;
	uint32_t at;
	uint16_t what; /* status or method */
};

struct run {
	struct http_parser p;
	struct http_memo memo;
	uint8_t options;
	uint32_t n;
	struct found found[MAX_FOUND];
	int lost;
};

static void take(struct run *r, int event)
{
	if (event == HTTP_LOST)
		r->lost = 1;
	if (!event)
		return;
	if (event == HTTP_STATUS_LINE && r->options & 2)
		r->p.flags |= HTTP_NO_BODY;
	if (r->n < MAX_FOUND)
		r->found[r->n++] = (struct found){ event, event == HTTP_END ? r->p.next : r->p.start,
						   r->options & 1 ? r->p.status : r->p.method };
}

static void begin(struct run *r, uint8_t options)
{
	*r = (struct run){ .options = options };
	r->p.flags = options & 1 ? HTTP_RESPONSE : 0;
}

/* One empty line, at its end; one line that could be its Content-Length, none its Transfer-Encoding. */
static int is_plain(const uint8_t *bytes, uint32_t size)
{
	int lengths = 0;
	uint32_t i;

	for (i = 0; i + 1 < size; i++) {
		if (bytes[i] != '\n')
			continue;
		if (bytes[i + 1] == '\n' || (bytes[i + 1] == '\r' && i + 3 < size))
			return 0;
		if ((bytes[i + 1] | 0x20) == 't')
			return 0;
		lengths += (bytes[i + 1] | 0x20) == 'c';
	}
	return lengths <= 1;
}

/* As bpf/measure/measure_http.bpf.h does: the head of a message that begins in a packet, at once. */
static uint32_t again(struct run *r, struct http_head *head, const uint8_t *bytes, uint32_t n)
{
	uint32_t have = r->memo.size + HTTP_MEMO_SLACK, length, number;

	if (!r->memo.after)
		return 0;
	if (have > n)
		have = n;
	memcpy(head->bytes, bytes, have);
	length = http_memo_scan(&r->memo, head, have, r->options & 1, &number);
	if (length > have)
		abort();
	/* Another one is not for this way, but for its limits. */
	if (!length || !is_plain(bytes, length))
		return 0;
	http_memo_take(&r->memo, &r->p, number);
	return length;
}

static uint32_t scan(struct run *r, struct http_head *head, const uint8_t *bytes, uint32_t n)
{
	uint32_t have = n < HTTP_SCAN_SIZE ? n : HTTP_SCAN_SIZE, length;

	/* What is behind is left from other packets. */
	memcpy(head->bytes, bytes, have);
	length = http_scan(&r->p, head, have, 0);
	if (length > have)
		abort();
	if (length)
		http_memo_keep(&r->memo, &r->p, head, length);
	return length;
}

static uint32_t fast(struct run *r, const uint8_t *bytes, uint32_t n)
{
	static struct http_head head;
	uint32_t length = again(r, &head, bytes, n);

	if (!length)
		length = scan(r, &head, bytes, n);
	if (!length)
		return 0;
	r->p.start = r->p.next;
	r->p.next += length;
	take(r, r->options & 1 ? HTTP_STATUS_LINE : HTTP_REQUEST_LINE);
	take(r, http_headers_end(&r->p));
	return length;
}

static void feed(struct run *r, const uint8_t *bytes, uint32_t n, int may_scan)
{
	uint32_t off = 0;

	while (off < n && !r->lost) {
		uint32_t done = 0;

		if (http_skips(&r->p)) {
			take(r, http_skip(&r->p, n - off, &done));
			if (done > n - off)
				abort();
		} else if (may_scan && r->p.phase == HTTP_START) {
			done = fast(r, bytes + off, n - off);
		}
		if (!done && !http_skips(&r->p)) {
			take(r, http_byte(&r->p, bytes[off]));
			done = 1;
		}
		off += done;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct run slow, quick;
	uint32_t cut, off, i;

	if (size < 2 || size > 65536)
		return 0;
	begin(&slow, bytes[0]);
	begin(&quick, bytes[0]);
	cut = (bytes[0] >> 2) * 7 + 16;
	bytes++;
	size--;
	feed(&slow, bytes, (uint32_t)size, 0);
	for (off = 0; off < size; off += cut)
		feed(&quick, bytes + off, size - off < cut ? (uint32_t)size - off : cut, 1);
	/* The fast way asks less of the lines that it does not need. */
	if (slow.lost)
		return 0;
	if (quick.lost || quick.n != slow.n || quick.p.phase != slow.p.phase || quick.p.next != slow.p.next ||
	    quick.p.left != slow.p.left)
		abort();
	for (i = 0; i < slow.n; i++)
		if (slow.found[i].event != quick.found[i].event || slow.found[i].at != quick.found[i].at ||
		    slow.found[i].what != quick.found[i].what)
			abort();
	return 0;
}
