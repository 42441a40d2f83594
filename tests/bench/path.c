/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * path EXCHANGES [CONNECTIONS [PROCESSES]]: the way of an exchange through user space, from its records to OTLP bytes,
 * that many times on keep-alive connections of a server, or of several in turn, as nginx answers curl: one read, one
 * writev of a head and a body. The records stand in a ring as the kernel's does, of ordinary memory. For counting
 * instructions, and for comparing times: no files, no clock, no threads.
 */
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/compiler.h"
#include "export/otlp.h"
#include "kern/ring.h"
#include "trace/pipeline.h"

#define BATCH   512
#define RING_SZ (1 << 20) /* 10 ms of 200,000 exchanges/s */
#define STRIDE  7919 /* a prime: connections are not used in the order in which they came */

static const char request[] = "GET /items/42?page=3 HTTP/1.1\r\nHost: localhost:8000\r\n"
			      "User-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n";
static const char response[] =
	"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 21 Nov 2026 12:00:00 GMT\r\n"
	"Content-Type: text/plain\r\nContent-Length: 6\r\nConnection: keep-alive\r\n\r\n"
	"hello\n";

struct path {
	struct pipeline *pipeline;
	struct ring ring;
	char *written; /* its data, for whoever writes */
	unsigned long *producer;
	struct resource *resource;
	struct otlp *otlp;
	struct span *batch[BATCH];
	size_t waiting, spans, bytes;
	uint64_t now_ns;
	uint64_t round; /* exchanges that each connection has had */
	size_t conns, processes, conn; /* conn: the one at hand */
};

static void pack(struct path *p)
{
	p->bytes += otlp_write(p->otlp, p->batch, p->waiting).n;
	p->spans += p->waiting;
	while (p->waiting)
		span_free(p->batch[--p->waiting]);
}

static void take_span(void *ctx, struct span *s)
{
	struct path *p = ctx;

	p->batch[p->waiting++] = s;
	if (p->waiting == BATCH)
		pack(p);
}

static struct resource *find_resource(void *ctx, uint32_t tgid, uint16_t port)
{
	return ((struct path *)ctx)->resource;
}

static void feed(void *ctx, const struct ev_hdr *ev)
{
	pipeline_feed(((struct path *)ctx)->pipeline, ev);
}

static void expect(void *ctx, const struct ev_hdr *ev)
{
	pipeline_expect(((struct path *)ctx)->pipeline, ev);
}

static int open_ring(struct path *p)
{
	size_t page = sysconf(_SC_PAGESIZE), sz = 2 * page + 2 * RING_SZ;
	int fd = memfd_create("ring", 0);
	char *at;

	if (fd < 0 || ftruncate(fd, sz))
		return -1;
	at = mmap(NULL, sz, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	p->producer = (unsigned long *)(at + page);
	p->written = at + 2 * page;
	return at == MAP_FAILED ? -1 : ring_init(&p->ring, fd, RING_SZ);
}

static uint32_t *reserve(struct path *p, uint32_t sz)
{
	uint32_t *head = (uint32_t *)(p->written + *p->producer % RING_SZ);

	head[0] = sz;
	*p->producer += BPF_RINGBUF_HDR_SZ + sz;
	return head;
}

/* Writes it. What is in the ring is read when it is full: this one's data are not mapped twice. */
static void put(struct path *p, const struct ev_hdr *ev)
{
	uint32_t left = RING_SZ - *p->producer % RING_SZ;

	if (left < ev->sz + 2 * BPF_RINGBUF_HDR_SZ) {
		reserve(p, left - BPF_RINGBUF_HDR_SZ)[0] |= BPF_RINGBUF_DISCARD_BIT;
		while (!ring_empty(&p->ring))
			ring_drain(&p->ring, feed, expect, p);
	}
	memcpy(reserve(p, ev->sz) + 2, ev, ev->sz);
}

static struct ev_hdr header(struct path *p, enum ev_kind kind, size_t sz)
{
	uint32_t tgid = 1 + p->conn % p->processes;

	p->now_ns += 2 * NSEC_PER_USEC;
	return (struct ev_hdr){ kind, (sz + 7) & ~7u, p->now_ns, tgid, tgid };
}

static void open_conn(struct path *p)
{
	struct ev_conn ev = {
		.hdr = header(p, EV_CONN, sizeof(ev)),
		.conn = 1 + p->conn,
		.sk = 1 + p->conn,
		.family = 4,
		.role = ROLE_SERVER,
		.local_addr = { [10] = 0xff, [11] = 0xff, 127, 0, 0, 1 },
		.peer_addr = { [10] = 0xff, [11] = 0xff, 192, 168, 100, 200 },
		.local_port = 8000,
		.peer_port = 40000,
	};

	put(p, &ev.hdr);
}

static void move(struct path *p, enum dir dir, const char *bytes, size_t n)
{
	_Alignas(8) char record[sizeof(struct ev_data) + 512] = { 0 };
	struct ev_data *ev = (struct ev_data *)record;
	const uint64_t pos[DIR__CNT] = { p->round * (sizeof(request) - 1),
					 p->round * (sizeof(response) - 1) };
	uint64_t other = pos[!dir] + (dir == DIR_TX ? sizeof(request) - 1 : 0);

	ev->hdr = header(p, EV_DATA, sizeof(*ev) + n);
	ev->conn = 1 + p->conn;
	ev->strand = (struct strand){ .id = ev->hdr.tid, .gen = 1, .kind = STRAND_THREAD };
	ev->thread_gen = 1;
	ev->pos = pos[dir];
	ev->start_ns = ev->hdr.ts_ns;
	ev->len = ev->cap = n;
	/* Both ends of a connection name its bytes alike, and no two connections do. */
	ev->seq = pos[dir] + n + (p->conn << 16);
	ev->other_seq = other + (p->conn << 16);
	ev->dir = dir;
	ev->flags = DATA_SEQ;
	memcpy(ev->bytes, bytes, n);
	put(p, &ev->hdr);
}

static void exchange(struct path *p)
{
	move(p, DIR_RX, request, sizeof(request) - 1);
	move(p, DIR_TX, response, sizeof(response) - 1);
}

static void run(struct path *p, long exchanges)
{
	long n;

	for (p->conn = 0; p->conn < p->conns; p->conn++)
		open_conn(p);
	for (n = 0; n < exchanges; n++) {
		p->round = (uint64_t)n / p->conns;
		p->conn = (size_t)n * STRIDE % p->conns;
		exchange(p);
	}
	while (!ring_empty(&p->ring))
		ring_drain(&p->ring, feed, expect, p);
	pipeline_flush(p->pipeline);
	pack(p);
	printf("%zu spans in %zu bytes\n", p->spans, p->bytes);
}

static long number(int argc, char **argv, int nth, long fallback)
{
	return nth < argc ? strtol(argv[nth], NULL, 10) : fallback;
}

int main(int argc, char **argv)
{
	struct path p = { .resource = resource_new(), .otlp = otlp_new("0") };
	const struct pipeline_cfg cfg = { .seed = { { 1, 2, 3, 4 } },
					  .link_wait_ns = NSEC_PER_SEC };
	const struct pipeline_sink sink = { .span = take_span,
					    .resource = find_resource,
					    .ctx = &p };
	long exchanges = number(argc, argv, 1, 0), conns = number(argc, argv, 2, 1),
	     processes = number(argc, argv, 3, 1);

	p.conns = (size_t)max(conns, 1L);
	p.processes = (size_t)max(processes, 1L);
	p.pipeline = pipeline_new(&cfg, &sink);
	if (exchanges <= 0 || open_ring(&p) || !p.resource || !p.otlp || !p.pipeline) {
		fprintf(stderr, "usage: path EXCHANGES [CONNECTIONS [PROCESSES]]\n");
		return 2;
	}
	run(&p, exchanges);
	pipeline_free(p.pipeline);
	otlp_free(p.otlp);
	resource_put(p.resource);
	return 0;
}
