/* SPDX-License-Identifier: GPL-2.0-only */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/rings.h"

#define LINK "anon_inode:[io_uring]"

unsigned rings_of(uint32_t tgid)
{
	char path[64], name[sizeof(LINK)];
	struct dirent *d;
	unsigned cnt = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd", tgid);
	dir = opendir(path);
	while (dir && (d = readdir(dir)))
		cnt += readlinkat(dirfd(dir), d->d_name, name, sizeof(name)) == strlen(LINK) &&
		       !memcmp(name, LINK, strlen(LINK));
	if (dir)
		closedir(dir);
	return cnt;
}
