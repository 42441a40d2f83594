/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/lib/files.h"

#define READ_MAX ((size_t)1 << 20)

struct temp temp_new(void)
{
	struct temp t = { "/tmp/ebpf-tracer-test-XXXXXX" };
	int fd = mkstemp(t.path);

	if (fd < 0)
		abort();
	close(fd);
	return t;
}

char *temp_read(const struct temp *t)
{
	char *text = calloc(1, READ_MAX);
	FILE *f = fopen(t->path, "re");
	size_t n;

	if (!text || !f)
		abort();
	n = fread(text, 1, READ_MAX - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

void temp_remove(const struct temp *t)
{
	unlink(t->path);
}

size_t count_of(const char *text, const char *piece)
{
	size_t n = 0;

	for (; (text = strstr(text, piece)); text += strlen(piece))
		n++;
	return n;
}
