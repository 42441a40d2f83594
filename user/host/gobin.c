/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Build information: a header of 32 bytes, aligned to 16, then the version and the modules as strings behind their
 * lengths (varint). It has a section of its own; without section headers it is near the start of the data. See
 * debug/buildinfo in Go's library; before Go 1.18 there were pointers instead of the strings.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/slice.h"
#include "host/gobin.h"

#define HEADER_SZ   32
#define ALIGN_SZ    16
#define FLAGS_AT    15
#define FLAG_INLINE 0x02
/* Of the data, for a header without a section: Go's linker puts it first. */
#define SEARCH_MAX  (64 << 10)
#define VERSION_MAX 96 /* "go1.26.8 X:nodwarf5", "devel go1.27-0123456789 Mon ..." */

static const char magic[14] = { '\xff', ' ', 'G', 'o', ' ', 'b', 'u',
				'i',    'l', 'd', 'i', 'n', 'f', ':' };

static bool header_in(const struct elf *e, const struct elf_span *data, uint64_t *ret_at)
{
	char chunk[4096];
	uint64_t at;
	long got, i;

	for (at = 0; at < SEARCH_MAX; at += sizeof(chunk)) {
		got = elf_read(e, data, at, chunk, sizeof(chunk));
		for (i = 0; i + ALIGN_SZ <= got; i += ALIGN_SZ) {
			if (memcmp(chunk + i, magic, sizeof(magic)) ||
			    !(chunk[i + FLAGS_AT] & FLAG_INLINE))
				continue;
			*ret_at = at + (uint64_t)i;
			return true;
		}
		if (got < (long)sizeof(chunk))
			break;
	}
	return false;
}

/* The version is shorter than 128 bytes: its length is one byte. */
static struct slice version_at(const char *text, long n)
{
	if (n < 1 || text[0] <= 0 || text[0] >= n)
		return (struct slice){ 0 };
	return (struct slice){ text + 1, (size_t)text[0] };
}

static int minor_of(struct slice version)
{
	static const struct slice word = { "go1.", 4 };
	int minor = 0;
	size_t at, i;

	for (at = 0; at < version.n && !slice_starts(slice_sub(version, at, version.n), word); at++)
		;
	for (i = at + word.n;
	     i < version.n && version.p[i] >= '0' && version.p[i] <= '9' && minor < 1000; i++)
		minor = minor * 10 + version.p[i] - '0';
	return minor ? minor : -ENOENT;
}

int gobin_minor(const struct elf *e)
{
	struct elf_span data;
	char text[VERSION_MAX];
	uint64_t at;
	long n;

	if (elf_section(e, ".go.buildinfo", &data) && elf_first_writable(e, &data))
		return -ENOENT;
	if (!header_in(e, &data, &at))
		return -ENOENT;
	n = elf_read(e, &data, at + HEADER_SZ, text, sizeof(text));
	return minor_of(version_at(text, n));
}
