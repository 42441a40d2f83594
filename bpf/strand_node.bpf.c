/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Node: which piece of asynchronous work runs, told in a record before that of a call that may be made for somebody.
 * Of the others, reads and responses, less is wanted: the last number given out. It is told in the place of the strand,
 * which is the thread.
 *
 * Node numbers the work that callbacks, timers and promises are made of. The number of what runs,
 * that of what made it, and the last one given out are three doubles in an array (AsyncHooks'
 * async_id_fields) that never moves. Where it is, is found in user space (user/strand/node.c), once
 * for each thread. The proof at every call: they are whole numbers, nothing runs that has not been
 * numbered, and the last one only grows.
 *
 * What follows an await runs without a number, right after the callback that ended the wait. Whether
 * that was the thread's last read is on the stack. libuv reads in a function that then calls what is
 * to be called back, so it is that read's as long as the chain of frames leads through the same
 * frame, with the same registers of its callers in it (they point to the stream that was read):
 *
 *	at the read:	read()                  <- uv__read <- uv__stream_io <- uv__io_poll <- ...
 *	at a send:	write() <- JavaScript ... <- uv__read <- uv__stream_io <- ...
 *
 * And whether the loop has gone on to its later phases, timers and setImmediate(), is in a few words.
 *
 * Node is built with frame pointers, its compiled JavaScript has them too. Where the chain breaks
 * nothing is said. Of a response it matters only when the thread's last read was of an answer, so where that was a
 * request the way through the frames, some 30 in 6 KB of a stack, is not taken.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "lib/emit.bpf.h"
#include "lib/strand.bpf.h"
#include "lib/user.bpf.h"

#define STRETCHES_MAX   128 /* of the stack, between a callback and the loop; deeper: not said */
#define FRAME_LEAST     2 /* words: the frame pointer before it, and where it returns */
#define FRAME_SAVED     (-5 * 8) /* from the frame pointer down: the registers it keeps */
#define MANTISSA_BITS   52
#define EXPONENT_OF_ONE 1023

enum { AT_SELF, AT_TRIGGER, AT_NEWEST, IDS_CNT };

/* The same in every libuv 1.x: its ABI. */
#define HANDLE_FLAGS   88
#define HANDLE_ACTIVE  4
#define TIMER_TIMEOUT  5 /* in words behind the flags: when it is due */
#define TIMER_START_ID 7 /* the same: how many were started before it */
#define TIMER_WORDS    8
#define LOOP_TIME      544

/* The number that a double stands for. False: it is none that was counted. */
static __always_inline bool whole(__u64 bits, __u64 *ret)
{
	__u64 shift, mantissa;

	*ret = 0;
	if (!bits)
		return true;
	shift = MANTISSA_BITS - ((bits >> MANTISSA_BITS) - EXPONENT_OF_ONE);
	if (shift > MANTISSA_BITS)
		return false;
	mantissa = (bits & ((1ULL << MANTISSA_BITS) - 1)) | 1ULL << MANTISSA_BITS;
	*ret = mantissa >> shift;
	return *ret << shift == mantissa;
}

static __always_inline bool read_ids(struct event_loop *loop, struct ev_callback *e)
{
	__u64 ids[IDS_CNT];

	if (bpf_probe_read_user(ids, sizeof(ids), (void *)loop->at.ids) ||
	    !whole(ids[AT_SELF], &e->self) || !whole(ids[AT_TRIGGER], &e->trigger) ||
	    !whole(ids[AT_NEWEST], &e->newest))
		return false;
	if (e->newest < loop->counter || e->self > e->newest || e->trigger > e->newest)
		return false;
	loop->counter = e->newest;
	return true;
}

static __noinline int keep_frame(struct event_loop *loop, __u64 fp)
{
	loop->read_frame = fp;
	if (bpf_probe_read_user(loop->read_saved, sizeof(loop->read_saved),
				(void *)(fp + FRAME_SAVED)))
		loop->read_frame = 0;
	return 0;
}

/*
 * Follows the chain of frames from t->node.fp through the stretch of the stack that begins there, no further than the
 * frame. 0: it goes on. A global function, so that the verifier does not walk it once for every turn of the loop.
 */
__noinline int node_frames(__u64 frame)
{
	struct task_state *t = task_known();
	struct node_stack *stack;
	__u64 at, fp, next;
	int i;

	if (!t)
		return -1;
	stack = &t->node;
	fp = at = stack->fp;
	if (bpf_probe_read_user(stack->words, sizeof(stack->words), (void *)at))
		return -1;
	for (i = 0; i < NODE_WORDS / FRAME_LEAST && fp < frame && fp - at < sizeof(stack->words);
	     i++) {
		next = stack->words[(fp - at) / sizeof(next) & (NODE_WORDS - 1)];
		if (next <= fp)
			return -1;
		fp = next;
	}
	stack->fp = fp;
	return fp >= frame;
}

/*
 * Does the frame of the last read still stand, below those that have this frame pointer? Two functions, not one: before
 * 6.13 the frames of all that call each other have 512 bytes together, and these are the deepest.
 */
static __noinline bool frame_reached(struct node_stack *stack, __u64 fp, __u64 frame)
{
	int i;

	stack->fp = fp;
	for (i = 0; i < STRETCHES_MAX; i++) {
		if (node_frames(frame))
			break;
	}
	return stack->fp == frame;
}

static __noinline bool frame_unchanged(const struct event_loop *loop)
{
	__u64 saved[FRAME_WORDS];
	int i;

	if (bpf_probe_read_user(saved, sizeof(saved), (void *)(loop->read_frame + FRAME_SAVED)))
		return false;
	for (i = 0; i < FRAME_WORDS; i++) {
		if (saved[i] != loop->read_saved[i])
			return false;
	}
	return true;
}

static __always_inline bool frame_stands(const struct event_loop *loop, struct node_stack *stack,
					 __u64 fp)
{
	return loop->read_frame && fp <= loop->read_frame && frame_unchanged(loop) &&
	       frame_reached(stack, fp, loop->read_frame);
}

/*
 * Every timer of JavaScript is called when the one of the loop is due, which is then stopped, and
 * started for the next. So none was called since we last looked if that one has not been touched;
 * or if it was not due before now and one that was started meanwhile cannot be either.
 */
static __always_inline bool timers_called(struct event_loop *loop)
{
	__u64 due_ms = loop->due_ms, state = loop->timer_state, now_ms = loop->now_ms;
	__u64 timer[TIMER_WORDS] = {};

	if (!loop->at.timer)
		return true;
	bpf_probe_read_user(timer, sizeof(timer), (void *)(loop->at.timer + HANDLE_FLAGS));
	loop->due_ms = timer[TIMER_TIMEOUT];
	loop->timer_state = timer[TIMER_START_ID] << 1 | !!(timer[0] & HANDLE_ACTIVE);
	loop->now_ms = user_word(loop->at.loop + LOOP_TIME);
	return loop->timer_state != state && (due_ms <= loop->now_ms || loop->now_ms != now_ms);
}

static __always_inline bool in_immediate(const struct event_loop *loop)
{
	__u32 being_called = 0;
	__u8 ticks = 0;

	if (!loop->at.immediates || !loop->at.ticks)
		return false;
	bpf_probe_read_user(&being_called, sizeof(being_called),
			    (void *)(loop->at.immediates + 2 * sizeof(being_called)));
	bpf_probe_read_user(&ticks, sizeof(ticks), (void *)loop->at.ticks);
	return being_called && !ticks;
}

/* Asked at the first call, the second, the fourth and so on: Node may be about to start. */
static __noinline int seek(struct event_loop *loop, __u64 sp)
{
	struct ev_seek *e;
	__u32 n = ++loop->calls;

	if (n & (n - 1))
		return 0;
	e = emit_reserve(sizeof(*e));
	if (!e)
		return 0;
	emit_header(&e->hdr, EV_SEEK, sizeof(*e));
	e->sp = sp;
	emit_submit(e);
	return 0;
}

/* A row takes more of the stack than those have left that go on from here. */
static __noinline struct event_loop *loop_new(__u32 tid)
{
	struct event_loop fresh = {};

	bpf_map_update_elem(&event_loops, &tid, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&event_loops, &tid);
}

static __always_inline struct event_loop *loop_self(void)
{
	__u32 tid = ids_self();
	struct event_loop *loop = bpf_map_lookup_elem(&event_loops, &tid);

	return loop ? loop : loop_new(tid);
}

/* What a call on a client's socket says is not for the other end's sake, but for that of a request. */
static __always_inline bool serves(enum call_kind kind)
{
	return !call_acts(kind) && kind != CALL_HEARD;
}

/* What the thread's last read has called back, or has not. */
static __always_inline __u32 phase(struct event_loop *loop, struct task_state *t, __u64 fp)
{
	if (frame_stands(loop, &t->node, fp)) {
		loop->proven = 1;
		return CALLBACK_OF_READ;
	}
	return in_immediate(loop) ? CALLBACK_IMMEDIATE : 0;
}

/* A record of its own, of a call for which all of it may be needed. */
static __always_inline enum strand_reading tell(struct task_state *t, const struct ev_callback *now)
{
	struct ev_callback *e = emit_reserve_by(t, sizeof(*e));

	if (!e)
		return STRAND_COARSE;
	*e = *now;
	strand_self(&e->thread);
	emit_header(&e->hdr, EV_CALLBACK, sizeof(*e));
	emit_submit(e);
	return STRAND_COARSE;
}

/* What is known of the call, in the place of its strand. */
static __always_inline enum strand_reading number(struct strand *ret_strand, __u64 newest,
						  __u32 flags)
{
	ret_strand->id = newest;
	ret_strand->gen = flags;
	ret_strand->kind = STRAND_NUMBERED;
	return STRAND_SELF;
}

__hidden enum strand_reading strand_node(struct task_state *t, enum call_kind kind, enum dir dir)
{
	struct event_loop *loop = loop_self();
	struct ev_callback now = {};
	__u64 fp = 0, sp = 0;

	if (!loop || !task_user_frame(&fp, &sp))
		return STRAND_COARSE;
	if (!loop->at.ids) {
		seek(loop, sp);
		return STRAND_COARSE;
	}
	if (!read_ids(loop, &now)) {
		loop->at.ids = loop->counter = loop->calls = 0;
		return STRAND_UNPROVEN;
	}
	if (dir == DIR_RX) {
		keep_frame(loop, fp);
		/* Whose end it is is known of TCP. */
		loop->heard_request = serves(kind) && t->moved.flags & DATA_SEQ;
	} else if (loop->proven && loop->heard_request && serves(kind)) {
		return number(&t->moved.strand, now.newest, 0);
	} else {
		now.flags = phase(loop, t, fp);
	}
	if (timers_called(loop) && !(now.flags & CALLBACK_OF_READ))
		now.flags |= CALLBACK_TIMERS;
	if (call_acts(kind))
		return tell(t, &now);
	return number(&t->moved.strand, now.newest, now.flags);
}
