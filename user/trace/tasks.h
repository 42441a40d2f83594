/* SPDX-License-Identifier: GPL-2.0-only */
/* What a process of CPython has shown of its tasks: tasks.c, doubt.c. */
#ifndef TRACE_TASKS_H
#define TRACE_TASKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/lately.h"
#include "base/ration.h"

struct tasks {
	uint64_t last; /* id of the one that answered last */
	bool differ; /* more than one has answered: they tell requests apart */
	unsigned apart; /* responses to requests of whom each had tasks of its own */
	struct lately lone; /* calls by those that nobody waited for: did a task answer a request at their place? */
	struct lately awaited; /* the same of the others: did one, or who waited for it? */
	struct lately held; /* the same of those that one holds */
	struct lately claims; /* responses by tasks: had one of theirs called? */
	struct ration held_ration; /* to look whose they are */
};

#endif
