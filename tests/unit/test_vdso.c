// SPDX-License-Identifier: GPL-2.0-only
/* vDSO images: reading them (also hostile ones), planning the change, recognising what is what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <cmocka.h>

#include "fault/clock/vdso_patch.h"
#include "fault/clock/vdso_proc.h"

#define IMAGE_SIZE 8192u
#define CODE       0x400u /* where a made-up image has clock_gettime */
#define CODE_SIZE  0x300u

/* A made-up vDSO: header, segment, dynsym, strings, code, section headers. */
struct fake {
	_Alignas(8) uint8_t bytes[IMAGE_SIZE];
	Elf64_Ehdr *eh;
	Elf64_Shdr *sh; /* 1 dynsym, 2 dynstr */
	Elf64_Sym *sym;
};

static void fake_make(struct fake *f, uint16_t machine, const char *name)
{
	uint8_t *b = f->bytes;
	Elf64_Phdr *ph = (void *)(b + 0x40);

	memset(f, 0, sizeof(*f));
	f->eh = (void *)b;
	memcpy(f->eh->e_ident, ELFMAG, SELFMAG);
	f->eh->e_ident[EI_CLASS] = ELFCLASS64;
	f->eh->e_ident[EI_DATA] = ELFDATA2LSB;
	f->eh->e_machine = machine;
	f->eh->e_phoff = 0x40;
	f->eh->e_phentsize = sizeof(*ph);
	f->eh->e_phnum = 1;
	f->eh->e_shoff = 0x800;
	f->eh->e_shentsize = sizeof(*f->sh);
	f->eh->e_shnum = 3;
	ph->p_type = PT_LOAD;
	ph->p_filesz = CODE + CODE_SIZE;
	f->sh = (void *)(b + 0x800);
	f->sh[1] = (Elf64_Shdr){ .sh_type = SHT_DYNSYM, .sh_offset = 0x100, .sh_size = 48, .sh_link = 2 };
	f->sh[2] = (Elf64_Shdr){ .sh_type = SHT_STRTAB, .sh_offset = 0x200, .sh_size = 0x80 };
	f->sym = (void *)(b + 0x100);
	f->sym[1] = (Elf64_Sym){ .st_name = 1, .st_shndx = 3, .st_value = CODE, .st_size = CODE_SIZE };
	memcpy(b + 0x201, name, strlen(name) + 1);
}

static void put32(struct fake *f, uint32_t at, uint32_t v)
{
	memcpy(f->bytes + at, &v, 4);
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

static const struct vdso_stub *stub_of(const struct vdso_patch *p)
{
	return (const struct vdso_stub *)(const void *)p->edits[0].after;
}

static void apply(const struct vdso_patch *p, uint8_t *image, uint32_t from, uint32_t to)
{
	uint32_t i;

	for (i = from; i < to; i++)
		memcpy(image + p->edits[i].offset, p->edits[i].after, p->edits[i].size);
}

static void own_vdso_is_understood(void **state)
{
	struct vdso_patch p;
	struct fl_error err = {};

	(void)state;
	assert_int_equal(vdso_plan("abc123.1", &p, &err), 0);
	assert_true(p.n_edits >= 3);
	assert_string_equal(stub_of(&p)->magic, VDSO_MAGIC);
	assert_string_equal(stub_of(&p)->id, "abc123.1");
}

static void truncated_and_mangled_images_are_refused(void **state)
{
	struct vdso v = { .machine = 4711 };
	struct fake f;
	uint32_t i;

	(void)state;
	fake_make(&f, EM_X86_64, "__vdso_clock_gettime");
	assert_int_equal(vdso_parse(f.bytes, IMAGE_SIZE, &v, NULL), 0);
	assert_int_equal(v.calls[VDSO_GETTIME].offset, CODE);
	assert_int_equal(v.calls[VDSO_TIME].size, 0);
	assert_int_equal(v.end, 0x800 + 3 * sizeof(Elf64_Shdr));
	v.machine = 4711;
	for (i = 0; i < 0x800 + 3 * sizeof(Elf64_Shdr); i++)
		assert_true(vdso_parse(f.bytes, i, &v, NULL) < 0);
	f.sh[1].sh_size = UINT64_MAX - 0x50;
	assert_int_equal(vdso_parse(f.bytes, IMAGE_SIZE, &v, NULL), -ENOEXEC);
	fake_make(&f, EM_X86_64, "__vdso_clock_gettime");
	f.sh[1].sh_link = 60000;
	assert_int_equal(vdso_parse(f.bytes, IMAGE_SIZE, &v, NULL), -ENOEXEC);
	fake_make(&f, EM_X86_64, "__vdso_clock_gettime");
	f.sym[1].st_value = UINT64_MAX - 16;
	assert_int_equal(vdso_parse(f.bytes, IMAGE_SIZE, &v, NULL), -ENOEXEC);
	fake_make(&f, EM_X86_64, "__vdso_clock_gettime");
	f.sym[1].st_size = IMAGE_SIZE;
	assert_int_equal(vdso_parse(f.bytes, IMAGE_SIZE, &v, NULL), -ENOEXEC);
	fake_make(&f, EM_X86_64, "__vdso_clock_gettime");
	f.eh->e_shoff = UINT64_MAX - 8;
	assert_int_equal(vdso_parse(f.bytes, IMAGE_SIZE, &v, NULL), -ENOEXEC);
	fake_make(&f, EM_X86_64, "__vdso_clock_getres");
	assert_int_equal(vdso_parse(f.bytes, IMAGE_SIZE, &v, NULL), -ENOTSUP);
	fake_make(&f, EM_PPC64, "__vdso_clock_gettime");
	assert_int_equal(vdso_parse(f.bytes, IMAGE_SIZE, &v, NULL), -ENOTSUP);
	fake_make(&f, EM_X86_64, "__vdso_clock_gettime");
	f.eh->e_ident[EI_CLASS] = ELFCLASS32;
	assert_int_equal(vdso_parse(f.bytes, IMAGE_SIZE, &v, NULL), -ENOTSUP);
	assert_int_equal(v.machine, 4711); /* never half an answer */
}

/* push %rbp; lea 0x1000(%rip),%r10: the jump covers both, and what lea finds must stay the same. */
static void x86_first_instructions_are_moved(void **state)
{
	static const uint8_t head[] = { 0x55, 0x4c, 0x8d, 0x15, 0x00, 0x10, 0x00, 0x00, 0xc3 };
	const uint8_t *pass;
	struct vdso_patch p;
	uint32_t at;
	struct fake f;

	(void)state;
	fake_make(&f, EM_X86_64, "__vdso_clock_gettime");
	memcpy(f.bytes + CODE, head, sizeof(head));
	assert_int_equal(vdso_patch_make(f.bytes, IMAGE_SIZE, "a.1", &p, NULL), 0);
	assert_true(p.direct);
	assert_int_equal(p.edits[1].offset, CODE);
	assert_int_equal(p.edits[1].size, 5);
	assert_int_equal(p.edits[1].after[0], 0xe9);
	assert_int_equal(CODE + 5 + get32(p.edits[1].after + 1), p.edits[0].offset + stub_of(&p)->entry[VDSO_GETTIME]);
	at = p.edits[0].offset + stub_of(&p)->pass[VDSO_GETTIME];
	pass = p.edits[0].after + stub_of(&p)->pass[VDSO_GETTIME];
	assert_int_equal(pass[0], 0x55);
	assert_int_equal(at + 8 + get32(pass + 4), CODE + 8 + 0x1000);
	assert_int_equal(pass[8], 0xe9);
	assert_int_equal(at + 13 + get32(pass + 9), CODE + 8);
}

/* An instruction that is not known, or a loop back to the second one: the system call it is. */
static void x86_unknown_heads_take_the_system_call(void **state)
{
	static const uint8_t unknown[] = { 0x62, 0xf1, 0x7c, 0x48, 0x10, 0xc3 };
	static const uint8_t loop[] = { 0x55, 0x48, 0x89, 0xe5, 0x53, 0xeb, 0xfa, 0xc3 };
	static const uint8_t syscall[] = { 0xb8, 228, 0, 0, 0, 0x0f, 0x05, 0xc3 };
	const struct {
		const uint8_t *head;
		size_t n;
	} cases[] = {
		{ unknown, sizeof(unknown) },
		{ loop, sizeof(loop) },
	};
	struct vdso_patch p;
	struct fake f;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		fake_make(&f, EM_X86_64, "__vdso_clock_gettime");
		memcpy(f.bytes + CODE, cases[i].head, cases[i].n);
		assert_int_equal(vdso_patch_make(f.bytes, IMAGE_SIZE, "a.1", &p, NULL), 0);
		assert_false(p.direct);
		assert_memory_equal(p.edits[0].after + stub_of(&p)->pass[VDSO_GETTIME], syscall, sizeof(syscall));
	}
}

static void arm64_encodings(void **state)
{
	const uint32_t stp = 0xa9be7bfd, adrp = 0x90000009, ret_insn = 0xd65f03c0;
	/* adr x4 with an offset before it (as 6.12's __kernel_gettimeofday begins), at itself, behind it: by bytes */
	const uint32_t adr[] = { 0x10fed204, 0x10000009, 0x70000029 };
	const int32_t adr_offset[] = { -9664, 0, 7 };
	const uint32_t relative[] = { adrp,       0x14000004, 0x94000004, 0x58000049, 0x54000041,
				      0xb4000040, 0x36000040, 0x37080040, 0x1c000040 };
	const uint32_t fixed[] = { stp,
				   0xd503233f /* paciasp */,
				   0xd503245f /* bti c */,
				   0x7100301f /* cmp w0, #12 */,
				   0xd10083ff /* sub sp */,
				   ret_insn };
	const uint8_t *pass;
	struct vdso_patch p;
	struct fake f;
	size_t i;

	(void)state;
	fake_make(&f, EM_AARCH64, "__kernel_clock_gettime");
	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		put32(&f, CODE, fixed[i]);
		assert_int_equal(vdso_patch_make(f.bytes, IMAGE_SIZE, "a.1", &p, NULL), 0);
		assert_true(p.direct);
		/* b entry */
		assert_int_equal(p.edits[1].size, 4);
		assert_int_equal(get32(p.edits[1].after),
				 0x14000000 | ((p.edits[0].offset + stub_of(&p)->entry[0] - CODE) / 4));
		/* the instruction, then b back to the second, which lies before: a negative offset */
		pass = p.edits[0].after + stub_of(&p)->pass[0];
		assert_int_equal(get32(pass), fixed[i]);
		assert_int_equal(get32(pass + 4) >> 26, 5);
		assert_int_equal((int32_t)(get32(pass + 4) << 6) >> 6,
				 ((int32_t)CODE + 4 - (int32_t)(p.edits[0].offset + stub_of(&p)->pass[0] + 4)) / 4);
	}
	for (i = 0; i < sizeof(adr) / sizeof(adr[0]); i++) {
		int32_t from_there = (int32_t)CODE + adr_offset[i];
		uint32_t moved;

		put32(&f, CODE, adr[i]);
		assert_int_equal(vdso_patch_make(f.bytes, IMAGE_SIZE, "a.1", &p, NULL), 0);
		assert_true(p.direct);
		/* the same register, the same address, from another place */
		moved = get32(p.edits[0].after + stub_of(&p)->pass[0]);
		from_there -= (int32_t)(p.edits[0].offset + stub_of(&p)->pass[0]);
		assert_int_equal(moved & 0x9f00001f, adr[i] & 0x9f00001f);
		assert_int_equal((int32_t)(moved << 8) >> 13, from_there >> 2);
		assert_int_equal(moved >> 29 & 3, from_there & 3);
	}
	for (i = 0; i < sizeof(relative) / sizeof(relative[0]); i++) {
		put32(&f, CODE, relative[i]);
		assert_int_equal(vdso_patch_make(f.bytes, IMAGE_SIZE, "a.1", &p, NULL), 0);
		assert_false(p.direct);
		pass = p.edits[0].after + stub_of(&p)->pass[0];
		assert_int_equal(get32(pass), 0xd2800e28);     /* mov x8, #113 */
		assert_int_equal(get32(pass + 4), 0xd4000001); /* svc #0 */
	}
}

/* The whole image is one page and full to its end: the section headers give way. */
static void without_padding_the_section_headers_give_way(void **state)
{
	Elf64_Phdr *ph;
	struct vdso_patch p;
	struct fake f;

	(void)state;
	fake_make(&f, EM_X86_64, "__vdso_clock_gettime");
	ph = (void *)(f.bytes + 0x40);
	assert_int_equal(vdso_patch_make(f.bytes, 0x900, "a.1", &p, NULL), 0);
	assert_in_range(p.edits[0].offset, ph->p_filesz, 0x900 - p.edits[0].size);
	ph->p_filesz = 0x780;
	assert_int_equal(vdso_patch_make(f.bytes, 0x8c0, "a.1", &p, NULL), -ENOTSUP);
}

static void states_are_told_apart(void **state)
{
	const struct vdso_slot slot = { .offset_ns = -1, .drift_ppb = 7, .base_ns = 99 };
	static uint8_t image[VDSO_MAX];
	const uint8_t *own = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	struct vdso_patch p, other;
	size_t n;

	(void)state;
	assert_int_equal(vdso_plan("abc123.1", &p, NULL), 0);
	assert_int_equal(vdso_plan("abc123.2", &other, NULL), 0);
	n = p.image_size;
	memcpy(image, own, n);
	assert_int_equal(vdso_patch_state(&p, image, n), VDSO_CLEAN);
	assert_int_equal(vdso_patch_state(&p, image, n - 4096), VDSO_FOREIGN);
	apply(&p, image, 0, 1);
	assert_int_equal(vdso_patch_state(&p, image, n), VDSO_PARTLY);
	apply(&p, image, 1, p.n_edits);
	assert_int_equal(vdso_patch_state(&p, image, n), VDSO_PATCHED);
	assert_int_equal(vdso_patch_state(&other, image, n), VDSO_FOREIGN);
	memcpy(image + p.slot, &slot, sizeof(slot));
	assert_int_equal(vdso_patch_state(&p, image, n), VDSO_PATCHED);
	assert_int_equal(vdso_patch_make(image, n, "x.1", &other, NULL), -EBUSY);
	image[p.edits[1].offset] ^= 1;
	assert_int_equal(vdso_patch_state(&p, image, n), VDSO_FOREIGN);
	memcpy(image, own, n);
	image[0x100] ^= 1;
	assert_int_equal(vdso_patch_state(&p, image, n), VDSO_FOREIGN);
}

static void journal_form_goes_round(void **state)
{
	struct vdso_patch p, back;
	json_t *j;

	(void)state;
	assert_int_equal(vdso_plan("abc123.1", &p, NULL), 0);
	j = vdso_patch_json(&p);
	assert_non_null(j);
	assert_int_equal(vdso_patch_parse(j, &back, NULL), 0);
	assert_memory_equal(&p, &back, sizeof(p));
	json_object_set_new(j, "slot", json_integer(p.image_size - 8));
	assert_int_equal(vdso_patch_parse(j, &back, NULL), -EINVAL);
	json_object_set_new(j, "slot", json_integer(p.slot));
	json_object_set_new(json_array_get(json_object_get(j, "edits"), 1), "at", json_integer(p.image_size - 2));
	assert_int_equal(vdso_patch_parse(j, &back, NULL), -EINVAL);
	json_object_set_new(json_array_get(json_object_get(j, "edits"), 1), "old", json_string("zz"));
	assert_int_equal(vdso_patch_parse(j, &back, NULL), -EINVAL);
	json_decref(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_vdso_is_understood),
		cmocka_unit_test(truncated_and_mangled_images_are_refused),
		cmocka_unit_test(x86_first_instructions_are_moved),
		cmocka_unit_test(x86_unknown_heads_take_the_system_call),
		cmocka_unit_test(arm64_encodings),
		cmocka_unit_test(without_padding_the_section_headers_give_way),
		cmocka_unit_test(states_are_told_apart),
		cmocka_unit_test(journal_form_goes_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
