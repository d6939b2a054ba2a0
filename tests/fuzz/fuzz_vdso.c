// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vDSO image through parser and planner. The first byte chooses: 0, the rest is the image; else it
 * is a list of changes (offset low, offset high, byte) to this process's own vDSO.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "fault/clock/vdso_patch.h"

#define OWN_SIZE 8192u

static void check(const uint8_t *image, size_t size)
{
	static struct vdso_patch p;
	uint8_t *copy;
	uint32_t i;

	if (vdso_patch_make(image, size, "fuzz00.1", &p, NULL))
		return;
	copy = malloc(size);
	memcpy(copy, image, size);
	if (vdso_patch_state(&p, copy, size) != VDSO_CLEAN)
		abort();
	for (i = 0; i < p.n_edits; i++)
		memcpy(copy + p.edits[i].offset, p.edits[i].after, p.edits[i].size);
	while (i--)
		memcpy(copy + p.edits[i].offset, p.edits[i].before, p.edits[i].size);
	if (memcmp(copy, image, size)) /* undone in reverse it is the same, whatever overlapped */
		abort();
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *own = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	static uint8_t image[OWN_SIZE];
	size_t i;

	if (!size)
		return 0;
	if (!data[0] || !own) {
		check(data + 1, size - 1);
		return 0;
	}
	memcpy(image, own, OWN_SIZE);
	for (i = 1; i + 2 < size; i += 3)
		image[(data[i] | (unsigned int)data[i + 1] << 8) % OWN_SIZE] = data[i + 2];
	check(image, OWN_SIZE);
	return 0;
}
