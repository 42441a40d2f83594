/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * path EXCHANGES [CONNECTIONS [PROCESSES]]: the way of an exchange through user space, from its records to OTLP bytes,
 * that many times on keep-alive connections of a server, or of several in turn, as nginx answers curl: one read, one
 * writev of a head and a body. For counting instructions: no files, no clock, no threads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "export/otlp.h"
#include "trace/pipeline.h"

#define BATCH 512

static const char request[] = "GET /items/42?page=3 HTTP/1.1\r\nHost: localhost:8000\r\n"
			      "User-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n";
static const char head[] =
	"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 21 Nov 2026 12:00:00 GMT\r\n"
	"Content-Type: text/plain\r\nContent-Length: 6\r\nConnection: keep-alive\r\n\r\n";
static const char body[] = "hello\n";

struct path {
	struct pipeline *pipeline;
	struct resource *resource;
	struct otlp *otlp;
	struct span *batch[BATCH];
	size_t waiting, spans, bytes;
	uint64_t now_ns;
	uint64_t (*pos)[DIR__CNT]; /* of each connection */
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

static struct ev_hdr header(struct path *p, enum ev_kind kind, size_t sz)
{
	uint32_t tgid = 1 + p->conn % p->processes;

	p->now_ns += NSEC_PER_USEC;
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

	pipeline_feed(p->pipeline, &ev.hdr);
}

static void move(struct path *p, enum dir dir, const char *bytes, size_t n, unsigned flags)
{
	_Alignas(8) char record[sizeof(struct ev_data) + 512] = { 0 };
	struct ev_data *ev = (struct ev_data *)record;
	uint64_t *pos = p->pos[p->conn];

	ev->hdr = header(p, EV_DATA, sizeof(*ev) + n);
	ev->conn = 1 + p->conn;
	ev->strand = (struct strand){ .id = ev->hdr.tid, .gen = 1, .kind = STRAND_THREAD };
	ev->thread_gen = 1;
	ev->pos = pos[dir];
	ev->start_ns = ev->hdr.ts_ns;
	ev->len = ev->cap = n;
	pos[dir] += n;
	/* Both ends of a connection name its bytes alike, and no two connections do. */
	ev->seq = pos[dir] + (p->conn << 16);
	ev->other_seq = pos[!dir] + (p->conn << 16);
	ev->dir = dir;
	ev->flags = DATA_SEQ | flags;
	memcpy(ev->bytes, bytes, n);
	pipeline_feed(p->pipeline, &ev->hdr);
}

static void exchange(struct path *p)
{
	move(p, DIR_RX, request, sizeof(request) - 1, 0);
	move(p, DIR_TX, head, sizeof(head) - 1, DATA_MORE);
	move(p, DIR_TX, body, sizeof(body) - 1, 0);
}

static void run(struct path *p, long left)
{
	for (p->conn = 0; p->conn < p->conns; p->conn++)
		open_conn(p);
	while (left--) {
		p->conn = (size_t)left % p->conns;
		exchange(p);
	}
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
	p.pos = calloc(p.conns, sizeof(*p.pos));
	p.pipeline = pipeline_new(&cfg, &sink);
	if (exchanges <= 0 || !p.resource || !p.otlp || !p.pipeline || !p.pos) {
		fprintf(stderr, "usage: path EXCHANGES [CONNECTIONS [PROCESSES]]\n");
		return 2;
	}
	run(&p, exchanges);
	pipeline_free(p.pipeline);
	otlp_free(p.otlp);
	resource_put(p.resource);
	free(p.pos);
	return 0;
}
