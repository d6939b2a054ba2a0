/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * http_memo.bpf.h - the fastest way through a head: it is laid out like the one before it on that side of
 * the connection. Its first line is read as ever; then Content-Length must stand where it stood, with
 * any number of digits, and the empty line as far behind it as it was. Dates, identifiers and cookies in
 * between may be others, of the same length.
 *
 * Limits: what is in between is not looked at. A head whose layout is the same although it has an empty
 * line, a Transfer-Encoding or a second Content-Length there is framed wrongly; HTTP forbids the last two
 * (RFC 9112, 6.3), and who does it all the same misleads the measurement of their own connection.
 *
 * Works on the copy of http_scan.bpf.h, and in user space as well.
 */
#ifndef FL_HTTP_MEMO_BPF_H
#define FL_HTTP_MEMO_BPF_H

#include "http_scan.bpf.h"

#define HTTP_MEMO_NO_LENGTH 0xffff

struct http_memo {
	__u16 before; /* bytes between the first line and the Content-Length, or HTTP_MEMO_NO_LENGTH */
	__u16 after;  /* bytes behind that line, or else behind the first; 0: nothing is known */
	__u16 what;   /* method or status; without a Content-Length it must be the same */
	__u16 size;   /* of that head */
};

/*
 * The head at the beginning of @h, of which @n bytes are there, if it is laid out as the one that @m
 * knows. Returns as http_scan().
 */
static inline __u32 http_memo_scan(const struct http_memo *m, struct http_parser *p, struct http_head *h,
				   __u32 n)
{
	__u32 at, end;

	p->flags &= HTTP_RESPONSE;
	p->number = 0;
	if (http_scan_first(p, h, n) == HTTP_LOST)
		return 0;
	at = h->at + 1;
	if (m->before != HTTP_MEMO_NO_LENGTH) {
		at += m->before;
		if (h->bytes[http_scan_index(at - 1)] != '\n' ||
		    http_scan_header(p, h, at) == HTTP_LOST || !(p->flags & HTTP_HAS_LENGTH))
			return 0;
		at = h->at + 1;
	} else if ((p->flags & HTTP_RESPONSE ? p->status : p->method) != m->what) {
		return 0;
	}
	end = at + m->after;
	if (end > n || (http_word(h, end - 4) & 0xffffffff) != 0x0a0d0a0d) /* "\r\n\r\n" */
		return 0;
	return end;
}

/* Remember the head of @size bytes that http_scan() has just understood. */
static inline void http_memo_keep(struct http_memo *m, const struct http_parser *p,
				  const struct http_head *h, __u32 size)
{
	int known = p->flags & HTTP_HAS_LENGTH;
	__u32 behind = known ? h->length_end + 1 : h->first_end + 1;

	m->before = known ? h->length_at - h->first_end - 1 : HTTP_MEMO_NO_LENGTH;
	m->after = p->flags & HTTP_CHUNKED ? 0 : size - behind;
	m->what = p->flags & HTTP_RESPONSE ? p->status : p->method;
	m->size = size;
}

#endif
