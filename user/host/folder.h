/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which words name a program and which only say that it is one ("main", "app"); then the folder
 * around it has the name.
 */
#ifndef HOST_FOLDER_H
#define HOST_FOLDER_H

#include <stdbool.h>

#include "base/slice.h"

/* list: words between spaces; ASCII case ignored */
bool word_is_one_of(struct slice word, const char *list);
bool word_is_generic(struct slice word);	/* of a script, a module or an executable */
struct slice path_base(struct slice path);	/* after the last '/' */
struct slice path_dir(struct slice path);	/* before it; empty when there is none */
/*
 * The last folder of `dir` (relative to `cwd`) with a name of its own; empty: none. Points into one
 * of the two.
 */
struct slice folder_name(struct slice cwd, struct slice dir);

#endif
