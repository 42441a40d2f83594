/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is known of a thread in which Node runs: the work that makes the call at hand, and during
 * whose work each number was given out. callback.c has the rules.
 */
#ifndef TRACE_CALLBACK_H
#define TRACE_CALLBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/event.h"
#include "base/lately.h"

#define MARKS_MIN 64
#define MARKS_MAX 16384 /* 1.5 s of 5,000 requests/s with two calls each; the oldest goes */

/* The numbers behind `newest`, up to the next mark, were given out while an exchange's bytes were at work. */
struct mark {
	uint64_t newest;
	uint64_t serial; /* of the exchange; 0: nobody knows whose */
};

/* What was given out since a callback was last seen and before something else was. */
struct left {
	uint64_t after, until;
	uint64_t serial; /* of what the callback was for; 0: nobody knows whose they are */
};

#define LEAST_ENOUGH 8 /* requests that tell how many numbers are given out for each */

/* Why a call was taken to be for somebody, when nothing made that sure. */
enum guess {
	GUESS_NONE,
	GUESS_OPENER, /* its connection was opened for them */
	GUESS_MAKER, /* they made the work that made this work, as their request was read */
	GUESS_LATER, /* the same, but after that: a setImmediate() of another's may have made it */
	GUESS_SELF, /* they made this work */
	GUESS_IMMEDIATE, /* they made this setImmediate() */
	GUESS_NESTED, /* the same, but in work that was made meanwhile: in another's setImmediate(), perhaps */
	GUESS_READ, /* theirs was read before */
	GUESSES,
};

struct callbacks {
	struct ev_callback now; /* of the call at hand; kind EV_NONE: not known */
	uint64_t heard; /* serial of the exchange whose bytes the thread read last; 0: none */
	uint64_t heard_newest; /* the newest number then */
	uint64_t before; /* the newest number at the call before the one at hand; 0: not known */
	uint64_t least; /* numbers that were given out whenever a request had been read */
	unsigned requests; /* of which that is known; counts no further than LEAST_ENOUGH */
	bool fresh; /* the thread has read a request, and nothing else has been seen since */
	uint64_t sure; /* up to this number the newest mark is beyond doubt */
	bool proven; /* what a read called back has been seen once: the stack can be read */
	bool in_callback; /* nothing else has been seen since the thread read */
	struct lately right[GUESSES]; /* guesses of that kind, as answers have told: right? */
	struct left left;
	struct mark *marks; /* a ring, numbers ascending */
	unsigned cap, first, cnt;
};

/* A call from such a thread. */
struct in_node {
	uint64_t goes_on; /* serial of the call, with an open cause, whose answer made this one be sent */
	uint64_t newest_before, newest; /* those between were given out for it as it was sent */
	uint64_t guessed; /* serial of the request or call that it was taken to be for, or to go on with */
	enum guess guess; /* why; or what its link rests on, once an answer has told */
	bool firm; /* no later evidence is above that for its cause */
	bool handed; /* what its answer called back has written a response */
};

void callbacks_free(struct callbacks *cb); /* NULL ok */

#endif
