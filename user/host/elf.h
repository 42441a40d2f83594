/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where things are in a 64-bit little-endian ELF file. The file belongs to a stranger: nothing in it is believed, every
 * read is bounded, and the file may change meanwhile.
 */
#ifndef HOST_ELF_H
#define HOST_ELF_H

#include <stddef.h>
#include <stdint.h>

struct elf {
	int fd; /* borrowed */
	uint64_t sections_off, segments_off; /* of their tables */
	uint16_t sections_cnt, segments_cnt;
	uint16_t names; /* the section with the names of the sections */
};

/* Bytes of the file. */
struct elf_span {
	uint64_t off, sz;
};

int elf_open(
	int fd,
	struct elf *ret_elf); /* -EINVAL: not such a file, or one for another machine than x86_64 */
/* -ENOENT: there is none */
int elf_section(const struct elf *e, const char *name, struct elf_span *ret_span);
/* Value of a symbol that others may use; -ENOENT: there is none. */
int elf_symbol(const struct elf *e, const char *name, uint64_t *ret_value);
int elf_first_writable(const struct elf *e,
		       struct elf_span *ret_span); /* the data of the first writable segment */
/* Up to n bytes at `at` in the span; returns how many, 0 behind its end, -errno. */
long elf_read(const struct elf *e, const struct elf_span *span, uint64_t at, void *ret_bytes,
	      size_t n);

#endif
