/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scene for the pipeline: connections, threads and bytes as the kernel would have reported them,
 * and the spans that came out. Time is in microseconds and moves on by one with every record.
 */
#ifndef TESTS_SCRIPT_H
#define TESTS_SCRIPT_H

#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "trace/pipeline.h"

#define SPANS_MAX 512
#define LINES_MAX 64

#define REQUEST(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

struct scene {
	struct pipeline *p;
	struct resource *resource;
	struct span *spans[SPANS_MAX];
	size_t n;
	struct log_line *lines[LINES_MAX];
	size_t lines_n;
	uint64_t now_us;
	uint64_t task; /* what the runtime of the calling thread says that it runs; 0: nothing */
	uint64_t goroutine; /* the same of Go; 0: none */
	uint64_t virtual; /* the same of Java; 0: none */
	uint64_t polled; /* the same of tokio */
	uint8_t sleeps; /* of the calling thread so far */
	bool polls; /* it waits for answers together with whatever else may come */
	unsigned shed; /* the next records follow exchanges left out, of which 1 in 2^n was told; 0: none */
	unsigned missed; /* MISSED_* of the calling thread */
	bool awaited; /* that one did not make the call, it waits for who did */
	uint32_t sdk_tgid; /* a process with a tracing SDK; 0: none */
	uint64_t (*moved)(void *scene, const struct heap_ask *ask); /* what is asked of Java; NULL: nobody hears it */
	uint64_t (*held)(void *scene, const struct ev_awaiting *ask); /* the same of CPython */
	uint64_t verdicts;
	struct verdict verdict;
};

/* One end of a connection. Both ends of a TCP connection have mirrored sequence numbers. */
struct end {
	uint64_t id;
	uint32_t tgid;
	uint64_t pos[DIR__CNT];
	uint32_t seq[DIR__CNT];
};

static inline void scene_span(void *ctx, struct span *s)
{
	struct scene *sc = ctx;

	if (sc->n < SPANS_MAX)
		sc->spans[sc->n++] = s;
	else
		span_free(s);
}

static inline void scene_log(void *ctx, struct log_line *l)
{
	struct scene *sc = ctx;

	if (sc->lines_n < LINES_MAX)
		sc->lines[sc->lines_n++] = l;
	else
		log_line_free(l);
}

static inline void scene_verdict(void *ctx, uint64_t conn, const struct verdict *v)
{
	((struct scene *)ctx)->verdicts++;
	((struct scene *)ctx)->verdict = *v;
}

static inline uint64_t scene_moved(void *ctx, const struct heap_ask *ask)
{
	struct scene *sc = ctx;

	return sc->moved ? sc->moved(sc, ask) : 0;
}

static inline uint64_t scene_held(void *ctx, const struct ev_awaiting *ask)
{
	struct scene *sc = ctx;

	return sc->held ? sc->held(sc, ask) : 0;
}

static inline struct resource *scene_resource(void *ctx, uint32_t tgid, uint16_t port)
{
	return ((struct scene *)ctx)->resource;
}

static inline const char *scene_sdk_facts(void *ctx, uint32_t tgid)
{
	return tgid && ((struct scene *)ctx)->sdk_tgid == tgid ? "the scene says so" : NULL;
}

static inline void scene_begin_pipeline(struct scene *sc, const struct pipeline_cfg *cfg)
{
	struct pipeline_sink sink = {
		.span = scene_span,
		.log = scene_log,
		.verdict = scene_verdict,
		.moved = scene_moved,
		.held = scene_held,
		.resource = scene_resource,
		.sdk_facts = scene_sdk_facts,
		.ctx = sc,
	};

	memset(sc, 0, sizeof(*sc));
	sc->resource = resource_new();
	sc->p = pipeline_new(cfg, &sink);
	sc->now_us = 1000;
}

static inline void scene_begin_cfg(struct scene *sc, uint64_t link_wait_ns, bool link_exact)
{
	const struct pipeline_cfg cfg = {
		.seed = { { 1, 2, 3, 4 } },
		.link_wait_ns = link_wait_ns,
		.link_exact = link_exact,
	};

	scene_begin_pipeline(sc, &cfg);
}

static inline void scene_begin_with(struct scene *sc, bool link_exact)
{
	scene_begin_cfg(sc, 10 * NSEC_PER_SEC, link_exact);
}

static inline void scene_begin(struct scene *sc)
{
	scene_begin_with(sc, false);
}

/* What has come out so far is of no interest. */
static inline void scene_forget(struct scene *sc)
{
	while (sc->n)
		span_free(sc->spans[--sc->n]);
	while (sc->lines_n)
		log_line_free(sc->lines[--sc->lines_n]);
}

static inline void scene_end(struct scene *sc)
{
	pipeline_free(sc->p);
	scene_forget(sc);
	resource_put(sc->resource);
}

static inline struct ev_hdr header(struct scene *sc, uint32_t kind, size_t sz, uint32_t tgid,
				   uint32_t tid)
{
	return (struct ev_hdr){ kind, sz, ++sc->now_us * NSEC_PER_USEC, tgid, tid };
}

static inline struct strand thread_of(uint32_t tid)
{
	return (struct strand){ .id = tid, .gen = 1, .kind = tid ? STRAND_THREAD : STRAND_NONE };
}

static inline struct end open_end(struct scene *sc, uint64_t id, uint32_t tgid, uint32_t rx_seq,
				  uint32_t tx_seq)
{
	struct ev_conn ev = {
		.hdr = header(sc, EV_CONN, sizeof(ev), tgid, tgid),
		.conn = id,
		.sk = id,
		.family = 4,
		.local_addr = { [10] = 0xff, [11] = 0xff, 127, 0, 0, 1 },
		.peer_addr = { [10] = 0xff, [11] = 0xff, 127, 0, 0, 1 },
		.local_port = 5000,
		.peer_port = 40000,
	};

	pipeline_feed(sc->p, &ev.hdr);
	return (struct end){ .id = id, .tgid = tgid, .seq = { rx_seq, tx_seq } };
}

static inline void open_all(struct scene *sc, uint32_t tgid, struct end *const ends[])
{
	uint64_t id;

	for (id = 1; ends[id - 1]; id++)
		*ends[id - 1] = open_end(sc, id, tgid, 2 * id - 1, 2 * id);
}

/* The ends that one process has of connections 1, 2 and so on, whose other ends nobody sees. */
#define open_ends(sc, tgid, ...) open_all(sc, tgid, (struct end *const[]){ __VA_ARGS__, NULL })

/* One end of a unix connection: sk is its own, peer_sk the other end's. */
static inline struct end open_unix(struct scene *sc, uint64_t id, uint32_t tgid, uint64_t sk,
				   uint64_t peer_sk)
{
	struct ev_conn ev = {
		.hdr = header(sc, EV_CONN, sizeof(ev), tgid, tgid),
		.conn = id,
		.sk = sk,
		.peer_sk = peer_sk,
		.transport = TRANSPORT_UNIX,
		.path = "/run/app.sock",
	};

	pipeline_feed(sc->p, &ev.hdr);
	return (struct end){ .id = id, .tgid = tgid };
}

/* The record, to be freed, of len bytes: the first cap are of text, with DATA_ENDS the last are what follows there. */
static inline struct ev_data *data_of(struct scene *sc, struct end *e, uint32_t tid, enum dir dir,
				      const char *text, uint32_t cap, uint32_t len, uint8_t flags)
{
	uint32_t copied = cap + (flags & DATA_ENDS ? TAIL_LEN : 0);
	size_t sz = (sizeof(struct ev_data) + copied + 7) & ~7ul;
	struct ev_data *ev = calloc(1, sz);

	ev->hdr = header(sc, EV_DATA, sz, e->tgid, tid);
	ev->conn = e->id;
	ev->strand = thread_of(tid);
	ev->thread_gen = ev->strand.gen;
	if (sc->task)
		ev->strand = (struct strand){ .id = sc->task, .gen = e->tgid, .kind = STRAND_TASK };
	if (sc->virtual)
		ev->strand = (struct strand){ sc->virtual, e->tgid, STRAND_VIRTUAL };
	if (sc->goroutine)
		ev->strand = (struct strand){ sc->goroutine, e->tgid, STRAND_GOROUTINE };
	if (sc->polled)
		ev->strand = (struct strand){ sc->polled, e->tgid, STRAND_POLLED };
	ev->pos = e->pos[dir];
	ev->start_ns = ev->hdr.ts_ns - 500;
	ev->len = len;
	ev->cap = cap;
	e->pos[dir] += len;
	e->seq[dir] += len;
	ev->seq = e->seq[dir];
	ev->other_seq = e->seq[!dir];
	ev->dir = dir;
	ev->flags = flags | DATA_SEQ | (sc->awaited ? DATA_AWAITED : 0) |
		    (sc->shed ? DATA_SHED : 0);
	ev->unseen.shed = sc->shed;
	ev->sleeps = sc->sleeps;
	ev->flags |= sc->polls ? DATA_POLLED : 0;
	ev->unseen.missed = sc->missed;
	memcpy(ev->bytes, text, copied);
	return ev;
}

/* len bytes of which the first cap are text. */
static inline void move_cut(struct scene *sc, struct end *e, uint32_t tid, enum dir dir,
			    const char *text, uint32_t cap, uint32_t len)
{
	struct ev_data *ev = data_of(sc, e, tid, dir, text, cap, len, 0);

	pipeline_feed(sc->p, &ev->hdr);
	free(ev);
}

static inline void receive(struct scene *sc, struct end *e, uint32_t tid, const char *text)
{
	move_cut(sc, e, tid, DIR_RX, text, strlen(text), strlen(text));
}

static inline void transmit(struct scene *sc, struct end *e, uint32_t tid, const char *text)
{
	move_cut(sc, e, tid, DIR_TX, text, strlen(text), strlen(text));
}

/* A write to a file descriptor that is no socket, of which the first cap bytes were copied. */
static inline void write_cut(struct scene *sc, uint32_t tgid, uint32_t tid, uint32_t fd,
			     const char *text, uint32_t cap, uint32_t len)
{
	size_t sz = (sizeof(struct ev_log) + cap + 7) & ~7ul;
	struct ev_log *ev = calloc(1, sz);

	ev->hdr = header(sc, EV_LOG, sz, tgid, tid);
	ev->strand = thread_of(tid);
	ev->thread_gen = ev->strand.gen;
	if (sc->task)
		ev->strand = (struct strand){ .id = sc->task, .gen = tgid, .kind = STRAND_TASK };
	if (sc->goroutine)
		ev->strand = (struct strand){ sc->goroutine, tgid, STRAND_GOROUTINE };
	ev->flags = sc->awaited ? DATA_AWAITED : 0;
	ev->fd = fd;
	ev->len = len;
	ev->cap = cap;
	memcpy(ev->bytes, text, cap);
	pipeline_feed(sc->p, &ev->hdr);
	free(ev);
}

static inline void write_log(struct scene *sc, uint32_t tgid, uint32_t tid, uint32_t fd,
			     const char *text)
{
	write_cut(sc, tgid, tid, fd, text, strlen(text), strlen(text));
}

static inline void end_of_direction(struct scene *sc, struct end *e, uint32_t tid, enum dir dir,
				    uint32_t err)
{
	struct ev_end ev = {
		.hdr = header(sc, EV_END, sizeof(ev), e->tgid, tid),
		.conn = e->id,
		.strand = thread_of(tid),
		.pos = e->pos[dir],
		.dir = dir,
		.err = err,
	};

	pipeline_feed(sc->p, &ev.hdr);
}

#define TCP_CLOSE 7

/* The other end reset the connection: told in softirq, before the owner of the socket knows. */
static inline void reset_by_peer(struct scene *sc, struct end *e)
{
	struct ev_state ev = {
		.hdr = header(sc, EV_STATE, sizeof(ev), 0, 0),
		.conn = e->id,
		.old_state = 1,
		.new_state = TCP_CLOSE,
		.err = 104,
	};

	pipeline_feed(sc->p, &ev.hdr);
}

static inline void close_end(struct scene *sc, struct end *e, uint32_t err)
{
	struct ev_close ev = { .hdr = header(sc, EV_CLOSE, sizeof(ev), e->tgid, e->tgid),
			       .conn = e->id,
			       .pos = { e->pos[DIR_RX], e->pos[DIR_TX] },
			       .err = err,
			       .flags = CLOSE_SEQ,
			       .seq = { e->seq[DIR_RX], e->seq[DIR_TX] + 1 } };

	pipeline_feed(sc->p, &ev.hdr);
}

static inline void wake_at(struct scene *sc, uint32_t tgid, uint32_t waker, uint32_t wakee,
			   uint64_t futex, uint64_t wakee_up_ns)
{
	struct ev_wake ev = {
		.hdr = header(sc, EV_WAKE, sizeof(ev), tgid, waker),
		.waker = thread_of(waker),
		.wakee = thread_of(wakee),
		.futex = futex,
		.wakee_up_ns = wakee_up_ns,
	};

	pipeline_feed(sc->p, &ev.hdr);
}

/* Of a thread that nobody has woken before. */
static inline void wake(struct scene *sc, uint32_t tgid, uint32_t waker, uint32_t wakee,
			uint64_t futex)
{
	wake_at(sc, tgid, waker, wakee, futex, 0);
}

/* Of one that was woken a moment ago. */
static inline void wake_again(struct scene *sc, uint32_t tgid, uint32_t waker, uint32_t wakee,
			      uint64_t futex)
{
	wake_at(sc, tgid, waker, wakee, futex, sc->now_us * NSEC_PER_USEC);
}

/* signal: 0: by itself. */
static inline void exit_process_by(struct scene *sc, uint32_t tgid, uint32_t signal)
{
	struct ev_exit ev = {
		.hdr = header(sc, EV_EXIT, sizeof(ev), tgid, tgid),
		.strand = thread_of(tgid),
		.last = true,
		.signal = signal,
	};

	pipeline_feed(sc->p, &ev.hdr);
}

static inline void exit_process(struct scene *sc, uint32_t tgid)
{
	exit_process_by(sc, tgid, 0);
}

static inline void fork_thread(struct scene *sc, uint32_t tgid, uint32_t parent, uint32_t child)
{
	struct ev_fork ev = {
		.hdr = header(sc, EV_FORK, sizeof(ev), tgid, parent),
		.parent = thread_of(parent),
		.child = thread_of(child),
		.child_tgid = tgid,
		.child_tid = child,
	};

	pipeline_feed(sc->p, &ev.hdr);
}

static inline void pass_time(struct scene *sc, uint64_t us)
{
	struct ev_tick ev;

	sc->now_us += us;
	ev.hdr = header(sc, EV_TICK, sizeof(ev), 0, 0);
	pipeline_feed(sc->p, &ev.hdr);
}

#endif
