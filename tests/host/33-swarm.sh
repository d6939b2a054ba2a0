#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Every kind of fault on a task of a Swarm, on an overlay network.
. "$(dirname "$0")/host.sh"
. "$(dirname "$0")/forms.sh"
. "$(dirname "$0")/cells.sh"
check "the image, and names outside" eval 'host_image && world'
cells swarm
