// SPDX-License-Identifier: GPL-2.0-only
/* gen kinds|schema BASE - print what is made out of the fault table (gen.h). */
#include <errno.h>
#include <string.h>

#include "tools/gen/gen.h"

int main(int argc, char **argv)
{
	struct fl_error err = {};
	int r;

	if (argc == 2 && !strcmp(argv[1], "kinds"))
		r = gen_kinds(stdout, &err);
	else if (argc == 3 && !strcmp(argv[1], "schema"))
		r = gen_schema(argv[2], stdout, &err);
	else
		r = error_usage(&err, "usage: gen kinds|schema BASE");
	if (!r && (fflush(stdout) || ferror(stdout)))
		r = error_sys(&err, EIO, "cannot write");
	if (r)
		error_print(&err, stderr);
	return r ? FL_EXIT_FAILED : FL_EXIT_OK;
}
