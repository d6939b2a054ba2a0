// SPDX-License-Identifier: GPL-2.0-only
/*
 * vdso.c - read the dynamic symbols of a vDSO by its section headers, which every kernel leaves in
 * the image (a hash table, the other way in, comes and goes between versions).
 *
 * Limits: 64-bit little-endian ELF only. A 32-bit process has another vDSO and is refused.
 */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "fault/clock/vdso.h"
#include "util/cleanup.h"

#define SYMBOLS_MAX 256 /* a vDSO exports about a dozen */

struct image {
	const uint8_t *bytes;
	size_t size;
};

static const struct {
	uint16_t machine;
	const char *names[VDSO_CALLS];
} machines[] = {
	{ EM_X86_64, { "__vdso_clock_gettime", "__vdso_gettimeofday", "__vdso_time" } },
	{ EM_AARCH64, { "__kernel_clock_gettime", "__kernel_gettimeofday", NULL } },
};

/* Copy @n bytes at @offset; false when they are not all there. Copied, since nothing says that
 * what the image calls a table is aligned. */
static bool take(const struct image *im, uint64_t offset, void *ret, size_t n)
{
	if (offset > im->size || n > im->size - offset)
		return false;
	memcpy(ret, im->bytes + offset, n);
	return true;
}

static bool inside(const struct image *im, uint64_t offset, uint64_t n)
{
	return offset <= im->size && n <= im->size - offset;
}

static bool take_section(const struct image *im, const Elf64_Ehdr *eh, uint32_t i, Elf64_Shdr *ret)
{
	return i < eh->e_shnum && inside(im, eh->e_shoff, 0) &&
	       take(im, eh->e_shoff + (uint64_t)i * sizeof(*ret), ret, sizeof(*ret));
}

/* Is the string at @offset of the table exactly @name? */
static bool named(const struct image *im, const Elf64_Shdr *strings, uint32_t offset, const char *name)
{
	size_t n = strlen(name) + 1;

	return offset <= strings->sh_size && n <= strings->sh_size - offset &&
	       !memcmp(im->bytes + strings->sh_offset + offset, name, n);
}

static int malformed(struct fl_error *err, const char *what)
{
	return error_env(err, ENOEXEC, "the vDSO makes no sense: %s", what);
}

static int read_header(const struct image *im, Elf64_Ehdr *ret, struct fl_error *err)
{
	if (!take(im, 0, ret, sizeof(*ret)) || memcmp(ret->e_ident, ELFMAG, SELFMAG))
		return malformed(err, "it is no ELF file");
	if (ret->e_ident[EI_CLASS] != ELFCLASS64)
		return error_env(err, ENOTSUP, "the process is a 32-bit one; its vDSO is not known");
	if (ret->e_ident[EI_DATA] != ELFDATA2LSB || ret->e_shentsize != sizeof(Elf64_Shdr) ||
	    ret->e_phentsize != sizeof(Elf64_Phdr))
		return malformed(err, "its ELF header is not that of this architecture");
	return 0;
}

/* Symbols hold addresses; the first loaded segment says how those lie in the file. */
static int read_segment(const struct image *im, const Elf64_Ehdr *eh, uint64_t *ret_base, struct vdso *v,
			struct fl_error *err)
{
	Elf64_Phdr ph;
	uint16_t i;

	if (!inside(im, eh->e_phoff, 0))
		return malformed(err, "its program headers are outside");
	for (i = 0; i < eh->e_phnum; i++) {
		if (!take(im, eh->e_phoff + i * sizeof(ph), &ph, sizeof(ph)))
			return malformed(err, "its program headers are outside");
		if (ph.p_type == PT_LOAD && inside(im, ph.p_offset, ph.p_filesz)) {
			*ret_base = ph.p_vaddr - ph.p_offset;
			v->loaded_end = (uint32_t)(ph.p_offset + ph.p_filesz);
			return 0;
		}
	}
	return malformed(err, "it has no loaded segment");
}

static void note_end(struct vdso *v, const struct image *im, uint64_t offset, uint64_t n)
{
	if (inside(im, offset, n) && offset + n > v->end)
		v->end = (uint32_t)(offset + n);
}

/* One pass over the sections: the symbol table with its strings, and where the file ends. */
static int read_sections(const struct image *im, const Elf64_Ehdr *eh, Elf64_Shdr *symbols, Elf64_Shdr *strings,
			 struct vdso *v, struct fl_error *err)
{
	bool found = false;
	uint32_t i;

	note_end(v, im, eh->e_phoff, (uint64_t)eh->e_phnum * sizeof(Elf64_Phdr));
	note_end(v, im, eh->e_shoff, (uint64_t)eh->e_shnum * sizeof(Elf64_Shdr));
	for (i = 0; i < eh->e_shnum; i++) {
		Elf64_Shdr sh;

		if (!take_section(im, eh, i, &sh))
			return malformed(err, "its section headers are outside");
		if (sh.sh_type != SHT_NOBITS)
			note_end(v, im, sh.sh_offset, sh.sh_size);
		if (sh.sh_type != SHT_DYNSYM || found)
			continue;
		*symbols = sh;
		found = take_section(im, eh, sh.sh_link, strings);
	}
	if (!found || strings->sh_type != SHT_STRTAB || !inside(im, symbols->sh_offset, symbols->sh_size) ||
	    !inside(im, strings->sh_offset, strings->sh_size))
		return malformed(err, "its dynamic symbols are outside");
	return 0;
}

static int read_symbols(const struct image *im, const Elf64_Shdr *symbols, const Elf64_Shdr *strings, uint64_t base,
			const char *const *names, struct vdso *v, struct fl_error *err)
{
	uint64_t n = symbols->sh_size / sizeof(Elf64_Sym), i;
	int c;

	if (n > SYMBOLS_MAX)
		return malformed(err, "it has too many symbols");
	for (i = 0; i < n; i++) {
		Elf64_Sym sym;

		if (!take(im, symbols->sh_offset + i * sizeof(sym), &sym, sizeof(sym)))
			return malformed(err, "its dynamic symbols are outside");
		for (c = 0; c < VDSO_CALLS; c++) {
			if (!names[c] || sym.st_shndx == SHN_UNDEF || !named(im, strings, sym.st_name, names[c]))
				continue;
			if (!inside(im, sym.st_value - base, sym.st_size) ||
			    sym.st_value - base + sym.st_size > v->loaded_end)
				return malformed(err, "a function is outside");
			v->calls[c].offset = (uint32_t)(sym.st_value - base);
			v->calls[c].size = (uint32_t)sym.st_size;
		}
	}
	return 0;
}

int vdso_parse(const uint8_t *image, size_t size, struct vdso *ret, struct fl_error *err)
{
	const struct image im = { image, size };
	Elf64_Shdr symbols = {}, strings = {};
	struct vdso v = {};
	uint64_t base = 0;
	Elf64_Ehdr eh;
	size_t m;
	int r;

	if (size > VDSO_MAX)
		return malformed(err, "it is too large");
	r = read_header(&im, &eh, err);
	if (r)
		return r;
	for (m = 0; m < ARRAY_SIZE(machines) && machines[m].machine != eh.e_machine; m++)
		;
	if (m == ARRAY_SIZE(machines))
		return error_env(err, ENOTSUP, "no clock stub for ELF machine %u", eh.e_machine);
	v.machine = eh.e_machine;
	r = read_segment(&im, &eh, &base, &v, err);
	if (!r)
		r = read_sections(&im, &eh, &symbols, &strings, &v, err);
	if (!r)
		r = read_symbols(&im, &symbols, &strings, base, machines[m].names, &v, err);
	if (r)
		return r;
	if (!v.calls[VDSO_GETTIME].size)
		return error_env(err, ENOTSUP, "the vDSO has no %s", machines[m].names[VDSO_GETTIME]);
	*ret = v;
	return 0;
}
