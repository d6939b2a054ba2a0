#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tar.sh FOLDER NAME EPOCH - NAME of FOLDER as an archive whose bytes depend on nothing but its files' content and modes.
set -eu
exec tar -C "$1" --sort=name --owner=0 --group=0 --numeric-owner --mode=go-w,a+rX --mtime="@$3" --format=ustar -cf - "$2"
