#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The short form of 31 to 36, for CI: three ways of acting (on packets, on processes, by stressors) on each form.
. "$(dirname "$0")/host.sh"
. "$(dirname "$0")/forms.sh"
. "$(dirname "$0")/cells.sh"
check "systemd, and cgroup v2 alone" eval 'test -d /run/systemd/system && [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]'
check "the image, and names outside" eval 'host_image && world'
ONLY_KINDS=${ONLY_KINDS:-network_loss pause cpu_saturation}
for form in $FORMS; do
	cells $form
	form_down $form
done
