/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "trace/context.h"

#define TID "0af7651916cd43dd8448eb211c80319c"
#define SID "b7ad6b7169203331"

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int want;
	} table[] = {
		{ "00-" TID "-" SID "-01", 0 },
		{ "00-" TID "-" SID "-00", 0 },
		{ "00-" TID "-" SID "-ff", 0 },
		{ "01-" TID "-" SID "-01", 0 }, /* a later version, as long as ours */
		{ "cc-" TID "-" SID "-01-what is to come", 0 },
		{ "cc-" TID "-" SID "-01-", 0 },
		{ "cc-" TID "-" SID "-01x", -EINVAL },
		{ "cc-" TID "-" SID "-01.x", -EINVAL },
		{ "00-" TID "-" SID "-01-", -EINVAL }, /* version 00 has nothing more */
		{ "00-" TID "-" SID "-01x", -EINVAL },
		{ "ff-" TID "-" SID "-01", -EINVAL },
		{ "00-" TID "-" SID "-1", -EINVAL },
		{ "00-" TID "-" SID "-", -EINVAL },
		{ "00-" TID "-" SID, -EINVAL },
		{ "", -EINVAL },
		{ "00_" TID "-" SID "-01", -EINVAL },
		{ "00-" TID "_" SID "-01", -EINVAL },
		{ "00-" TID "-" SID "_01", -EINVAL },
		{ "0g-" TID "-" SID "-01", -EINVAL },
		{ "00-0AF7651916cd43dd8448eb211c80319c-" SID "-01", -EINVAL },
		{ "00-" TID "-B7ad6b7169203331-01", -EINVAL },
		{ "00-" TID "-" SID "-0A", -EINVAL },
		{ "00-" TID "-" SID "-.0", -EINVAL },
		{ "00-00000000000000000000000000000000-" SID "-01", -EINVAL },
		{ "00-" TID "-0000000000000000-01", -EINVAL },
		{ " 00-" TID "-" SID "-01", -EINVAL }, /* whoever reads the field trims it */
	};
	struct trace_ctx ctx;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		if (trace_ctx_parse(slice_str(table[i].text), &ctx) != table[i].want)
			fail_msg("'%s': not %d", table[i].text, table[i].want);
}

static void test_fields(void **state)
{
	static const uint8_t tid[16] = { 0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd,
					 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c };
	static const uint8_t sid[8] = { 0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31 };
	struct trace_ctx ctx;

	assert_int_equal(trace_ctx_parse(SLICE("00-" TID "-" SID "-03"), &ctx), 0);
	assert_memory_equal(ctx.trace_id.b, tid, sizeof(tid));
	assert_memory_equal(ctx.span_id.b, sid, sizeof(sid));
	assert_int_equal(ctx.flags, TRACE_FLAG_SAMPLED | TRACE_FLAG_RANDOM);
}

static void test_failure_leaves_the_output_alone(void **state)
{
	struct trace_ctx ctx, before;

	memset(&ctx, 0x5a, sizeof(ctx));
	before = ctx;
	assert_int_equal(trace_ctx_parse(SLICE("ff-" TID "-" SID "-01"), &ctx), -EINVAL);
	assert_memory_equal(&ctx, &before, sizeof(ctx));
}

static void test_format(void **state)
{
	static const struct {
		const char *in, *out;
	} table[] = {
		{ "00-" TID "-" SID "-01", "00-" TID "-" SID "-01" },
		{ "00-" TID "-" SID "-03", "00-" TID "-" SID "-03" },
		{ "00-" TID "-" SID "-ff",
		  "00-" TID "-" SID "-03" }, /* flags that nobody defined are not sent */
		{ "cc-" TID "-" SID "-00-x", "00-" TID "-" SID "-00" }, /* we speak version 00 */
	};
	char text[TRACEPARENT_LEN + 1];
	struct trace_ctx ctx;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		assert_int_equal(trace_ctx_parse(slice_str(table[i].in), &ctx), 0);
		trace_ctx_format(&ctx, text);
		assert_string_equal(text, table[i].out);
	}
}

static void test_state(void **state)
{
	static const struct {
		const char *text;
		int want;
	} table[] = {
		{ "a=1", 0 },
		{ "a=1,b=2", 0 },
		{ " a=1 ,\tb=2\t", 0 },
		{ "a=1,,b=2,", 0 }, /* empty members are allowed */
		{ "a=1,a=2", 0 }, /* and so is a key given twice */
		{ "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7", 0 },
		{ "tenant@vendor=x", 0 },
		{ "0a_-*/@=x y!~", 0 },
		{ "", -EINVAL },
		{ " , ", -EINVAL },
		{ "a", -EINVAL },
		{ "a=", -EINVAL },
		{ "=1", -EINVAL },
		{ "A=1", -EINVAL },
		{ "_a=1", -EINVAL },
		{ "a b=1", -EINVAL },
		{ "a=1=2", -EINVAL },
		{ "a=\x01", -EINVAL },
		{ "a=\xc3\xa9", -EINVAL },
		{ "a=1,b", -EINVAL },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		if (tracestate_check(slice_str(table[i].text)) != table[i].want)
			fail_msg("'%s': not %d", table[i].text, table[i].want);
}

/* A list of n members "k0=v...", the key and the value of each as long as said. */
static int check_sized(size_t n, size_t key_n, size_t value_n)
{
	struct buf b;
	size_t i, k;
	int rc = 0;

	buf_init(&b, 1 << 20);
	for (i = 0; i < n; i++) {
		for (k = 0; k < key_n; k++)
			rc |= buf_puts(&b, "k");
		rc |= buf_puts(&b, "=");
		for (k = 0; k < value_n; k++)
			rc |= buf_puts(&b, "v");
		rc |= buf_puts(&b, ",");
	}
	assert_int_equal(rc, 0);
	rc = tracestate_check(buf_slice(&b));
	buf_release(&b);
	return rc;
}

static void test_state_limits(void **state)
{
	assert_int_equal(check_sized(32, 1, 1), 0);
	assert_int_equal(check_sized(33, 1, 1), -EINVAL);
	assert_int_equal(check_sized(1, 256, 256), 0);
	assert_int_equal(check_sized(1, 257, 1), -EINVAL);
	assert_int_equal(check_sized(1, 1, 257), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_failure_leaves_the_output_alone),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_state),
		cmocka_unit_test(test_state_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
