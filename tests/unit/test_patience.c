/* SPDX-License-Identifier: GPL-2.0-only */
/* Java: calls whose cause comes out late, and the requests that wait for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>

#include "java.h"

#define HOPES 1100 /* more than a process may have in vain */

/* When it has come out where the job is, the calls before are known, too. */
static void first_calls_are_known_late(void **state)
{
	struct java j;

	begin(&j);
	works(&j, serves(&j, &j.in2, 102, REQUEST("/2")), REQUEST("/for2"));
	answers(&j, &j.in2, 102);
	pass_time(&j.sc, ROUND_US);
	assert_null(span_of(&j.sc, SPAN_SERVER, "/2"));
	shows_its_job(&j);
	pass_time(&j.sc, ROUND_US);
	assert_true(made_for(&j.sc, "/for2", "/2"));
	assert_string_equal(method_of_call(&j), "object");
	scene_end(&j.sc);
}

/* The worker has the job in two frames, once in each. */
static void works_once(struct java *j, uint64_t job, const char *request)
{
	works_in_frames(j, job, 0, job, request);
}

/* What has seldom been seen, and never been wrong, is taken when nothing better has come; it is less than sure. */
static void seldom_seen(void **state)
{
	const struct span *call;
	struct java j;
	int often, i;

	for (often = 1; often <= 2; often++) {
		begin(&j);
		for (i = 0; i < often; i++) {
			works_once(&j, serves(&j, &j.in1, 101, REQUEST("/shows")),
				   REQUEST("/call"));
			wake(&j.sc, JAVA, WORKER, 101, 0x7000);
			answers(&j, &j.in1, 101);
		}
		works_once(&j, two_come(&j), REQUEST("/for2"));
		answers(&j, &j.in2, 102);
		answers(&j, &j.in1, 101);
		pass_time(&j.sc, ROUND_US);
		assert_null(span_of(&j.sc, SPAN_SERVER, "/2"));
		pass_time(&j.sc, SETTLED_US);
		call = span_of(&j.sc, SPAN_CLIENT, "/for2");
		assert_int_equal(made_for(&j.sc, "/for2", "/2"), often > 1);
		assert_string_equal(method_of(call), often > 1 ? "object" : "root");
		assert_true(attrs_find(&call->attrs, "link.confidence")->d < 0.9);
		scene_end(&j.sc);
	}
}

/* Where it never comes out nobody waits in the end. */
static void hope_ends(void **state)
{
	struct java j;
	int i;

	begin(&j);
	for (i = 0; i < HOPES; i++) {
		works(&j, serves(&j, &j.in2, 102, REQUEST("/vain")), REQUEST("/for0"));
		answers(&j, &j.in2, 102);
		if (i % 16)
			continue;
		pass_time(&j.sc, SETTLED_US);
		scene_forget(&j.sc);
	}
	pass_time(&j.sc, SETTLED_US);
	scene_forget(&j.sc);
	works(&j, serves(&j, &j.in2, 102, REQUEST("/2")), REQUEST("/for2"));
	answers(&j, &j.in2, 102);
	pass_time(&j.sc, ROUND_US);
	assert_string_equal(method_of_call(&j), "root");
	assert_non_null(span_of(&j.sc, SPAN_SERVER, "/2"));
	scene_end(&j.sc);
}

/* The thread that made the job is seen to have another buffer when its request is over, answered by another. */
static void buffer_is_seen_late(void **state)
{
	struct java j;

	begin(&j);
	has_shown_its_job(&j);
	two_come(&j);
	works(&j, buffer_of(&j, 103) + 32, REQUEST("/for2"));
	answers(&j, &j.in1, 101);
	answers(&j, &j.in2, 104);
	has_another_buffer(&j, 102, buffer_of(&j, 103));
	pass_time(&j.sc, SETTLED_US);
	assert_true(made_for(&j.sc, "/for2", "/2"));
	scene_end(&j.sc);
}

/* They are looked at as often while another request is over and stays for those who may call it theirs. */
static void others_do_not_put_it_off(void **state)
{
	struct java j;

	begin(&j);
	works(&j, serves(&j, &j.in2, 102, REQUEST("/2")), REQUEST("/for2"));
	answers(&j, &j.in2, 102);
	pass_time(&j.sc, 10 * ROUND_US);
	assert_null(span_of(&j.sc, SPAN_SERVER, "/2"));
	serves(&j, &j.in1, 101, REQUEST("/1"));
	answers(&j, &j.in1, 101);
	assert_true(pipeline_next_ns(j.sc.p) <= j.sc.now_us * NSEC_PER_USEC + PATIENCE_STEP_NS);
	scene_end(&j.sc);
}

/* What it passed on at once before it had shown that it always does so is believed when it has. */
static void loop_is_believed_later(void **state)
{
	struct java j;

	begin(&j);
	j.sc.polls = true;
	loop_hears(&j, &j.in1, REQUEST("/1"));
	loop_hears(&j, &j.in2, REQUEST("/2"));
	j.sc.sleeps++;
	loop_calls(&j, 0, REQUEST("/for2"));
	loop_hears(&j, &j.out, OK);
	answers(&j, &j.in2, LOOP);
	answers(&j, &j.in1, LOOP);
	loop_shows_its_queue(&j);
	pass_time(&j.sc, SETTLED_US);
	assert_true(made_for(&j.sc, "/for2", "/2"));
	assert_string_equal(method_of_call(&j), "answer");
	scene_end(&j.sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_calls_are_known_late),
		cmocka_unit_test(seldom_seen),
		cmocka_unit_test(hope_ends),
		cmocka_unit_test(buffer_is_seen_late),
		cmocka_unit_test(others_do_not_put_it_off),
		cmocka_unit_test(loop_is_believed_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
