/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A server for HTTP/2 without TLS, on a thread of its own, that answers by a script: the gRPC backend of tests. It does
 * not understand what it is asked, only where a request ends.
 */
#ifndef TESTS_UNIT_LIB_H2_H
#define TESTS_UNIT_LIB_H2_H

#include <stddef.h>
#include <stdint.h>

enum h2_act {
	H2_ANSWER,	/* headers, then body and trailers where there are any */
	H2_CUT,		/* the headers, then the connection is closed */
	H2_RESET,	/* RST_STREAM */
	H2_HANG,	/* nothing */
};

struct h2_step {
	enum h2_act act;
	const char *headers;	/* "name: value\n", beside :status 200; NULL: none */
	const char *body;
	size_t body_len;
	const char *trailers;	/* NULL: the answer ends with its headers or its body */
};

#define H2_REQUESTS_MAX 16
#define H2_BODY_MAX	65535	/* no window is ever opened further */

struct h2_server;

/* Steps are answered in order, the last one again and again. */
struct h2_server *h2_start(const struct h2_step *steps, size_t n);
void h2_stop(struct h2_server *s);
uint16_t h2_port(const struct h2_server *s);
/* Complete ones; what an answer has come for is there. */
size_t h2_requests(const struct h2_server *s);
const char *h2_body(const struct h2_server *s, size_t i, size_t *ret_len);

#endif
