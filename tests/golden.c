/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Golden tests of the decoders: `golden [--update] FILE...`, where FILE is
 * tests/golden/PROTOCOL/NAME.txt:
 *
 *	Prose: which rule this is about.
 *	---
 *	> GET / HTTP/1.1\r\n		bytes of the request flow; \r \n \t \\ \xHH are escapes
 *	> Host: a\r\n\r\n		adjacent lines of one flow are one call
 *	<*1000 x			a thousand times "x" in the response flow
 *	< ---
 *	<gap 30				30 bytes of it that nobody saw
 *	<call				the next line is another call
 *	<eof
 *	client				(first) as the client sees it, not the server
 *	unix · midway · redact KEY	a unix socket; attached midway; one more secret query key
 *	---
 *	the expected events
 *
 * Every file is played whole, in pieces of each size, cut in two at each position, and with bodies
 * that nobody saw; all must give the same events. Then it is mutated at random, where nothing but
 * the decoder's contract is checked.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/limits.h"
#include "base/cleanup.h"
#include "base/compiler.h"
#include "base/rand.h"
#include "drive.h"

#define FILE_MAX   (1u << 20)
#define BYTES_MAX  (1u << 20) /* of one call */
#define OPS_MAX    128
#define REDACT_MAX 4
#define SMALL      2048 /* inputs up to this are cut everywhere, larger ones at a stride */
#define MUTATIONS  200

enum op_kind { OP_BYTES, OP_GAP, OP_CALL, OP_EOF };

struct op {
	enum op_kind kind;
	enum flow flow;
	struct buf bytes;
	uint64_t n; /* OP_GAP */
};

struct golden {
	const char *path;
	const struct proto *proto;
	struct buf text;
	size_t input_off; /* of the bytes after the first "---" */
	size_t expect_off; /* and of those after the second */
	struct op ops[OPS_MAX];
	size_t ops_cnt;
	size_t total; /* bytes of all calls */
	struct peer_facts peer;
	struct slice redact[REDACT_MAX];
	bool midway;
};

/* How a file is played. */
struct play {
	size_t piece; /* bytes per piece; 0: whole calls */
	size_t cut; /* one more cut, at this position of all bytes; 0: none */
	bool unseen_bodies;
};

static __attribute__((noreturn, format(printf, 2, 3))) void die(const char *path, const char *fmt,
								...)
{
	va_list ap;

	fprintf(stderr, "%s: ", path);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

static void need(bool ok, const char *path)
{
	if (!ok)
		die(path, "too large, or out of memory");
}

/* --- reading a file --- */

static void read_text(struct golden *g)
{
	_cleanup_(fclosep) FILE *f = fopen(g->path, "r");
	char chunk[4096];
	size_t n;

	if (!f)
		die(g->path, "%s", strerror(errno));
	buf_init(&g->text, FILE_MAX);
	while ((n = fread(chunk, 1, sizeof(chunk), f)))
		need(!buf_append(&g->text, chunk, n), g->path);
}

/* The offset behind the next line that is "---". */
static size_t after_ruler(const struct golden *g, size_t from)
{
	static const char ruler[] = "\n---\n";
	char *at = g->text.n > from ? strstr(g->text.p + from, ruler) : NULL;

	return at ? at - g->text.p + sizeof(ruler) - 1 : 0;
}

static int hex_value(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : (tolower((unsigned char)c) - 'a') + 10;
}

static char unescape(const char *path, struct slice *s)
{
	char c = s->p[0];
	size_t used = 1;

	if (c == '\\' && s->n >= 2) {
		used = 2;
		switch (s->p[1]) {
		case 'r':
			c = '\r';
			break;
		case 'n':
			c = '\n';
			break;
		case 't':
			c = '\t';
			break;
		case '\\':
			c = '\\';
			break;
		case 'x':
			if (s->n < 4 || !isxdigit((unsigned char)s->p[2]) ||
			    !isxdigit((unsigned char)s->p[3]))
				die(path, "bad \\x escape");
			c = hex_value(s->p[2]) << 4 | hex_value(s->p[3]);
			used = 4;
			break;
		default:
			die(path, "unknown escape \\%c", s->p[1]);
		}
	}
	*s = slice_sub(*s, used, s->n);
	return c;
}

static struct op *new_op(struct golden *g, enum op_kind kind, enum flow flow)
{
	struct op *op = &g->ops[g->ops_cnt];

	need(g->ops_cnt < OPS_MAX, g->path);
	g->ops_cnt++;
	*op = (struct op){ .kind = kind, .flow = flow };
	buf_init(&op->bytes, BYTES_MAX);
	return op;
}

static void add_bytes(struct golden *g, enum flow flow, struct slice text, uint64_t times)
{
	struct op *op = g->ops_cnt ? &g->ops[g->ops_cnt - 1] : NULL;
	_cleanup_(freep) char *unit = NULL;
	size_t begin;
	char c;

	if (!op || op->kind != OP_BYTES || op->flow != flow)
		op = new_op(g, OP_BYTES, flow);
	begin = op->bytes.n;
	while (text.n) {
		c = unescape(g->path, &text);
		need(!buf_append(&op->bytes, &c, 1), g->path);
	}
	g->total += (op->bytes.n - begin) * times;
	text = slice_sub(buf_slice(&op->bytes), begin, op->bytes.n);
	unit = slice_dup(text);
	need(unit, g->path);
	for (; times > 1; times--)
		need(!buf_append(&op->bytes, unit, text.n), g->path);
}

static void parse_flow_line(struct golden *g, enum flow flow, struct slice line)
{
	struct slice word = slice_split(&line, ' ');
	uint64_t n = 1;

	if (!word.n) {
		add_bytes(g, flow, line, 1);
	} else if (word.p[0] == '*' && slice_u64(slice_sub(word, 1, word.n), 10, &n)) {
		add_bytes(g, flow, line, n);
	} else if (slice_eq(word, SLICE("gap")) && slice_u64(line, 10, &n)) {
		new_op(g, OP_GAP, flow)->n = n;
	} else if (slice_eq(word, SLICE("call"))) {
		new_op(g, OP_CALL, flow);
	} else if (slice_eq(word, SLICE("eof"))) {
		new_op(g, OP_EOF, flow);
	} else {
		die(g->path, "unknown word '" SLICE_FMT "'", SLICE_ARG(word));
	}
}

static void set_peer(struct golden *g, const char *local, uint16_t local_port, const char *peer,
		     uint16_t peer_port)
{
	snprintf(g->peer.local_addr, sizeof(g->peer.local_addr), "%s", local);
	snprintf(g->peer.peer_addr, sizeof(g->peer.peer_addr), "%s", peer);
	g->peer.local_port = local_port;
	g->peer.peer_port = peer_port;
}

static void parse_setting(struct golden *g, struct slice line)
{
	struct slice word = slice_split(&line, ' ');

	if (slice_eq(word, SLICE("client"))) {
		g->peer.server_side = false;
		set_peer(g, "10.0.0.1", 40000, "10.0.0.2", 8080);
	} else if (slice_eq(word, SLICE("unix"))) {
		set_peer(g, g->peer.server_side ? "/run/app.sock" : "", 0,
			 g->peer.server_side ? "" : "/run/app.sock", 0);
	} else if (slice_eq(word, SLICE("ipv6"))) {
		set_peer(g, "2001:db8::1", 40000, "2001:db8::2", 8080);
	} else if (slice_eq(word, SLICE("midway"))) {
		g->midway = true;
	} else if (slice_eq(word, SLICE("redact")) && g->peer.redact_cnt < REDACT_MAX) {
		g->redact[g->peer.redact_cnt++] = line;
	} else {
		die(g->path, "unknown setting '" SLICE_FMT "'", SLICE_ARG(word));
	}
}

static const struct proto *proto_of_path(const char *path)
{
	const char *end = strrchr(path, '/'), *begin = end;
	size_t i;

	while (begin && begin > path && begin[-1] != '/')
		begin--;
	for (i = 0; end && i < PROTO__CNT; i++)
		if (slice_eq((struct slice){ begin, end - begin }, slice_str(proto_get(i)->name)))
			return proto_get(i);
	die(path, "the folder is not named after a protocol");
}

static void golden_load(struct golden *g, const char *path)
{
	struct slice input, line;

	*g = (struct golden){ .path = path,
			      .proto = proto_of_path(path),
			      .peer = { .server_side = true } };
	g->peer.redact = g->redact;
	set_peer(g, "10.0.0.2", 8080, "10.0.0.1", 40000);
	read_text(g);
	g->input_off = after_ruler(g, 0);
	g->expect_off = g->input_off ? after_ruler(g, g->input_off - 1) : 0;
	if (!g->expect_off)
		die(path, "needs prose, '---', input, '---', events");
	input = slice_sub(buf_slice(&g->text), g->input_off,
			  g->expect_off - g->input_off - sizeof("---\n") + 1);
	while (input.n) {
		line = slice_split(&input, '\n');
		if (!line.n)
			continue;
		if (line.p[0] == '>' || line.p[0] == '<')
			parse_flow_line(g, line.p[0] == '<' ? FLOW_RESPONSE : FLOW_REQUEST,
					slice_sub(line, 1, line.n));
		else
			parse_setting(g, line);
	}
}

static void golden_release(struct golden *g)
{
	size_t i;

	for (i = 0; i < g->ops_cnt; i++)
		buf_release(&g->ops[i].bytes);
	buf_release(&g->text);
}

/* --- playing it --- */

static size_t piece_len(const struct play *how, size_t left, size_t at)
{
	size_t n = how->piece ? min(how->piece, left) : left;

	return how->cut > at ? min(n, how->cut - at) : n;
}

static void play_call(struct drive *d, const struct op *op, const struct play *how, size_t *at)
{
	struct slice rest = buf_slice(&op->bytes);
	struct drive_flow *f = &d->flow[op->flow];
	size_t n;

	while (rest.n) {
		n = piece_len(how, rest.n, *at);
		if (how->unseen_bodies && f->skip) {
			n = min(f->skip, rest.n);
			drive_gap(d, op->flow, n);
		} else {
			drive_bytes(d, op->flow, slice_sub(rest, 0, n));
		}
		rest = slice_sub(rest, n, rest.n);
		*at += n;
	}
}

/* The events of one way to play it; the caller frees them. */
static char *play(const struct golden *g, const struct play *how)
{
	struct drive d;
	size_t i, at = 0;
	char *log;

	drive_init(&d, g->proto, &g->peer, g->midway);
	for (i = 0; i < g->ops_cnt; i++) {
		const struct op *op = &g->ops[i];

		if (op->kind == OP_BYTES)
			play_call(&d, op, how, &at);
		else if (op->kind == OP_GAP)
			drive_gap(&d, op->flow, op->n);
		else if (op->kind == OP_EOF)
			drive_eof(&d, op->flow);
		/* A call ends where another one of its flow, or a gap behind it, begins. */
		if (i + 1 == g->ops_cnt || op->kind != OP_BYTES || g->ops[i + 1].kind != OP_GAP)
			drive_call_end(&d, op->flow);
	}
	log = slice_dup(buf_slice(&d.log));
	need(log, g->path);
	drive_release(&d);
	return log;
}

static void show_difference(const char *path, const char *how, size_t n, const char *want,
			    const char *got)
{
	size_t line = 1, i, begin = 0;

	for (i = 0; want[i] && want[i] == got[i]; i++) {
		if (want[i] == '\n') {
			line++;
			begin = i + 1;
		}
	}
	printf("# %s, %s %zu: event line %zu\n#   want: %.*s\n#   got:  %.*s\n", path, how, n, line,
	       (int)strcspn(want + begin, "\n"), want + begin, (int)strcspn(got + begin, "\n"),
	       got + begin);
}

static bool same(const struct golden *g, const struct play *p, const char *how, size_t n,
		 const char *want)
{
	char *got = play(g, p);
	bool ok = !strcmp(got, want);

	if (!ok)
		show_difference(g->path, how, n, want, got);
	free(got);
	return ok;
}

/*
 * Inputs with large bodies or heads are not cut at every byte: holding them costs their size each
 * time.
 */
static size_t stride(const struct golden *g, size_t at)
{
	return g->total <= SMALL || at < 64 ? 1 : g->total / 61;
}

static bool play_all(const struct golden *g, const char *want)
{
	size_t n;

	if (!same(g, &(struct play){ 0 }, "whole", 0, want) ||
	    !same(g, &(struct play){ .unseen_bodies = true }, "bodies unseen", 0, want))
		return false;
	for (n = g->total <= 16 * SMALL ? 1 : 509; n < g->total; n += stride(g, n))
		if (!same(g, &(struct play){ .piece = n }, "in pieces of", n, want))
			return false;
	for (n = 1; n < g->total; n += stride(g, n))
		if (!same(g, &(struct play){ .cut = n }, "cut at", n, want))
			return false;
	return true;
}

static void mutate(struct op *op, struct rand *r)
{
	size_t at;

	if (!op->bytes.n)
		return;
	at = rand_u64(r) % op->bytes.n;
	switch (rand_u64(r) % 4) {
	case 0:
		op->bytes.p[at] = rand_u64(r);
		break;
	case 1:
		op->bytes.p[at] = "\r\n :0,;/"[rand_u64(r) % 8];
		break;
	case 2:
		op->bytes.n = at;
		break;
	default:
		buf_consume(&op->bytes, at);
	}
}

static void play_mutations(const struct golden *g)
{
	struct rand_seed seed = { { 1, 2, 3, 4 } };
	struct golden m = *g;
	struct rand r;
	size_t i, k;

	rand_init(&r, &seed);
	for (k = 0; k < (g->total <= SMALL ? MUTATIONS : MUTATIONS / 20); k++) {
		for (i = 0; i < g->ops_cnt; i++) {
			buf_init(&m.ops[i].bytes, BYTES_MAX);
			need(!buf_append(&m.ops[i].bytes, g->ops[i].bytes.p, g->ops[i].bytes.n),
			     g->path);
		}
		mutate(&m.ops[rand_u64(&r) % m.ops_cnt], &r);
		free(play(&m, &(struct play){ .piece = rand_u64(&r) % 40 }));
		for (i = 0; i < g->ops_cnt; i++)
			buf_release(&m.ops[i].bytes);
	}
}

/* What has been recognised must not have been refused when less of it was there. */
static bool sniff_is_steady(const struct golden *g)
{
	const struct proto *proto = NULL;
	struct slice head;
	enum sniff whole, part;
	size_t n;

	if (g->midway || !g->ops_cnt || g->ops[0].kind != OP_BYTES)
		return true;
	head = buf_slice(&g->ops[0].bytes);
	whole = proto_sniff(head, &proto);
	for (n = 0; n < min(head.n, SMALL); n++) {
		part = proto_sniff(slice_sub(head, 0, n), &proto);
		if (part != SNIFF_MORE && part != whole) {
			printf("# %s: sniffed %d in %zu bytes, %d in all\n", g->path, part, n,
			       whole);
			return false;
		}
	}
	return true;
}

static void golden_update(const struct golden *g, const char *events)
{
	_cleanup_(fclosep) FILE *f = fopen(g->path, "w");

	if (!f)
		die(g->path, "%s", strerror(errno));
	fwrite(g->text.p, 1, g->expect_off, f);
	fputs(events, f);
}

static bool run_file(const char *path, bool update)
{
	struct golden g;
	char *events;
	bool ok;

	golden_load(&g, path);
	events = play(&g, &(struct play){ 0 });
	ok = play_all(&g, update ? events : g.text.p + g.expect_off) && sniff_is_steady(&g);
	if (ok)
		play_mutations(&g);
	if (update)
		golden_update(&g, events);
	free(events);
	golden_release(&g);
	return ok;
}

int main(int argc, char **argv)
{
	bool update = argc > 1 && !strcmp(argv[1], "--update");
	unsigned failed = 0;
	int i;

	for (i = 1 + update; i < argc; i++) {
		bool ok = run_file(argv[i], update);

		printf("%sok %s\n", ok ? "" : "not ", argv[i]);
		failed += !ok;
	}
	return failed || argc < 2;
}
