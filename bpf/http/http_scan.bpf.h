/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * http_scan.bpf.h - the fast way through the head of an HTTP/1.x message: eight bytes at a time,
 * for the common case that the whole head is in one packet and nothing about it is unusual. What it
 * is not sure of it leaves to the byte-by-byte parser of http.bpf.h, whose state it continues;
 * what it accepts it frames as that parser does (tests/fuzz/fuzz_http.c compares them).
 *
 * It works on a copy of the head's beginning, so it compiles in user space as well.
 */
#ifndef FL_HTTP_SCAN_BPF_H
#define FL_HTTP_SCAN_BPF_H

#include "http.bpf.h"

#define HTTP_SCAN_SIZE   1024 /* bytes of a head that are looked at; a power of two */
#define HTTP_SCAN_SLACK  48   /* readable bytes behind them */
#define HTTP_SCAN_LINES  96   /* lines of a head; a long one counts more than once */
#define HTTP_SCAN_SOME   4    /* ... at a time */
#define HTTP_SCAN_STRIDE 64   /* bytes that are searched for the end of a line at a time */
#define HTTP_SCAN_NAME   32   /* a header's name that is looked for, and what is looked at behind it */
#define HTTP_SCAN_DIGITS 20   /* bytes of a Content-Length's value */

/* An index into the copy: the verifier must see the mask, the compiler must not remove it. */
#ifdef __bpf__
#define http_scan_index(i) bounded(i, HTTP_SCAN_SIZE)
#define HTTP_SCAN_PART     apart /* verified by itself */
#else
#define http_scan_index(i) ((i) & (HTTP_SCAN_SIZE - 1))
#define HTTP_SCAN_PART     static inline
#endif

#define HTTP_EACH_BYTE 0x0101010101010101ull
#define HTTP_LOWER     0x2020202020202020ull

/*
 * The place is kept here and not in a variable: what comes out of memory is any number to the
 * verifier, so it finds each step of the loop to be like the one before, and stops.
 */
struct http_head {
	__u32 at;
	__u32 alone;                            /* http_scan_leap() */
	__u32 first_end;                        /* where the first line ends: its newline */
	__u32 length_at, digits_at, length_end; /* the line with Content-Length: first byte, value, newline */
	__u8 bytes[HTTP_SCAN_SIZE + HTTP_SCAN_SLACK];
};

/* Eight bytes that may lie anywhere. (In BPF one instruction does it, which its compiler does not believe.) */
static inline __u64 http_load(const __u8 *bytes)
{
#ifdef __bpf__
	typedef __u64 __attribute__((may_alias)) word;

	return *(const word *)bytes;
#else
	__u64 word;

	__builtin_memcpy(&word, bytes, sizeof(word));
	return word;
#endif
}

/* Little-endian, wherever this runs: the first byte is the lowest. */
static inline __u64 http_word(const struct http_head *h, __u32 at)
{
	__u64 word = http_load(&h->bytes[http_scan_index(at)]);

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

/* The upper bit of each byte that is @c; only the lowest one set is exact (Mycroft 1987). */
static inline __u64 http_equal(__u64 word, __u8 c)
{
	word ^= HTTP_EACH_BYTE * c;
	return (word - HTTP_EACH_BYTE) & ~word & HTTP_EACH_BYTE << 7;
}

/* Index of the lowest byte whose upper bit is set in @mask, which is not 0. */
static inline __u32 http_first_byte(__u64 mask)
{
	/* One bit for each byte below; the multiplication adds them up in the top byte. */
	return ((((mask & -mask) >> 7) - 1) & HTTP_EACH_BYTE) * HTTP_EACH_BYTE >> 56;
}

/* The method at the beginning of a head, 0 when it is none of the usual ones. */
static inline __u16 http_scan_method(__u64 word)
{
	switch (word & 0xffffffff) {
	case 0x20544547: return FL_HTTP_GET; /* "GET " */
	case 0x20545550: return FL_HTTP_PUT;
	}
	switch (word & 0xffffffffff) {
	case 0x2054534f50: return FL_HTTP_POST;
	case 0x2044414548: return FL_HTTP_HEAD;
	}
	switch (word & 0xffffffffffffff) {
	case 0x204554454c4544: return FL_HTTP_DELETE;
	}
	return (word & 0xffffffffffff) == 0x204843544150 ? FL_HTTP_PATCH : 0;
}

/* Does the word say "HTTP/1." and a digit? */
static inline int http_scan_version(__u64 word)
{
	return (word & 0xffffffffffffff) == 0x2e312f50545448 && http_is_digit(word >> 56);
}

/* The line that begins a request; the parser's state is then that behind it. */
static inline int http_scan_request(struct http_parser *p, const struct http_head *h, __u32 newline)
{
	__u16 method = http_scan_method(http_word(h, 0));

	/* "GET / HTTP/1.1\r": the shortest there is. */
	if (!method || newline < 15 || h->bytes[http_scan_index(newline - 1)] != '\r' ||
	    h->bytes[http_scan_index(newline - 10)] != ' ' || !http_scan_version(http_word(h, newline - 9)))
		return HTTP_LOST;
	p->method = method;
	return HTTP_REQUEST_LINE;
}

static inline int http_scan_status(struct http_parser *p, const struct http_head *h, __u32 newline)
{
	__u64 word = http_word(h, 8); /* " 200 OK" */
	__u8 a = word >> 8, b = word >> 16, c = word >> 24;

	if (newline < 13 || !http_scan_version(http_word(h, 0)) || (word & 0xff) != ' ' || !http_is_digit(a) ||
	    !http_is_digit(b) || !http_is_digit(c))
		return HTTP_LOST;
	if (a == '0')
		return HTTP_LOST;
	p->status = (a - '0') * 100 + (b - '0') * 10 + (c - '0');
	return HTTP_STATUS_LINE;
}

/* The value of Content-Length at @at, to the end of its line. */
static inline int http_scan_length(struct http_parser *p, struct http_head *h, __u32 at)
{
	__u64 n = 0;
	__u32 i;

	if (!p || !h || p->flags & HTTP_HAS_LENGTH)
		return HTTP_LOST;
	for (i = 0; i < HTTP_SCAN_DIGITS; i++) {
		__u8 c = h->bytes[http_scan_index(at + i)];

		if (c == '\n') {
			p->number = n;
			h->length_end = at + i;
			return HTTP_NOTHING;
		}
		if (http_is_digit(c)) {
			if (!(p->flags & HTTP_HAS_LENGTH))
				h->digits_at = at + i;
			n = n * 10 + (c - '0');
			p->flags |= HTTP_HAS_LENGTH;
		} else if (c != ' ' && c != '\r' && c != '\t') {
			return HTTP_LOST;
		}
	}
	return HTTP_LOST;
}

/* The value of Transfer-Encoding: chunked, or it is for the parser to say. */
static inline int http_scan_encoding(struct http_parser *p, const struct http_head *h, __u32 at)
{
	__u64 word = http_word(h, at);

	if ((word & 0xff) != ' ' || (word | HTTP_LOWER) >> 8 != 0x64656b6e756863) /* chunked */
		return HTTP_LOST;
	p->flags |= HTTP_CHUNKED;
	return HTTP_NOTHING;
}

/* A header line that begins at @at. */
HTTP_SCAN_PART int http_scan_header(struct http_parser *p, struct http_head *h, __u32 at)
{
	__u64 first, second;

	if (!p || !h)
		return HTTP_LOST;
	first = http_word(h, at);
	switch (first | HTTP_LOWER) {
	case 0x2d746e65746e6f63: /* content- */
		second = http_word(h, at + 8);
		if (((second | HTTP_LOWER) & 0xffffffffffff) != 0x6874676e656c) /* length */
			return HTTP_NOTHING;
		if (first >> 56 != '-' || (second >> 48 & 0xff) != ':')
			return HTTP_LOST;
		h->length_at = at;
		return http_scan_length(p, h, at + 15);
	case 0x726566736e617274: /* transfer */
		second = http_word(h, at + 8);
		if (((second | HTTP_LOWER) & 0xffffffffffffff00) != 0x6e69646f636e6500) /* ?encodin */
			return HTTP_NOTHING;
		if ((second & 0xff) != '-' || ((http_word(h, at + 16) | 0x20) & 0xffff) != 0x3a67)
			return HTTP_LOST; /* no "g:" behind it */
		return http_scan_encoding(p, h, at + 18);
	default: return HTTP_NOTHING;
	}
}

/* The first newline in the HTTP_SCAN_STRIDE bytes from @at on; @at + HTTP_SCAN_STRIDE: none. */
static inline __u32 http_scan_newline(const struct http_head *h, __u32 at)
{
	__u32 i;

	for (i = 0; i < HTTP_SCAN_STRIDE; i += 8) {
		__u64 newlines = http_equal(http_word(h, at + i), '\n');

		if (newlines)
			return at + i + http_first_byte(newlines);
	}
	return at + HTTP_SCAN_STRIDE;
}

/* The first line. Returns what it is, with h->at at its end; HTTP_LOST: it is for the parser to say. */
HTTP_SCAN_PART int http_scan_first(struct http_parser *p, struct http_head *h, __u32 n)
{
	__u32 newline;

	if (!p || !h)
		return HTTP_LOST;
	newline = http_scan_newline(h, 0);
	if (newline == HTTP_SCAN_STRIDE)
		newline = http_scan_newline(h, HTTP_SCAN_STRIDE);
	if (newline >= n || newline == 2 * HTTP_SCAN_STRIDE)
		return HTTP_LOST;
	h->at = newline;
	h->first_end = newline;
	return p->flags & HTTP_RESPONSE ? http_scan_status(p, h, newline) : http_scan_request(p, h, newline);
}

#define HTTP_SCAN_ON 0    /* go on */
#define HTTP_SCAN_NO (-1) /* not all of the head is here, or it is unusual */

/*
 * To the next line after h->at. Returns the length of the head when that is the empty one. (Volatile:
 * the compiler would not go through memory, see struct http_head.)
 */
static inline int http_scan_line(struct http_parser *p, struct http_head *h, __u32 n)
{
	__u32 at = h->at, newline;
	__u8 first;

	*(volatile __u32 *)&h->at = http_scan_newline(h, at);
	newline = *(volatile __u32 *)&h->at;

	/* At the end of the copy a header's name may be cut. */
	if (newline + 1 >= n || newline > HTTP_SCAN_SIZE - HTTP_SCAN_NAME)
		return HTTP_SCAN_NO;
	if (newline == at + HTTP_SCAN_STRIDE)
		return HTTP_SCAN_ON;
	at = newline + 1;
	h->at = at;
	first = h->bytes[http_scan_index(at)];
	if (first == '\n')
		return at + 1;
	if (first == '\r')
		return at + 1 < n && h->bytes[http_scan_index(at + 1)] == '\n' ? (int)at + 2 : HTTP_SCAN_NO;
	first |= 0x20;
	if ((first == 'c' || first == 't') && http_scan_header(p, h, at) == HTTP_LOST)
		return HTTP_SCAN_NO;
	return HTTP_SCAN_ON;
}

/*
 * The Content-Length is known, and nothing follows the message: is its head's end where its body must
 * then begin? That saves the lines in between. Returns as http_scan_line() does.
 */
static inline int http_scan_leap(const struct http_parser *p, struct http_head *h, __u32 n)
{
	__u64 end = h->alone - p->number;

	if (p->number < h->alone && end <= n && end >= h->at + 4 &&
	    (http_word(h, end - 4) & 0xffffffff) == 0x0a0d0a0d) /* "\r\n\r\n" */
		return end;
	h->alone = 0;
	return HTTP_SCAN_ON;
}

/*
 * A few lines at a time: between two programs of the kernel side a call costs as much as a line.
 * Returns as http_scan_line() does.
 */
HTTP_SCAN_PART int http_scan_some(struct http_parser *p, struct http_head *h, __u32 n)
{
	__u32 i;

	if (!p || !h)
		return HTTP_SCAN_NO;
	for (i = 0; i < HTTP_SCAN_SOME; i++) {
		int length = http_scan_line(p, h, n);

		if (length != HTTP_SCAN_ON)
			return length;
		if (h->alone && p->flags & HTTP_HAS_LENGTH)
			return http_scan_leap(p, h, n);
	}
	return HTTP_SCAN_ON;
}

/*
 * A head at the beginning of @h, of which @n bytes are there. Returns its length when it ended
 * within them, and the parser then knows what http_headers_end() asks for: status, method,
 * HAS_LENGTH, number, CHUNKED. 0: feed it to the parser, which is as it was, but for these.
 *
 * @alone: how many bytes there are from the head's beginning on, if they are this message and nothing
 * behind it; 0: there may be another one.
 */
static inline __u32 http_scan(struct http_parser *p, struct http_head *h, __u32 n, __u32 alone)
{
	__u32 i;

	p->flags &= HTTP_RESPONSE;
	p->number = 0;
	if (http_scan_first(p, h, n) == HTTP_LOST)
		return 0;
	h->alone = alone;
	for (i = 0; i < HTTP_SCAN_LINES / HTTP_SCAN_SOME; i++) {
		int length = http_scan_some(p, h, n);

		if (length != HTTP_SCAN_ON)
			return length > 0 ? length : 0;
	}
	return 0;
}

#endif
