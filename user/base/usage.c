/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/usage.h"

#define KIB 1024

void usage_memory(uint64_t *ret_now, uint64_t *ret_peak)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long pages = 0;
	struct rusage ru = { 0 };

	*ret_now = f && fscanf(f, "%*u %llu", &pages) == 1 ? pages * sysconf(_SC_PAGESIZE) : 0;
	if (f)
		fclose(f);
	*ret_peak = getrusage(RUSAGE_SELF, &ru) ? 0 : (uint64_t)ru.ru_maxrss * KIB;
}
