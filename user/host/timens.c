/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compiler.h"
#include "host/procfs.h"
#include "host/timens.h"

/* On older kernels who executes a program stays where it was, and only its children are in what the file tells of. */
static bool is_ours(void)
{
	uint64_t own, next;

	return !procfs_inode(getpid(), "ns/time", &own) &&
	       !procfs_inode(getpid(), "ns/time_for_children", &next) && own == next;
}

/* "monotonic      100000         0": seconds, which may be negative, and nanoseconds */
int64_t timens_ahead_ns(void)
{
	_cleanup_(fclosep) FILE *f = fopen("/proc/self/timens_offsets", "re");
	long long s;
	long ns;

	if (!f || fscanf(f, "monotonic %lld %ld", &s, &ns) != 2 || !is_ours())
		return 0;
	return s * NSEC_PER_SEC + ns;
}
