/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Go 1.21 to 1.26 on x86_64, any build: stripped, static, position-independent, with cgo. The
 * offsets are those that the debug information of each release gives; g itself is at fs:-8 as long
 * as the program's only TLS variable is the runtime's. A wrong guess shows in the kernel, where the
 * thread's m must run that very g.
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/compiler.h"
#include "host/gobin.h"
#include "strand/runtimes.h"

#ifdef __x86_64__
static const struct {
	int minor;
	uint32_t off[RUNTIME_OFFSETS];
} layouts[] = {
	{ 21,
	  { [GO_M_CURG] = 192,
	    [GO_GOID] = 152,
	    [GO_PARENT_GOID] = 272,
	    [GO_STARTPC] = 296,
	    [GO_RECVQ] = 56,
	    [GO_SUDOG_C] = 80 } },
	{ 22,
	  { [GO_M_CURG] = 192,
	    [GO_GOID] = 152,
	    [GO_PARENT_GOID] = 272,
	    [GO_STARTPC] = 296,
	    [GO_RECVQ] = 56,
	    [GO_SUDOG_C] = 80 } },
	{ 23,
	  { [GO_M_CURG] = 192,
	    [GO_GOID] = 160,
	    [GO_PARENT_GOID] = 280,
	    [GO_STARTPC] = 304,
	    [GO_RECVQ] = 64,
	    [GO_SUDOG_C] = 80 } },
	{ 24,
	  { [GO_M_CURG] = 192,
	    [GO_GOID] = 160,
	    [GO_PARENT_GOID] = 280,
	    [GO_STARTPC] = 304,
	    [GO_RECVQ] = 64,
	    [GO_SUDOG_C] = 80 } },
	{ 25,
	  { [GO_M_CURG] = 184,
	    [GO_GOID] = 152,
	    [GO_PARENT_GOID] = 272,
	    [GO_STARTPC] = 296,
	    [GO_RECVQ] = 64,
	    [GO_SUDOG_C] = 80 } },
	{ 26,
	  { [GO_M_CURG] = 184,
	    [GO_GOID] = 152,
	    [GO_PARENT_GOID] = 280,
	    [GO_STARTPC] = 304,
	    [GO_RECVQ] = 64,
	    [GO_SUDOG_C] = 88 } },
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
#endif

bool strand_go(const struct proc_facts *facts, struct runtime *ret_rt)
{
#ifdef __x86_64__
	int minor = minor_of(facts->tgid);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		if (layouts[i].minor != minor)
			continue;
		*ret_rt = (struct runtime){ .kind = RUNTIME_GO };
		memcpy(ret_rt->off, layouts[i].off, sizeof(ret_rt->off));
		return true;
	}
#endif
	return false;
}
