/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "export/grpc.h"
#include "export/gzip.h"
#include "export/json_message.h"
#include "export/metrics_message.h"
#include "export/otlp_wire.h"
#include "export/text.h"
#include "export/url.h"

#define MESSAGE_MAX  ((size_t)1 << 20) /* a hundred values, at most 200 bytes each, JSON included */
#define TOLD_COLUMNS 200 /* of what the backend says */

struct metrics {
	struct export_options opt; /* with the endpoint of metrics */
	struct export_env env;
	struct hurry hurry;
	const struct otlp_wire *wire;
	struct http *http;
	struct gzip *gzip; /* NULL: not asked for */
	const struct attrs *resource;
	uint64_t start_wall_ns;
	char *where;
	pthread_t thread;
	const struct lane_entry *entry;
	bool started;

	/* the thread's own */
	struct buf body, frame;
	struct http_reply reply;
	struct otlp_answer answer;
	bool refused; /* and it has been told */

	pthread_mutex_t lock; /* over everything below */
	pthread_cond_t work;
	struct buf next; /* the message to be posted; empty: none */
	bool ending;
};

static void init_buffers(struct metrics *m)
{
	buf_init(&m->body, MESSAGE_MAX);
	buf_init(&m->frame, MESSAGE_MAX + 64);
	buf_init(&m->next, MESSAGE_MAX);
	buf_init(&m->answer.message, OTLP_MESSAGE_MAX);
	http_reply_init(&m->reply);
}

int metrics_new(const struct export_options *opt, const struct attrs *resource,
		uint64_t start_wall_ns, struct metrics **ret_metrics, struct err *err)
{
	_cleanup_(metrics_freep) struct metrics *m = calloc(1, sizeof(*m));
	int code;

	if (!m)
		return err_set(err, -ENOMEM, "out of memory");
	m->opt = *opt;
	m->opt.endpoint = opt->metrics_endpoint;
	m->hurry.fd = -1;
	m->resource = resource;
	m->start_wall_ns = start_wall_ns;
	m->wire = otlp_wire_of(opt);
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->work, NULL);
	init_buffers(m);
	code = hurry_init(&m->hurry);
	if (code)
		return err_set(err, code, "cannot make an eventfd: %s", strerror(-code));
	m->env = (struct export_env){ .opt = &m->opt, .hurry = &m->hurry };
	code = http_new(&m->env, &m->wire->http, &m->http, err);
	if (code)
		return code;
	m->where = url_shown(m->opt.endpoint);
	m->gzip = opt->gzip ? gzip_new() : NULL;
	if (!m->where || (opt->gzip && !m->gzip))
		return err_set(err, -ENOMEM, "out of memory");
	*ret_metrics = take_ptr(m);
	return 0;
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	http_free(m->http);
	gzip_free(m->gzip);
	http_reply_release(&m->reply);
	buf_release(&m->answer.message);
	buf_release(&m->body);
	buf_release(&m->frame);
	buf_release(&m->next);
	hurry_release(&m->hurry);
	pthread_cond_destroy(&m->work);
	pthread_mutex_destroy(&m->lock);
	free(m->where);
	free(m);
}

/* --- the thread --- */

static void tell(struct metrics *m, bool accepted)
{
	_cleanup_(buf_release) struct buf said = BUF_INIT(8 * TOLD_COLUMNS);

	if (accepted == !m->refused)
		return;
	m->refused = !accepted;
	text_put(&said, buf_slice(&m->answer.message), TOLD_COLUMNS);
	if (accepted)
		log_info("export: %s takes metrics again", m->where);
	else
		log_warn("export: %s takes no metrics (%s%s%s)", m->where, m->answer.why,
			 said.n ? ": " : "", said.n ? said.p : "");
}

/* The body as the wire has it. Empty: no memory. */
static struct slice dress(struct metrics *m)
{
	struct slice body = buf_slice(&m->body);

	if (m->gzip)
		body = gzip_pack(m->gzip, body);
	if (!body.p || !m->wire->grpc)
		return body;
	buf_clear(&m->frame);
	return grpc_frame(&m->frame, body, m->gzip) ? (struct slice){ NULL, 0 }
						    : buf_slice(&m->frame);
}

static void post(struct metrics *m)
{
	uint64_t timeout = m->opt.timeout_ms ? m->opt.timeout_ms : EXPORT_TIMEOUT_MS, wait_ms;
	struct otlp_answer *a = &m->answer;
	struct slice body = dress(m);

	if (!body.p)
		return;
	http_post(m->http, body, m->gzip, clock_mono_ns() + timeout * NSEC_PER_MSEC, &m->reply);
	buf_clear(&a->message);
	a->attempt = m->reply.attempt;
	a->why = m->reply.why;
	m->wire->read(m->http, &m->reply, a);
	tell(m, retry_decide(&a->attempt, 1, 0, 0, &wait_ms) == RETRY_ACCEPTED);
}

/* Takes the next message, waits for one; false: none comes any more. */
static bool take_next(struct metrics *m)
{
	struct buf empty = m->body;
	bool any;

	pthread_mutex_lock(&m->lock);
	while (!m->next.n && !m->ending)
		pthread_cond_wait(&m->work, &m->lock);
	any = m->next.n;
	m->body = m->next;
	m->next = empty;
	buf_clear(&m->next);
	pthread_mutex_unlock(&m->lock);
	return any;
}

static void *run(void *arg)
{
	struct metrics *m = arg;

	if (m->entry)
		m->entry->enter(m->entry->ctx);
	while (take_next(m))
		post(m);
	return NULL;
}

/* --- everybody else --- */

int metrics_start(struct metrics *m, const struct lane_entry *entry, struct err *err)
{
	sigset_t all, old;
	int code;

	m->entry = entry;
	sigfillset(&all); /* as in lane_start() */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	code = pthread_create(&m->thread, NULL, run, m);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (code)
		return err_set(err, -code, "cannot start a thread: %s", strerror(code));
	m->started = true;
	return 0;
}

static int encode(struct metrics *m, const Otlp__ExportMetricsServiceRequest *req, struct buf *out)
{
	size_t n;
	int err;

	if (m->opt.protocol == PROTOCOL_JSON)
		return json_message(out, &req->base);
	n = otlp__export_metrics_service_request__get_packed_size(req);
	err = buf_reserve(out, n);
	if (!err)
		out->n = otlp__export_metrics_service_request__pack(req, (uint8_t *)out->p);
	return err;
}

void metrics_put(struct metrics *m, const struct metric *v, size_t n, uint64_t wall_ns)
{
	_cleanup_(metrics_tree_freep) struct metrics_tree *t =
		metrics_tree_new(v, n, m->resource, m->opt.version, m->start_wall_ns, wall_ns);

	if (!t)
		return;
	pthread_mutex_lock(&m->lock);
	buf_clear(&m->next);
	if (encode(m, metrics_tree_request(t), &m->next))
		buf_clear(&m->next);
	pthread_cond_signal(&m->work);
	pthread_mutex_unlock(&m->lock);
}

void metrics_end(struct metrics *m, uint64_t timeout_ms)
{
	uint64_t ms = timeout_ms ? min(timeout_ms, UINT32_MAX) : EXPORT_TIMEOUT_MS;

	if (!m->started)
		return;
	pthread_mutex_lock(&m->lock);
	m->ending = true;
	pthread_cond_signal(&m->work);
	pthread_mutex_unlock(&m->lock);
	hurry_end(&m->hurry, clock_mono_ns() + ms * NSEC_PER_MSEC);
	pthread_join(m->thread, NULL);
	m->started = false;
}
