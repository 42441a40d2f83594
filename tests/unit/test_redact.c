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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_every_split),
		cmocka_unit_test(test_frames),
	};

	return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
