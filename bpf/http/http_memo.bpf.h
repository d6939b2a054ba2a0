/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * http_memo.bpf.h - the fastest way through a head: it is laid out like the last one on that side of
 * the edge. A request has the same method and as many bytes behind its first line; a response begins
 * with the same sixteen bytes ("HTTP/1.1 200 OK"). Content-Length stands where it stood, with any number
 * of digits, and the empty line as far behind it as it was. Paths, dates, identifiers and cookies may be
 * others; those behind the first line, of the same length.
 *
 * It is written to be short, and in one piece: between two packets the CPU runs all of the network stack,
 * so much of this code is fetched again for each.
 *
 * Limits: what is in between is not looked at. A head whose layout is the same although it has an empty
 * line, a Transfer-Encoding or a second Content-Length there is framed wrongly; HTTP forbids the last
 * two (RFC 9112, 6.3), and whoever does it anyway only misleads the measurement of their own edge.
 *
 * Works on the copy of http_scan.bpf.h, and in user space as well.
 */
#ifndef FL_HTTP_MEMO_BPF_H
#define FL_HTTP_MEMO_BPF_H

#include "http_scan.bpf.h"

#define HTTP_MEMO_FIRST  128 /* bytes in which a request's first line must end */
#define HTTP_MEMO_DIGITS 8   /* of a Content-Length */
#define HTTP_MEMO_SLACK  32  /* how much longer than before a head may be */

struct http_memo {
	__u64 begin[2]; /* the first bytes: of a request the method and a blank, of a response 16 */
	__u64 mask[2];
	__u16 what;   /* method or status */
	__u16 line;   /* size of the first line */
	__u16 before; /* bytes between it and the Content-Length; with no such line 0 */
	__u16 digits; /* where the value stands, from the beginning of that line on; 0: there is none */
	__u16 after;  /* bytes behind that line, or else behind the first; 0: nothing is known */
	__u16 size;   /* of that head */
	__u32 pad;
};

/* Remember the head of @size bytes that http_scan() has just understood. */
static inline void http_memo_keep(struct http_memo *m, const struct http_parser *p, const struct http_head *h,
				  __u32 size)
{
	int length = p->flags & HTTP_HAS_LENGTH;
	__u64 blanks = http_equal(http_word(h, 0), ' ');

	m->begin[0] = http_word(h, 0);
	m->begin[1] = http_word(h, 8);
	m->mask[0] = m->mask[1] = ~0ull;
	if (!(p->flags & HTTP_RESPONSE)) {
		/* (The blank is there: http_scan_method() has seen it.) */
		m->mask[0] = ~0ull >> (56 - 8 * (blanks ? http_first_byte(blanks) : 7));
		m->mask[1] = 0;
	}
	m->what = p->flags & HTTP_RESPONSE ? p->status : p->method;
	m->line = h->first_end + 1;
	m->before = length ? h->length_at - m->line : 0;
	m->digits = length ? h->digits_at - h->length_at : 0;
	m->after = size - (length ? h->length_end + 1 : m->line);
	m->size = size;
	/* Not what is framed by more than its Content-Length. */
	if (p->flags & HTTP_CHUNKED || size > HTTP_SCAN_SIZE / 2 ||
	    (p->flags & HTTP_RESPONSE && (!length || p->status < 200 || p->status == 204 || p->status == 304)))
		m->after = 0;
}

/*
 * Where a request's first line ends, which is known to begin with its method; 0: nowhere near. (Through
 * memory, see struct http_head: wherever it ends, the verifier goes on once.)
 */
static inline __u32 http_memo_line(struct http_head *h)
{
	volatile __u32 *at = &h->at;
	__u64 newlines = 0;
	__u32 i, end;

	for (i = 0; i < HTTP_MEMO_FIRST && !newlines; i += 8)
		newlines = http_equal(http_word(h, i), '\n');
	*at = i;
	if (!newlines)
		return 0;
	end = *at - 8 + http_first_byte(newlines) + 1;
	/* "GET / HTTP/1.1\r\n" */
	return end > 15 && http_scan_version(http_word(h, end - 10)) && (http_word(h, end - 11) & 0xff) == ' ' &&
			       (http_word(h, end - 2) & 0xff) == '\r'
		       ? end
		       : 0;
}

/*
 * The head at the beginning of @h, of which @n bytes are there, if it is laid out as the one that @m
 * knows. Returns its length and what its Content-Length says (0: nothing); 0: it is another one.
 */
static inline __u32 http_memo_scan(const struct http_memo *m, struct http_head *h, __u32 n, int response,
				   __u32 *ret_number)
{
	__u32 at = m->line, number = 0, digits, i;

	if ((http_word(h, 0) ^ m->begin[0]) & m->mask[0] || (http_word(h, 8) ^ m->begin[1]) & m->mask[1])
		return 0;
	if (!response)
		at = http_memo_line(h);
	if (!at)
		return 0;
	if (m->digits) {
		at += m->before;
		/* "\nContent" and "-Length:" */
		if ((http_word(h, at - 1) | (HTTP_LOWER & ~0xffull)) != 0x746e65746e6f630aull ||
		    (http_word(h, at + 7) | (HTTP_LOWER & 0x00ffffffffffff00ull)) != 0x3a6874676e656c2dull)
			return 0;
		at += m->digits;
		digits = at;
		for (i = 0; i < HTTP_MEMO_DIGITS; i++) {
			__u8 c = h->bytes[http_scan_index(at)];

			if (!http_is_digit(c))
				break;
			number = number * 10 + (c - '0');
			at++;
		}
		if (at == digits || (http_word(h, at) & 0xffff) != 0x0a0d) /* "\r\n" */
			return 0;
		at += 2;
	}
	at += m->after;
	if (at > n || (http_word(h, at - 4) & 0xffffffff) != 0x0a0d0a0d) /* "\r\n\r\n" */
		return 0;
	*ret_number = number;
	return at;
}

/* What http_headers_end() asks for, of a head that http_memo_scan() has found; less its body's framing. */
static inline void http_memo_take(const struct http_memo *m, struct http_parser *p, __u32 number)
{
	p->flags = (p->flags & HTTP_RESPONSE) | (m->digits ? HTTP_HAS_LENGTH : 0);
	p->number = number;
	if (p->flags & HTTP_RESPONSE)
		p->status = m->what;
	else
		p->method = m->what;
}

#endif
