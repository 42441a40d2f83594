/* SPDX-License-Identifier: GPL-2.0-only */
/* Every bound that both sides must agree on, or that keeps memory finite, with the reason for the number. */
#ifndef ABI_LIMITS_H
#define ABI_LIMITS_H

/* --- kernel side --- */
#define PROCS_MAX	16384	/* traced processes; a busy host has < 5,000. Full: the child is not traced, counted */
#define TASKS_MAX	65536	/* threads with a hint; two words each. LRU: a forgotten hint costs one link, counted */
#define SOCKS_MAX	65536	/* sockets of the system-call provider, which cannot use socket storage */
#define VERDICTS_MAX	16384	/* pending verdicts; one per long body or foreign protocol. LRU, the default is safe */
#define SEGS_MAX	16	/* iovec entries looked at per call; nginx sends up to 64, but heads come first */
#define PIECE_SMALL	256	/* payload bytes of the smallest record: an API request or a response head */
#define PIECE_LOW	768	/* the same with cookies and tokens */
#define PIECE_MID	2048	/* a browser's request head */
#define PIECE_MAX	16384	/* one TLS-record-sized read; the largest single record */
#define BURST_MAX	81920	/* bytes copied after a change of direction: a 64 KiB head and its first body bytes */
#define PREFIX_LEN	256	/* bytes copied of each later call in the same direction: a chunk header, a late head */
#define TAIL_LEN	16	/* last bytes of a call that was cut: "\r\n0\r\n\r\n" fits twice */
#define WAKES_MAX	8	/* wake edges reported per finished client call; GIL traffic must not flood the ring */
#define UNIX_PATH_LEN	108	/* sun_path */
#define COMM_LEN	16	/* TASK_COMM_LEN */

/* --- user side --- */
#define CONNS_MAX	65536	/* connections with decoder state; the oldest idle one is forgotten, counted */
#define HEAD_MAX	131072	/* bytes of one message head kept while it is incomplete; servers stop at 8 to 64 KiB */
#define STREAM_BYTES_MAX (32u << 20) /* all incomplete heads together; beyond it the stream at hand resynchronises */
#define PIPELINE_MAX	256	/* requests of one connection waiting for their response */
#define EXCHANGES_MAX	65536	/* exchanges open or waiting for their parent; the oldest goes out early, counted */
#define CAUSES_MAX	512	/* exchanges from a call up to its outermost request; a longer chain starts anew */
#define STRANDS_MAX	65536	/* strands with a current request; the least recently used is forgotten, counted */
#define ATTR_TEXT_MAX	8192	/* bytes of attribute text of one span; longer values are cut, counted as dropped */
#define ATTRS_MAX	64	/* attributes of one span; the conventions use about twenty */
#define QUEUE_MAX	16384	/* spans waiting for the export thread (OTEL_BSP_MAX_QUEUE_SIZE overrides it) */
#define FACTS_MAX	16384	/* bytes of what is known of one process */

#endif
