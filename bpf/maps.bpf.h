/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything the programs share. Each object declares it; the linker keeps one. Sizes come from
 * abi/limits.h, except the ring's, which the loader sets.
 */
#ifndef BPF_MAPS_H
#define BPF_MAPS_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "abi/config.h"
#include "abi/event.h"

#define SHARED_MAP SEC(".maps") __weak

const volatile struct bpf_cfg cfg __weak = {};
struct bpf_shared shared __weak = {};

/* A goroutine that has made a call: strand_go.bpf.c. */
struct go_caller {
	__u64 g;
	__u64 goid;
};

/*
 * What is known of one socket: lib/sock.bpf.h. In three lines of the cache, as socket storage puts
 * a word of its own first: what is mostly read, what calls write, and what arriving segments write.
 * Those come on another processor more often than not, and would take the line away from the calls.
 */
struct sock_state {
	__u64 id; /* the `conn` of its records */
	__u64 skip_to[DIR__CNT]; /* of the verdict */
	__u64 ino; /* socks_by_ptr: unmasks a recycled pointer; 0: not known */
	__u32 verdict_gen; /* shared.verdict_gen when the verdict was last looked up */
	__u8 mode; /* enum verdict_mode */
	__u8 role; /* enum role; where the socket does not tell, by its first bytes */
	__u8 transport; /* enum transport */
	__u8 flags; /* SOCK_* */
	__u64 rest_of_line1[2];

	__u64 pos[DIR__CNT]; /* bytes moved since it was first seen */
	__u64 send_ns; /* when the running send began to copy; 0: not known */
	__u32 burst; /* bytes copied since the direction last changed */
	__u8 last_dir; /* enum dir */
	__u8 shed; /* lib/shed.bpf.h: of the exchange under way */
	__u8 shed_gap; /* bit per direction: bytes were left out since its last record */
	__u8 pad;
	struct go_caller unclaimed; /* Go: who sent the request; g 0: nobody, or it is known who waits for that */
	__u64 rest_of_line2[2];

	__u64 arrive_ns; /* of the newest segment that came when everything had been read */
	__u32 arrive_seq; /* and the position of the byte that was to come next */
	__u32 pad2;
};

/*
 * socks: sock -> struct sock_state, for programs that may use socket storage. Inserted by the first
 * use through a traced process, or at connect; freed by the kernel together with the socket, so it
 * needs no bound.
 */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct sock_state);
} socks SHARED_MAP;

/*
 * socks_by_ptr: address of the sock -> struct sock_state, for the system-call provider. Inserted as
 * above; deleted at tcp_destroy_sock. Nothing tells the end of a unix socket: its row is replaced
 * when another inode shows up behind the same pointer, or goes by the LRU rule. Bound: SOCKS_MAX.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SOCKS_MAX);
	__type(key, __u64);
	__type(value, struct sock_state);
} socks_by_ptr SHARED_MAP;

/*
 * procs: tgid -> struct proc: the processes to trace. Inserted by user space and, for children of a
 * traced process, at fork; deleted at the exit of the last thread, or by user space. Bound:
 * PROCS_MAX; full: counted, child not traced.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROCS_MAX);
	__type(key, __u32);
	__type(value, struct proc);
} procs SHARED_MAP;

/* A cursor over the memory of one call: lib/iov.bpf.h. */
struct user_mem {
	__u64 base; /* the piece at hand: its next byte */
	__u64 left; /* and how many follow */
	__u64 vec; /* the iovec after it */
	__u64 msg; /* the mmsghdr after those; 0 unless all are told as one call */
	__u64 msg_left; /* bytes of the message at hand: it may not fill its buffers */
	__u32 vecs; /* how many iovecs of the message are left */
	__u32 msgs; /* how many messages are left */
	__u32 word; /* call_word() */
	__u32 pad;
};

/* One call on one socket while it is told: lib/data.bpf.h. */
struct moved {
	struct strand strand;
	__u64 self; /* pid and tgid of the calling thread */
	__u64 conn;
	__u64 pos; /* of its first byte */
	__u64 start_ns;
	__u32 n; /* its bytes */
	__u32 told; /* of these, accounted for by records */
	__u32 seq; /* TCP's positions after the call */
	__u32 other_seq;
	__u32 skip, head_end, tail_at; /* how it is divided */
	__u32 off; /* where the walk over it is */
	__u64 piece_base; /* the piece at hand: user address, bytes to copy, bytes to account for */
	__u32 piece_cap;
	__u32 piece_len;
	__u8 dir; /* enum dir */
	__u8 flags; /* DATA_* of every record of it */
	__u8 shed; /* of every record of it */
	__u8 sleeps; /* of the calling thread so far */
	__u32 thread_gen; /* of the calling thread; strand may be finer */
	__u32 missed; /* MISSED_* of the calling thread since its last record */
	__u32 pad;
	struct go_caller unclaimed; /* of the socket, as the reader of Go finds and leaves it */
};

/* Whom a search found, in how many places; the outermost of them, in bytes below the top of the stack. */
struct go_found {
	__u64 id;
	__u32 slot;
	__u32 votes;
};

/* The function that goroutines of a process start with. */
struct go_start {
	__u64 pc;
	__u32 tgid;
	__u32 pad;
};

#define GO_WORDS 8 /* of a stack, read at once */

/* Who waits for a goroutine, while it is looked for: strand_go.bpf.c. */
struct go_search {
	__u64 g; /* whose stack is searched */
	__u64 hi; /* its top */
	__u32 believed; /* a slot that was found before has been believed */
	__u32 idle; /* nobody waits on the channel that is there */
	__u32 search; /* it is looked for elsewhere, too */
	__u32 goid, parent_goid, startpc, recvq, sudog_c; /* of runtime.off */
	__u64 words[GO_WORDS];
	__u64 cnt_cap[2]; /* of what may be a channel */
	struct go_start start;
	struct go_found server, server2; /* goids of goroutines that read requests */
	struct go_found other, other2; /* g of those that do not */
};

#define PY_FRAMES_MAX 64 /* functions that a thread is in; a power of two */
#define PY_VARIABLES  8 /* of one, the first: its arguments, and some more */

/* Which tasks wait for what a thread of CPython runs, while it is looked for: strand_asyncio*.bpf.c. */
struct py_search {
	__u64 frames[PY_FRAMES_MAX]; /* the functions it is in, innermost first */
	__u64 variables[PY_VARIABLES]; /* of one of them */
	__u64 stack; /* that it was first seen on */
	__u64 context; /* in which it runs; 0: none */
	__u64 running; /* the task that it runs; 0: none */
	__u64 found; /* a task that waits */
	__u64 owner; /* an object that may know it */
	__u64 handle; /* the function that had the handle of the task that ran last; 0: none was seen */
	__u64 contexts[AWAITING_MAX]; /* as EV_AWAITING has them */
	__u64 cnt;
	__u32 off[RUNTIME_OFFSETS]; /* of the process */
	__u32 depth; /* how many frames */
	__u32 level; /* in which of them it was found last, from the outermost */
	__u32 vain; /* searches since that found nothing */
	__u32 again; /* the one for the thread's last call did not */
	__u32 slot; /* where the task was on the thread's stack, in bytes below the top; 0: nowhere */
	__u32 cell; /* which captured variable led on */
	__u32 kept; /* captured variables that are to be looked at */
	__u32 pad;
	__u64 function; /* the type of functions; 0: not known yet */
	__u64 barren; /* the code of the last task that promised nobody anything, */
	__u64 barren_cnt; /* and of how many tasks with it that was so */
	__u64 trio; /* the task of trio's that it runs; 0: none */
	__u64 trio_variable; /* where the loop has that; 0: not known */
	__u32 trio_context, trio_nursery; /* where a task has its own; 0: not known */
};

#define TOKIO_WORDS 16 /* of a stack or a future, read at once */
#define TOKIO_BLOCK 9 /* of a channel */

/* Who waits for a task of tokio's, while it is looked for: strand_tokio_waits.bpf.c. */
struct tokio_search {
	__u64 words[TOKIO_WORDS];
	__u64 block[TOKIO_BLOCK]; /* of what may be a channel */
	__u64 set[TOKIO_WORDS]; /* of what may be a set of tasks */
	__u64 number; /* of the task that is looked for on the stack; 0: any */
	__u64 task; /* address of the task whose number that is, or for which somebody waits */
	__u64 waker; /* address of the functions of tokio's wakers */
	__u64 found; /* the task that waits in the channel at hand, or for the set */
	__u64 table; /* of that channel's waker, if it is a set's; else 0 */
	__u64 likely; /* and in the best of those before it; */
	__u64 place; /* where the channel's address was */
	__u32 turned; /* in a waker the task is before the functions */
	__u32 several; /* tasks wait in such channels */
	__u32 boxed; /* how far the memory at hand belongs to the future is not known */
	__u32 left; /* pointers that may be followed */
	__s32 how; /* what is said by the best channel so far */
	__u32 word; /* of the set at hand: of the waker of who waits */
};

#define NODE_WORDS 64 /* of a stack, read at once; a power of two */

/* A stretch of the stack of a thread in which Node runs: strand_node.bpf.c. */
struct node_stack {
	__u64 fp; /* the frame that has been come to */
	__u64 words[NODE_WORDS];
};

/*
 * What one thread is in the middle of: lib/task.bpf.h. What `moved` and `mem` hold, and the searches, belongs to the
 * running call only. They are here and not on the stack because the verifier follows every value on the stack
 * through every turn of the walk, and gives up after a million instructions; what lies in a map it
 * does not know, so all turns look alike.
 */
struct task_state {
	__u64 mmsg; /* the array of the running sendmmsg or recvmmsg; 0: none */
	__u32 mmsg_idx; /* the message of it that comes next */
	__u8 serving; /* it read from a server socket and has not written to one since */
	__u8 asked; /* it has sent on a client socket */
	__u8 polls; /* it read an answer from a socket in an epoll set: it is a loop */
	__u8 news; /* it heard an answer and has not sent on a client socket since: 1 + times that may be passed on */
	__u8 edges; /* wakes reported since it heard */
	__u8 missed_unlooked; /* MISSED_* before looks at its objects that were not told, since one was */
	__u8 pad[2];
	__u64 up_ns; /* when a thread of its process last woke it; 0: never */
	__u64 up_futex; /* what it waited on then, as in EV_WAKE */
	struct moved moved;
	struct user_mem mem;
	union { /* a process has one runtime */
		struct go_search go;
		struct tokio_search tokio;
		struct node_stack node;
		struct py_search py;
	};
};

/* A goroutine; its number is never used twice in a process. */
struct go_id {
	__u64 goid;
	__u32 tgid;
	__u32 pad;
};

struct go_server {
	__u64 g; /* where it is */
	__u32 requests; /* that it has read so far */
	__u32 pad;
};

/*
 * go_servers: goroutines that read requests. Inserted when one does; the kernel never sees a goroutine end, so rows go
 * by the LRU rule. Bound: GO_SERVERS_MAX.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, GO_SERVERS_MAX);
	__type(key, struct go_id);
	__type(value, struct go_server);
} go_servers SHARED_MAP;

struct go_made {
	__u32 request; /* which one of its maker was being served when it first called */
	__u32 awaited; /* its maker has been seen to wait during that */
};

/*
 * go_made: goroutines that call, and whose maker reads requests. Inserted by the first call; rows go by the LRU rule.
 * Bound: GO_MADE_MAX.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, GO_MADE_MAX);
	__type(key, struct go_id);
	__type(value, struct go_made);
} go_made SHARED_MAP;

/* Where in their stacks the channel was on which somebody waited. */
struct go_slot {
	__u32 slot; /* bytes below the top */
	__u32 agreed; /* searches since one found it elsewhere, or nowhere */
	__u32 used; /* times it was looked at since the last search */
	__u32 vain; /* searches since one found who reads requests, and times that none was made for that reason */
};

/*
 * go_slots: start function -> where to look first. Inserted by a search that found somebody; a row
 * of a process that is gone goes by the LRU rule. Bound: GO_SLOTS_MAX.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, GO_SLOTS_MAX);
	__type(key, struct go_start);
	__type(value, struct go_slot);
} go_slots SHARED_MAP;

/* A task of tokio's; its number is never used twice in a process. */
struct tokio_id {
	__u64 number;
	__u32 tgid;
	__u32 pad;
};

struct tokio_task {
	__u64 task; /* where it is; 0: not known, as all of the following */
	__u64 waker; /* as in struct tokio_search */
	__u64 place; /* where the address of the channel is in which somebody waits for it */
	__u64 waits; /* number of the task that was last found there, if that is not proven */
	__u8 turned; /* as in struct tokio_search */
	__u8 reads; /* it reads requests */
	__u8 open; /* who caused what it sent last was not found */
	__u8 vain; /* searches since somebody was found to wait for it */
	/* Of a table: where its tasks have the channel of their job, and how often it was found there. */
	__u32 serves;
	__u32 jobs;
	__u32 pad;
};

/*
 * tokio_tasks: task -> struct tokio_task, of those that read requests, send them, or wait for a task; and, by the
 * address of its table, what is known of all tasks of one kind. Inserted when such a one is met; the kernel never
 * sees a task end, so rows go by the LRU rule. Bound: TOKIO_TASKS_MAX.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TOKIO_TASKS_MAX);
	__type(key, struct tokio_id);
	__type(value, struct tokio_task);
} tokio_tasks SHARED_MAP;

/*
 * event_loops: tid -> struct event_loop. Inserted by the first socket call of a thread in a process
 * of Node's; where Node keeps what is read is filled in by user space; deleted when the thread exits
 * or becomes another program, or by the LRU rule. Bound: EVENT_LOOPS_MAX.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EVENT_LOOPS_MAX);
	__type(key, __u32);
	__type(value, struct event_loop);
} event_loops SHARED_MAP;

/*
 * tasks: task -> struct task_state, for programs that may use task storage. Inserted by a thread's
 * first call that moves bytes, or when it is woken with news; deleted when it becomes another program,
 * freed by the kernel together with the thread, so it needs no bound.
 */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
} tasks SHARED_MAP;

/*
 * tasks_by_tid: tid -> struct task_state, for the system-call provider. Inserted as above; deleted
 * when the thread exits, too, or by the LRU rule (a forgotten one costs one wake edge). Bound:
 * TASKS_MAX.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TASKS_MAX);
	__type(key, __u32);
	__type(value, struct task_state);
} tasks_by_tid SHARED_MAP;

/*
 * verdicts: id of a socket -> struct verdict. Inserted by user space, which then moves
 * shared.verdict_gen; deleted at tcp_destroy_sock if the socket has looked or has reason to, or by
 * the LRU rule (the default verdict is safe). Bound: VERDICTS_MAX.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, VERDICTS_MAX);
	__type(key, __u64);
	__type(value, struct verdict);
} verdicts SHARED_MAP;

/*
 * not_logs: file -> 1, of those that processes write to and that are no logs. Inserted by user space; rows of files
 * that are gone go by the LRU rule. Bound: LOG_FILES_MAX.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, LOG_FILES_MAX);
	__type(key, struct file_id);
	__type(value, __u8);
} not_logs SHARED_MAP;

/*
 * old_unix: inode number of a unix socket that was open when user space began to trace its process.
 * Inserted by user space; deleted when the socket is first used. Bound: SOCKS_MAX; one without a
 * row looks like a new connection.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SOCKS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u8);
} old_unix SHARED_MAP;

/* counters: one row per CPU, written by lib/stat.bpf.h and lib/sock.bpf.h, summed by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counters);
} counters SHARED_MAP;

/*
 * ring: the records (abi/event.h), written by lib/emit.bpf.h only. Full: the record is lost,
 * counted.
 */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} ring SHARED_MAP;

#endif
