#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# leftovers.sh - what of ours belongs to the whole machine, so that no namespace takes it away: control
# groups and loaded BPF programs, a line each; and what tests, which have these folders for themselves, have
# no business to write.
find /sys/fs/cgroup -maxdepth 3 -type d \( -name 'faultline*' -o -name 'fltest*' \) 2>/dev/null | sed 's/^/cgroup /' | sort
bpftool prog list 2>/dev/null | awk '/^[0-9]+:/ && /name fl_/ { print "prog", $2, $3, $4 }' | sort
find /var/lib/faultline /etc/faultline -mindepth 1 ! -name ledger.json 2>/dev/null | sed 's/^/state /' | sort
