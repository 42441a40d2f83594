/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "export/grpc.h"

static void frames(void **state)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT(16);
	bool compressed;
	struct slice msg;

	assert_int_equal(grpc_frame(&b, SLICE("abc"), true), 0);
	assert_int_equal(b.n, 8);
	assert_memory_equal(b.p, "\1\0\0\0\3abc", 8);
	assert_int_equal(grpc_unframe(buf_slice(&b), &msg, &compressed), 0);
	assert_true(compressed && slice_eq(msg, SLICE("abc")));
	/* All or nothing. */
	assert_int_equal(grpc_frame(&b, SLICE("abcdef"), false), -E2BIG);
	assert_int_equal(b.n, 8);
}

static void broken_frames(void **state)
{
	static const struct slice bad[] = {
		{ "", 0 },           { "\0\0\0\0", 4 },
		{ "\0\0\0\0\1", 5 }, { "\0\0\0\0\0x", 6 },
		{ "\2\0\0\0\0", 5 }, { "\0\377\377\377\377x", 6 },
	};
	bool compressed;
	struct slice msg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(grpc_unframe(bad[i], &msg, &compressed), -EINVAL);
	assert_int_equal(grpc_unframe((struct slice){ "\0\0\0\0\0", 5 }, &msg, &compressed), 0);
	assert_int_equal(msg.n, 0);
}

static void statuses(void **state)
{
	static const struct {
		const char *status;
		unsigned code;
	} cases[] = {
		{ "0", GRPC_OK },
		{ "14", GRPC_UNAVAILABLE },
		{ "16", GRPC_UNAUTHENTICATED },
		{ "17", GRPC_UNKNOWN },
		{ "", GRPC_UNKNOWN },
		{ "-1", GRPC_UNKNOWN },
		{ "x", GRPC_UNKNOWN },
		{ "4294967296", GRPC_UNKNOWN },
	};
	struct grpc_status st = { .code = 99 };
	size_t i;

	assert_int_equal(grpc_status_read(NULL, "m", NULL, &st), -ENOENT);
	assert_int_equal(st.code, 99);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(grpc_status_read(cases[i].status, NULL, NULL, &st), 0);
		assert_int_equal(st.code, cases[i].code);
		assert_string_equal(st.message, "");
		assert_int_equal(st.retry_after_ms, 0);
	}
}

static void messages(void **state)
{
	static const char *const cases[][2] = {
		{ "plain", "plain" }, { "a%20b%C3%A4", "a b\xc3\xa4" },
		{ "100%", "100%" },   { "%4", "%4" },
		{ "%zz%41", "%zzA" }, { "%%41", "%A" },
	};
	char longer[3 * GRPC_MESSAGE_MAX + 10];
	struct grpc_status st;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(grpc_status_read("2", cases[i][0], NULL, &st), 0);
		assert_string_equal(st.message, cases[i][1]);
	}
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(grpc_status_read("2", longer, NULL, &st), 0);
	assert_int_equal(strlen(st.message), GRPC_MESSAGE_MAX);
}

/* google.rpc.Status { code: 8, message: "later", details: RetryInfo { retry_delay: 2.5 s } } */
#define DETAILS                                                                           \
	"CAgSBWxhdGVyGjYKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8SCgoICAI" \
	"QgMq17gE"

static void details(void **state)
{
	static const char *const bad[] = { "!", "CAgSBWxhdGVyG", "CAgS=WxhdGVy", "////", "" };
	struct grpc_status st;
	size_t i;

	assert_int_equal(grpc_status_read("8", NULL, DETAILS, &st), 0);
	assert_int_equal(st.retry_after_ms, 2500);
	assert_string_equal(st.message, "later");
	assert_int_equal(grpc_status_read("8", "now", DETAILS "=", &st), 0);
	assert_int_equal(st.retry_after_ms, 2500);
	assert_string_equal(st.message, "now");
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(grpc_status_read("8", NULL, bad[i], &st), 0);
		assert_int_equal(st.retry_after_ms, 0);
	}
}

static void http_in_its_place(void **state)
{
	assert_int_equal(grpc_code_of_http(503), GRPC_UNAVAILABLE);
	assert_int_equal(grpc_code_of_http(404), GRPC_UNIMPLEMENTED);
	assert_int_equal(grpc_code_of_http(200), GRPC_UNKNOWN);
	assert_string_equal(grpc_code_name(GRPC_UNAVAILABLE), "UNAVAILABLE");
	assert_string_equal(grpc_code_name(GRPC__CNT), "an unknown code");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames),   cmocka_unit_test(broken_frames),
		cmocka_unit_test(statuses), cmocka_unit_test(messages),
		cmocka_unit_test(details),  cmocka_unit_test(http_in_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
