// SPDX-License-Identifier: GPL-2.0-only
/*
 * replay.c - a main() for the libFuzzer entries without libFuzzer: runs every file of the folders
 * given, so that `make check` goes through the corpora with any compiler. Prints TAP.
 */
#include <dirent.h>
#include <stdint.h>

#include "util/text/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int replay(const char *folder)
{
	DIR *dir = opendir(folder);
	unsigned int n = 0;
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		char *path = text_format("%s/%s", folder, d->d_name), *bytes = NULL;
		size_t len = 0;

		if (d->d_name[0] != '.' && path && !file_read(path, 1 << 20, &bytes, &len, NULL)) {
			LLVMFuzzerTestOneInput((const uint8_t *)bytes, len);
			n++;
		}
		free(bytes);
		free(path);
	}
	if (dir)
		closedir(dir);
	return n;
}

int main(int argc, char **argv)
{
	int i, bad = 0;

	for (i = 1; i < argc; i++) {
		unsigned int n = replay(argv[i]);

		printf("%sok %d - %s: %u inputs\n", n ? "" : "not ", i, argv[i], n);
		bad |= !n;
	}
	printf("1..%d\n", argc - 1);
	return bad || argc < 2;
}
