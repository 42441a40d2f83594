/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A backend that spans are posted to, OTLP or another (otlp_wire.h): one request per batch, tried again by the rules of
 * retry.c within the export's time. While the backend is away the queue before us fills and then drops; the person is
 * told when that begins and when it is over.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "export/grpc.h"
#include "export/gzip.h"
#include "export/otlp_wire.h"
#include "export/text.h"
#include "export/url.h"

#define REQUEST_MAX  ((size_t)64 << 20) /* OTLP: receivers may refuse more, compressed or not */
#define TOLD_COLUMNS 200 /* of a message from the backend */
#define TOLD_MAX     (8 * TOLD_COLUMNS)

#define TEXT_MAX ((size_t)256 << 20) /* of a request as JSON: what is too large is said below */

struct otlp_exporter {
	struct export_env env;
	struct export_options opt;
	const struct otlp_wire *wire;
	enum signal signal;
	struct http *http;
	struct otlp *otlp;
	struct gzip *gzip; /* NULL: not asked for */
	struct rand rand;
	struct buf text, frame; /* of requests, as far as their wire needs it */
	struct http_reply reply;
	struct otlp_answer answer;
	char *where; /* the endpoint without its secrets */
	uint64_t not_before_ns; /* the server wants to be left alone until then */
	bool away;
	uint64_t lost; /* spans given up since it is away */
	uint64_t dropped_then; /* *env->dropped when it went away */
	unsigned told_status; /* the refusal that was told last, until something is accepted */
	bool told_partial, told_no_otlp;
};

/* What is sent at once: n spans, or n lines. */
struct parcel {
	struct span *const *spans;
	struct log_line *const *lines;
	size_t n;
};

static const char *noun(const struct otlp_exporter *e)
{
	return e->signal == SIGNAL_LOGS ? "log lines" : "spans";
}

static uint64_t dropped(const struct otlp_exporter *e)
{
	return e->env.dropped[e->signal];
}

void wire_close(void *self)
{
	struct otlp_exporter *e = self;

	if (!e)
		return;
	http_free(e->http);
	otlp_free(e->otlp);
	gzip_free(e->gzip);
	http_reply_release(&e->reply);
	buf_release(&e->answer.message);
	buf_release(&e->text);
	buf_release(&e->frame);
	free(e->where);
	free(e);
}

DEFINE_FREEP(wire_close, struct otlp_exporter)

const struct otlp_wire *otlp_wire_of(const struct export_options *opt)
{
	static const struct otlp_wire *const wires[] = {
		[PROTOCOL_HTTP] = &otlp_wire_http,
		[PROTOCOL_GRPC] = &otlp_wire_grpc,
		[PROTOCOL_JSON] = &otlp_wire_json,
	};

	return wires[opt->protocol];
}

/* The endpoint without its secrets. NULL: out of memory. */
static char *where(const struct export_options *opt, const struct otlp_wire *wire)
{
	char *text = NULL;

	if (opt->unix_socket)
		return asprintf(&text, "unix:%s", opt->unix_socket) < 0 ? NULL : text;
	return wire->grpc ? url_origin(opt->endpoint) : url_shown(opt->endpoint);
}

/* What has a length of its own, and therefore an end. */
static void init_buffers(struct otlp_exporter *e)
{
	http_reply_init(&e->reply);
	buf_init(&e->answer.message, OTLP_MESSAGE_MAX);
	buf_init(&e->text, TEXT_MAX);
	buf_init(&e->frame, REQUEST_MAX + 64);
}

int wire_open(const struct export_env *env, const struct otlp_wire *wire,
	      const struct export_options *opt, enum signal signal, void **ret_self,
	      struct err *err)
{
	_cleanup_(wire_closep) struct otlp_exporter *e = calloc(1, sizeof(*e));
	struct rand_seed seed;
	int code;

	if (!e)
		return err_set(err, -ENOMEM, "out of memory");
	e->opt = opt ? *opt : *env->opt;
	e->env = *env;
	e->env.opt = &e->opt;
	e->wire = wire;
	e->signal = signal;
	init_buffers(e);
	code = http_new(&e->env, &wire->http, &e->http, err);
	if (code)
		return code;
	code = rand_seed_new(&seed);
	if (code)
		return err_set(err, code, "no random numbers: %s", strerror(-code));
	rand_init(&e->rand, &seed);
	e->otlp = otlp_new(e->opt.version);
	e->where = where(&e->opt, wire);
	if (e->opt.gzip)
		e->gzip = gzip_new();
	if (!e->otlp || !e->where || (e->opt.gzip && !e->gzip))
		return err_set(err, -ENOMEM, "out of memory");
	*ret_self = take_ptr(e);
	return 0;
}

static int otlp_open(const struct export_env *env, const char *target, void **ret_self,
		     struct err *err)
{
	if (target)
		return err_set(err, -EINVAL,
			       "exporter 'otlp' takes no target; "
			       "use --endpoint for its URL");
	return wire_open(env, otlp_wire_of(env->opt), NULL, SIGNAL_SPANS, ret_self, err);
}

static int otlp_logs_open(const struct export_env *env, const char *target, void **ret_self,
			  struct err *err)
{
	struct export_options opt = *env->opt;

	opt.endpoint = opt.logs_endpoint;
	return wire_open(env, otlp_wire_of(&opt), &opt, SIGNAL_LOGS, ret_self, err);
}

int wire_describe(const void *self, struct buf *out)
{
	const struct otlp_exporter *e = self;

	return buf_printf(out, "%s at %s", e->wire->name, e->where);
}

/* --- what the person is told --- */

/* The message comes from the other end and is shown on a terminal. */
static void told(struct buf *out, struct slice message)
{
	text_put(out, message, TOLD_COLUMNS);
}

static void went_away(struct otlp_exporter *e)
{
	_cleanup_(buf_release) struct buf said;

	buf_init(&said, TOLD_MAX);
	if (e->away)
		return;
	told(&said, buf_slice(&e->answer.message));
	e->away = true;
	e->lost = 0;
	e->dropped_then = dropped(e);
	log_warn("export: %s takes no %s (%s%s%s); %s", e->where, noun(e), e->answer.why,
		 said.n ? ": " : "", said.n ? said.p : "",
		 hurry_closing(e->env.hurry) ? "what is left is lost"
					     : "trying again, what the queue cannot hold is lost");
}

static void came_back(struct otlp_exporter *e)
{
	uint64_t lost = e->lost + dropped(e) - e->dropped_then;

	if (!e->away)
		return;
	e->away = false;
	log_info("export: %s takes %s again, %llu were lost meanwhile", e->where, noun(e),
		 (unsigned long long)lost);
}

static void tell(enum log_level level, const struct otlp_exporter *e, const char *what,
		 struct slice message)
{
	_cleanup_(buf_release) struct buf text;

	buf_init(&text, TOLD_MAX);
	told(&text, message);
	log_line(level, "export: %s %s%s%s", e->where, what, text.n ? ": " : "",
		 text.n ? text.p : "");
}

/* --- what an answer says --- */

static void accepted(struct otlp_exporter *e, size_t n, struct export_counts *counts)
{
	const struct otlp_answer *a = &e->answer;
	size_t rejected = (size_t)min(a->rejected, (uint64_t)n);
	char what[96];

	if ((rejected || a->message.n) && !e->told_partial) {
		snprintf(what, sizeof(what), "refuses some of the %s", noun(e));
		tell(LOG_WARN, e, rejected ? what : "warns", buf_slice(&a->message));
		e->told_partial = true;
	}
	if (a->unreadable && !e->told_no_otlp) {
		snprintf(what, sizeof(what),
			 "accepts %s, but its answer is not OTLP: is it a collector?", noun(e));
		tell(LOG_WARN, e, what, slice_str(NULL));
		e->told_no_otlp = true;
	}
	counts->rejected += rejected;
	counts->sent += n - rejected;
	e->told_status = 0;
	came_back(e);
}

static void refused(struct otlp_exporter *e, size_t n, struct export_counts *counts)
{
	unsigned status = e->answer.attempt.status;
	char what[320];

	counts->rejected += n;
	came_back(e);
	if (e->told_status == status + 1)
		return;
	e->told_status = status + 1;
	snprintf(what, sizeof(what), "refuses the %s (%s)", noun(e), e->answer.why);
	tell(LOG_WARN, e, what, buf_slice(&e->answer.message));
}

static void given_up(struct otlp_exporter *e, size_t n, struct export_counts *counts)
{
	counts->failed += n;
	went_away(e);
	e->lost += n;
}

/* --- sending --- */

/* The request before it is packed. Empty: there is no memory for it, or it would be too large. */
static struct slice encode(struct otlp_exporter *e, const struct parcel *p)
{
	struct slice text;

	buf_clear(&e->text);
	text = p->lines ? e->wire->encode_logs(e->otlp, &e->text, p->lines, p->n)
			: e->wire->encode(e->otlp, &e->text, p->spans, p->n);
	return text.n <= REQUEST_MAX ? text : (struct slice){ 0 };
}

static struct slice pack(struct otlp_exporter *e, struct slice body)
{
	if (e->gzip)
		body = gzip_pack(e->gzip, body);
	if (!body.p || !e->wire->grpc)
		return body;
	buf_clear(&e->frame);
	return grpc_frame(&e->frame, body, e->gzip) ? (struct slice){ 0 } : buf_slice(&e->frame);
}

/* Waits out what the server asked for; a flush does not shorten that. False: there is no time for it. */
static bool may_send(struct otlp_exporter *e, uint64_t until_ns)
{
	while (clock_mono_ns() < min(e->not_before_ns, min(until_ns, hurry_end_ns(e->env.hurry))))
		hurry_wait(e->env.hurry, min(e->not_before_ns, until_ns));
	return clock_mono_ns() >= e->not_before_ns;
}

static uint64_t left_ms(const struct otlp_exporter *e, uint64_t until_ns)
{
	uint64_t now = clock_mono_ns(), end = min(until_ns, hurry_end_ns(e->env.hurry));

	if (end == UINT64_MAX)
		return UINT64_MAX;
	return end > now ? (end - now) / NSEC_PER_MSEC : 0;
}

static void post(struct otlp_exporter *e, struct slice body, uint64_t until_ns)
{
	struct otlp_answer *a = &e->answer;

	http_post(e->http, body, e->gzip, until_ns, &e->reply);
	buf_clear(&a->message);
	a->attempt = e->reply.attempt;
	a->why = e->reply.why;
	a->unreadable = false;
	a->rejected = 0;
	e->wire->read(e->http, &e->reply, a);
}

/* One attempt, and the wait for the next one if there is to be one. */
static enum retry_verdict try_once(struct otlp_exporter *e, struct slice body, unsigned tries,
				   uint64_t until_ns, struct export_counts *counts)
{
	enum retry_verdict verdict;
	uint64_t wait_ms, until;

	if (!may_send(e, until_ns))
		return RETRY_GIVE_UP;
	counts->requests++;
	counts->retries += tries > 1;
	post(e, body, until_ns);
	verdict = retry_decide(&e->answer.attempt, tries, left_ms(e, until_ns), rand_u64(&e->rand),
			       &wait_ms);
	until = clock_mono_ns() + wait_ms * NSEC_PER_MSEC;
	if (wait_ms && e->answer.attempt.retry_after_ms)
		e->not_before_ns = until;
	if (verdict != RETRY_WAIT)
		return verdict;
	/* At the end the person waits, and a backend that was away before will hardly come back just now. */
	if (e->away && hurry_closing(e->env.hurry))
		return RETRY_GIVE_UP;
	if (tries > 1)
		went_away(e);
	hurry_wait(e->env.hurry, min(until, until_ns));
	return RETRY_WAIT;
}

static void send_body(struct otlp_exporter *e, struct slice body, size_t n,
		      struct export_counts *counts)
{
	uint64_t timeout = min(e->opt.timeout_ms, UINT32_MAX) * NSEC_PER_MSEC;
	uint64_t until_ns = timeout ? clock_mono_ns() + timeout : UINT64_MAX;
	enum retry_verdict verdict = RETRY_WAIT;
	unsigned tries = 0;

	while (verdict == RETRY_WAIT)
		verdict = try_once(e, body, ++tries, until_ns, counts);
	if (verdict == RETRY_ACCEPTED)
		accepted(e, n, counts);
	else if (verdict == RETRY_REFUSED)
		refused(e, n, counts);
	else
		given_up(e, n, counts);
}

static struct parcel part_of(const struct parcel *p, size_t from, size_t n)
{
	return (struct parcel){
		.spans = p->spans ? p->spans + from : NULL,
		.lines = p->lines ? p->lines + from : NULL,
		.n = n,
	};
}

/* What is too large for one request becomes two. */
static void send_parcel(struct otlp_exporter *e, const struct parcel *p,
			struct export_counts *counts)
{
	struct slice body = encode(e, p);
	struct parcel first, rest;
	size_t half = p->n / 2;

	if (!body.p && half) {
		first = part_of(p, 0, half);
		rest = part_of(p, half, p->n - half);
		send_parcel(e, &first, counts);
		send_parcel(e, &rest, counts);
		return;
	}
	body = body.p ? pack(e, body) : body;
	if (body.p) {
		send_body(e, body, p->n, counts);
		return;
	}
	tell(LOG_WARN, e, "gets no request", slice_str("there is no memory for it"));
	counts->failed += p->n;
}

void wire_send(void *self, struct span *const *spans, size_t n, struct export_counts *counts)
{
	send_parcel(self, &(struct parcel){ .spans = spans, .n = n }, counts);
}

void wire_send_logs(void *self, struct log_line *const *lines, size_t n,
		    struct export_counts *counts)
{
	send_parcel(self, &(struct parcel){ .lines = lines, .n = n }, counts);
}

const struct exporter exporter_otlp_logs = {
	.name = "otlp",
	.open = otlp_logs_open,
	.describe = wire_describe,
	.send_logs = wire_send_logs,
	.close = wire_close,
};

const struct exporter exporter_otlp = {
	.name = "otlp",
	.open = otlp_open,
	.describe = wire_describe,
	.send = wire_send,
	.logs = &exporter_otlp_logs,
	.close = wire_close,
};
