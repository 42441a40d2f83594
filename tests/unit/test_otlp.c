/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "export/otlp.h"
#include "unit/lib/sample.h"

/* Made with protoc --encode from OpenTelemetry's own schema: an oracle that shares no line with ours. */
static const char golden_hex[] =
	"0a8e010a150a130a0c736572766963652e6e616d6512030a016112750a060a0174120131126b0a105b8efff7"
	"98038103d269b633813fc60c1208eee19b7ec3c1b1742208eee19b7ec3c1b1732a0347455430023900"
	"4859e3faeb6f15410012f41efbeb6f154a200a19687474702e726573706f6e73652e7374617475735f636f64"
	"65120318f4037a021802850101030000";

static void to_hex(char *out, size_t size, struct slice in)
{
	size_t i;

	*out = '\0';
	for (i = 0; i < in.n && 2 * i + 2 < size; i++)
		snprintf(out + 2 * i, size - 2 * i, "%02x", (uint8_t)in.p[i]);
}

/* Both ways to the bytes of a request: protobuf-c's from the tree, and ours, which has to be the same. */
static struct slice packed(struct otlp *o, struct span *const *spans, size_t n)
{
	struct slice wire = otlp_pack(o, &otlp_request(o, spans, n)->base), ours;
	_cleanup_(freep) char *copy = slice_dup(wire);

	ours = otlp_write(o, spans, n);
	assert_non_null(copy);
	assert_int_equal(ours.n, wire.n);
	assert_memory_equal(ours.p, copy, wire.n);
	return ours;
}

static void golden_bytes(void **state)
{
	_cleanup_(otlp_freep) struct otlp *o = otlp_new("1");
	_cleanup_(span_freep) struct span *s = sample_golden();
	Otlp__ExportTraceServiceRequest *req;
	struct resource *r = s->resource;
	char hex[1024];

	req = otlp_request(o, &s, 1);
	assert_non_null(req);
	assert_string_equal(req->resource_spans[0]->schema_url, OTLP_SCHEMA_URL);
	assert_string_equal(req->resource_spans[0]->scope_spans[0]->schema_url, OTLP_SCHEMA_URL);
	/* The oracle's request has no schema. */
	req->resource_spans[0]->schema_url = (char *)"";
	req->resource_spans[0]->scope_spans[0]->schema_url = (char *)"";
	to_hex(hex, sizeof(hex), otlp_pack(o, &req->base));
	assert_string_equal(hex, golden_hex);
	assert_int_equal(r->refs, 1);
}

static void groups_by_resource_and_scope(void **state)
{
	_cleanup_(otlp_freep) struct otlp *o = otlp_new("1");
	struct resource *r[] = { sample_resource("a"), sample_resource("b") };
	Otlp__ExportTraceServiceRequest *req;
	struct span *s[6];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(s); i++) {
		s[i] = sample_span(r[i % 2], 1, (uint8_t)(i + 1), 0, i);
		if (i >= 4)
			s[i]->scope = "other";
	}
	req = otlp_request(o, s, ARRAY_SIZE(s));
	assert_non_null(req);
	assert_int_equal(req->n_resource_spans, 2);
	packed(o, s, ARRAY_SIZE(s));
	req = otlp_request(o, s, ARRAY_SIZE(s));
	for (i = 0; i < 2; i++) {
		Otlp__ResourceSpans *rs = req->resource_spans[i];

		assert_string_equal(rs->resource->attributes[0]->value->string_value,
				    i ? "b" : "a");
		assert_int_equal(rs->n_scope_spans, 2);
		assert_string_equal(rs->scope_spans[0]->scope->name, "ebpf-tracer.http1");
		assert_int_equal(rs->scope_spans[0]->n_spans, 2);
		assert_int_equal(rs->scope_spans[0]->spans[0]->span_id.data[7], i + 1);
		assert_int_equal(rs->scope_spans[0]->spans[1]->span_id.data[7], i + 3);
		assert_string_equal(rs->scope_spans[1]->scope->name, "other");
		assert_int_equal(rs->scope_spans[1]->n_spans, 1);
		assert_int_equal(rs->scope_spans[1]->spans[0]->span_id.data[7], i + 5);
	}
	for (i = 0; i < ARRAY_SIZE(s); i++)
		span_free(s[i]);
	resource_put(r[0]);
	resource_put(r[1]);
}

static void roots_flags_and_links(void **state)
{
	_cleanup_(otlp_freep) struct otlp *o = otlp_new("1");
	_cleanup_(resource_putp) struct resource *r = sample_resource("a");
	_cleanup_(span_freep) struct span *s = sample_span(r, 1, 2, 0, 0);
	Otlp__Span *out;

	s->links_cnt = 2;
	s->links[0] = (struct span_link){ .flags = 3, .remote = true, .reason = "header" };
	s->links[1] = (struct span_link){ .flags = 1 };
	s->links[0].trace_id.b[0] = 7;
	s->attrs.dropped = 9;
	packed(o, &s, 1);
	out = otlp_request(o, &s, 1)->resource_spans[0]->scope_spans[0]->spans[0];
	assert_int_equal(out->parent_span_id.len, 0);
	assert_int_equal(out->flags, 0x101);
	assert_null(out->status);
	assert_int_equal(out->dropped_attributes_count, 9);
	assert_int_equal(out->n_links, 2);
	assert_int_equal(out->links[0]->flags, 0x303);
	assert_int_equal(out->links[0]->trace_id.data[0], 7);
	assert_string_equal(out->links[0]->attributes[0]->key, "link.reason");
	assert_string_equal(out->links[0]->attributes[0]->value->string_value, "header");
	assert_int_equal(out->links[1]->flags, 0x101);
	assert_int_equal(out->links[1]->n_attributes, 0);
}

/* Every kind of value survives the way through the wire format. */
static void values_round_trip(void **state)
{
	_cleanup_(otlp_freep) struct otlp *o = otlp_new("1");
	_cleanup_(resource_putp) struct resource *r = sample_resource("a");
	_cleanup_(span_freep) struct span *s = sample_span(r, 1, 2, 0, 0);
	Otlp__ExportTraceServiceRequest *back;
	Otlp__KeyValue **kv;
	struct slice wire;

	attrs_int(&s->attrs, "min", INT64_MIN);
	attrs_double(&s->attrs, "third", 1.0 / 3);
	attrs_bool(&s->attrs, "no", false);
	attrs_str(&s->attrs, "empty", SLICE(""));
	wire = packed(o, &s, 1);
	back = otlp__export_trace_service_request__unpack(NULL, wire.n, (const uint8_t *)wire.p);
	assert_non_null(back);
	kv = back->resource_spans[0]->scope_spans[0]->spans[0]->attributes;
	assert_true(kv[2]->value->int_value == INT64_MIN);
	assert_true(kv[3]->value->double_value == 1.0 / 3);
	assert_int_equal(kv[4]->value->value_case, OTLP__ANY_VALUE__VALUE_BOOL_VALUE);
	assert_false(kv[4]->value->bool_value);
	assert_int_equal(kv[5]->value->value_case, OTLP__ANY_VALUE__VALUE_STRING_VALUE);
	assert_string_equal(kv[5]->value->string_value, "");
	otlp__export_trace_service_request__free_unpacked(back, NULL);
}

/* As many one-byte values as fit: the bound of the packed size holds for them too. */
static void lists_round_trip(void **state)
{
	_cleanup_(otlp_freep) struct otlp *o = otlp_new("1");
	_cleanup_(resource_putp) struct resource *r = sample_resource("a");
	_cleanup_(span_freep) struct span *s = sample_span(r, 1, 2, 0, 0);
	Otlp__ExportTraceServiceRequest *back;
	Otlp__ArrayValue *list;
	struct slice wire;
	size_t i;

	for (i = 0; i < 3000; i++)
		attrs_list_dup(&s->attrs, SLICE("http.request.header.x"),
			       i % 2 ? SLICE("") : SLICE("v"));
	wire = packed(o, &s, 1);
	back = otlp__export_trace_service_request__unpack(NULL, wire.n, (const uint8_t *)wire.p);
	assert_non_null(back);
	list = back->resource_spans[0]->scope_spans[0]->spans[0]->attributes[2]->value->array_value;
	assert_int_equal(list->n_values, 3000);
	for (i = 0; i < list->n_values; i++)
		assert_string_equal(list->values[i]->string_value, i % 2 ? "" : "v");
	otlp__export_trace_service_request__free_unpacked(back, NULL);
}

static void bad_utf8_in_names_is_repaired(void **state)
{
	_cleanup_(otlp_freep) struct otlp *o = otlp_new("1");
	_cleanup_(resource_putp) struct resource *r = sample_resource("a");
	_cleanup_(span_freep) struct span *s = sample_span(r, 1, 2, 0, 0);
	Otlp__Span *out;

	free(s->name);
	s->name = strdup("G\xff\xfeT");
	s->trace_state = strdup("k=\xc3");
	out = otlp_request(o, &s, 1)->resource_spans[0]->scope_spans[0]->spans[0];
	assert_string_equal(out->name, "G\xef\xbf\xbd\xef\xbf\xbdT");
	assert_string_equal(out->trace_state, "k=\xef\xbf\xbd");
	packed(o, &s, 1);
}

/* The encoder's memory is used again: requests of every size, one after the other, under the address sanitizer. */
static void sizes_up_and_down(void **state)
{
	_cleanup_(otlp_freep) struct otlp *o = otlp_new("1");
	struct resource *r[7];
	struct span *s[200];
	size_t i, n, k, spans;

	for (i = 0; i < ARRAY_SIZE(r); i++)
		r[i] = sample_resource("a");
	for (i = 0; i < ARRAY_SIZE(s); i++) {
		s[i] = sample_span(r[i % ARRAY_SIZE(r)], 1, (uint8_t)i, 0, i);
		s[i]->links_cnt = i % (SPAN_LINKS_MAX + 1);
		s[i]->error = i % 3 == 0;
	}
	for (n = ARRAY_SIZE(s); n > 0; n -= (n > 20 ? 19 : 1)) {
		Otlp__ExportTraceServiceRequest *req = otlp_request(o, s, n);

		for (spans = 0, k = 0; k < req->n_resource_spans; k++)
			spans += req->resource_spans[k]->scope_spans[0]->n_spans;
		assert_int_equal(spans, n);
		assert_true(packed(o, s, n).n > n * sizeof(struct span_id));
	}
	for (i = 0; i < ARRAY_SIZE(s); i++)
		span_free(s[i]);
	for (i = 0; i < ARRAY_SIZE(r); i++)
		resource_put(r[i]);
}

/* The bound that the packed bytes get beforehand holds: a fresh encoder has no byte more than that. */
static void bound_holds(void **state)
{
	_cleanup_(resource_putp) struct resource *r = sample_resource("");
	char text[2000];
	size_t len, k;

	memset(text, '\xff', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	for (len = 0; len < sizeof(text); len = len * 2 + 1) {
		_cleanup_(otlp_freep) struct otlp *o = otlp_new(text + sizeof(text) - 1 - len);
		_cleanup_(span_freep) struct span *s = sample_span(r, 1, 2, 1, 0);

		free(s->name);
		s->name = strdup(text + sizeof(text) - 1 - len);
		s->trace_state = strdup(s->name);
		s->error = s->parent_remote = true;
		s->scope = s->name;
		s->links_cnt = SPAN_LINKS_MAX;
		for (k = 0; k < SPAN_LINKS_MAX; k++)
			s->links[k] = (struct span_link){ .reason = s->name };
		for (k = 0; k < 60; k++) {
			char key[8];

			snprintf(key, sizeof(key), "%zu", k);
			attrs_str_dup(&s->attrs, slice_str(key), (struct slice){ text, len });
		}
		attrs_int(&s->attrs, "negative", -1);
		assert_true(packed(o, &s, 1).n > len);
	}
}

/* Numbers take most beside the texts. */
static void bound_holds_for_numbers(void **state)
{
	_cleanup_(otlp_freep) struct otlp *o = otlp_new("");
	_cleanup_(resource_putp) struct resource *r = resource_new();
	_cleanup_(span_freep) struct span *s = sample_span(r, 1, 2, 1, 0);
	static char keys[60][8];
	size_t k;

	for (k = 0; k < ARRAY_SIZE(keys); k++) {
		snprintf(keys[k], sizeof(keys[k]), "%zu", k);
		attrs_int(&s->attrs, keys[k], INT64_MIN);
	}
	assert_non_null(packed(o, &s, 1).p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_bytes),
		cmocka_unit_test(groups_by_resource_and_scope),
		cmocka_unit_test(roots_flags_and_links),
		cmocka_unit_test(values_round_trip),
		cmocka_unit_test(lists_round_trip),
		cmocka_unit_test(bad_utf8_in_names_is_repaired),
		cmocka_unit_test(sizes_up_and_down),
		cmocka_unit_test(bound_holds),
		cmocka_unit_test(bound_holds_for_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
