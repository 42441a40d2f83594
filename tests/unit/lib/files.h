/* SPDX-License-Identifier: GPL-2.0-only */
/* Temporary files for tests. */
#ifndef TESTS_UNIT_LIB_FILES_H
#define TESTS_UNIT_LIB_FILES_H

#include <stddef.h>

struct temp {
	char path[64];
};

struct temp temp_new(void);			/* an empty file */
char *temp_read(const struct temp *t);		/* what is in it, owned by the caller */
void temp_remove(const struct temp *t);
size_t count_of(const char *text, const char *piece);

#endif
