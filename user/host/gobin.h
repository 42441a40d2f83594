/* SPDX-License-Identifier: GPL-2.0-only */
/* What a Go executable says of itself, stripped or not: the linker leaves the toolchain's version in its data. */
#ifndef HOST_GOBIN_H
#define HOST_GOBIN_H

#include "host/elf.h"

/* The 26 of "go1.26.8"; -ENOENT: not built by Go 1.18 or later, or no version in it. */
int gobin_minor(const struct elf *e);

#endif
