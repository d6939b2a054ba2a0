#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The harness itself: a namespace is made, answers, and is gone at the end.
. "$(dirname "$0")/../lib.sh"
mknet a 1
check "the namespace answers" ping -c 1 -W 2 10.77.1.2
check "the namespace answers over IPv6" ping -6 -c 1 -W 2 fd77:1::2
