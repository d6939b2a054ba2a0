/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * http.bpf.h - an HTTP/1.x framing parser (RFC 9112), fed byte by byte, one for each direction of a
 * connection. It finds where messages begin and end, and no more: request line, status, the
 * two headers that frame a body. Bodies are skipped by their length and never looked at.
 *
 * It holds all state between bytes, so a message may be cut anywhere, and it has no loop and no
 * memory of its own: the verifier sees one byte, user space feeds it in a loop (tests, fuzzing).
 *
 * Limits: the first 64 bytes of a request's path and query are kept (none with HTTP_WITHOUT_PATH, which
 * saves their room). A body that ends with the connection is opaque from there on, and so is everything
 * that is not HTTP/1.x.
 */
#ifndef FL_HTTP_BPF_H
#define FL_HTTP_BPF_H

#include "bpf/abi/abi.h"

enum http_phase {
	HTTP_START = 0, /* between messages */
	HTTP_METHOD,
	HTTP_TARGET,
	HTTP_REQUEST_VERSION,
	HTTP_STATUS_VERSION,
	HTTP_STATUS,
	HTTP_REASON,
	HTTP_HEADER_NAME,
	HTTP_HEADER_VALUE,
	HTTP_BODY, /* skip parser->left bytes */
	HTTP_CHUNK_SIZE,
	HTTP_CHUNK_EXTENSION,
	HTTP_CHUNK_DATA, /* skip parser->left bytes */
	HTTP_CHUNK_END,
	HTTP_TRAILER,
	HTTP_OPAQUE, /* to the end of the connection */
};

enum http_event {
	HTTP_NOTHING = 0,
	HTTP_REQUEST_LINE, /* method, path and start are known */
	HTTP_STATUS_LINE,  /* status and start are known; the byte was its last digit */
	HTTP_END,          /* the message is complete */
	HTTP_LOST,         /* this is no HTTP/1.x, or its framing cannot be known */
};

enum http_flag {
	HTTP_CHUNKED = 1 << 0,
	HTTP_HAS_LENGTH = 1 << 1,
	HTTP_NO_BODY = 1 << 2,  /* set by the caller: the response to HEAD */
	HTTP_CONNECT = 1 << 3,  /* request: it is one; response: set by the caller, to one */
	HTTP_TUNNEL = 1 << 4,   /* the connection is no longer HTTP: 101, or CONNECT accepted */
	HTTP_RESPONSE = 1 << 5, /* set by the caller: which side this is; survives a message */
};

/* Header names are known by their 64-bit FNV-1a hash, in lower case. */
#define HTTP_NAME_START    0xcbf29ce484222325ull
#define HTTP_NAME_PRIME    0x100000001b3ull
#define HTTP_NAME_LENGTH   0x2d69a1e6ee916e7dull /* content-length */
#define HTTP_NAME_ENCODING 0x8640bd735e9d802cull /* transfer-encoding */

struct http_parser {
	/* What every message needs, in front: see struct flow in measure_flow.bpf.h. */
	__u32 next;  /* position of the next byte, in the caller's terms (a TCP sequence number) */
	__u32 start; /* position of the first byte of the present message */
	__u16 status;
	__u16 method; /* enum fl_http_method */
	__u8 phase;
	__u8 at; /* position in the present token or line */
	__u8 flags;
	__u8 pad;
	__u64 left;   /* bytes of a body or a chunk still to skip */
	__u64 number; /* Content-Length, chunk size; the method's bytes in a request line */
	__u64 name;   /* hash of the header line's name so far */
#ifndef HTTP_WITHOUT_PATH
	__u32 path_len;
	__u8 path[FL_HTTP_PATH_MAX];
	__u32 slashes; /* of an absolute target, from 1; 0: in its path */
#endif
};
#ifndef HTTP_WITHOUT_PATH
_Static_assert(sizeof(struct http_parser) == 112, "http_parser");
#endif

static inline int http_is_token(__u8 c)
{
	return (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

static inline int http_is_digit(__u8 c)
{
	return c >= '0' && c <= '9';
}

static inline int http_hex(__u8 c)
{
	if (http_is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline int http_lost(struct http_parser *p)
{
	p->phase = HTTP_OPAQUE;
	return HTTP_LOST;
}

/* Ready for a message that begins at @next. */
static inline void http_restart(struct http_parser *p, __u32 next)
{
	p->phase = HTTP_START;
	p->next = next;
}

static inline int http_end(struct http_parser *p)
{
	p->phase = HTTP_START;
	return HTTP_END;
}

/* The word as it stands in a u64, last byte lowest. */
static inline __u16 http_method(__u64 word)
{
	switch (word) {
	case 0x474554: return FL_HTTP_GET;
	case 0x48454144: return FL_HTTP_HEAD;
	case 0x504f5354: return FL_HTTP_POST;
	case 0x505554: return FL_HTTP_PUT;
	case 0x44454c455445: return FL_HTTP_DELETE;
	case 0x5041544348: return FL_HTTP_PATCH;
	case 0x4f5054494f4e53: return FL_HTTP_OPTIONS;
	default: return FL_HTTP_OTHER;
	}
}

/* First byte of a message; empty lines before a request are allowed (RFC 9112, 2.2). */
static inline int http_begin(struct http_parser *p, __u8 c)
{
	p->flags &= HTTP_RESPONSE;
	p->number = 0;
	p->status = 0;
	p->at = 1;
	if (p->flags & HTTP_RESPONSE) {
		p->phase = HTTP_STATUS_VERSION;
		return c == 'H' ? HTTP_NOTHING : http_lost(p);
	}
	if (c == '\r' || c == '\n')
		return HTTP_NOTHING;
	if (!http_is_token(c))
		return http_lost(p);
	p->phase = HTTP_METHOD;
	p->number = c;
	return HTTP_NOTHING;
}

static inline void http_begin_target(struct http_parser *p)
{
	p->phase = HTTP_TARGET;
	p->at = 0;
#ifndef HTTP_WITHOUT_PATH
	p->path_len = 0;
	p->slashes = 0;
#endif
}

#ifndef HTTP_WITHOUT_PATH
static inline void http_keep_path(struct http_parser *p, __u8 c)
{
	if (p->path_len < FL_HTTP_PATH_MAX) {
		p->path[p->path_len & (FL_HTTP_PATH_MAX - 1)] = c;
		p->path_len++;
	}
}

/*
 * A byte of the target. What a proxy is asked for is absolute, "http://shop/pay" (RFC 9112, 3.2.2): its path
 * begins at the third slash, and is "/" where there is none.
 */
static inline void http_path_byte(struct http_parser *p, __u8 c, bool first)
{
	if (first && ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
		p->slashes = 1;
	if (p->slashes) {
		if (c == '/')
			p->slashes++;
		if (p->slashes == 3 && (c == '?' || c == ' '))
			http_keep_path(p, '/');
		else if (p->slashes < 4)
			return;
		p->slashes = 0;
	}
	if (c != ' ')
		http_keep_path(p, c);
}
#endif

static inline int http_in_method(struct http_parser *p, __u8 c)
{
	if (c == ' ') {
		p->method = http_method(p->number);
		if (p->number == 0x434f4e4e454354) /* CONNECT */
			p->flags |= HTTP_CONNECT;
		p->number = 0;
		http_begin_target(p);
		return HTTP_NOTHING;
	}
	if (!http_is_token(c) || p->at >= 24)
		return http_lost(p);
	/* A word of more than eight letters is none of those we know: make sure it stays that way. */
	p->number = p->at < 8 ? p->number << 8 | c : ~0ull;
	p->at++;
	return HTTP_NOTHING;
}

static inline int http_in_target(struct http_parser *p, __u8 c)
{
	__u8 any = p->at;

#ifndef HTTP_WITHOUT_PATH
	http_path_byte(p, c, !any);
#endif
	if (c == ' ') {
		p->phase = HTTP_REQUEST_VERSION;
		p->at = 0;
		return any ? HTTP_NOTHING : http_lost(p);
	}
	if (c < ' ')
		return http_lost(p);
	p->at = 1;
	return HTTP_NOTHING;
}

/* "HTTP/1." at position @at < 7, then a digit. */
static inline int http_version_ok(__u8 at, __u8 c)
{
	switch (at) {
	case 0: return c == 'H';
	case 1:
	case 2: return c == 'T';
	case 3: return c == 'P';
	case 4: return c == '/';
	case 5: return c == '1';
	case 6: return c == '.';
	default: return http_is_digit(c);
	}
}

static inline void http_next_line(struct http_parser *p)
{
	p->phase = HTTP_HEADER_NAME;
	p->at = 0;
	p->name = HTTP_NAME_START;
}

static inline int http_in_request_version(struct http_parser *p, __u8 c)
{
	if (p->at < 8) {
		if (!http_version_ok(p->at, c))
			return http_lost(p);
		p->at++;
		return HTTP_NOTHING;
	}
	if (c == '\r')
		return HTTP_NOTHING;
	if (c != '\n')
		return http_lost(p);
	http_next_line(p);
	return HTTP_REQUEST_LINE;
}

static inline int http_in_status_version(struct http_parser *p, __u8 c)
{
	if (p->at == 8) {
		p->phase = HTTP_STATUS;
		p->at = 0;
		return c == ' ' ? HTTP_NOTHING : http_lost(p);
	}
	if (!http_version_ok(p->at, c))
		return http_lost(p);
	p->at++;
	return HTTP_NOTHING;
}

static inline int http_in_status(struct http_parser *p, __u8 c)
{
	if (!http_is_digit(c))
		return http_lost(p);
	p->status = p->status * 10 + (c - '0');
	if (++p->at < 3)
		return HTTP_NOTHING;
	p->phase = HTTP_REASON;
	return p->status >= 100 ? HTTP_STATUS_LINE : http_lost(p);
}

/* The empty line: what follows it? */
static inline int http_headers_end(struct http_parser *p)
{
	int response = p->flags & HTTP_RESPONSE;

	if (response) {
		if (p->status == 101 || (p->flags & HTTP_CONNECT && p->status / 100 == 2)) {
			p->flags |= HTTP_TUNNEL;
			p->phase = HTTP_OPAQUE;
			return HTTP_END;
		}
		if (p->status < 200) {
			/* Interim: the final response is still to come. */
			p->phase = HTTP_START;
			return HTTP_NOTHING;
		}
		if (p->flags & HTTP_NO_BODY || p->status == 204 || p->status == 304)
			return http_end(p);
	}
	if (p->flags & HTTP_CHUNKED) {
		p->phase = HTTP_CHUNK_SIZE;
		p->number = 0;
		p->at = 0;
		return HTTP_NOTHING;
	}
	if (p->flags & HTTP_HAS_LENGTH && p->number) {
		p->phase = HTTP_BODY;
		p->left = p->number;
		return HTTP_NOTHING;
	}
	if (p->flags & HTTP_HAS_LENGTH || !response)
		return http_end(p);
	p->phase = HTTP_OPAQUE; /* until the connection is closed */
	return HTTP_NOTHING;
}

static inline int http_in_header_name(struct http_parser *p, __u8 c)
{
	if (c == '\n')
		return p->at ? http_lost(p) : http_headers_end(p);
	if (c == '\r' && !p->at)
		return HTTP_NOTHING;
	if (c == ':') {
		p->phase = HTTP_HEADER_VALUE;
		p->at = 0;
		if (p->name == HTTP_NAME_LENGTH) {
			/* Two of them: request smuggling, or worse. */
			if (p->flags & HTTP_HAS_LENGTH)
				return http_lost(p);
			p->number = 0;
		}
		return HTTP_NOTHING;
	}
	p->name = (p->name ^ (c >= 'A' && c <= 'Z' ? c | 0x20 : c)) * HTTP_NAME_PRIME;
	p->at = 1;
	return HTTP_NOTHING;
}

static inline int http_in_header_value(struct http_parser *p, __u8 c)
{
	if (c == '\n') {
		http_next_line(p);
		return HTTP_NOTHING;
	}
	if (c == ' ' || c == '\t' || c == '\r')
		return HTTP_NOTHING;
	if (p->name == HTTP_NAME_LENGTH) {
		if (!http_is_digit(c) || p->number >> 56)
			return http_lost(p);
		p->number = p->number * 10 + (c - '0');
		p->flags |= HTTP_HAS_LENGTH;
	} else if (p->name == HTTP_NAME_ENCODING && !p->at) {
		/* Anything but "identity" ends in chunks. */
		if (c != 'i' && c != 'I')
			p->flags |= HTTP_CHUNKED;
		p->at = 1;
	}
	return HTTP_NOTHING;
}

static inline int http_in_chunk_size(struct http_parser *p, __u8 c)
{
	int digit = http_hex(c);

	if (p->phase == HTTP_CHUNK_SIZE && digit >= 0) {
		if (p->number >> 56)
			return http_lost(p);
		p->number = p->number * 16 + (__u32)digit;
		p->at = 1;
		return HTTP_NOTHING;
	}
	if (c != '\n') {
		if (c == ';' || c == ' ' || c == '\t')
			p->phase = HTTP_CHUNK_EXTENSION;
		else if (p->phase == HTTP_CHUNK_SIZE && c != '\r')
			return http_lost(p);
		return HTTP_NOTHING;
	}
	if (!p->at)
		return http_lost(p);
	p->at = 0;
	p->left = p->number;
	p->phase = p->left ? HTTP_CHUNK_DATA : HTTP_TRAILER;
	return HTTP_NOTHING;
}

static inline int http_in_chunk_end(struct http_parser *p, __u8 c)
{
	if (c == '\r')
		return HTTP_NOTHING;
	if (c != '\n')
		return http_lost(p);
	p->phase = HTTP_CHUNK_SIZE;
	p->number = 0;
	p->at = 0;
	return HTTP_NOTHING;
}

static inline int http_in_trailer(struct http_parser *p, __u8 c)
{
	if (c == '\n' && !p->at)
		return http_end(p);
	if (c != '\r')
		p->at = c != '\n';
	return HTTP_NOTHING;
}

/* Are the next bytes to be skipped, not parsed? */
static inline int http_skips(const struct http_parser *p)
{
	return p->phase == HTTP_BODY || p->phase == HTTP_CHUNK_DATA || p->phase == HTTP_OPAQUE;
}

/*
 * Skip up to @n bytes of a body; *@ret_skipped is how many they were. Returns an event.
 * Only while http_skips().
 */
static inline int http_skip(struct http_parser *p, __u32 n, __u32 *ret_skipped)
{
	if (p->phase == HTTP_OPAQUE || n < p->left) {
		p->left -= p->phase == HTTP_OPAQUE ? 0 : n;
		p->next += n;
		*ret_skipped = n;
		return HTTP_NOTHING;
	}
	*ret_skipped = p->left;
	p->next += p->left;
	p->left = 0;
	if (p->phase == HTTP_BODY)
		return http_end(p);
	p->phase = HTTP_CHUNK_END;
	return HTTP_NOTHING;
}

/* Feed one byte; only while not http_skips(). Returns an enum http_event. */
static inline int http_byte(struct http_parser *p, __u8 c)
{
	if (p->phase == HTTP_START)
		p->start = p->next;
	p->next++;
	switch (p->phase) {
	case HTTP_START: return http_begin(p, c);
	case HTTP_METHOD: return http_in_method(p, c);
	case HTTP_TARGET: return http_in_target(p, c);
	case HTTP_REQUEST_VERSION: return http_in_request_version(p, c);
	case HTTP_STATUS_VERSION: return http_in_status_version(p, c);
	case HTTP_STATUS: return http_in_status(p, c);
	case HTTP_REASON:
		if (c == '\n')
			http_next_line(p);
		return HTTP_NOTHING;
	case HTTP_HEADER_NAME: return http_in_header_name(p, c);
	case HTTP_HEADER_VALUE: return http_in_header_value(p, c);
	case HTTP_CHUNK_SIZE:
	case HTTP_CHUNK_EXTENSION: return http_in_chunk_size(p, c);
	case HTTP_CHUNK_END: return http_in_chunk_end(p, c);
	case HTTP_TRAILER: return http_in_trailer(p, c);
	default: return http_lost(p);
	}
}

#endif
