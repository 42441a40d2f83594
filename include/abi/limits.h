/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every bound that both sides must agree on, or that keeps memory finite, with the reason for the
 * number.
 */
#ifndef ABI_LIMITS_H
#define ABI_LIMITS_H

/* --- kernel side --- */
#define PROCS_MAX	16384	/* a busy host has < 5,000. Full: not traced, counted */
#define TASKS_MAX	16384	/* of the system-call provider: threads, 20 MB of kernel memory. LRU: costs a link */
#define SOCKS_MAX	65536	/* of the system-call provider, which has no socket storage: 14 MB */
#define VERDICTS_MAX	16384	/* one per long body. LRU: the default is safe */
#define SEGS_MAX	1024	/* buffers of a call: as many as the kernel takes (UIO_MAXIOV) */
#define GATHER_MAX	4	/* of these, if there are no more and all are short, by one record: a head and a body */
#define RUN_MAX		32	/* short ones, one behind the other, by one record: Apache's heads have 4 a field */
#define PIECE_TINY	96	/* smallest record, three lines of the cache in the ring: a bare request */
#define PIECE_SHORT	176	/* a server's shortest response, head and body gathered: seven lines */
#define PIECE_SMALL	256	/* an API request, a response head */
#define PIECE_LOW	768	/* the same with cookies and tokens */
#define PIECE_MID	2048	/* a browser's request head */
#define PIECE_MAX	16384	/* one TLS-record-sized read; the largest single record */
#define BURST_MAX	81920	/* copied after a change of direction: a 64 KiB head */
#define PREFIX_LEN	256	/* copied of each later call: a chunk header, a late head */
#define TAIL_LEN	16	/* last bytes of a call that was cut: "\r\n0\r\n\r\n" twice. Recordings rely on it */
#define GO_SERVERS_MAX	16384	/* goroutines that read requests. LRU: a lost one costs its links */
#define GO_MADE_MAX	16384	/* goroutines made by such a one. LRU: a lost one is taken for new */
#define GO_SLOTS_MAX	1024	/* functions that goroutines run and call from. LRU: found again */
#define TOKIO_TASKS_MAX	16384	/* tasks that read requests or send them. LRU: a lost one costs its links */
#define EVENT_LOOPS_MAX	4096	/* threads in which Node runs. LRU: found again */
#define SHED_LANES	64	/* processes share them by tgid: a flood costs its own lane, a power of two */
#define SHED_MAX	12	/* 1 exchange in 4096 is kept: a record per second of the busiest server */
#define TIMED_EVERY	61	/* socket calls for one that is timed: two readings of the clock cost 50 ns */
#define WAKES_MAX	8	/* edges per finished call; locks must not flood the ring */
#define RELAYS_MAX	2	/* threads between who reads an answer and who waits: HttpClient's async has two */
#define AWAITING_MAX	4	/* tasks, each waiting for the one before: gather() within wait_for() within a group */
#define JAVA_STACK_SKIP 2048	/* below a thread's descriptor: TLS, HotSpot's frames; Java's begin after 2.5 KB */
#define JAVA_STACK_MAX	4096	/* of a stack of Java: the outermost of a pool's worker, the innermost of a loop */
#define HEAP_MOVES_MAX	32768	/* objects of Java followed over a collection; 64 requests hold some 20,000 */
#define HEAP_SCAN_MAX	(8u << 20) /* bytes that are read for that: 4 ms */
#define HEAP_CHECK_MAX	(32u << 20) /* and of where they are now, among others that lived on */
#define HEAP_READ_NS	100000000ULL /* of a second, by one process: five collections at their most */
#define HEAP_READ_ALL_NS 250000000ULL /* and by all of them: a quarter of the loop's time */
#define HELD_READ_NS	100000000ULL /* the same of looking whose CPython's tasks are */
#define HELD_READ_ALL_NS 250000000ULL
#define LOG_COPY_MAX	PIECE_MAX /* of one write to a log: a stack trace of 100 frames has 10 KB */
#define LOG_FILES_MAX	4096	/* files written to that are no logs. LRU: asked about again */
#define UNIX_PATH_LEN	108	/* sun_path */
#define COMM_LEN	16	/* TASK_COMM_LEN */

/* --- user side --- */
/*
 * Own memory stays at about 100 MB: TRACE_BYTES_MAX, the queue (QUEUE_MAX * QUEUE_ITEM_BYTES), the program and its
 * libraries, and what the allocator cannot give back. Connections and heads take 48 MB at most; strands make room for
 * them and for heaps, and exchanges for all.
 */
#define TRACE_BYTES_MAX	(70u << 20) /* connections, heads, heaps, strands and exchanges */
#define HEAPS_BYTES_MAX	(10u << 20) /* of it: what is known of Java's heaps, 1 MB each under load; LRU, counted */
#define EXCHANGE_BYTES_MIN (8u << 20) /* of it: some thousand open ones, however many of the others there are */
#define CONNS_MAX	65536	/* one not used for long is forgotten, counted */
/*
 * How many calls of a process are looked at when its requests end, in 10 ms; up to 25 ms of work. 8,000 requests and
 * as many calls that end at once would take 3 s, in which nobody else's records are read. Beyond it a
 * link may be lost, counted.
 */
#define CLAIMS_MAX	262144
#define CLAIMS_STEP_NS	10000000
#define HEAD_MAX	131072	/* of one incomplete head; servers stop at 8 to 64 KiB */
#define STREAM_BYTES_MAX (6u << 20) /* all incomplete heads, with their buffers; beyond it: resync */
#define PIPELINE_MAX	256	/* requests of one connection waiting for their response */
#define EXCHANGES_MAX	65536	/* open or waiting; the oldest goes out early, counted */
#define CAUSES_MAX	512	/* from a call up to its outermost request; longer: anew */
#define STRANDS_MAX	65536	/* strands with a request; LRU, counted */
#define ATTR_TEXT_MAX	8192	/* of one span; longer values are cut, counted */
#define ATTR_VALUE_MAX	2048	/* of one of its values: a long URL leaves room for what became of it */
#define ATTRS_MAX	64	/* attributes of one span; the conventions use about twenty */
#define LOG_LINE_MAX	LOG_COPY_MAX /* a longer line becomes several */
#define LOG_PARTS_MAX	1024	/* lines begun and not ended, each in a thread; the oldest goes out as it is */
#define LOG_PART_NS	1000000000ULL /* so long the rest of a line is waited for: a prompt has none */
#define LOG_HELD_MAX	(8u << 20) /* bytes of lines that wait for the trace of their request; more go without */
#define QUEUE_MAX	16384	/* spans waiting (OTEL_BSP_MAX_QUEUE_SIZE overrides it) */
#define QUEUE_ITEM_BYTES 1280	/* of room for each of them: an ordinary span has 1 KB, one of endless headers 10 */
#define FACTS_MAX	20480	/* bytes of what is known of one process */

#endif
