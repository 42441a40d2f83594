/* SPDX-License-Identifier: GPL-2.0-only */
/* Any file as the executable of a traced process: its tables may say anything. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/gobin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(close_fdp) int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct elf e;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	if (!elf_open(fd, &e) && gobin_minor(&e) == 0)
		abort(); /* a version, or none */
	return 0;
}
