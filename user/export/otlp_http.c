/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * OTLP over HTTP: one request per batch, tried again by the rules of retry.c within the export's time. While the
 * backend is away the queue before us fills and then drops; the person is told when that begins and when it is over.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "export/gzip.h"
#include "export/http.h"
#include "export/otlp.h"
#include "export/text.h"
#include "export/url.h"

#define REQUEST_MAX  ((size_t)64 << 20) /* OTLP: receivers may refuse more, compressed or not */
#define TOLD_COLUMNS 200 /* of a message from the backend */

struct otlp_exporter {
	const struct export_env *env;
	struct http *http;
	struct otlp *otlp;
	struct gzip *gzip; /* NULL: not asked for */
	struct rand rand;
	struct http_reply reply;
	char *where; /* the endpoint without its secrets */
	uint64_t not_before_ns; /* the server wants to be left alone until then */
	bool away;
	uint64_t lost; /* spans given up since it is away */
	uint64_t dropped_then; /* *env->dropped when it went away */
	unsigned told_status; /* the refusal that was told last, until something is accepted */
	bool told_partial, told_no_otlp;
};

static void otlp_close(void *self)
{
	struct otlp_exporter *e = self;

	if (!e)
		return;
	http_free(e->http);
	otlp_free(e->otlp);
	gzip_free(e->gzip);
	http_reply_release(&e->reply);
	free(e->where);
	free(e);
}

DEFINE_FREEP(otlp_close, struct otlp_exporter)

static int otlp_open(const struct export_env *env, const char *target, void **ret_self,
		     struct err *err)
{
	_cleanup_(otlp_closep) struct otlp_exporter *e = NULL;
	struct rand_seed seed;
	int code;

	if (target)
		return err_set(err, -EINVAL,
			       "exporter 'otlp' takes no target; "
			       "use --endpoint for its URL");
	e = calloc(1, sizeof(*e));
	if (!e)
		return err_set(err, -ENOMEM, "out of memory");
	e->env = env;
	http_reply_init(&e->reply);
	code = http_new(env, "application/x-protobuf", &e->http, err);
	if (code)
		return code;
	code = rand_seed_new(&seed);
	if (code)
		return err_set(err, code, "no random numbers: %s", strerror(-code));
	rand_init(&e->rand, &seed);
	e->otlp = otlp_new(env->opt->version);
	e->where = url_shown(env->opt->endpoint);
	if (env->opt->gzip)
		e->gzip = gzip_new();
	if (!e->otlp || !e->where || (env->opt->gzip && !e->gzip))
		return err_set(err, -ENOMEM, "out of memory");
	*ret_self = take_ptr(e);
	return 0;
}

static int otlp_describe(const void *self, struct buf *out)
{
	const struct otlp_exporter *e = self;

	return buf_printf(out, "OTLP at %s", e->where);
}

/* --- what the person is told --- */

static void went_away(struct otlp_exporter *e)
{
	if (e->away)
		return;
	e->away = true;
	e->lost = 0;
	e->dropped_then = *e->env->dropped;
	log_warn("export: %s takes no spans (%s); %s", e->where, e->reply.why,
		 hurry_closing(e->env->hurry) ? "what is left is lost"
					      : "trying again, what the queue cannot hold is lost");
}

static void came_back(struct otlp_exporter *e)
{
	uint64_t lost = e->lost + *e->env->dropped - e->dropped_then;

	if (!e->away)
		return;
	e->away = false;
	log_info("export: %s takes spans again, %llu were lost meanwhile", e->where,
		 (unsigned long long)lost);
}

/* The message comes from the other end and is shown on a terminal. */
static void tell(enum log_level level, const struct otlp_exporter *e, const char *what,
		 const char *message)
{
	_cleanup_(buf_release) struct buf text;

	buf_init(&text, 8 * TOLD_COLUMNS);
	text_put(&text, slice_str(message), TOLD_COLUMNS);
	log_line(level, "export: %s %s%s%s", e->where, what, text.n ? ": " : "",
		 text.n ? text.p : "");
}

/* --- what an answer says --- */

static void accepted(struct otlp_exporter *e, size_t n, struct export_counts *counts)
{
	const struct slice body = buf_slice(&e->reply.body);
	Otlp__ExportTraceServiceResponse *rsp = NULL;
	Otlp__ExportTracePartialSuccess *partial;
	size_t rejected = 0;

	if (e->reply.protobuf)
		rsp = otlp__export_trace_service_response__unpack(NULL, body.n,
								  (const uint8_t *)body.p);
	partial = rsp ? rsp->partial_success : NULL;
	if (partial && partial->rejected_spans > 0)
		rejected = (size_t)min((uint64_t)partial->rejected_spans, (uint64_t)n);
	if (partial && (rejected || *partial->error_message) && !e->told_partial) {
		tell(LOG_WARN, e, rejected ? "refuses some of the spans" : "warns",
		     partial->error_message);
		e->told_partial = true;
	}
	if (!rsp && body.n && !e->told_no_otlp) {
		tell(LOG_WARN, e, "accepts spans, but its answer is not OTLP: is it a collector?",
		     "");
		e->told_no_otlp = true;
	}
	counts->rejected += rejected;
	counts->sent += n - rejected;
	if (rsp)
		otlp__export_trace_service_response__free_unpacked(rsp, NULL);
	e->told_status = 0;
	came_back(e);
}

static void refused(struct otlp_exporter *e, size_t n, struct export_counts *counts)
{
	const struct slice body = buf_slice(&e->reply.body);
	unsigned status = e->reply.attempt.status;
	Otlp__RpcStatus *st = NULL;
	char what[320];

	counts->rejected += n;
	came_back(e);
	if (e->told_status == status + 1)
		return;
	e->told_status = status + 1;
	if (e->reply.protobuf)
		st = otlp__rpc_status__unpack(NULL, body.n, (const uint8_t *)body.p);
	snprintf(what, sizeof(what), "refuses the spans (%s)", e->reply.why);
	tell(LOG_WARN, e, what, st ? st->message : "");
	if (st)
		otlp__rpc_status__free_unpacked(st, NULL);
}

static void given_up(struct otlp_exporter *e, size_t n, struct export_counts *counts)
{
	counts->failed += n;
	went_away(e);
	e->lost += n;
}

/* --- sending --- */

static struct slice make_body(struct otlp_exporter *e, struct span *const *spans, size_t n)
{
	Otlp__ExportTraceServiceRequest *req = otlp_request(e->otlp, spans, n);
	struct slice none = { NULL, 0 }, body = req ? otlp_pack(e->otlp, req) : none;

	if (!body.p || body.n > REQUEST_MAX) {
		tell(LOG_WARN, e, "gets no request",
		     body.p ? "it is larger than 64 MiB" : "out of memory");
		return none;
	}
	return e->gzip ? gzip_pack(e->gzip, body) : body;
}

/* Waits out what the server asked for; a flush does not shorten that. False: there is no time for it. */
static bool may_send(struct otlp_exporter *e, uint64_t until_ns)
{
	while (clock_mono_ns() < min(e->not_before_ns, min(until_ns, hurry_end_ns(e->env->hurry))))
		hurry_wait(e->env->hurry, min(e->not_before_ns, until_ns));
	return clock_mono_ns() >= e->not_before_ns;
}

static uint64_t left_ms(const struct otlp_exporter *e, uint64_t until_ns)
{
	uint64_t now = clock_mono_ns(), end = min(until_ns, hurry_end_ns(e->env->hurry));

	if (end == UINT64_MAX)
		return UINT64_MAX;
	return end > now ? (end - now) / NSEC_PER_MSEC : 0;
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
	http_post(e->http, body, e->gzip, until_ns, &e->reply);
	verdict = retry_decide(&e->reply.attempt, tries, left_ms(e, until_ns), rand_u64(&e->rand),
			       &wait_ms);
	until = clock_mono_ns() + wait_ms * NSEC_PER_MSEC;
	if (wait_ms && e->reply.attempt.retry_after_ms)
		e->not_before_ns = until;
	if (verdict != RETRY_WAIT)
		return verdict;
	/* At the end the person waits, and a backend that was away before will hardly come back just now. */
	if (e->away && hurry_closing(e->env->hurry))
		return RETRY_GIVE_UP;
	if (tries > 1)
		went_away(e);
	hurry_wait(e->env->hurry, min(until, until_ns));
	return RETRY_WAIT;
}

static void otlp_send(void *self, struct span *const *spans, size_t n, struct export_counts *counts)
{
	struct otlp_exporter *e = self;
	uint64_t timeout = min(e->env->opt->timeout_ms, UINT32_MAX) * NSEC_PER_MSEC;
	uint64_t until_ns = timeout ? clock_mono_ns() + timeout : UINT64_MAX;
	struct slice body = make_body(e, spans, n);
	enum retry_verdict verdict = RETRY_WAIT;
	unsigned tries = 0;

	if (!body.p) {
		counts->failed += n;
		return;
	}
	while (verdict == RETRY_WAIT)
		verdict = try_once(e, body, ++tries, until_ns, counts);
	if (verdict == RETRY_ACCEPTED)
		accepted(e, n, counts);
	else if (verdict == RETRY_REFUSED)
		refused(e, n, counts);
	else
		given_up(e, n, counts);
}

const struct exporter exporter_otlp = {
	.name = "otlp",
	.open = otlp_open,
	.describe = otlp_describe,
	.send = otlp_send,
	.close = otlp_close,
};
