/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * utf8.h - what is UTF-8 and what is none. JSON takes nothing else: one bad byte, or half a character at the end of a
 * text that was cut to fit, and all of the object that it is in is lost.
 */
#ifndef FL_UTF8_H
#define FL_UTF8_H

#include <stdbool.h>

/* How long the character is that begins with @lead (Unicode, table 3-7); 0: none does. */
unsigned int utf8_length(unsigned char lead);

/* May @next be byte number @at of the character that @lead begins? Excludes overlong forms, surrogates and what lies
 * beyond U+10FFFF. */
bool utf8_continues(unsigned char lead, unsigned int at, unsigned char next);

/* Bytes of the character at @s; 0: there is none, or half of one. */
unsigned int utf8_character(const char *s);

/* Is all of @s UTF-8? */
bool utf8_is(const char *s);

/* Take half a character from its end, which is what a bound leaves. */
void utf8_cut(char *s);

/* Make it so, in its place: each byte that is part of no character becomes '?', and half a character at the end goes. */
void utf8_mend(char *s);

#endif
