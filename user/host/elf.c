/* SPDX-License-Identifier: GPL-2.0-only */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"
#include "host/elf.h"

#define SECTIONS_MAX 1024 /* programs have some thirty; more of them are not looked at */
#define SEGMENTS_MAX 64
#define SYMBOLS_MAX  65536
#define NAME_MAX_SZ  64

long elf_read(const struct elf *e, const struct elf_span *span, uint64_t at, void *ret_bytes,
	      size_t n)
{
	ssize_t got;

	if (at >= span->sz)
		return 0;
	got = pread(e->fd, ret_bytes, min((uint64_t)n, span->sz - at), (off_t)(span->off + at));
	return got < 0 ? -errno : got;
}

static bool read_whole(const struct elf *e, const struct elf_span *span, uint64_t at,
		       void *ret_bytes, size_t n)
{
	return elf_read(e, span, at, ret_bytes, n) == (long)n;
}

/* False: it does not lie in any file. */
static bool span_set(struct elf_span *ret_span, uint64_t off, uint64_t sz)
{
	if (off > INT64_MAX || sz > INT64_MAX - off)
		return false;
	*ret_span = (struct elf_span){ off, sz };
	return true;
}

int elf_open(int fd, struct elf *ret_elf)
{
	static const struct elf_span head = { 0, sizeof(Elf64_Ehdr) };
	struct elf e = { .fd = fd };
	Elf64_Ehdr h;

	if (!read_whole(&e, &head, 0, &h, sizeof(h)) || memcmp(h.e_ident, ELFMAG, SELFMAG) ||
	    h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_ident[EI_DATA] != ELFDATA2LSB ||
	    h.e_machine != EM_X86_64)
		return -EINVAL;
	e.sections_off = h.e_shoff;
	e.sections_cnt = h.e_shentsize == sizeof(Elf64_Shdr) ? h.e_shnum : 0;
	e.names = h.e_shstrndx;
	e.segments_off = h.e_phoff;
	e.segments_cnt = h.e_phentsize == sizeof(Elf64_Phdr) ? h.e_phnum : 0;
	*ret_elf = e;
	return 0;
}

static bool section_at(const struct elf *e, size_t i, Elf64_Shdr *ret_section)
{
	uint64_t sz = sizeof(*ret_section);
	struct elf_span table;

	return span_set(&table, e->sections_off, e->sections_cnt * sz) &&
	       read_whole(e, &table, i * sz, ret_section, sz);
}

static bool has_name(const struct elf *e, const struct elf_span *names, const Elf64_Shdr *s,
		     const char *name)
{
	size_t n = strlen(name) + 1;
	char there[NAME_MAX_SZ];

	return n <= sizeof(there) && read_whole(e, names, s->sh_name, there, n) &&
	       !memcmp(there, name, n);
}

int elf_section(const struct elf *e, const char *name, struct elf_span *ret_span)
{
	struct elf_span names;
	Elf64_Shdr s;
	size_t i;

	if (!section_at(e, e->names, &s) || !span_set(&names, s.sh_offset, s.sh_size))
		return -ENOENT;
	for (i = 0; i < SECTIONS_MAX && section_at(e, i, &s); i++) {
		if (s.sh_type != SHT_NOBITS && has_name(e, &names, &s, name))
			return span_set(ret_span, s.sh_offset, s.sh_size) ? 0 : -ENOENT;
	}
	return -ENOENT;
}

int elf_symbol(const struct elf *e, const char *name, uint64_t *ret_value)
{
	size_t n = strlen(name) + 1, i;
	struct elf_span symbols, names;
	char there[NAME_MAX_SZ];
	Elf64_Sym s;

	if (n > sizeof(there) || elf_section(e, ".dynsym", &symbols) ||
	    elf_section(e, ".dynstr", &names))
		return -ENOENT;
	for (i = 0; i < SYMBOLS_MAX && read_whole(e, &symbols, i * sizeof(s), &s, sizeof(s)); i++) {
		if (!s.st_value || !read_whole(e, &names, s.st_name, there, n) ||
		    memcmp(there, name, n))
			continue;
		*ret_value = s.st_value;
		return 0;
	}
	return -ENOENT;
}

int elf_first_writable(const struct elf *e, struct elf_span *ret_span)
{
	struct elf_span table;
	Elf64_Phdr p;
	size_t i;

	if (!span_set(&table, e->segments_off, e->segments_cnt * (uint64_t)sizeof(p)))
		return -ENOENT;
	for (i = 0; i < SEGMENTS_MAX && read_whole(e, &table, i * sizeof(p), &p, sizeof(p)); i++) {
		if (p.p_type == PT_LOAD && p.p_flags & PF_W && p.p_filesz)
			return span_set(ret_span, p.p_offset, p.p_filesz) ? 0 : -ENOENT;
	}
	return -ENOENT;
}
