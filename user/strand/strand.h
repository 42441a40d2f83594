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

/* True: *ret_rt tells the kernel side how to read this process's runtime. */
bool strand_recognise(const struct proc_facts *facts, struct runtime *ret_rt);

#endif
