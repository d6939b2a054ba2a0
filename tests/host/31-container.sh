#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Every kind of fault on a container of the default bridge.
. "$(dirname "$0")/host.sh"
. "$(dirname "$0")/forms.sh"
. "$(dirname "$0")/cells.sh"
check "the image, and names outside" eval 'host_image && world'
cells container
