/* SPDX-License-Identifier: GPL-2.0-only */
/* plain_net.bpf.h - the functions of net.bpf.c that are verified on their own, see plain.bpf.h. */
#ifndef FL_PLAIN_NET_BPF_H
#define FL_PLAIN_NET_BPF_H

#include "plain.bpf.h"

#ifdef FL_PLAIN

#define payload_set(skb, p, off, value, fix)    payload_set(skb, off, value, fix)
#define mangle_corrupt(skb, p, index, n)        mangle_corrupt(skb, index, n)
#define reset_turn(skb, p)                      reset_turn(skb)
#define reset_write(skb, p, seq, ack, partial)  reset_write(skb, seq, ack, partial)
#define reset_both(skb, p)                      reset_both(skb)
#define reset_refuse(skb, p)                    reset_refuse(skb)
#define conn_packet(skb, p, index)              conn_packet(skb, index)
#define rule_packet(skb, p, index)              rule_packet(skb, index)

#define dns_name_feed(name, c)                  dns_name_feed(c)
#define dns_name_chunk(skb, name, off, end)     dns_name_chunk(skb, off, end)
#define dns_question(skb, name, off, end, sort) dns_question(skb, off, end, sort)
#define dns_asked_at(skb, p, off)               dns_asked_at(skb, off)
#define dns_fetched_for(skb, p, name)           dns_fetched_for(skb)
#define local_set_port(skb, p, port)            local_set_port(skb, port)
#define dns_rule(p, name, index, readable)      dns_rule(index, readable)
#define dns_record(skb, p, off, index, change)  dns_record(skb, off, index, change)
#define dns_records(skb, p, index, change)      dns_records(skb, index, change)
#define dns_message(skb, p, off, end)           dns_message(skb, off, end)
#define dns_udp(skb, p)                         dns_udp(skb)
#define dns_next(skb, p, stream)                dns_next(skb)
#define dns_tcp(skb, p)                         dns_tcp(skb)
#define dns_packet(skb, p)                      dns_packet(skb)

#define http_wants(p, f, index)                 http_wants(index)
#define http_request(p, f)                      http_request()
#define http_answer(p, f)                       http_answer()
#define http_handle(p, f, event)                http_handle(event)
#define http_step(f, response, c)               http_step(response, c)
#define http_advance(skb, p, f, off)            http_advance(skb, off)
#define http_parse(skb, p, f, off)              http_parse(skb, off)
#define http_rewrite(skb, p, e, i)              http_rewrite(skb, i)
#define http_packet(skb, p)                     http_packet(skb)

/* What the functions above begin with. */
#define take_packet(p)        struct packet *p = packet_at_hand()
#define take_name(name)       struct dns_name *name = dns_name_at_hand()
#define take_stream(s, p)     struct dns_stream *s = dns_stream_of(p)
#define take_flow(f, p)       struct http_flow *f = http_flow_of(p)
#define take_pending(e, f, i) struct http_pending *e = f ? http_slot(f, i) : NULL

#else

#define http_rewrite(skb, p, e, i) http_rewrite(skb, p, e)
#define take_packet(p)
#define take_name(name)
#define take_stream(s, p)
#define take_flow(f, p)
#define take_pending(e, f, i)

#endif
#endif
