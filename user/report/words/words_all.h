/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FL_WORDS_ALL_H
#define FL_WORDS_ALL_H

#include "report/words/words.h"

extern const struct words words_en, words_vi;

#endif
