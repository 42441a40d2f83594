/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tokio 1.24 and later on x86_64, linked into the program. Rust keeps the names of its source files for the
 * messages of panics, in stripped programs too: ".../tokio-1.54.1/src/runtime/...". Where in the process anything
 * is, the kernel side finds out by itself.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/slice.h"
#include "host/elf.h"
#include "strand/runtimes.h"

#define CHUNK_SZ   16384
#define NAME_SZ    64 /* more than is before and behind the word that is looked for */
#define RODATA_MAX ((uint64_t)64 << 20)

static const char folder[] = "/src/runtime/";

/* The 1.54.1 of the "tokio-1.54.1" that the text ends with. False: it does not. */
static bool version_before(struct slice text, char *ret_version, size_t sz)
{
	static const char name[] = "tokio";
	const size_t name_n = sizeof(name) - 1;
	size_t at = text.n, n;

	while (at && (text.p[at - 1] == '.' || (text.p[at - 1] >= '0' && text.p[at - 1] <= '9')))
		at--;
	n = text.n - at;
	at -= at && text.p[at - 1] == '-';
	if (at < name_n || memcmp(text.p + at - name_n, name, name_n))
		return false;
	snprintf(ret_version, sz, "%.*s", (int)n, text.p + text.n - n);
	return true;
}

static bool version_in(struct slice text, char *ret_version, size_t sz)
{
	const char *found = text.p, *end = text.p + text.n;

	while ((found = memmem(found, end - found, folder, sizeof(folder) - 1))) {
		if (version_before(slice_sub(text, 0, found - text.p), ret_version, sz))
			return true;
		found += sizeof(folder) - 1;
	}
	return false;
}

static bool version_of(const struct elf *e, char *ret_version, size_t sz)
{
	struct elf_span text;
	char chunk[CHUNK_SZ];
	uint64_t at;
	long n;

	if (elf_section(e, ".rodata", &text))
		return false;
	for (at = 0; at < text.sz && at < RODATA_MAX; at += sizeof(chunk) - NAME_SZ) {
		n = elf_read(e, &text, at, chunk, sizeof(chunk));
		if (n <= 0)
			break;
		if (version_in((struct slice){ chunk, (size_t)n }, ret_version, sz))
			return true;
	}
	return false;
}

bool strand_tokio(const struct proc_facts *facts, struct strand_found *ret_found)
{
	_cleanup_(close_fdp) int fd = -1;
	struct strand_found found = { .rt.kind = RUNTIME_TOKIO };
	char path[64];
	struct elf e;

	snprintf(path, sizeof(path), "/proc/%u/exe", facts->tgid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || elf_open(fd, &e) || !version_of(&e, found.version, sizeof(found.version)))
		return false;
	*ret_found = found;
	return true;
}
