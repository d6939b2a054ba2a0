// SPDX-License-Identifier: GPL-2.0-only
/* lasting - print the ways to undo whose effect outlives the boot of the machine, one a line. */
#include <stdio.h>

#include "fault/undo.h"

int main(void)
{
	const struct undo_op *const *family, *op;

	for (family = undo_families; *family; family++)
		for (op = *family; op->name; op++)
			if (!op->ends_with_boot)
				puts(op->name);
	return 0;
}
