/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Go: the goroutine that makes the call, and for whom.
 *
 * The runtime keeps the running g at fs:-8, and the thread's m names the same g back: that is the
 * proof. A goroutine that reads requests also writes their responses (net/http's conn.serve), so its
 * number stands for the request. But net/http's client sends from a goroutine of the connection
 * (persistConn.writeLoop), and so does a worker that takes its jobs from a channel. Whoever caused
 * such a call waits for it on a channel, and whoever will answer there has that channel on its
 * stack:
 *
 *	stack of the caller: ... hchan ...      hchan.recvq.first -> sudog -> g of who waits
 *	                                        sudog.c -> hchan again: the proof
 *
 * So a call by a goroutine W belongs, in this order, to W if it reads requests; to whom waits for W; to W's maker; and
 * if another goroutine waits for W (a worker that uses net/http), to whom waits for that one, or made it. Always to one
 * that reads requests. A maker says less than who waits: workers that the first request set up work for all later ones,
 * and what a handler leaves behind may call when the next request is served. So a maker counts only if it waits, or has
 * waited, during the request in which W called first, and if a search has found nobody else; until searches for
 * goroutines that start where W did have mostly been in vain, that is when the answer comes.
 *
 * A slot of the stack may still hold a channel of earlier, but then hardly anybody waits on it who reads requests;
 * such a goroutine beats any other, and then most slots win, and the outermost. A compiled function always has its
 * channel in the same slot, so where a search found it is looked at first from then on.
 *
 * Who caused the call may run on another processor and not wait yet. So what is not where it always is, is searched
 * for when the answer comes: the caller stays with the socket until then. By then everybody waits, and a connection's
 * goroutine has had no other call meanwhile.
 *
 * The search's state is in the thread's row, for the reason given with struct task_state; and its
 * parts are global functions, which the verifier walks once each.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "lib/strand.bpf.h"
#include "lib/user.bpf.h"

/* The same in Go 1.18 to 1.27, from its debug information. */
#define TLS_G      (-8)
#define G_STACK_HI 8
#define G_M        48
#define G_SP       56 /* g.sched.sp: of where it left for a system call, or was parked */
#define M_G0       0 /* the goroutine of the scheduler, and of C code */
#define SUDOG_G    0

/* g.atomicstatus, and of its values that of who is parked; the bit says that the collector looks at its stack. */
#define G_STATUS_BEFORE_GOID 8
#define G_WAITING            4
#define G_SCANNED            0x1000

#define HEAP_SPAN    (1ULL << 35) /* a word this near to g may point into the heap */
#define HCHAN_ALIGN  16
#define CHAN_CAP_MAX (1 << 20)

/* What starts a goroutine is at the top of its stack; TLS and buffers are below it. */
#define WORDS_MAX 512

#define SLOT_TRUSTED 8 /* searches that agree before their slot is believed */
#define SLOT_USES    64 /* times it is looked at before the next search */

static __always_inline bool near(__u64 a, __u64 b)
{
	return a - b + HEAP_SPAN < 2 * HEAP_SPAN;
}

static __always_inline bool may_be_channel(__u64 word, __u64 g)
{
	return !(word & (HCHAN_ALIGN - 1)) && near(word, g);
}

static __always_inline struct go_server *server(__u64 goid)
{
	struct go_id id = { .goid = goid, .tgid = ids_self() >> 32 };

	return bpf_map_lookup_elem(&go_servers, &id);
}

static __always_inline void note_request(__u64 g, __u64 goid)
{
	struct go_id id = { .goid = goid, .tgid = ids_self() >> 32 };
	struct go_server first = { .g = g, .requests = 1 }, *known = server(goid);

	if (known)
		known->requests++;
	else
		bpf_map_update_elem(&go_servers, &id, &first, BPF_ANY);
}

static __always_inline bool waits(const struct go_server *s, __u64 goid, __u32 off)
{
	__u32 status = user_word(s->g + off - G_STATUS_BEFORE_GOID);

	return user_word(s->g + off) == goid && (status & ~G_SCANNED) == G_WAITING;
}

/* Was the goroutine made for what its maker serves? */
static __always_inline bool made_for(const struct go_id *id, const struct go_server *s, __u64 maker,
				     __u32 off)
{
	struct go_made *known = bpf_map_lookup_elem(&go_made, id);
	struct go_made fresh = { .request = s->requests };

	if (known && (known->request != s->requests || known->awaited))
		return known->request == s->requests;
	fresh.awaited = waits(s, maker, off);
	bpf_map_update_elem(&go_made, id, &fresh, BPF_ANY);
	return fresh.awaited;
}

/* goid of who reads requests and made the goroutine g for what it still serves; 0: nobody. */
__u64 go_maker(__u64 g)
{
	struct go_id id = { .tgid = ids_self() >> 32 };
	struct task_state *t = task_self();
	struct go_server *serves;
	__u64 maker;

	if (!t)
		return 0;
	id.goid = user_word(g + t->go.goid);
	maker = user_word(g + t->go.parent_goid);
	serves = server(maker);
	return serves && made_for(&id, serves, maker, t->go.goid) ? maker : 0;
}

static __always_inline void vote(struct go_found *first, struct go_found *second, __u64 id,
				 __u32 slot)
{
	struct go_found *f = !first->id || first->id == id ? first : second;

	if (!f->id) {
		f->id = id;
		f->slot = slot;
	}
	f->votes += f->id == id;
}

/* If the address is that of a channel on which somebody waits, that one has a vote. Nonzero: on that nobody waits. */
int go_candidate(__u64 chan, __u32 slot)
{
	struct task_state *t = task_self();
	__u64 sudog, g, goid;
	struct go_search *s;

	if (!t)
		return 0;
	s = &t->go;
	if (bpf_probe_read_user(s->cnt_cap, sizeof(s->cnt_cap), (void *)chan) ||
	    s->cnt_cap[0] > s->cnt_cap[1] || s->cnt_cap[1] > CHAN_CAP_MAX)
		return 0;
	sudog = user_word(chan + s->recvq);
	if (!sudog)
		return 1;
	if (!near(sudog, s->g) || user_word(sudog + s->sudog_c) != chan)
		return 0;
	g = user_word(sudog + SUDOG_G);
	if (g == s->g || !near(g, s->g))
		return 0;
	goid = user_word(g + s->goid);
	if (server(goid))
		vote(&s->server, &s->server2, goid, slot);
	else
		vote(&s->other, &s->other2, g, slot);
	return 0;
}

/* The words of a stack just below an address. Nonzero: they cannot be read. */
int go_words(__u64 end, __u64 sp)
{
	struct task_state *t = task_self();
	__u64 at = end, word;
	struct go_search *s;
	int i;

	if (!t)
		return -1;
	s = &t->go;
	if (bpf_probe_read_user(s->words, sizeof(s->words), (void *)(end - sizeof(s->words))))
		return -1;
	for (i = GO_WORDS - 1; i >= 0; i--) {
		at -= sizeof(word);
		word = s->words[i];
		if (at >= sp && may_be_channel(word, s->g))
			go_candidate(word, s->hi - at);
	}
	return 0;
}

/* Every word of a stack, from its top down to sp. */
static __always_inline void scan(__u64 hi, __u64 sp)
{
	__u64 at = hi;
	int i;

	for (i = 0; i < WORDS_MAX / GO_WORDS && at > sp && !go_words(at, sp); i++)
		at -= GO_WORDS * sizeof(__u64);
}

static __always_inline const struct go_found *winner(const struct go_found *first,
						     const struct go_found *second)
{
	return second->votes > first->votes ? second : first;
}

/* Of those that were found, who counts most; NULL: nobody was, or `only` and there are two of that kind. */
static __always_inline const struct go_found *best(const struct go_search *s, bool only)
{
	if (s->server.id)
		return only && s->server2.id ? NULL : winner(&s->server, &s->server2);
	return !s->other.id || (only && s->other2.id) ? NULL : winner(&s->other, &s->other2);
}

/* Where the answer was found tells where to look first next time. */
static __always_inline void learn(struct go_search *s, struct go_slot *known)
{
	const struct go_found *found = best(s, true);
	struct go_slot fresh = { .vain = !s->server.id };

	if (known && !s->idle)
		known->vain = s->server.id ? 0 : known->vain + 1;
	if (found)
		fresh.slot = found->slot;
	if (!known) {
		bpf_map_update_elem(&go_slots, &s->start, &fresh, BPF_ANY);
	} else if (found && known->slot == fresh.slot) {
		known->agreed++;
		known->used = 0;
	} else if (found) {
		known->slot = fresh.slot;
		known->agreed = 0;
	}
}

static __always_inline void nobody_found(struct go_search *s)
{
	__builtin_memset(&s->server, 0, 4 * sizeof(s->server));
}

/*
 * Somebody waits on the channel where it was found before, if that may be believed. Where nobody waits on it yet,
 * whoever waits on another one that is still on the stack may wait for something else: a search then tells no more than
 * whether this is the place.
 */
static __always_inline bool known_place(struct go_search *s, struct go_slot *known)
{
	__u64 word;

	if (!known || known->agreed < SLOT_TRUSTED || known->used++ >= SLOT_USES)
		return false;
	s->believed = 1;
	word = user_word(s->hi - known->slot);
	if (may_be_channel(word, s->g))
		s->idle = go_candidate(word, known->slot);
	return best(s, false);
}

/* Who waits for g: where it was found before, if that may be believed, else everywhere. */
int go_look(__u64 g, __u32 believe)
{
	struct task_state *t = task_self();
	struct go_slot *known;
	struct go_search *s;

	if (!t)
		return 0;
	s = &t->go;
	s->g = g;
	nobody_found(s);
	s->start.pc = user_word(g + s->startpc);
	s->hi = user_word(g + G_STACK_HI);
	known = bpf_map_lookup_elem(&go_slots, &s->start);
	if ((believe && known_place(s, known)) || !s->search)
		return 0;
	nobody_found(s);
	scan(s->hi, user_word(g + G_SP));
	learn(s, known);
	if (s->idle)
		nobody_found(s);
	return 0;
}

/* Who waits for goroutines that start where g does was searched for in vain, lately: they end without a word. */
static __always_inline bool nobody_waits_for(struct go_search *s, __u64 g)
{
	struct go_slot *known;

	s->start.pc = user_word(g + s->startpc);
	known = bpf_map_lookup_elem(&go_slots, &s->start);
	if (!known || known->vain < SLOT_TRUSTED)
		return false;
	if (known->vain++ < SLOT_TRUSTED + SLOT_USES)
		return true;
	known->vain = SLOT_TRUSTED - 1;
	return false;
}

/*
 * goid of the goroutine that reads requests and waits for g, or made it; 0: none. That nobody waits is known only when
 * everything has been searched.
 */
static __always_inline __u64 works_for(struct go_search *s, __u64 g, bool believe)
{
	__u64 maker = go_maker(g);

	if (maker && nobody_waits_for(s, g))
		return maker;
	go_look(g, believe);
	if (s->server.id)
		return winner(&s->server, &s->server2)->id;
	return s->search && !s->idle ? maker : 0;
}

/* The same, perhaps through another that waits for g. */
static __always_inline __u64 waits_for(struct go_search *s, __u64 g, bool believe)
{
	__u64 goid = works_for(s, g, believe);
	const struct go_found *other;

	if (goid)
		return goid;
	other = best(s, false);
	return other ? works_for(s, other->id, believe) : 0;
}

/* search: also elsewhere than where it always is. */
static __always_inline __u64 who_waits(const struct runtime *rt, __u64 g, bool search)
{
	struct task_state *t = task_self();
	struct go_search *s;
	__u64 goid;

	if (!t)
		return 0;
	s = &t->go;
	s->goid = rt->off[GO_GOID];
	s->parent_goid = rt->off[GO_PARENT_GOID];
	s->startpc = rt->off[GO_STARTPC];
	s->recvq = rt->off[GO_RECVQ];
	s->sudog_c = rt->off[GO_SUDOG_C];
	s->start.tgid = ids_self() >> 32;
	s->believed = s->idle = 0;
	s->search = search;
	goid = waits_for(s, g, true);
	if (!goid && search && s->believed && !s->idle) /* it is not where it used to be */
		goid = waits_for(s, g, false);
	return goid;
}

/* The g that runs on the calling thread; 0: that is no goroutine of the program. */
static __always_inline enum strand_reading running(const struct runtime *rt, __u64 *ret_g)
{
	__u64 g = user_word(task_thread_pointer() + TLS_G), m, curg;

	if (!g) /* a thread of C code */
		return STRAND_COARSE;
	m = user_word(g + G_M);
	curg = user_word(m + rt->off[GO_M_CURG]);
	if (curg != g) {
		if (!m || user_word(m + M_G0) != g)
			return STRAND_UNPROVEN;
		if (!curg)
			return STRAND_COARSE;
		if (user_word(curg + G_M) != m)
			return STRAND_UNPROVEN;
	}
	*ret_g = curg;
	return STRAND_SELF;
}

/* The same of the goroutine that asked, now that the answer has come. */
static __always_inline __u64 who_waited(const struct runtime *rt, struct go_caller *asked)
{
	__u64 g = asked->g;

	asked->g = 0;
	if (!g || user_word(g + rt->off[GO_GOID]) != asked->goid)
		return 0;
	return who_waits(rt, g, true);
}

static __always_inline enum strand_reading awaited_by(struct strand *ret_strand, __u64 goid)
{
	if (!goid)
		return STRAND_SELF;
	ret_strand->id = goid;
	return STRAND_AWAITED;
}

__hidden enum strand_reading strand_go(struct strand *ret_strand, const struct runtime *rt,
				       enum call_kind kind)
{
	struct task_state *t = task_self();
	struct go_caller *unclaimed;
	enum strand_reading got;
	__u64 g = 0, goid, cause;

	got = running(rt, &g);
	if (got != STRAND_SELF || !t)
		return got;
	goid = user_word(g + rt->off[GO_GOID]);
	if (!goid)
		return STRAND_UNPROVEN;
	unclaimed = &t->moved.unclaimed;
	*ret_strand = (struct strand){ goid, ids_self() >> 32, STRAND_GOROUTINE };
	if (kind == CALL_HEARS)
		note_request(g, goid);
	if (kind == CALL_HEARD)
		return awaited_by(ret_strand, who_waited(rt, unclaimed));
	if (!call_acts(kind))
		return STRAND_SELF;
	unclaimed->g = 0;
	if (server(goid))
		return STRAND_SELF;
	cause = who_waits(rt, g, kind == CALL_LOGS);
	if (!cause)
		*unclaimed = (struct go_caller){ g, goid };
	return awaited_by(ret_strand, cause);
}
