/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * OTLP/JSON is proto3's JSON with three deviations: ids are hexadecimal, enums are numbers, names are always
 * lowerCamelCase. 64-bit integers are decimal strings, as in proto3, because a JSON reader may keep only 53 bits.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "export/json_message.h"

struct json {
	struct buf *out;
	int err; /* the first one; everything after it is skipped */
};

static void put(struct json *j, const void *p, size_t n)
{
	if (!j->err)
		j->err = buf_append(j->out, p, n);
}

static void put_str(struct json *j, const char *s)
{
	put(j, s, strlen(s));
}

#define put_lit(j, lit) put(j, lit, sizeof(lit) - 1)

static void put_string(struct json *j, const char *text)
{
	if (!j->err)
		j->err = json_text(j->out, text);
}

static void put_hex(struct json *j, const ProtobufCBinaryData *b)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < b->len; i++) {
		char pair[2] = { digits[b->data[i] >> 4], digits[b->data[i] & 15] };

		put(j, pair, sizeof(pair));
	}
}

static void put_base64(struct json *j, const ProtobufCBinaryData *b)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t i, k;

	for (i = 0; i < b->len; i += 3) {
		size_t n = min(b->len - i, (size_t)3);
		uint32_t v = 0;
		char quad[] = "====";

		for (k = 0; k < n; k++)
			v |= (uint32_t)b->data[i + k] << (16 - 8 * k);
		for (k = 0; k <= n; k++)
			quad[k] = digits[v >> (18 - 6 * k) & 63];
		put(j, quad, 4);
	}
}

static bool ends_in_id(const char *name)
{
	size_t n = strlen(name);

	return n > 3 && !strcmp(name + n - 3, "_id");
}

static void put_bytes(struct json *j, const ProtobufCFieldDescriptor *f,
		      const ProtobufCBinaryData *b)
{
	put_lit(j, "\"");
	if (ends_in_id(f->name))
		put_hex(j, b);
	else
		put_base64(j, b);
	put_lit(j, "\"");
}

/* The shortest of the forms that read back as the same number. */
static void put_double(struct json *j, double v)
{
	char text[40];
	int digits;

	if (isnan(v)) {
		put_lit(j, "\"NaN\"");
		return;
	}
	if (isinf(v)) {
		put_str(j, v > 0 ? "\"Infinity\"" : "\"-Infinity\"");
		return;
	}
	for (digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	put_str(j, text);
}

static void put_number(struct json *j, const char *fmt, long long v) __printf(2, 0);

static void put_number(struct json *j, const char *fmt, long long v)
{
	char text[32];

	snprintf(text, sizeof(text), fmt, v);
	put_str(j, text);
}

/* From snake_case to lowerCamelCase. */
static void put_key(struct json *j, const char *name)
{
	char text[64];
	size_t n = 0;

	for (; *name && n < sizeof(text); name++) {
		bool upper = *name == '_' && name[1] >= 'a' && name[1] <= 'z';

		if (upper)
			name++;
		text[n++] = upper ? (char)(*name - 'a' + 'A') : *name;
	}
	put_lit(j, "\"");
	put(j, text, n);
	put_lit(j, "\":");
}

static void put_message(struct json *j, const ProtobufCMessage *msg);

static void put_value(struct json *j, const ProtobufCFieldDescriptor *f, const void *v)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_ENUM:
		put_number(j, "%lld", *(const int32_t *)v);
		break;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		put_number(j, "%lld", *(const uint32_t *)v);
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		put_number(j, "\"%lld\"", *(const int64_t *)v);
		break;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		put_number(j, "\"%llu\"", (long long)*(const uint64_t *)v);
		break;
	case PROTOBUF_C_TYPE_FLOAT:
		put_double(j, *(const float *)v);
		break;
	case PROTOBUF_C_TYPE_DOUBLE:
		put_double(j, *(const double *)v);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		put_str(j, *(const protobuf_c_boolean *)v ? "true" : "false");
		break;
	case PROTOBUF_C_TYPE_STRING:
		put_string(j, *(char *const *)v);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		put_bytes(j, f, v);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		put_message(j, *(ProtobufCMessage *const *)v);
		break;
	}
}

static size_t value_size(const ProtobufCFieldDescriptor *f)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return sizeof(uint64_t);
	default:
		return sizeof(uint32_t);
	}
}

/* proto3 leaves out what has its default value. */
static bool is_default(const ProtobufCFieldDescriptor *f, const void *v)
{
	static const char zero[sizeof(ProtobufCBinaryData)];

	if (f->type == PROTOBUF_C_TYPE_STRING)
		return !**(char *const *)v;
	if (f->type == PROTOBUF_C_TYPE_BYTES)
		return !((const ProtobufCBinaryData *)v)->len;
	return !memcmp(v, zero, value_size(f));
}

static bool is_set(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *f)
{
	const char *base = (const char *)msg;

	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)(base + f->quantifier_offset);
	if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		return *(const uint32_t *)(base + f->quantifier_offset) == f->id;
	return !is_default(f, base + f->offset);
}

static void put_list(struct json *j, const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *f)
{
	size_t n = *(const size_t *)((const char *)msg + f->quantifier_offset), i;
	const char *items = *(char *const *)((const char *)msg + f->offset);

	put_lit(j, "[");
	for (i = 0; i < n; i++) {
		if (i)
			put_lit(j, ",");
		put_value(j, f, items + i * value_size(f));
	}
	put_lit(j, "]");
}

static void put_message(struct json *j, const ProtobufCMessage *msg)
{
	bool first = true;
	unsigned i;

	put_lit(j, "{");
	for (i = 0; i < msg->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &msg->descriptor->fields[i];

		if (!is_set(msg, f))
			continue;
		if (!first)
			put_lit(j, ",");
		first = false;
		put_key(j, f->name);
		if (f->label == PROTOBUF_C_LABEL_REPEATED)
			put_list(j, msg, f);
		else
			put_value(j, f, (const char *)msg + f->offset);
	}
	put_lit(j, "}");
}

int json_message(struct buf *out, const ProtobufCMessage *msg)
{
	struct json j = { .out = out };

	put_message(&j, msg);
	return j.err;
}
