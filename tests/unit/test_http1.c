/* SPDX-License-Identifier: GPL-2.0-only */
/* What the golden files cannot say of HTTP/1.x: sniffing, bounds, work per byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>

#include "abi/limits.h"
#include "base/compiler.h"
#include "proto/proto.h"

static enum sniff sniff(const char *bytes, size_t n)
{
	const struct proto *proto = NULL;

	return proto_sniff((struct slice){ bytes, n }, &proto);
}

static void test_sniff(void **state)
{
	static const struct {
		struct slice in;
		enum sniff want;
	} table[] = {
		{ SLICE(""), SNIFF_MORE },
		{ SLICE("G"), SNIFF_MORE },
		{ SLICE("GET / HTTP/1."), SNIFF_MORE },
		{ SLICE("GET / HTTP/1.1"), SNIFF_YES_REQUEST },
		{ SLICE("GET / HTTP/1.0\r\n"), SNIFF_YES_REQUEST },
		{ SLICE("\r\n\r\nGET / HTTP/1.1"), SNIFF_YES_REQUEST },
		{ SLICE("\r\n\r\n\r\nGET / HTTP/1.1"), SNIFF_NO },
		{ SLICE("BREW coffee:80 HTTP/1.1"), SNIFF_YES_REQUEST },
		{ SLICE("M-SEARCH * HTTP/1.1"), SNIFF_YES_REQUEST },
		{ SLICE("CONNECT [::1]:443 HTTP/1.1"), SNIFF_YES_REQUEST },
		{ SLICE("GET http://a/ HTTP/1.1"), SNIFF_YES_REQUEST },
		{ SLICE("HTTP / HTTP/1.1"), SNIFF_YES_REQUEST },
		{ SLICE("HTTP"), SNIFF_MORE },
		{ SLICE("HTTP/1.1 20"), SNIFF_MORE },
		{ SLICE("HTTP/1.1 200"), SNIFF_MORE },
		{ SLICE("HTTP/1.1 200\n"), SNIFF_YES_RESPONSE },
		{ SLICE("HTTP/1.0 404 Not Found"), SNIFF_YES_RESPONSE },
		{ SLICE("HTTP/1.1 2000"), SNIFF_NO },
		{ SLICE("HTTP/2.0 200"), SNIFF_NO },
		{ SLICE("PRI * HTTP/2"), SNIFF_MORE }, /* HTTP/2's preface */
		{ SLICE("GET  "), SNIFF_NO },
		{ SLICE("GET / FTP"), SNIFF_NO },
		{ SLICE("GET /a\x01"), SNIFF_NO },
		{ SLICE("\x16\x03\x01"), SNIFF_NO }, /* TLS */
		{ SLICE("*1\r"), SNIFF_NO }, /* Redis */
		{ SLICE("+OK\r"), SNIFF_NO },
		{ SLICE("SET k v"), SNIFF_NO },
		{ SLICE("\x00\x00\x00\x08"), SNIFF_NO }, /* PostgreSQL */
		{ SLICE("J\x00\x00\x00\x0a"), SNIFF_NO }, /* MySQL */
		{ SLICE("SSH-2.0-OpenSSH_9.2p1 Debian\r"), SNIFF_NO },
		{ SLICE("220 mail.example ESMTP"), SNIFF_NO },
		{ SLICE("INVITE sip:a@b SIP"), SNIFF_NO },
		{ SLICE("{\"id\":1}"), SNIFF_NO },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		if (sniff(table[i].in.p, table[i].in.n) != table[i].want)
			fail_msg("%s: not %d", table[i].in.p, table[i].want);
}

static void test_sniff_is_bounded(void **state)
{
	char long_method[128], long_target[8192];

	memset(long_method, 'A', sizeof(long_method));
	assert_int_equal(sniff(long_method, 64), SNIFF_MORE);
	assert_int_equal(sniff(long_method, sizeof(long_method)), SNIFF_NO);
	memset(long_target, 'a', sizeof(long_target));
	memcpy(long_target, "GET /", 5);
	assert_int_equal(sniff(long_target, 100), SNIFF_MORE);
	assert_int_equal(sniff(long_target, sizeof(long_target)), SNIFF_YES_REQUEST);
}

struct flows {
	const struct proto *proto;
	void *state;
};

static struct flows flows_new(void)
{
	struct flows f = { .proto = proto_get(PROTO_HTTP1) };

	f.state = calloc(1, f.proto->state_sz);
	assert_non_null(f.state);
	return f;
}

static struct msg feed(const struct flows *f, enum flow flow, const char *text)
{
	uint64_t skip;
	struct msg msg;

	assert_int_equal(f->proto->decode(f->state, flow, slice_str(text), &msg, &skip),
			 strlen(text));
	return msg;
}

/*
 * What has been looked at once is made unreadable, but for the line that a refusal needs: no work
 * is done twice.
 */
static void test_head_is_scanned_once(void **state)
{
	const size_t n = HEAD_MAX, start = 64, keep = 4;
	struct flows f = flows_new();
	char *head = malloc(n);
	struct msg msg;
	uint64_t skip;
	size_t i;

	assert_non_null(head);
	memset(head, 'x', n);
	memcpy(head, "GET / HTTP/1.1\r\n", 16);
	for (i = start; i + 32 < n; i += 32)
		memcpy(head + i, "\r\nfield:", 8);
	memcpy(head + n - 4, "\r\n\r\n", 4);
	for (i = 1; i < n; i++) {
		if (i > start + keep + 8)
			__asan_poison_memory_region(head + start, (i - keep - start) & ~7ul);
		assert_int_equal(f.proto->decode(f.state, FLOW_REQUEST, (struct slice){ head, i },
						 &msg, &skip),
				 0);
	}
	__asan_unpoison_memory_region(head, n);
	assert_int_equal(
		f.proto->decode(f.state, FLOW_REQUEST, (struct slice){ head, n }, &msg, &skip), n);
	assert_int_equal(msg.kind, MSG_HEAD_END);
	free(head);
	free(f.state);
}

/*
 * More requests than there is room for: their responses are still framed, by what their own fields
 * say.
 */
static void test_pipeline_beyond_its_bound(void **state)
{
	struct flows f = flows_new();
	int i;

	for (i = 0; i < PIPELINE_MAX + 2; i++)
		feed(&f, FLOW_REQUEST, "HEAD / HTTP/1.1\r\n\r\n");
	for (i = 0; i < PIPELINE_MAX; i++)
		assert_int_equal(
			feed(&f, FLOW_RESPONSE, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
				.kind,
			MSG_HEAD_END);
	/*
	 * Behind requests that were not kept, a new one is not kept either: its turn comes after
	 * theirs.
	 */
	feed(&f, FLOW_REQUEST, "HEAD / HTTP/1.1\r\n\r\n");
	for (i = 0; i < 3; i++) {
		assert_int_equal(
			feed(&f, FLOW_RESPONSE, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
				.kind,
			MSG_HEAD);
		assert_int_equal(feed(&f, FLOW_RESPONSE, "").kind, MSG_END);
	}
	feed(&f, FLOW_REQUEST, "HEAD / HTTP/1.1\r\n\r\n");
	assert_int_equal(
		feed(&f, FLOW_RESPONSE, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n").kind,
		MSG_HEAD_END);
	feed(&f, FLOW_REQUEST, "GET / HTTP/1.1\r\n\r\n");
	assert_int_equal(
		feed(&f, FLOW_RESPONSE, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n").kind,
		MSG_HEAD);
	free(f.state);
}

static void test_resync(void **state)
{
	static const struct {
		enum flow flow;
		struct slice in;
		ssize_t want;
	} table[] = {
		{ FLOW_REQUEST, SLICE("GET / HTTP/1.1\r\n"), 0 },
		{ FLOW_REQUEST, SLICE("tail\r\nGET / HTTP/1.1\r\n"), -EAGAIN },
		{ FLOW_REQUEST, SLICE("HTTP/1.1 200 OK\r\n"), -EAGAIN },
		{ FLOW_RESPONSE, SLICE("HTTP/1.1 200 OK\r\n"), 0 },
		{ FLOW_RESPONSE, SLICE("GET / HTTP/1.1\r\n"), -EAGAIN },
		{ FLOW_RESPONSE, SLICE("0\r\n\r\n"), -EAGAIN }, /* no chunked message is open */
	};
	struct flows f = flows_new();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		assert_int_equal(f.proto->resync(f.state, table[i].flow, table[i].in),
				 table[i].want);
	free(f.state);
}

static void test_resync_in_chunked_body(void **state)
{
	static const struct {
		struct slice in;
		ssize_t want;
	} table[] = {
		{ SLICE("0\r\n\r\n"), 0 },
		{ SLICE("x\r\n0\r\n\r\n"), 3 },
		{ SLICE("0\r\n\r\nHTTP/1.1 200 OK"), 0 },
		{ SLICE("x\r\n0\r\n\r\nHTTP/1.1 200 OK"), 3 },
		{ SLICE("x\r\n0\r\n\r\nin the middle of something"), -EAGAIN },
		{ SLICE("x0\r\n\r\n"), -EAGAIN },
		{ SLICE("\r\n0\r\n\r\nx\r\n0\r\n\r\n"), 10 },
		{ SLICE(""), -EAGAIN },
	};
	struct msg msg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct flows f = flows_new();

		feed(&f, FLOW_RESPONSE, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
		assert_true(f.proto->gap(f.state, FLOW_RESPONSE, 1000, &msg) < 0);
		assert_int_equal(f.proto->resync(f.state, FLOW_RESPONSE, table[i].in),
				 table[i].want);
		free(f.state);
	}
}

/*
 * The URL of a span may be long; what is hidden in it stays hidden, and nothing is written beyond
 * the span's room.
 */
static void test_long_query_is_redacted_then_cut(void **state)
{
	const size_t n = HEAD_MAX;
	struct peer_facts peer = { .server_side = true };
	struct flows f = flows_new();
	char *head = malloc(n + 1);
	struct attrs attrs;
	size_t i;

	assert_non_null(head);
	memset(head, '&', n);
	memcpy(head, "GET /?", 6);
	for (i = 8; i + 64 < n; i += 8)
		memcpy(head + i, "sig=abc&", 8);
	memcpy(head + n - 13, " HTTP/1.1\r\n\r\n", 13);
	head[n] = '\0';
	assert_int_equal(feed(&f, FLOW_REQUEST, head).kind, MSG_HEAD_END);
	attrs_init(&attrs, ATTRS_MAX, ATTR_TEXT_MAX);
	f.proto->describe(f.state, FLOW_REQUEST, &peer, &attrs);
	assert_non_null(attrs_find(&attrs, "url.query"));
	assert_null(strstr(attr_text(&attrs, attrs_find(&attrs, "url.query")), "abc"));
	attrs_release(&attrs);
	free(head);
	free(f.state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sniff),
		cmocka_unit_test(test_sniff_is_bounded),
		cmocka_unit_test(test_head_is_scanned_once),
		cmocka_unit_test(test_pipeline_beyond_its_bound),
		cmocka_unit_test(test_resync),
		cmocka_unit_test(test_resync_in_chunked_body),
		cmocka_unit_test(test_long_query_is_redacted_then_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
