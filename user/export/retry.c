/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/compiler.h"
#include "export/grpc.h"
#include "export/retry.h"

/* In the 10 s of an export by default: 5 or 6 attempts, and a backend that comes back is noticed within 4 to 6 s. */
#define BACKOFF_FIRST_MS   250
#define BACKOFF_MAX_MS     4000
#define RETRY_AFTER_MAX_MS 300000 /* a wrong date must not silence us for a day */

static bool may_retry_rpc(const struct attempt *a)
{
	switch (a->status) {
	case GRPC_CANCELLED:
	case GRPC_DEADLINE_EXCEEDED:
	case GRPC_ABORTED:
	case GRPC_OUT_OF_RANGE:
	case GRPC_UNAVAILABLE:
	case GRPC_DATA_LOSS:
		return true;
	case GRPC_RESOURCE_EXHAUSTED: /* a quota, unless it says when there will be room */
		return a->retry_after_ms;
	default:
		return false;
	}
}

static bool may_retry(const struct attempt *a)
{
	switch (a->end) {
	case ATTEMPT_NO_CONNECT:
	case ATTEMPT_CUT:
	case ATTEMPT_TIMEOUT: /* as a rule the export's whole time is over then */
		return true;
	case ATTEMPT_BROKEN:
		return false;
	case ATTEMPT_RPC:
		return may_retry_rpc(a);
	case ATTEMPT_ANSWERED:
		break;
	}
	return a->status == 429 || a->status == 502 || a->status == 503 || a->status == 504;
}

/* Doubles from attempt to attempt; from half to one and a half of it, so that many tracers do not come back at once. */
static uint64_t backoff_ms(unsigned tries, uint64_t random)
{
	uint64_t ms = BACKOFF_FIRST_MS;

	while (--tries && ms < BACKOFF_MAX_MS)
		ms *= 2;
	return ms / 2 + random % (ms + 1);
}

enum retry_verdict retry_decide(const struct attempt *a, unsigned tries, uint64_t left_ms,
				uint64_t random, uint64_t *ret_wait_ms)
{
	uint64_t asked = min(a->retry_after_ms, (uint64_t)RETRY_AFTER_MAX_MS);
	uint64_t wait;

	*ret_wait_ms = 0;
	if ((a->end == ATTEMPT_ANSWERED && a->status / 100 == 2) ||
	    (a->end == ATTEMPT_RPC && a->status == GRPC_OK))
		return RETRY_ACCEPTED;
	if (!may_retry(a))
		return RETRY_REFUSED;
	wait = max(asked, backoff_ms(tries, random));
	if (wait >= left_ms) {
		*ret_wait_ms = asked;
		return RETRY_GIVE_UP;
	}
	*ret_wait_ms = wait;
	return RETRY_WAIT;
}
