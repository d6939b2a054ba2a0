#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# mirror.sh - print the Debian mirror that this machine's own apt sources name.
cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
	grep -oE '(https?|mirror[+a-z]*)://[^ ]*/debian/?([[:space:]]|$)' | head -n 1 | tr -d '[:space:]'
