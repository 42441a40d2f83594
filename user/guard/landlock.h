/* SPDX-License-Identifier: GPL-2.0-only */
/* Access to files, given up by path, for the calling thread and those it starts. -EOPNOTSUPP, -ENOSYS: no Landlock. */
#ifndef GUARD_LANDLOCK_H
#define GUARD_LANDLOCK_H

#include <stddef.h>

#include "base/compiler.h"

/*
 * No file can be opened, made, removed or executed any more, but what /proc says of ourselves can be read; those that
 * are open stay as they are.
 */
int landlock_own_files(void) __must_check;
/* The same, but the network's configuration, certificates, libraries, and the folders of `files` can be read. */
int landlock_network_files(const char *const *files, size_t n) __must_check;

#endif
