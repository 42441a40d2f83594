/* SPDX-License-Identifier: GPL-2.0-only */
/* Framing without content, in whatever pieces it comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/compiler.h"
#include "proto/proto.h"

#define LEN_MAX 256

static const struct redacted {
	const char *in, *out;
} heads[] = {
	{ "GET /users/4?key=s HTTP/1.1\r\n", "GET /xxxxx/xxxxxxx HTTP/1.1\r\n" },
	{ "get http://h:80/a b HTTP/1.0\n", "get xxxxx//xxxx/x x HTTP/1.0\n" },
	{ "BREW /pot HTTP/1.1\r\n", "Bxxx /xxx HTTP/1.1\r\n" },
	{ "GET / HTTPS HTTP/1.1\r\n", "GET / HTTPx HTTP/1.1\r\n" },
	{ "HTTP/1.1 404 No secret\r\n", "HTTP/1.1 404 xxxxxxxxx\r\n" },
	{ "Status: 404 No secret\r\n", "Status: 404 xxxxxxxxx\r\n" },
	{ "Content-Length: 42\r\n", "Content-Length: 42\r\n" },
	{ "Content-Type: text\r\n", "Content-xxxx:xxxxx\r\n" },
	{ "Cookie: a=b; c\r\n d=e\r\n", "Coxxxx:xxxxxxx\r\n xxx\r\n" },
	{ "Transfer-Encoding:\r\n chunked\r\n", "Transfer-Encoding:\r\n chunked\r\n" },
	{ "Upgrade: secret/1\r\n\r\n", "Upgrade:xxxxxxxxx\r\n\r\n" },
	{ "traceparent: 00-ab-cd-01\r\n", "traceparent: 00-ab-cd-01\r\n" },
	{ "no field\xff\r\n", "xx xxxxxx\r\n" },
	{ "\r\nzed\r\n", "\r\nxxx\r\n" },
}, sizes[] = {
	{ "1aF ;name=secret\r\n", "1aF ;xxxxxxxxxxx\r\n" },
	{ "\r\n10\r\n", "\r\n10\r\n" },
};

static void check(const struct redacted *c, bool body)
{
	const struct proto *http1 = proto_get(PROTO_HTTP1);
	struct slice in = { c->in, strlen(c->in) };
	size_t split;

	for (split = 0; split <= in.n; split++) {
		struct redaction r = { 0 };
		char out[LEN_MAX] = "";

		http1->redact(&r, body, slice_sub(in, 0, split), out);
		http1->redact(&r, body, slice_sub(in, split, in.n), out + split);
		assert_string_equal(out, c->out);
	}
}

static void test_at_every_split(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(heads); i++)
		check(&heads[i], false);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		check(&sizes[i], true);
}

/* Of HTTP/2 frames stay as frames, and the beginning of a path that tells of a report. */
static void test_frames(void **state)
{
	static const struct {
		struct slice in, out;
	} takes[] = {
		{ SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
		  SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") },
		{ SLICE("\0\0\6\4\0\0\0\0\0"), SLICE("\0\0\6\4\0\0\0\0\0") },
		{ SLICE("\0\0\x28\1\4\0\0\0\1key\4\x23/opentelemetry.proto.collector.logs"),
		  SLICE("\0\0\x28\1\4\0\0\0\1xxxx\x23/opentelemetry.proto.collector.xxxx") },
		{ SLICE("\0\0\4\1\4\0\0\0\1key"), SLICE("xxxxxxxxxxxx") },
		{ SLICE("s"), SLICE("x") },
		{ SLICE("\0\0\6\4\0\0\0\0\0"), SLICE("xxxxxxxxx") },
	};
	struct redaction r = { 0 };
	char out[LEN_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(takes); i++) {
		proto_get(PROTO_HTTP2)->redact(&r, false, takes[i].in, out);
		assert_memory_equal(out, takes[i].out.p, takes[i].out.n);
	}
}

/* Of FastCGI's records all stays that says how they are cut. */
static void test_records(void **state)
{
	static const struct {
		struct slice in, out;
	} flows[] = {
		{ SLICE("\1\1\0\1\0\10\0\0\0\1\1\0\0\0\0\0"
			"\1\4\0\1\0\50\2\0\16\3REQUEST_METHODGET\13\7REQUEST_URI/a/key?\13no"
			"\1\4\0\1\0\55\0\0\3HTTP_COOKIEa=b\7\200\0\0\4HTTP_B31-2-"
			"\12\2HTTP_NOTESno\1\4\0\1\0\0\0\0\1\5\0\1\0\0\0\0"),
		  SLICE("\1\1\0\1\0\10\0\0\0\1\1\0\0\0\0\0"
			"\1\4\0\1\0\50\2\0\16\3REQUEST_METHODGET\13\7REQUEST_URI/x/xxxx\13xx"
			"\1\4\0\1\0\55\0\0\3HTTP_xxxxxxxxx\7\200\0\0\4HTTP_B31-2-"
			"\12\2HTTP_xxxxxxx\1\4\0\1\0\0\0\0\1\5\0\1\0\0\0\0") },
		{ SLICE("\1\6\0\1\0\34\1\0Status: 404 None\r\nA: key\r\n\r\n!"
			"\1\3\0\1\0\10\0\0\0\0\0\2\0\0\0\0"),
		  SLICE("\1\6\0\1\0\34\1\0Status: 404 xxxx\r\nx:xxxx\r\n\r\nx"
			"\1\3\0\1\0\10\0\0\0\0\0\2\0\0\0\0") },
	};
	const struct proto *fastcgi = proto_get(PROTO_FASTCGI);
	size_t i, split;

	for (i = 0; i < ARRAY_SIZE(flows); i++) {
		struct slice in = flows[i].in;

		for (split = 0; split <= in.n; split++) {
			struct redaction r = { 0 };
			char out[LEN_MAX];

			fastcgi->redact(&r, false, slice_sub(in, 0, split), out);
			fastcgi->redact(&r, false, slice_sub(in, split, in.n), out + split);
			assert_memory_equal(out, flows[i].out.p, in.n);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_every_split),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_records),
	};

	return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
