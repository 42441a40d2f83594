/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stages of the pipeline in the order in which the data flows, and what they share. Each stage
 * calls only those below it.
 *
 *     pipeline.c   a record, by kind
 *     decode.c     bytes -> messages            streams, decoder state, gaps, resynchronisation
 *     pair.c       messages -> exchanges        request and response
 *     link.c       who caused it, in the process    by what its thread heard of; callback.c, tasks.c
 *     evidence.c   the same by what came after it   handoff.c, heap.c, turns.c, jobs.c; doubt.c speaks against it
 *     patience.c   causes that come out late
 *     join.c       who caused it, on this host      both ends of one connection
 *     sdk.c        what an SDK in the process shows itself
 *     settle.c     when that is final           trace ids, waiting, grace
 *     spans.c      exchange -> span             names, attributes, times
 *     logs.c       what is written to logs -> lines, and for which request
 */
#ifndef TRACE_STAGES_H
#define TRACE_STAGES_H

#include "trace/callback.h"
#include "trace/conn.h"
#include "trace/exchange.h"
#include "trace/logs.h"
#include "trace/patience.h"
#include "trace/pipeline.h"
#include "trace/process.h"
#include "trace/strands.h"

/*
 * How much later than what it caused a record may come, because it is made at the end of a call.
 * Whoever waits for less (--link-wait 0) would take a guess for an answer.
 */
#define JOIN_GRACE_NS (100 * NSEC_PER_MSEC)

struct pipeline {
	struct pipeline_cfg cfg;
	struct slice *redact, *headers; /* cfg.redact and cfg.headers as slices */
	struct pipeline_sink sink;
	struct tally tally;
	struct conns conns;
	struct strands strands;
	struct processes processes;
	struct exchanges exchanges;
	struct logs logs;
	struct hash join_open; /* by request position: exchanges whose other end has not been seen */
	struct list grace; /* done server exchanges that a client may still claim, oldest first */
	struct patience patience;
	struct list todo, spent; /* of settle.c, empty between calls */
	struct ration heap_ration, held_ration; /* of all processes */
	uint64_t held_bytes; /* of incomplete heads, all connections */
	uint64_t now_ns; /* of the newest record */
	uint64_t wall_offset_ns;
	char *redacted; /* the bytes of pipeline_feed_redacting(), while that runs; else NULL */
};

/* decode.c */
void decode_data(struct pipeline *p, struct conn *c, const struct ev_data *ev);
/* The direction is over, at `pos` as far as that is known. */
void decode_end(struct pipeline *p, struct conn *c, enum dir dir, uint64_t pos, const struct stamp *at);

/* pair.c */
void pair_message(struct pipeline *p, struct conn *c, enum flow flow, const struct msg *msg,
		  const struct stamp *first, uint64_t pos);
/* The exchange that ended last, as it turns out; too late for one that has gone out. */
void pair_failed(struct pipeline *p, struct conn *c, const char *why);
void pair_unseen(struct pipeline *p, struct conn *c, const uint32_t seq[DIR__CNT]); /* where TCP is in the end */
void pair_conn_over(struct pipeline *p, struct conn *c, bool local_close);

/* link.c */
void link_connect(struct pipeline *p, struct conn *c, const struct strand *s);
void link_server_began(struct pipeline *p, struct exchange *x);
void link_client_sent(struct pipeline *p, struct exchange *x);
/* The thread calls on a socket, after having slept so often; polled: on one that it waits for together with others. */
void link_calls(struct pipeline *p, const struct strand *thread, uint8_t sleeps, bool polled);
/* What the thread has read since its last record was not all told: MISSED_*. */
void link_missed(struct pipeline *p, const struct strand *thread, unsigned missed);
/* Bytes came: whom they are for. */
void link_received(struct pipeline *p, struct conn *c, const struct strand *s, bool awaited);
void link_ended(struct pipeline *p, struct conn *c, const struct strand *s); /* it read that nothing more comes */
void link_moved(struct pipeline *p, const struct strand *s, enum dir dir); /* a call is over */
void link_answering(struct pipeline *p, struct exchange *x, const struct stamp *writer);
void link_sends(struct pipeline *p, struct conn *c); /* bytes go, of a response perhaps */
void link_server_done(struct pipeline *p, struct exchange *x);
void link_client_done(struct pipeline *p, struct exchange *x);
void link_fork(struct pipeline *p, const struct strand *parent, const struct strand *child);
/* The call, if its cause is still open; NULL: decided, or gone, and so are those before it. */
struct exchange *link_open_call(struct pipeline *p, uint64_t serial);
/* A call made since the request came, whose cause is open, was made for it. */
void link_claim(struct exchange *x, struct exchange *call, enum link_method how);

/* The request for which the thread writes something to no connection, by what is certain now. NULL: not known. */
struct exchange *link_writer(struct pipeline *p, struct strand_state *thread, bool awaited, enum link_method *ret_how);
void link_wrote(struct pipeline *p, const struct strand *s); /* that has been told */

/* The strand works for one request alone; `awaited`: it did not make the call itself, it waited for who did. */
enum link_method link_method_alone(const struct strand_state *st, bool awaited);

/* evidence.c: what came after a call */
/* To whom its result went, or whose work its caller did; NULL: no evidence. */
struct exchange *evidence_given(struct pipeline *p, const struct exchange *call, enum link_method *ret_how);
/* For whom it was made, by all that came after it; NULL: no evidence. */
struct exchange *evidence_choice(struct pipeline *p, const struct exchange *call, enum link_method *ret_how);
/* A request is over: calls that have come out to be its own are given to it. */
void evidence_claims(struct pipeline *p, struct exchange *request);
void evidence_decide(struct pipeline *p, struct exchange *call); /* by what is known by now */
void evidence_guess(struct pipeline *p, struct exchange *call); /* when no more will be known, and none was evidence */

/* doubt.c: what has come out since against the link */
void doubt_grade(struct pipeline *p, struct exchange *x);

/* jobs.c: another strand than the one that read the request begins the response */
void jobs_answer(struct pipeline *p, struct exchange *x, struct strand_state *writer);

/* patience.c: calls whose cause may still come out */
#define PATIENCE_STEP_NS (20 * NSEC_PER_MSEC) /* how often they are looked at */
void patience_init(struct patience *w);
uint64_t patience_next_ns(const struct patience *w); /* when that is next; UINT64_MAX: there are none */
void patience_renew(struct lately *hopes); /* the process has shown something new */
/* No request that is served now is the cause: does it hope all the same? */
bool patience_call(struct pipeline *p, struct exchange *call);
/* It is done: does it wait, for such calls or with what waits below it? */
bool patience_request(struct pipeline *p, struct exchange *x);
/* A call that hopes has its cause now, or will have none. */
bool patience_over(struct pipeline *p, struct exchange *call);

/* moved.c: what a collection of Java's garbage has moved */
void moved_expect(struct pipeline *p, struct heap *h, const struct ev_heap *ev); /* it was just before that */
void moved_tell(struct pipeline *p, const struct ev_moved *ev);
uint64_t moved_maker(struct moved *m, uint64_t address); /* serial of the request; 0: not known */

/* callback.c: threads in which Node runs */
void callback_tell(struct pipeline *p, const struct ev_callback *ev); /* of the call that comes next */
void callback_numbered(struct pipeline *p, const struct ev_data *ev); /* of this piece's call */
void callback_over(struct callbacks *cb); /* that call has been told */
/* The request for which the thread runs; NULL: not known, or over. */
struct exchange *callback_writer(struct pipeline *p, struct callbacks *cb);
void callback_wrote(struct callbacks *cb); /* that was no call on a socket */
/* Bytes came, of this exchange; 0: of none. */
void callback_heard(struct pipeline *p, struct callbacks *cb, uint64_t serial);
void callback_missed(struct pipeline *p, struct callbacks *cb); /* it read what is not known */
void callback_connects(struct pipeline *p, struct callbacks *cb, struct conn *c);
void callback_sent(struct pipeline *p, struct callbacks *cb, struct exchange *x);
void callback_answers(struct pipeline *p, struct callbacks *cb, struct exchange *request);
/* NULL: no evidence. */
struct exchange *callback_choice(struct pipeline *p, const struct exchange *x, enum link_method *ret_how);
/* What a call of the thread was linked by has come out to be no evidence there. */
bool callback_doubts(const struct callbacks *cb, struct exchange *x);

/* tasks.c: of CPython */
void tasks_tell(struct pipeline *p, const struct ev_hdr *ev); /* AWAITING or HELD, of the call that comes next */
void tasks_over(struct strand_state *st); /* that call has been told */
void tasks_file(struct pipeline *p, struct exchange *call, const struct strand_state *thread);
void tasks_answer(struct pipeline *p, struct exchange *x, const struct stamp *writer); /* begins, maybe a task */
void tasks_answer_on(struct pipeline *p, struct exchange *x);
bool tasks_stand(const struct pipeline *p, const struct exchange *call); /* what it was filed with is of who called */

/* turns.c: of a thread that serves several */
void turns_slept(struct pipeline *p, struct turns *t); /* before the call at hand */
/* Serial of the exchange whose turn it is, which has had it then; 0: nobody's. */
uint64_t turns_next(struct pipeline *p, struct turns *t);
void turns_missed(struct turns *t); /* what it read meanwhile is not known: nothing follows what was before */
void turns_heard(struct pipeline *p, struct turns *t, struct exchange *x); /* it read a piece of it */
void turns_sent(struct turns *t); /* it has sent something */
void turns_call(struct pipeline *p, struct turns *t, struct exchange *call); /* it sends the call now */
void turns_answer(struct pipeline *p, struct turns *t, struct exchange *request); /* it begins the response now */
/* A guess like that about the call is, in its process, more often wrong than it says. */
bool turns_guess_fails(struct pipeline *p, const struct exchange *call);
/* Both orders named the same request, and by now the thread has shown that it keeps them. */
bool turns_agreed(const struct turns *t, const struct exchange *call);
/* It passes answers on at once, or in the order of the requests, nearly without exception. */
bool turns_sure(const struct turns *t);
/* The response that followed its answer, in a loop that has shown since that it acts at once; NULL: not known. */
struct exchange *turns_choice(struct pipeline *p, const struct exchange *call, enum link_method *ret_how);

/* handoff.c */
void news_read(struct strand_state *st, const struct exchange *call, uint64_t now_ns); /* of its answer */
void news_pass(struct pipeline *p, struct strand_state *from, const struct strand *to);
void news_forget(struct strand_state *st); /* what it does now is about something else */
void handoff_wake(struct pipeline *p, const struct ev_wake *ev);
/* Another thread than the one that read the request writes its response. */
void handoff_written(struct pipeline *p, struct strand_state *writer, const struct exchange *server);
/* A response is begun, by the thread that has read the request or another one. */
void handoff_answered(struct process *proc, bool by_reader);
bool handoff_requests_leave(const struct process *proc); /* mostly another thread writes the response */
/* Whom the call was made for; NULL: no evidence. */
struct exchange *handoff_choice(struct pipeline *p, const struct exchange *x, enum link_method *ret_how);

/* heap.c: threads of Java */
void heap_grows(struct pipeline *p, struct heap *h, size_t bytes); /* that it has now, or will have at once */
void heap_tell(struct pipeline *p, const struct ev_heap *ev); /* of the call that comes next */
void heap_sent(struct pipeline *p, struct strand_state *st, struct exchange *call);
/* Whose object the caller worked on; NULL: no evidence. */
struct exchange *heap_choice(struct pipeline *p, const struct exchange *call, enum link_method *ret_how);
/* The same when nothing better will come: by what has seldom been seen, and never been wrong. */
struct exchange *heap_guess(struct pipeline *p, const struct exchange *call, enum link_method *ret_how);
/* Most of what the caller worked on was made for that request: its thread was not just woken for a lock. */
bool heap_confirms(struct pipeline *p, const struct exchange *call, const struct exchange *cause);
/* By other evidence that was the cause. */
void heap_learn(struct pipeline *p, const struct exchange *call, const struct exchange *cause);

/* join.c */
void join_began(struct pipeline *p, struct exchange *x);
void join_forget(struct pipeline *p, struct exchange *x); /* idempotent */

/* sdk.c */
void sdk_midway(struct pipeline *p, const struct conn *c, uint32_t tgid); /* it asks for something in HTTP/2 */
/* What is asked for on the connection reports. */
void sdk_conn_reports(struct pipeline *p, const struct conn *c, uint32_t tgid, enum telemetry telemetry);
void sdk_report(struct pipeline *p, struct exchange *x, enum telemetry telemetry);
void sdk_forget(struct pipeline *p, uint32_t tgid); /* the process is another program now */
/* The call whose header names the trace that an SDK began below x, to which no header has come. NULL: none. */
const struct exchange *sdk_trace_below(const struct exchange *x);
bool sdk_reports_apart(const struct exchange *x, const struct trace_ctx *above); /* whose span only the SDK has */
void sdk_place(struct pipeline *p, struct exchange *x); /* which has its trace; those below it have not */

/* settle.c */
void settle_done(struct pipeline *p, struct exchange *x); /* x has just become done */
void settle_answered(struct pipeline *p, struct exchange *x); /* its response has begun */
void settle_joined(struct pipeline *p, struct exchange *server); /* its client is known now */
void settle_process(struct pipeline *p, uint32_t tgid); /* calls of which no request now served can be the cause */
void settle_time(struct pipeline *p); /* what has waited long enough */
void settle_all(struct pipeline *p); /* nothing waits any longer */
void settle_room(struct pipeline *p); /* makes room for one more exchange or connection */
uint64_t settle_next_ns(const struct pipeline *p);

/* spans.c */
void spans_emit(struct pipeline *p, struct exchange *x);

#endif
