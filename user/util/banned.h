/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * banned.h - included into every file by the compiler command line. Functions with no bound, no
 * error report, or a shell behind them do not compile here. Numbers are read by util/text/units.h.
 */
#ifndef FL_BANNED_H
#define FL_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC poison sprintf vsprintf strcpy strncpy strcat strncat gets system popen atoi atol atof atoll

#endif
