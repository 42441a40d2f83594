/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An HTTP server on a thread of its own that answers by a script and remembers what it was sent: the backend of tests.
 * One connection at a time.
 */
#ifndef TESTS_UNIT_LIB_COLLECTOR_H
#define TESTS_UNIT_LIB_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum collector_act {
	COLLECT_ANSWER,	/* status, headers, body */
	COLLECT_HANG,	/* says nothing until the client goes */
	COLLECT_CLOSE,	/* reads the request and closes */
	COLLECT_RAW,	/* sends `body` as it is and closes */
	COLLECT_DRIP,	/* answers 200, a byte every 10 ms */
};

struct collector_step {
	enum collector_act act;
	int status;
	const char *headers;	/* whole lines, "Retry-After: 1\r\n"; NULL: none */
	const char *body;	/* NULL: zeros */
	size_t body_len;
};

struct collector_request {
	char head[4096];
	char *body;		/* followed by a NUL */
	size_t body_len;
	uint64_t at_ns;		/* monotonic: when it had come */
};

struct collector;

/* Steps are answered in order, the last one again and again. port 0: any. */
struct collector *collector_start(const struct collector_step *steps, size_t n, uint16_t port);
void collector_stop(struct collector *c);	/* also closes the connection; NULL ok */
uint16_t collector_port(const struct collector *c);
size_t collector_requests(struct collector *c);
size_t collector_connections(struct collector *c);
/* Waits until so many requests have come; false: they have not within 10 s. */
bool collector_wait(struct collector *c, size_t requests);
/* Lives until collector_stop(). */
const struct collector_request *collector_request(struct collector *c, size_t i);

#endif
