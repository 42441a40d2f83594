/* SPDX-License-Identifier: GPL-2.0-only */
/* A scene of Java: threads that serve, a worker of their pool or a loop, and what the kernel says of their heap. */
#ifndef TESTS_JAVA_H
#define TESTS_JAVA_H

#include "found.h"
#include "trace/stages.h"

#define JAVA   100 /* the process */
#define WORKER 150 /* a thread of its pool; 101 and 102 serve */
#define LOOP   101 /* where it has no pool */

#define HEAP       0x100000000ULL
#define HEAP_SZ    0x10000000ULL
#define BUFFER_SZ  0x10000ULL
#define STACK      0x7f0000100000ULL
#define RUNS_A_JOB 0x7e0000001234ULL /* where the frame returns to that has the job */
#define IS_THE_JOB 0x7e0000005678ULL /* where the next one returns to, which has it too */

#define ROUND_US   10000
#define SETTLED_US 1700000 /* after which no trace waits any more for what may come out */

#define ROUNDS_BEFORE   40 /* after which a loop is trusted, too */
#define REQUESTS_BEFORE 20 /* after which it is known where on the stack the job is */

struct java {
	struct scene sc;
	struct end in1, in2, out;
	uint32_t collections;
	uint64_t buffers; /* where those of all threads begin: elsewhere after a collection */
	uint64_t made; /* bytes, by each of the threads */
	struct heap_ask asked; /* of what was moved; without its stretches */
	struct heap_stretch first; /* of these */
	unsigned asks;
};

static inline void begin(struct java *j)
{
	*j = (struct java){ .buffers = HEAP };
	scene_begin(&j->sc);
	j->in1 = open_end(&j->sc, 1, JAVA, 1, 2);
	j->in2 = open_end(&j->sc, 2, JAVA, 3, 4);
	j->out = open_end(&j->sc, 3, JAVA, 5, 6);
}

static inline uint64_t buffer_of(const struct java *j, uint32_t tid)
{
	return j->buffers + tid * BUFFER_SZ;
}

/* What the kernel says of the thread before its next call; words: of its stack, the outermost first. */
static inline void looks(struct java *j, uint32_t tid, const struct strand *running, uint64_t object,
			 const uint64_t *words, uint32_t n)
{
	size_t sz = sizeof(struct ev_heap) + n * sizeof(words[0]);
	struct ev_heap *ev = calloc(1, sz);
	uint32_t i;

	*ev = (struct ev_heap){
		.hdr = header(&j->sc, EV_HEAP, sz, JAVA, tid),
		.thread = thread_of(tid),
		.strand = running ? *running : thread_of(tid),
		.start = buffer_of(j, tid),
		.top = buffer_of(j, tid) + j->made,
		.end = buffer_of(j, tid) + BUFFER_SZ,
		.heap_start = HEAP,
		.heap_end = HEAP + HEAP_SZ,
		.object = object,
		.stack = STACK,
		.collections = j->collections,
		.missed = j->sc.missed,
		.len = n * sizeof(words[0]),
	};
	for (i = 0; i < n; i++)
		ev->words[n - 1 - i] = words[i];
	pipeline_feed(j->sc.p, &ev->hdr);
	free(ev);
}

static inline void has_another_buffer(struct java *j, uint32_t tid, uint64_t start)
{
	struct ev_heap ev = {
		.hdr = header(&j->sc, EV_HEAP, sizeof(ev), JAVA, tid),
		.thread = thread_of(tid),
		.strand = thread_of(tid),
		.start = start,
		.top = start + 64,
		.end = start + BUFFER_SZ,
		.collections = j->collections,
	};

	pipeline_feed(j->sc.p, &ev.hdr);
}

/* The thread reads a request and makes an object for it. */
static inline uint64_t serves(struct java *j, struct end *in, uint32_t tid, const char *request)
{
	looks(j, tid, NULL, 0, NULL, 0);
	receive(&j->sc, in, tid, request);
	j->made += 64;
	return buffer_of(j, tid) + j->made - 32;
}

static inline void answers(struct java *j, struct end *in, uint32_t tid)
{
	looks(j, tid, NULL, 0, NULL, 0);
	transmit(&j->sc, in, tid, OK);
}

/* Requests /1 and /2; returns what is made for the second. */
static inline uint64_t two_come(struct java *j)
{
	serves(j, &j->in1, 101, REQUEST("/1"));
	return serves(j, &j->in2, 102, REQUEST("/2"));
}

static inline void both_are_settled(struct java *j)
{
	answers(j, &j->in1, 101);
	answers(j, &j->in2, 102);
	pass_time(&j->sc, SETTLED_US);
}

/* The worker calls with these objects in the frames that run jobs, and has the answer; `again`: what it has twice. */
static inline void works_in_frames(struct java *j, uint64_t runs, uint64_t again, uint64_t is,
				   const char *request)
{
	const uint64_t words[] = { RUNS_A_JOB, 0, runs, again, again, IS_THE_JOB, is };

	looks(j, WORKER, NULL, 0, words, ARRAY_SIZE(words));
	transmit(&j->sc, &j->out, WORKER, request);
	receive(&j->sc, &j->out, WORKER, OK);
}

static inline void works(struct java *j, uint64_t job, const char *request)
{
	works_in_frames(j, job, job, job, request);
}

/* Requests whose thread waits for the one call: it is woken, which tells whose that was. */
static inline void shows_its_job(struct java *j)
{
	int i;

	for (i = 0; i < REQUESTS_BEFORE; i++) {
		works(j, serves(j, &j->in1, 101, REQUEST("/before")), REQUEST("/call"));
		wake(&j->sc, JAVA, WORKER, 101, 0x7000);
		answers(j, &j->in1, 101);
		pass_time(&j->sc, ROUND_US);
	}
}

static inline void has_shown_its_job(struct java *j)
{
	shows_its_job(j);
	scene_forget(&j->sc);
}

static inline const char *method_of_call(struct java *j)
{
	return method_of(span_of(&j->sc, SPAN_CLIENT, "/for2"));
}

/* The loop reads, which begins a turn, and makes an object in it. */
static inline uint64_t loop_hears(struct java *j, struct end *e, const char *text)
{
	return serves(j, e, LOOP, text);
}

/* It works off something that had waited for a connection: that object is on its stack. */
static inline void loop_calls(struct java *j, uint64_t object, const char *request)
{
	const uint64_t words[] = { RUNS_A_JOB, 0, object, IS_THE_JOB, object };

	looks(j, LOOP, NULL, 0, words, ARRAY_SIZE(words));
	transmit(&j->sc, &j->out, LOOP, request);
}

/* All calls go over one connection; whoever has an answer lets the next call go before it writes its response. */
static inline void loop_shows_its_queue(struct java *j)
{
	uint64_t a, b;
	int i;

	j->sc.polls = true;
	for (i = 0; i < ROUNDS_BEFORE; i++) {
		a = loop_hears(j, &j->in1, REQUEST("/a"));
		b = loop_hears(j, &j->in2, REQUEST("/b"));
		loop_calls(j, a, REQUEST("/fora"));
		loop_hears(j, &j->out, OK);
		loop_calls(j, b, REQUEST("/forb"));
		answers(j, &j->in1, LOOP);
		loop_hears(j, &j->out, OK);
		answers(j, &j->in2, LOOP);
		pass_time(&j->sc, ROUND_US);
	}
}

static inline void loop_has_shown_its_queue(struct java *j)
{
	loop_shows_its_queue(j);
	scene_forget(&j->sc);
}

#endif
