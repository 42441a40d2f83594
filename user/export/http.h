/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One HTTP server that is posted to, over one connection that is kept alive: libcurl behind a few words. Blocks the
 * calling thread until the answer is there, the time is over, or the hurry's end has come.
 */
#ifndef EXPORT_HTTP_H
#define EXPORT_HTTP_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "export/exporter.h"
#include "export/retry.h"

#define HTTP_REPLY_MAX	((size_t)4 << 20)	/* OTLP: a larger one is refused */

struct http;

/* What is posted. */
struct http_kind {
	const char *content_type;
	const char *gzip_header;	/* says that a body is compressed */
	const char *const *headers;	/* more of them */
	size_t headers_cnt;
	bool tells_timeout;		/* each post says how long its answer is waited for, as gRPC does */
	bool http2;			/* nothing less will do, without TLS either */
};

struct http_reply {
	struct attempt attempt;
	enum attempt_end transfer;	/* how the transfer ended, also when a status had come before that */
	bool own_type;			/* Content-Type of the body is the kind's */
	struct buf body;
	char why[256];			/* for a person: "Connection refused" */
};

/* kind is borrowed. */
int http_new(const struct export_env *env, const struct http_kind *kind, struct http **ret_http,
	     struct err *err) __must_check;
void http_free(struct http *h);		/* NULL ok */
void http_post(struct http *h, struct slice body, bool gzipped, uint64_t until_ns, struct http_reply *reply);
/* Of the reply that came last, also from its trailers; lives until the next post. NULL: there is none. */
const char *http_header(const struct http *h, const char *name);

void http_reply_init(struct http_reply *r);	/* can be used for any number of posts */
void http_reply_release(struct http_reply *r);

/* A connection attempt that goes on beside other work: does anybody listen there? */
struct http_probe;

enum http_probe_state { PROBE_GOES_ON, PROBE_FAILED, PROBE_CONNECTED };

struct http_probe *http_probe_new(const struct export_options *opt);	/* NULL: out of memory, or a bad endpoint */
void http_probe_free(struct http_probe *p);		/* NULL ok */
void http_probe_begin(struct http_probe *p, uint64_t timeout_ms);	/* may be repeated after its end */
/* Waits at most wait_ms for the attempt to end; the time is up by itself after its timeout. */
enum http_probe_state http_probe_step(struct http_probe *p, unsigned wait_ms);

DEFINE_FREEP(http_free, struct http)
DEFINE_FREEP(http_probe_free, struct http_probe)

#endif
