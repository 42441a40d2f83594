/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "export/grpc.h"
#include "export/retry.h"

#define PLENTY 60000

struct row {
	struct attempt attempt;
	unsigned tries;
	uint64_t left_ms;
	enum retry_verdict want;
	uint64_t wait_min, wait_max;
};

#define STATUS(n)                        \
	{                                \
		ATTEMPT_ANSWERED, (n), 0 \
	}
#define AFTER(n, ms)                        \
	{                                   \
		ATTEMPT_ANSWERED, (n), (ms) \
	}
#define RPC(code, ms)                          \
	{                                      \
		ATTEMPT_RPC, GRPC_##code, (ms) \
	}
#define END(e)                    \
	{                         \
		ATTEMPT_##e, 0, 0 \
	}

static const struct row table[] = {
	{ STATUS(200), 1, PLENTY, RETRY_ACCEPTED, 0, 0 },
	{ STATUS(202), 1, PLENTY, RETRY_ACCEPTED, 0, 0 },
	{ STATUS(200), 1, 0, RETRY_ACCEPTED, 0, 0 },
	{ STATUS(301), 1, PLENTY, RETRY_REFUSED, 0, 0 },
	{ STATUS(400), 1, PLENTY, RETRY_REFUSED, 0, 0 },
	{ STATUS(401), 1, PLENTY, RETRY_REFUSED, 0, 0 },
	{ STATUS(404), 1, PLENTY, RETRY_REFUSED, 0, 0 },
	{ STATUS(408), 1, PLENTY, RETRY_REFUSED, 0, 0 },
	{ STATUS(413), 1, PLENTY, RETRY_REFUSED, 0, 0 },
	{ STATUS(500), 1, PLENTY, RETRY_REFUSED, 0, 0 },
	{ STATUS(501), 1, PLENTY, RETRY_REFUSED, 0, 0 },
	{ AFTER(500, 1000), 1, PLENTY, RETRY_REFUSED, 0, 0 },
	{ STATUS(429), 1, PLENTY, RETRY_WAIT, 125, 375 },
	{ STATUS(502), 1, PLENTY, RETRY_WAIT, 125, 375 },
	{ STATUS(503), 1, PLENTY, RETRY_WAIT, 125, 375 },
	{ STATUS(504), 1, PLENTY, RETRY_WAIT, 125, 375 },
	{ STATUS(503), 2, PLENTY, RETRY_WAIT, 250, 750 },
	{ STATUS(503), 3, PLENTY, RETRY_WAIT, 500, 1500 },
	{ STATUS(503), 5, PLENTY, RETRY_WAIT, 2000, 6000 },
	{ STATUS(503), 1000000, UINT64_MAX, RETRY_WAIT, 2000, 6000 },
	{ STATUS(503), 3, 400, RETRY_GIVE_UP, 0, 0 },
	{ STATUS(503), 1, 0, RETRY_GIVE_UP, 0, 0 },
	{ AFTER(429, 3000), 1, PLENTY, RETRY_WAIT, 3000, 3000 },
	{ AFTER(503, 100), 4, PLENTY, RETRY_WAIT, 1000, 3000 }, /* the back-off is longer */
	{ AFTER(503, 9000), 1, 9000, RETRY_GIVE_UP, 9000, 9000 },
	{ AFTER(503, 86400000), 1, PLENTY, RETRY_GIVE_UP, 300000, 300000 },
	{ END(NO_CONNECT), 1, PLENTY, RETRY_WAIT, 125, 375 },
	{ END(CUT), 1, PLENTY, RETRY_WAIT, 125, 375 },
	{ END(TIMEOUT), 1, 0, RETRY_GIVE_UP, 0, 0 },
	{ END(BROKEN), 1, PLENTY, RETRY_REFUSED, 0, 0 },
	{ RPC(OK, 0), 1, 0, RETRY_ACCEPTED, 0, 0 },
	{ RPC(CANCELLED, 0), 1, PLENTY, RETRY_WAIT, 125, 375 },
	{ RPC(UNKNOWN, 0), 1, PLENTY, RETRY_REFUSED, 0, 0 },
	{ RPC(INVALID_ARGUMENT, 1000), 1, PLENTY, RETRY_REFUSED, 0, 0 },
	{ RPC(DEADLINE_EXCEEDED, 0), 1, PLENTY, RETRY_WAIT, 125, 375 },
	{ RPC(PERMISSION_DENIED, 0), 1, PLENTY, RETRY_REFUSED, 0, 0 },
	{ RPC(RESOURCE_EXHAUSTED, 0), 1, PLENTY, RETRY_REFUSED, 0, 0 },
	{ RPC(RESOURCE_EXHAUSTED, 3000), 1, PLENTY, RETRY_WAIT, 3000, 3000 },
	{ RPC(ABORTED, 0), 1, PLENTY, RETRY_WAIT, 125, 375 },
	{ RPC(OUT_OF_RANGE, 0), 1, PLENTY, RETRY_WAIT, 125, 375 },
	{ RPC(UNIMPLEMENTED, 0), 1, PLENTY, RETRY_REFUSED, 0, 0 },
	{ RPC(INTERNAL, 0), 1, PLENTY, RETRY_REFUSED, 0, 0 },
	{ RPC(UNAVAILABLE, 0), 2, PLENTY, RETRY_WAIT, 250, 750 },
	{ RPC(DATA_LOSS, 0), 1, PLENTY, RETRY_WAIT, 125, 375 },
	{ RPC(UNAUTHENTICATED, 0), 1, PLENTY, RETRY_REFUSED, 0, 0 },
};

static void decisions(void **state)
{
	static const uint64_t randoms[] = { 0, 1, 250, 12345, UINT64_MAX };
	uint64_t wait;
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		for (k = 0; k < ARRAY_SIZE(randoms); k++) {
			const struct row *r = &table[i];
			enum retry_verdict got =
				retry_decide(&r->attempt, r->tries, r->left_ms, randoms[k], &wait);

			if (got != r->want || wait < r->wait_min || wait > r->wait_max)
				fail_msg("row %zu: verdict %d, wait %llu", i, (int)got,
					 (unsigned long long)wait);
		}
	}
}

/* Many tracers whose backend went away together do not come back together. */
static void waits_are_spread(void **state)
{
	const struct attempt a = STATUS(503);
	uint64_t low, high;

	retry_decide(&a, 3, PLENTY, 0, &low);
	retry_decide(&a, 3, PLENTY, 1000, &high);
	assert_int_equal(low, 500);
	assert_int_equal(high, 1500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decisions),
		cmocka_unit_test(waits_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
