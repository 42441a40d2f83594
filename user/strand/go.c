/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Go 1.18 to 1.27 on x86_64, any build: stripped, static, position-independent, with cgo. The
 * offsets are those that the debug information of each release gives; g itself is at fs:-8 as long
 * as the program's only TLS variable is the runtime's. A wrong guess shows in the kernel, where the
 * thread's m must run that very g. Before 1.21 no goroutine knows its maker: its own number stands there, which says
 * nothing.
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/compiler.h"
#include "host/gobin.h"
#include "strand/runtimes.h"

/* In the order of enum go_offset: m.curg, g.goid, .parentGoid, .startpc, hchan.recvq, sudog.c. */
static const struct {
	int first, last;
	uint32_t off[RUNTIME_OFFSETS];
} layouts[] = {
	{ 18, 20, { 192, 152, 152, 312, 56, 80 } }, { 21, 22, { 192, 152, 272, 296, 56, 80 } },
	{ 23, 24, { 192, 160, 280, 304, 64, 80 } }, { 25, 25, { 184, 152, 272, 296, 64, 80 } },
	{ 26, 27, { 184, 152, 280, 304, 64, 88 } },
};

static int minor_of(uint32_t tgid)
{
	_cleanup_(close_fdp) int fd = -1;
	char path[64];
	struct elf e;

	snprintf(path, sizeof(path), "/proc/%u/exe", tgid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 || elf_open(fd, &e) ? 0 : gobin_minor(&e);
}

bool strand_go(const struct proc_facts *facts, struct strand_found *ret_found)
{
	int minor = minor_of(facts->tgid);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		if (minor < layouts[i].first || minor > layouts[i].last)
			continue;
		*ret_found = (struct strand_found){ .rt.kind = RUNTIME_GO };
		memcpy(ret_found->rt.off, layouts[i].off, sizeof(ret_found->rt.off));
		snprintf(ret_found->version, sizeof(ret_found->version), "1.%d", minor);
		return true;
	}
	return false;
}
