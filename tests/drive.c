/* SPDX-License-Identifier: GPL-2.0-only */
#include "drive.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/limits.h"
#include "base/compiler.h"

#define LOG_MAX        (64u << 20)
#define IDLE_STEPS_MAX 4 /* events in a row that consume nothing */
#define TO_END         UINT64_MAX

static const char *const flow_names[] = {
	[FLOW_REQUEST] = "request", [FLOW_RESPONSE] = "response"
};

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "decoder contract broken: %s\n", what);
	abort();
}

#define say(d, ...) must(!buf_printf(&(d)->log, __VA_ARGS__), "log too long")

static size_t room(void)
{
	return 4 * HEAD_MAX;
}

static void flow_init(struct drive_flow *f, bool lost)
{
	const size_t page = 4096;

	*f = (struct drive_flow){ .lost = lost };
	f->pages = mmap(NULL, room() + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);
	must(f->pages != MAP_FAILED, "no memory");
	f->limit = f->pages + room();
	must(!mprotect(f->limit, page, PROT_NONE), "no guard page");
}

void drive_init(struct drive *d, const struct proto *proto, const struct peer_facts *peer,
		bool midway)
{
	*d = (struct drive){ .proto = proto, .peer = *peer };
	d->state = calloc(1, proto->state_sz);
	must(d->state, "no memory");
	flow_init(&d->flow[FLOW_REQUEST], midway);
	flow_init(&d->flow[FLOW_RESPONSE], midway);
	buf_init(&d->log, LOG_MAX);
}

void drive_release(struct drive *d)
{
	size_t i;

	if (d->proto->release)
		d->proto->release(d->state);
	free(d->state);
	for (i = 0; i < ARRAY_SIZE(d->flow); i++)
		munmap(d->flow[i].pages, room() + 4096);
	buf_release(&d->log);
}

static void say_text(struct drive *d, struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (s.p[i] >= ' ' && s.p[i] != 0x7f && s.p[i] != '\\')
			say(d, "%c", s.p[i]);
		else
			say(d, "\\x%02x", (unsigned char)s.p[i]);
	}
}

static void say_attr(struct drive *d, const struct attrs *attrs, const struct attr *at)
{
	say(d, "    %s = ", attr_key(attrs, at));
	if (at->type == ATTR_INT)
		say(d, "%" PRId64 "\n", at->i);
	else
		say(d, "\"%s\"\n", attr_text(attrs, at));
}

static void say_context(struct drive *d)
{
	struct trace_context ctx = { 0 };

	if (d->proto->context)
		d->proto->context(d->state, &ctx);
	if (ctx.v[CARRIER_TRACEPARENT].n) {
		say(d, "    <- ");
		say_text(d, ctx.v[CARRIER_TRACEPARENT]);
		say(d, " ");
		say_text(d, ctx.v[CARRIER_TRACESTATE]);
		say(d, "\n");
	}
}

static void say_attrs(struct drive *d, enum flow flow)
{
	struct attrs attrs;
	size_t i;

	attrs_init(&attrs, ATTRS_MAX, ATTR_TEXT_MAX);
	d->proto->describe(d->state, flow, &d->peer, &attrs);
	for (i = 0; i < attrs.n; i++)
		say_attr(d, &attrs, &attrs.v[i]);
	attrs_release(&attrs);
	if (flow == FLOW_REQUEST)
		say_context(d);
}

static void say_msg(struct drive *d, enum flow flow, const struct msg *m)
{
	static const char *const kinds[] = {
		[MSG_HEAD] = "head",
		[MSG_INTERIM] = "interim",
		[MSG_END] = "end",
		[MSG_HEAD_END] = "head and end",
	};
	bool head = m->kind == MSG_HEAD || m->kind == MSG_HEAD_END;
	struct slice name = { 0 };

	if (head && flow == FLOW_REQUEST && d->proto->span_name)
		name = d->proto->span_name(d->state);
	say(d, "%s %s%s" SLICE_FMT "%s%s%s%s%s%s%s\n", flow_names[flow], kinds[m->kind],
	    name.n ? " " : "", SLICE_ARG(name), m->upgraded ? " upgraded" : "",
	    m->inferred ? " inferred" : "", m->resumed ? " resumed" : "", m->cut ? " cut" : "",
	    m->error ? " error" : "", m->client_error ? " client_error" : "",
	    m->lingers ? " lingers" : "");
	if (head)
		say_attrs(d, flow);
}

/* With a message or behind it. */
static void say_failed(struct drive *d, enum flow flow, const struct msg *m)
{
	if (m->failed)
		say(d, "%s failed: %s\n", flow_names[flow], m->failed);
}

/* What comes without a message. */
static void say_report(struct drive *d, enum flow flow, const struct msg *m)
{
	static const char *const reports[] = {
		[TELEMETRY_NONE] = "",
		[TELEMETRY_OTHER] = " reports",
		[TELEMETRY_SPANS] = " reports spans",
	};

	if (m->report || m->upgraded)
		say(d, "%s%s%s\n", flow_names[flow], reports[m->report],
		    m->upgraded ? ", given up" : "");
}

static void deliver(struct drive *d, enum flow flow, const struct msg *m)
{
	struct drive_flow *f = &d->flow[flow];

	d->upgraded |= m->upgraded;
	if (m->kind == MSG_NONE) {
		say_report(d, flow, m);
		say_failed(d, flow, m);
		return;
	}
	must(m->kind == MSG_END ? f->open : !f->open, "heads and ends do not alternate");
	must(m->kind != MSG_INTERIM || flow == FLOW_RESPONSE, "interim request");
	f->open = m->kind == MSG_HEAD;
	say_msg(d, flow, m);
	say_failed(d, flow, m);
}

static void say_skip(struct drive *d, enum flow flow, uint64_t skip)
{
	if (skip == TO_END)
		say(d, "%s body up to the end\n", flow_names[flow]);
	else if (skip)
		say(d, "%s body of %" PRIu64 "\n", flow_names[flow], skip);
}

static void lose(struct drive *d, enum flow flow, const char *why)
{
	struct drive_flow *f = &d->flow[flow];

	say(d, "%s %s\n", flow_names[flow], why);
	f->held = f->skip = 0;
	f->lost = f->broken_call = true;
}

/* One call of decode(); false: it wants more bytes, or none any more. */
static bool step(struct drive *d, enum flow flow, size_t *idle)
{
	struct drive_flow *f = &d->flow[flow];
	struct slice in = { f->limit - f->held, f->held };
	struct msg m = { 0 };
	uint64_t skip = 0;
	size_t body;
	ssize_t n;

	n = d->proto->decode(d->state, flow, in, &m, &skip);
	if (n < 0) {
		must(m.kind == MSG_NONE, "an error with a message");
		lose(d, flow, "broke the protocol");
		return false;
	}
	must((size_t)n <= in.n, "more consumed than there was");
	must(skip || m.kind == MSG_NONE || n || m.kind == MSG_END, "a head without bytes");
	*idle = n ? 0 : *idle + 1;
	must(*idle < IDLE_STEPS_MAX, "no progress");
	deliver(d, flow, &m);
	if (d->upgraded)
		return false;
	f->held -= n;
	say_skip(d, flow, skip);
	body = min(skip, f->held);
	f->held -= body;
	f->skip = skip == TO_END ? skip : skip - body;
	return !f->skip && (n || skip || m.kind != MSG_NONE);
}

static void run(struct drive *d, enum flow flow)
{
	size_t idle = 0;

	while (step(d, flow, &idle))
		;
}

static void hold(struct drive *d, enum flow flow, struct slice piece)
{
	struct drive_flow *f = &d->flow[flow];

	if (f->held + piece.n > room()) {
		lose(d, flow, "does not end its head");
		return;
	}
	memmove(f->limit - f->held - piece.n, f->limit - f->held, f->held);
	memcpy(f->limit - piece.n, piece.p, piece.n);
	f->held += piece.n;
}

static void resync(struct drive *d, enum flow flow)
{
	struct drive_flow *f = &d->flow[flow];
	struct slice in = { f->limit - f->held, f->held };
	ssize_t n = d->proto->resync(d->state, flow, in);

	if (n < 0)
		return;
	must((size_t)n <= in.n, "resynchronised beyond its input");
	f->held -= n;
	f->lost = false;
}

void drive_bytes(struct drive *d, enum flow flow, struct slice piece)
{
	struct drive_flow *f = &d->flow[flow];
	size_t body = min(f->skip, piece.n);

	if (d->upgraded || f->ended || f->broken_call || !piece.n)
		return;
	if (f->skip != TO_END)
		f->skip -= body;
	piece = slice_sub(piece, body, piece.n);
	if (f->skip)
		return;
	hold(d, flow, piece);
	if (f->lost && !f->broken_call)
		resync(d, flow);
	if (!f->lost)
		run(d, flow);
}

void drive_call_end(struct drive *d, enum flow flow)
{
	struct drive_flow *f = &d->flow[flow];

	f->broken_call = false;
	if (f->lost)
		f->held = 0;
}

void drive_gap(struct drive *d, enum flow flow, uint64_t n)
{
	struct drive_flow *f = &d->flow[flow];
	uint64_t body = min(f->skip, n);
	struct msg m = { 0 };

	if (d->upgraded || f->ended || f->lost || f->skip == TO_END)
		return;
	f->skip -= body;
	if (body && !f->skip)
		run(d, flow);
	n -= body;
	if (!n || d->upgraded || f->lost)
		return;
	if (f->held || d->proto->gap(d->state, flow, n, &m)) {
		lose(d, flow, "lost bytes");
		f->broken_call = false;
		return;
	}
	deliver(d, flow, &m);
}

void drive_eof(struct drive *d, enum flow flow)
{
	struct drive_flow *f = &d->flow[flow];
	struct msg m = { 0 };

	if (d->upgraded || f->ended)
		return;
	f->ended = true;
	d->proto->eof(d->state, flow, &m);
	deliver(d, flow, &m);
	must(!f->open, "the flow ended, its message did not");
}
