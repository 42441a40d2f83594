/* SPDX-License-Identifier: GPL-2.0-only */
/* Node: one thread serves everybody in callbacks, and the numbers of its asynchronous work tell them apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <unistd.h>
#include <cmocka.h>

#include "found.h"
#include "strand/node.h"

#define NODE 100 /* the process, and its thread */

/* What the kernel says of the call that comes next. */
static void runs(struct scene *sc, uint64_t self, uint64_t trigger, uint64_t newest, uint32_t flags)
{
	struct ev_callback ev = {
		.hdr = header(sc, EV_CALLBACK, sizeof(ev), NODE, NODE),
		.thread = thread_of(NODE),
		.self = self,
		.trigger = trigger,
		.newest = newest,
		.flags = flags,
	};

	pipeline_feed(sc->p, &ev.hdr);
}

/* Of a read, and of a response, only the last number is told. */
static void numbered(struct scene *sc, struct end *e, enum dir dir, uint64_t newest, uint32_t flags,
		     const char *text)
{
	struct ev_data *ev = data_of(sc, e, NODE, dir, text, strlen(text), strlen(text), 0);

	ev->strand = (struct strand){ .id = newest, .gen = flags, .kind = STRAND_NUMBERED };
	pipeline_feed(sc->p, &ev->hdr);
	free(ev);
}

static void reads(struct scene *sc, struct end *e, uint64_t newest, const char *text)
{
	numbered(sc, e, DIR_RX, newest, 0, text);
}

/* In what the last read called back. */
static void answers(struct scene *sc, struct end *e, uint64_t newest, const char *text)
{
	numbered(sc, e, DIR_TX, newest, CALLBACK_OF_READ, text);
}

/* The same, after an await. */
static void writes(struct scene *sc, struct end *e, uint64_t newest, const char *text)
{
	runs(sc, 0, 0, newest, CALLBACK_OF_READ);
	transmit(sc, e, NODE, text);
}

static void opens(struct scene *sc, const struct end *e)
{
	struct ev_state ev = {
		.hdr = header(sc, EV_STATE, sizeof(ev), NODE, NODE),
		.conn = e->id,
		.strand = thread_of(NODE),
		.old_state = 7,
		.new_state = 2,
	};

	pipeline_feed(sc->p, &ev.hdr);
}

/* Two requests, /1 and /2, and two connections to a backend. */
struct node {
	struct scene sc;
	struct end in1, in2, out1, out2;
};

static void node_begin(struct node *n)
{
	scene_begin(&n->sc);
	n->in1 = open_end(&n->sc, 1, NODE, 1, 2);
	n->in2 = open_end(&n->sc, 2, NODE, 3, 4);
	n->out1 = open_end(&n->sc, 3, NODE, 5, 6);
	n->out2 = open_end(&n->sc, 4, NODE, 7, 8);
	reads(&n->sc, &n->in1, 1, REQUEST("/first"));
	answers(&n->sc, &n->in1, 1, OK);
}

static void node_end(struct node *n, const char *call, const char *request, const char *method)
{
	const struct span *client;

	pass_time(&n->sc, 200000);
	client = span_of(&n->sc, SPAN_CLIENT, call);
	assert_non_null(client);
	if (request)
		assert_true(is_child(client, span_of(&n->sc, SPAN_SERVER, request)));
	else
		assert_false(client->has_parent);
	assert_string_equal(method_of(client), method);
	scene_end(&n->sc);
}

/* Until a callback has been seen nothing is known of what the frames are like: it is a loop like any other. */
static void without_frame_pointers(void **state)
{
	struct node n;

	scene_begin(&n.sc);
	n.in1 = open_end(&n.sc, 1, NODE, 1, 2);
	n.in2 = open_end(&n.sc, 2, NODE, 3, 4);
	n.out1 = open_end(&n.sc, 3, NODE, 5, 6);
	reads(&n.sc, &n.in1, 10, REQUEST("/1"));
	runs(&n.sc, 11, 9, 12, 0);
	transmit(&n.sc, &n.out1, NODE, REQUEST("/call"));
	reads(&n.sc, &n.in2, 12, REQUEST("/2"));
	reads(&n.sc, &n.out1, 14, OK);
	runs(&n.sc, 11, 9, 15, 0);
	transmit(&n.sc, &n.in1, NODE, OK);
	runs(&n.sc, 0, 0, 15, 0);
	transmit(&n.sc, &n.in2, NODE, OK);
	node_end(&n, "/call", "/1", "socket");
}

static void in_the_callback_of_the_request(void **state)
{
	struct node n;

	node_begin(&n);
	reads(&n.sc, &n.in1, 10, REQUEST("/1"));
	writes(&n.sc, &n.out1, 12, REQUEST("/call"));
	reads(&n.sc, &n.in2, 12, REQUEST("/2"));
	reads(&n.sc, &n.out1, 14, OK);
	runs(&n.sc, 0, 0, 15, 0); /* from a timer */
	transmit(&n.sc, &n.in1, NODE, OK);
	answers(&n.sc, &n.in2, 15, OK);
	node_end(&n, "/call", "/1", "callback");
}

/* The second request's call waits for the only connection, and goes out when the first one's has its answer. */
static void from_the_queue_of_an_agent(void **state)
{
	struct node n;

	node_begin(&n);
	reads(&n.sc, &n.in1, 10, REQUEST("/1"));
	writes(&n.sc, &n.out1, 12, REQUEST("/call1"));
	reads(&n.sc, &n.in2, 12, REQUEST("/2")); /* gives out 13 to 15 */
	reads(&n.sc, &n.out1, 15, OK);
	runs(&n.sc, 17, 14, 17, CALLBACK_OF_READ);
	transmit(&n.sc, &n.out1, NODE, REQUEST("/call2"));
	answers(&n.sc, &n.in1, 18, OK);
	reads(&n.sc, &n.out1, 20, OK);
	answers(&n.sc, &n.in2, 21, OK);
	node_end(&n, "/call2", "/2", "callback");
}

/* Who put it there is not known any more: not for whom the connection was used before. */
static void from_a_queue_of_nobody_knows_whom(void **state)
{
	struct node n;

	node_begin(&n);
	reads(&n.sc, &n.in1, 10, REQUEST("/1"));
	writes(&n.sc, &n.out1, 12, REQUEST("/call1"));
	reads(&n.sc, &n.in2, 12, REQUEST("/2")); /* gives out 13 to 15 */
	runs(&n.sc, 0, 0, 16, 0);
	transmit(&n.sc, &n.out2, NODE, REQUEST("/other"));
	reads(&n.sc, &n.out1, 16, OK);
	runs(&n.sc, 18, 14, 18, CALLBACK_OF_READ);
	transmit(&n.sc, &n.out1, NODE, REQUEST("/call2"));
	reads(&n.sc, &n.out1, 20, OK);
	runs(&n.sc, 0, 0, 21, 0);
	transmit(&n.sc, &n.in1, NODE, OK);
	runs(&n.sc, 0, 0, 21, 0);
	transmit(&n.sc, &n.in2, NODE, OK);
	node_end(&n, "/call2", NULL, "root");
}

/*
 * What was read before the first call is not known, so somebody waits in the queue of whom nobody knows: not for whom
 * the connection was used before.
 */
static void from_a_queue_that_is_older(void **state)
{
	struct node n;

	scene_begin(&n.sc);
	n.in1 = open_end(&n.sc, 1, NODE, 1, 2);
	n.in2 = open_end(&n.sc, 2, NODE, 3, 4);
	n.out1 = open_end(&n.sc, 3, NODE, 5, 6);
	receive(&n.sc, &n.in1, NODE, REQUEST("/1"));
	receive(&n.sc, &n.in2, NODE, REQUEST("/2")); /* gives out up to 8 */
	writes(&n.sc, &n.out1, 10, REQUEST("/call1"));
	reads(&n.sc, &n.out1, 12, OK);
	runs(&n.sc, 14, 8, 14, CALLBACK_OF_READ);
	transmit(&n.sc, &n.out1, NODE, REQUEST("/call2"));
	answers(&n.sc, &n.in1, 15, OK);
	reads(&n.sc, &n.out1, 16, OK);
	numbered(&n.sc, &n.in2, DIR_TX, 17, 0, OK); /* from a timer */
	node_end(&n, "/call2", NULL, "root");
}

/* A call that is sent when its connection is up says nothing of what was made since the call before it. */
static void from_a_queue_while_connecting(void **state)
{
	struct node n;

	node_begin(&n);
	reads(&n.sc, &n.in1, 10, REQUEST("/1"));
	runs(&n.sc, 11, 10, 12, CALLBACK_OF_READ);
	opens(&n.sc, &n.out1);
	reads(&n.sc, &n.in2, 12, REQUEST("/2")); /* gives out 13 to 16 */
	runs(&n.sc, 12, 11, 16, 0);
	transmit(&n.sc, &n.out1, NODE, REQUEST("/call1"));
	reads(&n.sc, &n.out1, 18, OK);
	runs(&n.sc, 20, 14, 20, CALLBACK_OF_READ);
	transmit(&n.sc, &n.out1, NODE, REQUEST("/call2"));
	reads(&n.sc, &n.out1, 21, OK);
	numbered(&n.sc, &n.in1, DIR_TX, 22, 0, OK); /* from a timer */
	numbered(&n.sc, &n.in2, DIR_TX, 22, 0, OK);
	node_end(&n, "/call2", NULL, "root");
}

/* What follows an await of a timer has no number: who gets the answer tells, and so for the call before. */
static void after_a_timer(void **state)
{
	struct node n;

	node_begin(&n);
	reads(&n.sc, &n.in1, 10, REQUEST("/1"));
	reads(&n.sc, &n.in2, 12, REQUEST("/2"));
	runs(&n.sc, 0, 0, 14, 0);
	transmit(&n.sc, &n.out1, NODE, REQUEST("/call"));
	reads(&n.sc, &n.out1, 14, OK);
	writes(&n.sc, &n.out1, 16, REQUEST("/next"));
	reads(&n.sc, &n.out1, 16, OK);
	answers(&n.sc, &n.in1, 18, OK);
	answers(&n.sc, &n.in2, 18, OK);
	node_end(&n, "/call", "/1", "callback");
}

/* The same when nobody gets the answer: a root, and no confidence in that. */
static void after_a_timer_for_nobody(void **state)
{
	struct node n;

	node_begin(&n);
	reads(&n.sc, &n.in1, 10, REQUEST("/1"));
	reads(&n.sc, &n.in2, 12, REQUEST("/2"));
	runs(&n.sc, 0, 0, 14, 0);
	transmit(&n.sc, &n.out1, NODE, REQUEST("/call"));
	reads(&n.sc, &n.out1, 14, OK);
	runs(&n.sc, 0, 0, 15, 0);
	transmit(&n.sc, &n.in1, NODE, OK);
	runs(&n.sc, 0, 0, 15, 0);
	transmit(&n.sc, &n.in2, NODE, OK);
	node_end(&n, "/call", NULL, "root");
}

/* A database's answer, which is not told, has called back who queued the call: it is not the last request's. */
static void queued_by_what_is_not_told(void **state)
{
	struct node n;

	node_begin(&n);
	reads(&n.sc, &n.in2, 10, REQUEST("/2"));
	writes(&n.sc, &n.out1, 12, REQUEST("/before"));
	reads(&n.sc, &n.in1, 12, REQUEST("/1"));
	n.sc.missed = MISSED_OTHER;
	reads(&n.sc, &n.out1, 16, OK);
	n.sc.missed = 0;
	runs(&n.sc, 17, 15, 18, CALLBACK_OF_READ);
	transmit(&n.sc, &n.out1, NODE, REQUEST("/call"));
	reads(&n.sc, &n.out1, 18, OK);
	runs(&n.sc, 0, 0, 19, 0);
	transmit(&n.sc, &n.in1, NODE, OK);
	runs(&n.sc, 0, 0, 19, 0);
	transmit(&n.sc, &n.in2, NODE, OK);
	node_end(&n, "/call", NULL, "root");
}

/* A list of the program's own: the second job starts in what the first one's answer called back. */
static void from_a_list_without_triggers(void **state)
{
	struct node n;

	node_begin(&n);
	reads(&n.sc, &n.in1, 10, REQUEST("/1"));
	writes(&n.sc, &n.out1, 12, REQUEST("/call1"));
	reads(&n.sc, &n.in2, 12, REQUEST("/2"));
	reads(&n.sc, &n.out1, 13, OK);
	writes(&n.sc, &n.out1, 15, REQUEST("/call2"));
	answers(&n.sc, &n.in1, 15, OK);
	reads(&n.sc, &n.out1, 16, OK);
	answers(&n.sc, &n.in2, 17, OK);
	node_end(&n, "/call2", "/2", "callback");
}

/* Sent in the name of the work whose answer has let the connection go, for whoever waited for that. */
static void from_a_pool(struct node *n, uint64_t at, const char *first, const char *second)
{
	reads(&n->sc, &n->in1, at, first); /* gives out at + 1 */
	writes(&n->sc, &n->out1, at + 2, REQUEST("/call"));
	reads(&n->sc, &n->in2, at + 2, second);
	reads(&n->sc, &n->out1, at + 5, OK);
	runs(&n->sc, at + 1, 0, at + 6, CALLBACK_OF_READ);
}

/* Once an answer has told that this says nothing, it is not believed of the next call. */
static void in_the_name_of_another(void **state)
{
	struct node n;

	node_begin(&n);
	from_a_pool(&n, 10, REQUEST("/1"), REQUEST("/2"));
	transmit(&n.sc, &n.out1, NODE, REQUEST("/call2"));
	answers(&n.sc, &n.in1, 16, OK);
	reads(&n.sc, &n.out1, 18, OK);
	answers(&n.sc, &n.in2, 19, OK);
	from_a_pool(&n, 20, REQUEST("/3"), REQUEST("/4"));
	transmit(&n.sc, &n.out1, NODE, REQUEST("/call4"));
	answers(&n.sc, &n.in1, 26, OK);
	reads(&n.sc, &n.out1, 28, OK);
	runs(&n.sc, 0, 0, 28, 0); /* from a timer */
	transmit(&n.sc, &n.in2, NODE, OK);
	node_end(&n, "/call4", NULL, "root");
}

/* A timer's work has the number it was given in the request's callback, long before. */
static void in_the_callback_of_a_timer(void **state)
{
	struct node n;

	node_begin(&n);
	reads(&n.sc, &n.in1, 10, REQUEST("/1")); /* gives out 11 to the timer */
	reads(&n.sc, &n.in2, 12, REQUEST("/2"));
	runs(&n.sc, 11, 5, 14, 0);
	opens(&n.sc, &n.out1);
	runs(&n.sc, 15, 11, 16, 0);
	transmit(&n.sc, &n.out1, NODE, REQUEST("/call"));
	reads(&n.sc, &n.out1, 16, OK);
	answers(&n.sc, &n.in1, 18, OK);
	answers(&n.sc, &n.in2, 18, OK);
	node_end(&n, "/call", "/1", "callback");
}

/* Without the record of what runs nothing is assumed from the one before. */
static void what_runs_is_lost(void **state)
{
	struct node n;

	node_begin(&n);
	reads(&n.sc, &n.in1, 10, REQUEST("/1"));
	reads(&n.sc, &n.in2, 12, REQUEST("/2"));
	transmit(&n.sc, &n.out1, NODE, REQUEST("/call"));
	receive(&n.sc, &n.out1, NODE, OK);
	transmit(&n.sc, &n.in1, NODE, OK);
	transmit(&n.sc, &n.in2, NODE, OK);
	node_end(&n, "/call", NULL, "root");
}

/* Many requests, more numbers than are kept at once: the ring of marks turns and grows. */
static void thousands_of_marks(void **state)
{
	struct node n;
	uint64_t newest = 10;
	size_t i;

	node_begin(&n);
	reads(&n.sc, &n.in2, newest, REQUEST("/2"));
	reads(&n.sc, &n.in1, newest, REQUEST("/first"));
	answers(&n.sc, &n.in1, newest, OK);
	pass_time(&n.sc, 200000); /* waits for a caller once */
	for (i = 0; i < 20000; i++) {
		reads(&n.sc, &n.in1, newest += 3, REQUEST("/1"));
		answers(&n.sc, &n.in1, newest += 3, OK);
		if (n.sc.n > SPANS_MAX / 2) {
			while (n.sc.n)
				span_free(n.sc.spans[--n.sc.n]);
		}
	}
	reads(&n.sc, &n.in1, newest += 3, REQUEST("/last"));
	writes(&n.sc, &n.out1, newest += 3, REQUEST("/call"));
	reads(&n.sc, &n.out1, newest += 3, OK);
	answers(&n.sc, &n.in1, newest, OK);
	answers(&n.sc, &n.in2, newest, OK);
	node_end(&n, "/call", "/last", "callback");
}

/* The last request that was read before the loop calls what it has; others have been read before it. */
static void in_a_set_immediate(void **state)
{
	struct node n;

	node_begin(&n);
	reads(&n.sc, &n.in1, 10, REQUEST("/1")); /* gives out 11 */
	reads(&n.sc, &n.in2, 11, REQUEST("/2")); /* gives out 12 */
	runs(&n.sc, 11, 3, 14, CALLBACK_IMMEDIATE);
	transmit(&n.sc, &n.out1, NODE, REQUEST("/call1"));
	runs(&n.sc, 12, 4, 16, CALLBACK_IMMEDIATE);
	transmit(&n.sc, &n.out2, NODE, REQUEST("/call2"));
	reads(&n.sc, &n.out2, 16, OK);
	runs(&n.sc, 0, 0, 16, 0);
	transmit(&n.sc, &n.in1, NODE, OK);
	runs(&n.sc, 0, 0, 16, 0);
	transmit(&n.sc, &n.in2, NODE, OK);
	node_end(&n, "/call2", "/2", "socket");
}

/* Behind one setImmediate() that calls, another one runs unseen: what that makes is not the first one's. */
static void behind_a_set_immediate(void **state)
{
	struct node n;

	node_begin(&n);
	reads(&n.sc, &n.in1, 10, REQUEST("/1")); /* gives out 11 */
	reads(&n.sc, &n.in2, 11, REQUEST("/2")); /* gives out 12 */
	runs(&n.sc, 11, 3, 14, CALLBACK_IMMEDIATE);
	transmit(&n.sc, &n.out1, NODE, REQUEST("/call1"));
	reads(&n.sc, &n.out1, 15, OK); /* meanwhile 12 has given out 15 */
	runs(&n.sc, 15, 4, 16, CALLBACK_IMMEDIATE);
	transmit(&n.sc, &n.out2, NODE, REQUEST("/call2"));
	reads(&n.sc, &n.out2, 16, OK);
	runs(&n.sc, 0, 0, 16, 0);
	transmit(&n.sc, &n.in1, NODE, OK);
	runs(&n.sc, 0, 0, 16, 0);
	transmit(&n.sc, &n.in2, NODE, OK);
	node_end(&n, "/call2", NULL, "root");
}

/* A pool sends what has waited in a setImmediate() of another call's answer: that it goes on with that must show. */
static void in_a_set_immediate_of_a_pool(void **state)
{
	struct node n;

	node_begin(&n);
	reads(&n.sc, &n.in1, 10, REQUEST("/1"));
	reads(&n.sc, &n.in2, 12, REQUEST("/2"));
	runs(&n.sc, 0, 0, 14, 0); /* nobody knows whose */
	transmit(&n.sc, &n.out1, NODE, REQUEST("/call1"));
	reads(&n.sc, &n.out1, 16, OK); /* gives out 17 */
	runs(&n.sc, 17, 3, 18, CALLBACK_IMMEDIATE);
	transmit(&n.sc, &n.out2, NODE, REQUEST("/call2"));
	reads(&n.sc, &n.out2, 20, OK);
	answers(&n.sc, &n.in2, 21, OK);
	runs(&n.sc, 0, 0, 21, 0);
	transmit(&n.sc, &n.in1, NODE, OK);
	node_end(&n, "/call1", NULL, "root");
}

/* Requests that a setImmediate() calls for, and answers that show it. */
static void setimmediate_tells_right(struct node *n)
{
	uint64_t at;

	for (at = 10; at < 100; at += 10) {
		reads(&n->sc, &n->in1, at, REQUEST("/0")); /* gives out at + 1 */
		runs(&n->sc, at + 1, 3, at + 2, CALLBACK_IMMEDIATE);
		transmit(&n->sc, &n->out2, NODE, REQUEST("/call0"));
		reads(&n->sc, &n->out2, at + 4, OK);
		answers(&n->sc, &n->in1, at + 5, OK);
	}
}

/*
 * Where setImmediate() has told right, a pool may still use one: what was before it in the chain is less than sure, and
 * so is what goes on with that.
 */
static void behind_a_pool_among_others(void **state)
{
	static const char *const calls[] = { "/call1", "/call3" };
	const struct span *call;
	struct node n;
	size_t i;

	node_begin(&n);
	reads(&n.sc, &n.in2, 8, REQUEST("/2"));
	setimmediate_tells_right(&n);
	reads(&n.sc, &n.in1, 110, REQUEST("/1"));
	runs(&n.sc, 0, 0, 114, 0); /* nobody knows whose */
	transmit(&n.sc, &n.out1, NODE, REQUEST("/call1"));
	reads(&n.sc, &n.out1, 116, OK); /* gives out 117, 118 */
	runs(&n.sc, 117, 3, 118, CALLBACK_IMMEDIATE);
	transmit(&n.sc, &n.out2, NODE, REQUEST("/call2"));
	runs(&n.sc, 118, 3, 119, CALLBACK_IMMEDIATE);
	transmit(&n.sc, &n.out1, NODE, REQUEST("/call3"));
	reads(&n.sc, &n.out1, 119, OK);
	reads(&n.sc, &n.out2, 120, OK);
	answers(&n.sc, &n.in2, 121, OK);
	runs(&n.sc, 0, 0, 121, 0);
	transmit(&n.sc, &n.in1, NODE, OK);
	pass_time(&n.sc, 200000);
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		call = span_of(&n.sc, SPAN_CLIENT, calls[i]);
		assert_true(is_child(call, span_of(&n.sc, SPAN_SERVER, "/2")));
		assert_true(confidence_of(call) < 0.9);
	}
	scene_end(&n.sc);
}

/* What has waited for a connection is sent by the setImmediate() that the one of an answer makes (undici). */
static void in_a_set_immediate_of_a_set_immediate(void **state)
{
	struct node n;

	node_begin(&n);
	setimmediate_tells_right(&n);
	reads(&n.sc, &n.in1, 110, REQUEST("/1"));
	writes(&n.sc, &n.out1, 112, REQUEST("/call1"));
	reads(&n.sc, &n.in2, 112, REQUEST("/2"));
	reads(&n.sc, &n.out1, 114, OK); /* gives out 115, which gives out 116 */
	runs(&n.sc, 116, 115, 117, CALLBACK_IMMEDIATE);
	transmit(&n.sc, &n.out1, NODE, REQUEST("/call2"));
	reads(&n.sc, &n.out1, 118, OK);
	runs(&n.sc, 0, 0, 118, 0);
	transmit(&n.sc, &n.in2, NODE, OK);
	runs(&n.sc, 0, 0, 118, 0);
	transmit(&n.sc, &n.in1, NODE, OK);
	node_end(&n, "/call2", NULL, "root");
}

/* What was made after the last read may have been made by a timer: nobody knows. */
static void when_timers_may_have_been_called(void **state)
{
	struct node n;

	node_begin(&n);
	reads(&n.sc, &n.in1, 10, REQUEST("/1"));
	reads(&n.sc, &n.in2, 12, REQUEST("/2"));
	numbered(&n.sc, &n.in2, DIR_RX, 15, CALLBACK_TIMERS, "GET");
	runs(&n.sc, 14, 4, 16, CALLBACK_IMMEDIATE);
	transmit(&n.sc, &n.out1, NODE, REQUEST("/call"));
	reads(&n.sc, &n.out1, 16, OK);
	runs(&n.sc, 0, 0, 16, 0);
	transmit(&n.sc, &n.in1, NODE, OK);
	runs(&n.sc, 0, 0, 16, 0);
	transmit(&n.sc, &n.in2, NODE, OK);
	node_end(&n, "/call", NULL, "root");
}

#define ISOLATE 0x5500001000
#define LOOP    0x5500008000
#define BASE    0x5500010000

/* As in Node 20: a timer, what is called after it, the AsyncHooks, the arrays behind them. */
static const uint64_t environment[] = {
	[0] = 7,  [2] = LOOP,  [3] = 13,     [21] = LOOP,
	[22] = 2, [36] = LOOP, [37] = 6,     [60] = ISOLATE,
	32,       0,           0x5500003000, [67] = ISOLATE,
	9,        0,           0x5500004000, [74] = ISOLATE,
	4,        0,           0x5500002000, [91] = ISOLATE,
	3,        0,           0x5500005000, [98] = ISOLATE,
	1,        0,           0x5500006000, [106] = ISOLATE,
	2,        0,           0x5500007000, [119] = 0,
};

static void environment_among_words(void **state)
{
	struct node_places at = { 0 };
	uint64_t words[ARRAY_SIZE(environment)];
	size_t i;

	assert_true(node_places_among(environment, ARRAY_SIZE(environment), BASE, &at));
	assert_int_equal(at.ids, 0x5500002000);
	assert_int_equal(at.immediates, 0x5500005000);
	assert_int_equal(at.ticks, 0x5500007000);
	assert_int_equal(at.loop, LOOP);
	assert_int_equal(at.timer, BASE + 8);
	for (i = 60; i < 80; i++) {
		if (environment[i] != ISOLATE && (environment[i] < 4 || environment[i] > 32))
			continue;
		memcpy(words, environment, sizeof(words));
		words[i] = 1;
		assert_false(node_places_among(words, ARRAY_SIZE(words), BASE, &at));
	}
	for (i = 0; i < 80; i++)
		assert_int_equal(node_places_among(environment, i, BASE, &at), false);
}

/* The stack has a pointer to something before the hooks, and behind the timer. */
static void environment_by_a_pointer_into_it(void **state)
{
	static double ids[] = { 0, 0, 7, -1 };
	static uint64_t words[512] __attribute__((aligned(16)));
	uint64_t *env = words + 72;
	volatile uint64_t on_stack = (uintptr_t)(env + 58);
	struct node_places at;

	memcpy(env, environment, sizeof(environment));
	env[77] = (uintptr_t)ids;
	assert_int_equal(node_find(getpid(), (uintptr_t)&on_stack, &at), 0);
	assert_int_equal(at.ids, (uintptr_t)ids);
	assert_int_equal(at.ticks, 0x5500007000);
	assert_int_equal(at.loop, LOOP);
	assert_int_equal(at.timer, (uintptr_t)(env + 1));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_frame_pointers),
		cmocka_unit_test(in_the_callback_of_the_request),
		cmocka_unit_test(from_the_queue_of_an_agent),
		cmocka_unit_test(from_a_queue_of_nobody_knows_whom),
		cmocka_unit_test(from_a_queue_that_is_older),
		cmocka_unit_test(from_a_queue_while_connecting),
		cmocka_unit_test(after_a_timer),
		cmocka_unit_test(after_a_timer_for_nobody),
		cmocka_unit_test(queued_by_what_is_not_told),
		cmocka_unit_test(from_a_list_without_triggers),
		cmocka_unit_test(in_the_name_of_another),
		cmocka_unit_test(in_the_callback_of_a_timer),
		cmocka_unit_test(what_runs_is_lost),
		cmocka_unit_test(thousands_of_marks),
		cmocka_unit_test(in_a_set_immediate),
		cmocka_unit_test(behind_a_set_immediate),
		cmocka_unit_test(in_a_set_immediate_of_a_pool),
		cmocka_unit_test(in_a_set_immediate_of_a_set_immediate),
		cmocka_unit_test(behind_a_pool_among_others),
		cmocka_unit_test(when_timers_may_have_been_called),
		cmocka_unit_test(environment_among_words),
		cmocka_unit_test(environment_by_a_pointer_into_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
