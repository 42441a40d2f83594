/* SPDX-License-Identifier: GPL-2.0-only */
/* Small ELF files made by hand: what is told of them, and that no number in them is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compiler.h"
#include "host/gobin.h"

#define DATA_AT  0x1000
#define NAMES    "\0.names\0.go.buildinfo"
#define NAMES_AT (sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Shdr) + sizeof(Elf64_Phdr))

/* The header of the build information, then the version behind its length. */
#define INFO(version_len, version) \
	"\xff Go buildinf:\x08\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" version_len version

struct image {
	Elf64_Ehdr head;
	Elf64_Shdr sections[3]; /* none, names, build information */
	Elf64_Phdr data;
	char names[sizeof(NAMES)];
	char gap[DATA_AT - NAMES_AT - sizeof(NAMES)];
	char bytes[0x2000];
};

static struct image image_of(const char *info, size_t info_sz, size_t at)
{
	struct image m = {
		.head = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_machine = EM_X86_64,
			.e_shoff = offsetof(struct image, sections), .e_shnum = 3,
			.e_shentsize = sizeof(Elf64_Shdr), .e_shstrndx = 1,
			.e_phoff = offsetof(struct image, data), .e_phnum = 1,
			.e_phentsize = sizeof(Elf64_Phdr),
		},
		.sections = {
			{ .sh_type = SHT_NULL },
			{ .sh_type = SHT_STRTAB, .sh_name = 1,
			  .sh_offset = offsetof(struct image, names), .sh_size = sizeof(NAMES) },
			{ .sh_type = SHT_PROGBITS, .sh_name = 8, .sh_offset = DATA_AT + at,
			  .sh_size = info_sz },
		},
		.data = { .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = DATA_AT,
			  .p_filesz = sizeof(m.bytes) },
		.names = NAMES,
	};

	memcpy(m.bytes + at, info, info_sz);
	return m;
}

static int minor_in(const struct image *m, size_t sz)
{
	_cleanup_(close_fdp) int fd = memfd_create("image", 0);
	struct elf e;

	assert_int_equal(write(fd, m, sz), sz);
	return elf_open(fd, &e) ? -EINVAL : gobin_minor(&e);
}

#define MINOR(info, at)                                            \
	({                                                         \
		struct image m = image_of(info, sizeof(info), at); \
		minor_in(&m, sizeof(m));                           \
	})

static void version_in_its_section(void **state)
{
	assert_int_equal(MINOR(INFO("\x08", "go1.26.8"), 0), 26);
	assert_int_equal(MINOR(INFO("\x06", "go1.21"), 0x340), 21);
	assert_int_equal(MINOR(INFO("\x18", "devel go1.27-0123456789a"), 0), 27);
}

static void version_without_sections(void **state)
{
	struct image m =
		image_of(INFO("\x08", "go1.25.5"), sizeof(INFO("\x08", "go1.25.5")), 0x1010);

	m.head.e_shnum = 0;
	assert_int_equal(minor_in(&m, sizeof(m)), 25);
	m.data.p_flags = PF_R;
	assert_int_equal(minor_in(&m, sizeof(m)), -ENOENT);
}

static void no_version(void **state)
{
	assert_int_equal(MINOR(INFO("\x00", ""), 0), -ENOENT);
	assert_int_equal(MINOR(INFO("\x08", "gotip..."), 0), -ENOENT);
	assert_int_equal(MINOR(INFO("\x7f", "go1.26.8"), 0), -ENOENT);
	assert_int_equal(MINOR(INFO("\xff\x08", "go1.26.8"), 0), -ENOENT);
	assert_int_equal(MINOR("\xff Go buildinf:\x08\x00 pointers, as before Go 1.18", 0),
			 -ENOENT);
	assert_int_equal(MINOR("of another language", 0), -ENOENT);
}

static void other_files(void **state)
{
	struct image m = image_of(INFO("\x08", "go1.26.8"), sizeof(INFO("\x08", "go1.26.8")), 0);

	assert_int_equal(minor_in(&m, 10), -EINVAL);
	m.head.e_machine = EM_AARCH64;
	assert_int_equal(minor_in(&m, sizeof(m)), -EINVAL);
}

/* Cut at any byte; and every field of the tables with a number that leads out of the file. */
static void damaged(void **state)
{
	struct image good = image_of(INFO("\x08", "go1.26.8"), sizeof(INFO("\x08", "go1.26.8")), 0);
	size_t sz, at;

	for (sz = 0; sz < DATA_AT + 64; sz += 7)
		minor_in(&good, sz);
	for (at = EI_NIDENT; at + 8 <= NAMES_AT; at += 2) {
		struct image m = good;

		memset((char *)&m + at, 0xff, 8);
		minor_in(&m, sizeof(m));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_in_its_section),
		cmocka_unit_test(version_without_sections),
		cmocka_unit_test(no_version),
		cmocka_unit_test(other_files),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
