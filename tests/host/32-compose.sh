#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Every kind of fault on a service of a Compose file: a network of its own, and Docker's resolver.
. "$(dirname "$0")/host.sh"
. "$(dirname "$0")/forms.sh"
. "$(dirname "$0")/cells.sh"
check "the image, and names outside" eval 'host_image && world'
cells compose
