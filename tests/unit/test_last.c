/* SPDX-License-Identifier: GPL-2.0-only */
/* What a strand calls for when it has answered: a root, with a link to the request that it may have gone on with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>

#include "found.h"

struct service {
	struct scene sc;
	struct end in1, in2, out1, out2;
};

static void begin(struct service *s)
{
	*s = (struct service){ 0 };
	scene_begin(&s->sc);
	open_ends(&s->sc, 100, &s->in1, &s->in2, &s->out1, &s->out2);
}

static void answers(struct service *s, struct end *in, uint32_t tid, const char *request)
{
	receive(&s->sc, in, tid, request);
	transmit(&s->sc, in, tid, OK);
}

static void calls(struct service *s, uint32_t tid)
{
	transmit(&s->sc, &s->out1, tid, REQUEST("/after"));
	receive(&s->sc, &s->out1, tid, OK);
	pass_time(&s->sc, 200000);
}

static const struct span *root(const struct service *s, double confidence)
{
	const struct span *call = span_of(&s->sc, SPAN_CLIENT, "/after");

	assert_non_null(call);
	assert_false(call->has_parent);
	assert_string_equal(method_of(call), "root");
	assert_true(confidence_of(call) == confidence);
	return call;
}

static void is_candidate(const struct service *s, const char *request)
{
	const struct span *call = root(s, 0), *server = span_of(&s->sc, SPAN_SERVER, request);

	assert_int_equal(call->links_cnt, 1);
	assert_string_equal(call->links[0].reason, "candidate");
	assert_memory_equal(&call->links[0].span_id, &server->span_id, sizeof(server->span_id));
	assert_memory_equal(&call->links[0].trace_id, &server->trace_id, sizeof(server->trace_id));
}

static void request_has_gone_out(void **state)
{
	struct service s;

	begin(&s);
	answers(&s, &s.in1, 100, REQUEST("/1"));
	pass_time(&s.sc, 200000);
	calls(&s, 100);
	is_candidate(&s, "/1");
	scene_end(&s.sc);
}

/* Which trace the request belongs to is not known by then, so there is nothing to link to. */
static void request_waits_to_be_joined(void **state)
{
	struct service s;

	begin(&s);
	answers(&s, &s.in1, 100, REQUEST("/1"));
	calls(&s, 100);
	assert_int_equal(root(&s, 0)->links_cnt, 0);
	scene_end(&s.sc);
}

static void newest_of_several(void **state)
{
	struct service s;

	begin(&s);
	answers(&s, &s.in1, 100, REQUEST("/1"));
	answers(&s, &s.in1, 100, REQUEST("/2"));
	pass_time(&s.sc, 200000);
	calls(&s, 100);
	is_candidate(&s, "/2");
	scene_end(&s.sc);
}

static void other_thread_answered(void **state)
{
	struct service s;

	begin(&s);
	answers(&s, &s.in1, 100, REQUEST("/1"));
	pass_time(&s.sc, 200000);
	calls(&s, 101);
	assert_int_equal(root(&s, 1)->links_cnt, 0);
	scene_end(&s.sc);
}

static void loop_has_timers(void **state)
{
	struct service s;

	begin(&s);
	receive(&s.sc, &s.in1, 100, REQUEST("/1"));
	receive(&s.sc, &s.in2, 100, REQUEST("/2"));
	transmit(&s.sc, &s.in1, 100, OK);
	transmit(&s.sc, &s.in2, 100, OK);
	pass_time(&s.sc, 200000);
	calls(&s, 100);
	assert_int_equal(root(&s, 1)->links_cnt, 0);
	scene_end(&s.sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_has_gone_out),
		cmocka_unit_test(request_waits_to_be_joined),
		cmocka_unit_test(newest_of_several),
		cmocka_unit_test(other_thread_answered),
		cmocka_unit_test(loop_has_timers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
