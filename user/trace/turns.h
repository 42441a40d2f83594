/* SPDX-License-Identifier: GPL-2.0-only */
/* What one thread that serves several has heard and what of it is still to be acted on (turns.c). */
#ifndef TRACE_TURNS_H
#define TRACE_TURNS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/lately.h"
#include "base/list.h"

struct turns {
	struct list asked; /* requests that it read, neither called for nor answered, in their order */
	struct list told; /* open calls whose answers it read and passed on to nobody, in their order */
	uint64_t heard; /* exchange that it read last; 0: it has answered somebody since */
	uint64_t told_last; /* call whose answer it read last; 0: it has answered somebody since */
	bool alone; /* no other answer that it read waits to be acted on */
	unsigned sent; /* so often it has sent since it last read an answer */
	bool behind; /* it has read another answer before it acted on one: one of those that wait is acted on next */
	unsigned waiting; /* so many: exchanges that it has read of, and not acted on */
	bool awake; /* it has read something since it last slept */
	struct lately prompt; /* answers: passed on at once, so that it could be seen? */
	struct lately made; /* responses: begun when an answer had just been read? */
	unsigned row; /* of prompt ones, since one that was not */
	struct lately kept; /* answers passed on: was it the turn of the request when the call was sent? */
	struct lately agree; /* answers that waited: did they come in the order of the requests? */
	struct lately first; /* the same where others had been read since */
};

/* An exchange of such a thread. */
struct in_turn {
	struct list node; /* turns->asked or ->told */
	uint64_t serial; /* call: of the request whose turn it was when it was sent */
	uint64_t continues; /* call: serial of the call whose answer the thread had read before; 0: none */
	unsigned called; /* request: calls made in its turn */
	bool in_loop; /* call: only the loop that made it may tell whose it is */
	bool leads; /* call: the first of its turn */
	bool prompted; /* call: something was read between its loop's last sleep and its sending */
	bool slept_on; /* call: the loop has slept since it read the answer */
	bool passed; /* call: its answer has been seen in a response */
	bool agreed; /* call: its answer was what followed it, but its loop had not shown an order by then */
	uint64_t followed; /* call: serial of the request whose response was begun when its answer had been read */
	bool contradicted; /* call: its answer was not what followed it */
	bool lingers; /* call: its answer is acted on when the connection has ended */
};

void turns_init(struct turns *t);
void turns_release(struct turns *t);
bool turns_tell(const struct turns *t); /* nearly every response is made of an answer just read */

#endif
