// SPDX-License-Identifier: GPL-2.0-only
/*
 * nss.c - a static binary must not load the host's NSS modules: they want the C library that they were built with.
 * Names are looked up in files and in the DNS, whatever /etc/nsswitch.conf says; both are part of glibc itself (2.34).
 * Linked into every portable binary.
 */
#include <nss.h>
#include <stddef.h>

static void __attribute__((constructor)) look_up_by_ourselves(void)
{
	static const char *const files_only[] = { "passwd", "group", "services", "protocols", "networks" };
	size_t i;

	for (i = 0; i < sizeof(files_only) / sizeof(files_only[0]); i++)
		__nss_configure_lookup(files_only[i], "files");
	__nss_configure_lookup("hosts", "files dns");
}
