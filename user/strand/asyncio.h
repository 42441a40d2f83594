/* SPDX-License-Identifier: GPL-2.0-only */
/* Tasks of asyncio in the memory of a process, and who waits for whom. */
#ifndef STRAND_ASYNCIO_H
#define STRAND_ASYNCIO_H

#include "strand/objects.h"

/* Words of a task, from that of its context. */
#define TASK_WAITS_FOR (-24)
#define TASK_COROUTINE (-16)
#define TASK_CONTEXT   0

uint64_t py_in_task(struct py_memory *m, uint64_t task, int from_context);
bool py_is_task(struct py_memory *m, uint64_t object); /* of the type that is known */
uint64_t py_waiter(struct py_memory *m, uint64_t future); /* a task that waits for it; 0: none is known to */

/* As they stand in their set now. */
struct py_tasks {
	uint64_t table, places;
};

uint64_t py_all_tasks(struct py_memory *m); /* the set, of weak references; 0: not known */
struct py_tasks py_tasks(struct py_memory *m, uint64_t all);
/* py_is_task() tells if it is one. */
uint64_t py_tasks_at(struct py_memory *m, const struct py_tasks *tasks, uint64_t place);

#endif
