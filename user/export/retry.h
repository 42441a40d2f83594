/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a failed attempt to export is made again, and when: OTLP's rules, without a clock or a socket. */
#ifndef EXPORT_RETRY_H
#define EXPORT_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* How one attempt ended. */
enum attempt_end {
	ATTEMPT_ANSWERED,	/* with an HTTP status, even if the body was cut off */
	ATTEMPT_RPC,		/* with a gRPC status */
	ATTEMPT_NO_CONNECT,	/* no such host, connection refused, TLS handshake broken off */
	ATTEMPT_CUT,		/* the connection ended before an answer came */
	ATTEMPT_TIMEOUT,	/* no answer within the time given to it */
	ATTEMPT_BROKEN,		/* not HTTP, certificate refused, answer too large: no better next time */
};

struct attempt {
	enum attempt_end end;
	unsigned status;		/* of ATTEMPT_ANSWERED and ATTEMPT_RPC */
	uint64_t retry_after_ms;	/* 0: the server did not say */
};

enum retry_verdict {
	RETRY_ACCEPTED,	/* the spans are with the backend */
	RETRY_REFUSED,	/* they never will be */
	RETRY_GIVE_UP,	/* they might, but there is no time left */
	RETRY_WAIT,	/* again in *ret_wait_ms */
};

/*
 * tries: how many attempts have been made, at least 1. left_ms: what is left of the export's time (UINT64_MAX: no
 * limit). random: any number. After RETRY_GIVE_UP *ret_wait_ms says how long the server wants to be left alone, 0: it
 * did not say.
 */
enum retry_verdict retry_decide(const struct attempt *a, unsigned tries, uint64_t left_ms, uint64_t random,
				uint64_t *ret_wait_ms);

#endif
