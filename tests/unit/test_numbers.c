/* SPDX-License-Identifier: GPL-2.0-only */
/* Node: which of the numbers given out since a request was read are surely that request's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>

#include "found.h"

#define NODE   100 /* the process, and its thread */
#define ROUNDS 16 /* so many that the numbers of a request, and the guess by them, are known */

/* Two connections of clients, and one to a backend, for which requests wait in a queue. */
struct node {
	struct scene sc;
	struct end in1, in2, out;
};

static void numbered(struct node *n, struct end *e, enum dir dir, uint64_t newest, uint32_t flags,
		     const char *text)
{
	struct ev_data *ev = data_of(&n->sc, e, NODE, dir, text, strlen(text), strlen(text), 0);

	ev->strand = (struct strand){ .id = newest, .gen = flags, .kind = STRAND_NUMBERED };
	pipeline_feed(n->sc.p, &ev->hdr);
	free(ev);
}

static void calls(struct node *n, uint64_t self, uint64_t trigger, const char *text)
{
	struct ev_callback ev = {
		.hdr = header(&n->sc, EV_CALLBACK, sizeof(ev), NODE, NODE),
		.thread = thread_of(NODE),
		.self = self,
		.trigger = trigger,
		.newest = self,
		.flags = CALLBACK_OF_READ,
	};

	pipeline_feed(n->sc.p, &ev.hdr);
	transmit(&n->sc, &n->out, NODE, text);
}

/*
 * One request calls at once, of the other one what `trigger` made is put into the queue, until an answer sets it free.
 * Each is given two numbers as it is read, `at` and so on; then some more are given out before the answer is read.
 */
static void round_of_two(struct node *n, uint64_t at, uint64_t trigger, uint64_t more,
			 uint32_t flags, const char *queued)
{
	numbered(n, &n->in1, DIR_RX, at, 0, REQUEST("/1"));
	calls(n, at + 2, at + 1, REQUEST("/at-once"));
	numbered(n, &n->in2, DIR_RX, at + 2, 0, REQUEST("/2"));
	numbered(n, &n->out, DIR_RX, at + 4 + more, flags, OK);
	calls(n, at + 6 + more, trigger, queued);
	numbered(n, &n->in1, DIR_TX, at + 7 + more, CALLBACK_OF_READ, OK);
	numbered(n, &n->out, DIR_RX, at + 9 + more, 0, OK);
}

static void node_begin(struct node *n)
{
	uint64_t at = 1;
	unsigned i;

	scene_begin(&n->sc);
	n->in1 = open_end(&n->sc, 1, NODE, 1, 2);
	n->in2 = open_end(&n->sc, 2, NODE, 3, 4);
	n->out = open_end(&n->sc, 3, NODE, 5, 6);
	for (i = 0; i < ROUNDS; i++, at += 20) {
		round_of_two(n, at, at + 3, 0, 0, REQUEST("/other"));
		numbered(n, &n->in2, DIR_TX, at + 10, CALLBACK_OF_READ, OK);
	}
	pass_time(&n->sc, 200000);
	scene_forget(&n->sc);
}

/* The last response is written in the callback of nothing that was read: what was guessed stays. */
static void node_end(struct node *n, uint64_t at, double confidence)
{
	const struct span *call;

	numbered(n, &n->in2, DIR_TX, at, 0, OK);
	pass_time(&n->sc, 200000);
	call = span_of(&n->sc, SPAN_CLIENT, "/queued");
	assert_true(is_child(call, span_of(&n->sc, SPAN_SERVER, "/2")));
	assert_true(attrs_find(&call->attrs, "link.confidence")->d == confidence);
	scene_end(&n->sc);
}

#define AT 1000

static void as_the_request_was_read(void **state)
{
	struct node n;

	node_begin(&n);
	round_of_two(&n, AT, AT + 3, 0, 0, REQUEST("/queued"));
	node_end(&n, AT + 20, 0.95);
}

/* A timer comes after what the reading of the request has called back. */
static void before_a_timer(void **state)
{
	struct node n;

	node_begin(&n);
	round_of_two(&n, AT, AT + 3, 2, CALLBACK_TIMERS, REQUEST("/queued"));
	node_end(&n, AT + 20, 0.95);
}

/* It may be a setImmediate() of /1's that has put it into the queue. */
static void after_the_request_was_read(void **state)
{
	struct node n;

	node_begin(&n);
	round_of_two(&n, AT, AT + 6, 2, 0, REQUEST("/queued"));
	node_end(&n, AT + 20, 0.8);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_request_was_read),
		cmocka_unit_test(before_a_timer),
		cmocka_unit_test(after_the_request_was_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
