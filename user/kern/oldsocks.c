/* SPDX-License-Identifier: GPL-2.0-only */
#include <bpf/bpf.h>
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/compiler.h"
#include "kern/oldsocks.h"

#define UNIX_STREAM    1 /* SOCK_STREAM, in the column Type */
#define UNIX_CONNECTED 3 /* SS_CONNECTED, in the column St */

void oldsocks_note(int map_fd, uint32_t tgid)
{
	_cleanup_(fclosep) FILE *f = NULL;
	char path[64], line[512];
	uint8_t one = 1;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/net/unix", tgid);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		unsigned type, state;
		uint64_t ino;

		/* Num RefCount Protocol Flags Type St Inode Path */
		if (sscanf(line, "%*s %*x %*x %*x %x %x %" SCNu64, &type, &state, &ino) != 3)
			continue;
		if (type == UNIX_STREAM && state == UNIX_CONNECTED)
			bpf_map_update_elem(map_fd, &ino, &one, BPF_ANY);
	}
}
