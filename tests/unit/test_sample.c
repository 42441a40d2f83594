/* SPDX-License-Identifier: GPL-2.0-only */
/* Which traces are kept: by id, by what a caller says, and whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "base/rand.h"
#include "trace/context.h"
#include "found.h"

#define TRACED   "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n"
#define UNTRACED "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00\r\n\r\n"
#define HEAD     "GET /a HTTP/1.1\r\nHost: a\r\n"

static struct sampler sampler(const char *name, double ratio)
{
	struct sampler s = { .ratio = ratio };

	assert_int_equal(sampler_set(&s, slice_str(name)), 0);
	return s;
}

static struct trace_id id_of(uint64_t low)
{
	struct trace_id id = { { 0xff } };
	size_t i;

	for (i = 0; i < 8; i++)
		id.b[8 + i] = (uint8_t)(low >> (56 - 8 * i));
	return id;
}

static void names(void **state)
{
	struct slice rest = slice_str(sampler_names());
	struct sampler s = { 0 };
	size_t n = 0;

	for (; rest.n; n++)
		assert_int_equal(sampler_set(&s, slice_split(&rest, '|')), 0);
	assert_int_equal(n, 6);
	assert_int_equal(sampler_set(&s, SLICE("jaeger_remote")), -EINVAL);
	assert_int_equal(sampler_set(&s, SLICE("Always_Off")), 0);
	assert_int_equal(s.kind, SAMPLER_NONE);
	assert_true(s.ignore_parent);
}

/* The upper 63 of the lower 64 bits, below ratio * 2^63. */
static void ratio_takes_what_go_takes(void **state)
{
	static const struct {
		double ratio;
		uint64_t low;
		bool kept;
	} cases[] = {
		{ 0.5, 0x7fffffffffffffff, true },
		{ 0.5, 0x8000000000000000, false },
		{ 0.25, 0x3fffffffffffffff, true },
		{ 0.25, 0x4000000000000000, false },
		{ 0, 0, false },
		{ 1, UINT64_MAX, true },
		{ 0.1, 0x1999999999999997, true },
		{ 0.1, 0x199999999999a000, false },
		{ 1e-30, 0, false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sampler s = sampler("traceidratio", cases[i].ratio);
		struct trace_id id = id_of(cases[i].low);

		if (sample_root(&s, &id) != cases[i].kept)
			fail_msg("ratio %g, id %llx", cases[i].ratio,
				 (unsigned long long)cases[i].low);
	}
}

static void callers_are_followed_or_not(void **state)
{
	static const struct {
		const char *name;
		bool root, sampled, unsampled;
	} cases[] = {
		{ "parentbased_always_on", true, true, false },
		{ "parentbased_always_off", false, true, false },
		{ "parentbased_traceidratio", false, true, false },
		{ "always_on", true, true, true },
		{ "always_off", false, false, false },
		{ "traceidratio", false, false, false },
	};
	struct trace_id high = id_of(UINT64_MAX);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sampler s = sampler(cases[i].name, 0.5);

		assert_int_equal(sample_root(&s, &high), cases[i].root);
		assert_int_equal(sample_remote(&s, &high, true), cases[i].sampled);
		assert_int_equal(sample_remote(&s, &high, false), cases[i].unsampled);
	}
}

static void thresholds(void **state)
{
	static const struct {
		double ratio;
		const char *state;
	} cases[] = {
		{ 0.5, "ot=rv:ffffffffffffff;th:8" },
		{ 0.25, "ot=rv:ffffffffffffff;th:c" },
		{ 0.1, "ot=rv:ffffffffffffff;th:e6666666666666" },
	};
	char text[SAMPLE_STATE_SZ];
	struct trace_id id = id_of(0);
	struct sampler s;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		s = sampler("traceidratio", cases[i].ratio);
		assert_true(sample_state(&s, &id, 0, text));
		assert_string_equal(text, cases[i].state);
		assert_int_equal(tracestate_check(slice_str(text)), 0);
	}
	s = sampler("traceidratio", 1);
	assert_false(sample_state(&s, &id, 0, text));
	s = sampler("always_on", 0.5);
	assert_false(sample_state(&s, &id, 0, text));
	assert_true(sample_state(&s, &id, 2, text));
	assert_string_equal(text, "ot=rv:ffffffffffffff;th:c");
	s = sampler("traceidratio", 0.5);
	assert_true(sample_state(&s, &id, 2, text));
	assert_string_equal(text, "ot=rv:ffffffffffffff;th:e");
}

/* What is stated decides the same as what was done, and about as many are kept as asked. */
static void stated_and_done_agree(void **state)
{
	static const double ratios[] = { 0.5, 0.1, 0.3333, 0.001, 0.999 };
	struct rand_seed seed = { { 1, 2, 3, 4 } };
	char text[SAMPLE_STATE_SZ];
	struct rand r;
	size_t i, k;

	rand_init(&r, &seed);
	for (i = 0; i < ARRAY_SIZE(ratios); i++) {
		struct sampler s = sampler("traceidratio", ratios[i]);
		size_t kept = 0;

		for (k = 0; k < 20000; k++) {
			struct trace_id id = id_of(rand_u64(&r));
			bool sampled = sample_root(&s, &id);

			assert_int_equal(sample_state(&s, &id, 0, text), sampled);
			kept += sampled;
		}
		assert_true((double)kept > 20000 * ratios[i] - 300);
		assert_true((double)kept < 20000 * ratios[i] + 300);
	}
}

static void scene_begin_sampler(struct scene *sc, struct sampler s)
{
	const struct pipeline_cfg cfg = { .seed = { { 1, 2, 3, 4 } },
					  .link_wait_ns = 10 * NSEC_PER_SEC,
					  .sampler = s };

	scene_begin_pipeline(sc, &cfg);
}

/* A request that makes one call, for each of n threads. */
static void requests(struct scene *sc, const char *head, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		struct end in = open_end(sc, 2 * i + 1, 100, 1000, 2000);
		struct end out = open_end(sc, 2 * i + 2, 100, 7000, 6000);

		receive(sc, &in, 101 + i, head);
		transmit(sc, &out, 101 + i, REQUEST("/b"));
		receive(sc, &out, 101 + i, OK);
		transmit(sc, &in, 101 + i, OK);
	}
	pass_time(sc, 200000);
	pipeline_flush(sc->p);
}

/* A trace is kept or left out with all its spans; both are counted. */
static void traces_are_whole(void **state)
{
	struct scene sc;
	size_t i, k, of_trace;

	scene_begin_sampler(&sc, sampler("parentbased_traceidratio", 0.5));
	requests(&sc, REQUEST("/a"), 64);
	assert_int_equal(sc.n + pipeline_tally(sc.p)->v[TALLY_NOT_SAMPLED], 128);
	assert_true(sc.n > 20 && sc.n < 108);
	for (i = 0; i < sc.n; i++) {
		for (k = of_trace = 0; k < sc.n; k++)
			of_trace += !memcmp(&sc.spans[i]->trace_id, &sc.spans[k]->trace_id, 16);
		assert_int_equal(of_trace, 2);
		assert_int_equal(sc.spans[i]->trace_flags, TRACE_FLAG_SAMPLED | TRACE_FLAG_RANDOM);
		assert_non_null(strstr(sc.spans[i]->trace_state, ";th:8"));
		assert_true(sc.spans[i]->trace_id.b[8] < 0x80);
	}
	scene_end(&sc);
}

static void check_kept(const char *name, const char *head, size_t want)
{
	struct scene sc;
	size_t i;

	scene_begin_sampler(&sc, sampler(name, 0.5));
	requests(&sc, head, 1);
	assert_int_equal(sc.n, want);
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_NOT_SAMPLED], 2 - want);
	for (i = 0; i < sc.n; i++)
		assert_true(sc.spans[i]->trace_flags & TRACE_FLAG_SAMPLED);
	scene_end(&sc);
}

/* The id of the header is above one half. */
static void callers_in_a_scene(void **state)
{
	check_kept("parentbased_always_on", HEAD UNTRACED, 0);
	check_kept("parentbased_always_off", HEAD TRACED, 2);
	check_kept("parentbased_always_off", REQUEST("/a"), 0);
	check_kept("always_on", HEAD UNTRACED, 2);
	check_kept("always_off", HEAD TRACED, 0);
	check_kept("traceidratio", HEAD TRACED, 0);
	check_kept("parentbased_traceidratio", HEAD TRACED, 2);
}

#define FAILED "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"

/* A request whose call takes `us` and is answered so. */
static void request_with_call(struct scene *sc, const char *head, const char *answer, uint64_t us)
{
	struct end in = open_end(sc, 1, 100, 1000, 2000);
	struct end out = open_end(sc, 2, 100, 7000, 6000);

	receive(sc, &in, 101, head);
	transmit(sc, &out, 101, REQUEST("/b"));
	pass_time(sc, us);
	receive(sc, &out, 101, answer);
	transmit(sc, &in, 101, OK);
	pass_time(sc, 200000);
	pipeline_flush(sc->p);
}

/* All of the trace or nothing, and that it stands for no other is said. */
static void what_matters_is_kept(void **state)
{
	static const struct {
		const char *head, *answer;
		uint64_t us;
		size_t want;
	} cases[] = {
		{ REQUEST("/a"), OK, 10, 0 },         { REQUEST("/a"), FAILED, 10, 2 },
		{ REQUEST("/a"), OK, 500000, 2 },     { REQUEST("/a"), OK, 499000, 0 },
		{ HEAD UNTRACED, FAILED, 500000, 0 }, /* the caller's decision */
	};
	struct sampler s = sampler("parentbased_always_off", 1);
	struct scene sc;
	size_t i, k;

	s.keep_errors = true;
	s.keep_slow_ns = 500 * NSEC_PER_MSEC;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		scene_begin_sampler(&sc, s);
		request_with_call(&sc, cases[i].head, cases[i].answer, cases[i].us);
		if (sc.n != cases[i].want)
			fail_msg("case %zu: %zu spans", i, sc.n);
		for (k = 0; k < sc.n; k++) {
			assert_string_equal(sc.spans[k]->trace_state, "ot=th:0");
			assert_true(sc.spans[k]->trace_flags & TRACE_FLAG_SAMPLED);
		}
		scene_end(&sc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(ratio_takes_what_go_takes),
		cmocka_unit_test(callers_are_followed_or_not),
		cmocka_unit_test(thresholds),
		cmocka_unit_test(stated_and_done_agree),
		cmocka_unit_test(traces_are_whole),
		cmocka_unit_test(callers_in_a_scene),
		cmocka_unit_test(what_matters_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
