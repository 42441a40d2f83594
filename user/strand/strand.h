/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Language runtimes whose own notion of what runs can be read from memory. One file and one row of
 * strands.def each: the file recognises the runtime of a process and knows the offsets; the reader
 * in the kernel is bpf/strand_<name>.bpf.c.
 */
#ifndef STRAND_STRAND_H
#define STRAND_STRAND_H

#include <stdbool.h>

#include "abi/config.h"
#include "host/facts.h"

enum strand_row {
#define RUNTIME(name, ...) STRAND_ROW_##name,
#include "strand/strands.def"
#undef RUNTIME
	STRAND_ROW__CNT,
};

struct strand_found {
	enum strand_row row;
	struct runtime rt;	/* tells the kernel side how to read it */
	char version[16];	/* "3.11"; "": not known */
};

/* Why no runtime is read on this machine; NULL: they are. */
const char *strand_off(void);
/* True: the process has a runtime that can be read. */
bool strand_recognise(const struct proc_facts *facts, struct strand_found *ret_found);

#endif
