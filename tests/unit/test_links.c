/* SPDX-License-Identifier: GPL-2.0-only */
/* Who caused whom, where it is easy to be wrong: each test is a scene in which a wrong parent offers itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>

#include "found.h"

/*
 * More requests than are followed wait on one connection. Each response is still that of its own request; what was not
 * followed has no span.
 */
static void endless_pipeline(void **state)
{
	unsigned i, n = PIPELINE_MAX + 20;
	struct end in;
	struct scene sc;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	for (i = 0; i < n; i++)
		receive(&sc, &in, 101, REQUEST("/x"));
	for (i = 0; i < n; i++)
		transmit(&sc, &in, 101, OK);
	receive(&sc, &in, 101, REQUEST("/last"));
	transmit(&sc, &in, 101, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, PIPELINE_MAX + 1);
	assert_int_equal(attrs_find(&span_of(&sc, SPAN_SERVER, "/last")->attrs, "http.response.status_code")->i, 404);
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_REQUESTS], n + 1);
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_PIPELINE_FULL], 20);
	scene_end(&sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endless_pipeline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
