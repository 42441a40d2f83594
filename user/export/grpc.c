/* SPDX-License-Identifier: GPL-2.0-only */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "export/grpc.h"
#include "otlp.pb-c.h"

#define DETAILS_MAX     ((size_t)64 << 10) /* libcurl's bound for all headers is 300 KB */
#define RETRY_MAX_MS    (24 * 3600 * 1000ULL) /* retry.c has the last word */
#define RETRY_INFO_TYPE "google.rpc.RetryInfo"

/* How a message is preceded. */
struct prefix {
	uint8_t compressed;
	uint32_t len; /* big endian */
} __attribute__((packed));

int grpc_frame(struct buf *out, struct slice msg, bool compressed)
{
	struct prefix head = { .compressed = compressed, .len = htobe32((uint32_t)msg.n) };
	size_t before = out->n;
	int err;

	if (msg.n > UINT32_MAX)
		return -E2BIG;
	err = buf_append(out, &head, sizeof(head));
	if (!err)
		err = buf_append(out, msg.p, msg.n);
	if (err)
		out->n = before;
	return err;
}

int grpc_unframe(struct slice body, struct slice *ret_msg, bool *ret_compressed)
{
	struct prefix head;

	if (body.n < sizeof(head))
		return -EINVAL;
	memcpy(&head, body.p, sizeof(head));
	if (head.compressed > 1 || be32toh(head.len) != body.n - sizeof(head))
		return -EINVAL;
	*ret_msg = slice_sub(body, sizeof(head), body.n);
	*ret_compressed = head.compressed;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* gRPC: what is not a valid escape stands as it is, so that a sender's mistake loses nothing. */
static void percent_decode(const char *s, char *out, size_t max)
{
	size_t n = 0;

	while (*s && n < max) {
		int high = *s == '%' ? hex_digit(s[1]) : -1;
		int low = high >= 0 ? hex_digit(s[2]) : -1;

		out[n++] = low >= 0 ? (char)(high << 4 | low) : *s;
		s += low >= 0 ? 3 : 1;
	}
	out[n] = '\0';
}

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Padded or not, as gRPC wants it. */
static int base64_decode(const char *s, struct buf *out)
{
	size_t n = strlen(s);
	uint32_t bits = 0;
	unsigned have = 0;
	int err = 0;

	while (n && s[n - 1] == '=')
		n--;
	if (n % 4 == 1)
		return -EINVAL;
	for (; n && !err; n--, s++) {
		int v = base64_digit(*s);
		char byte;

		if (v < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		byte = (char)(bits >> have);
		err = buf_append(out, &byte, 1);
	}
	return err;
}

static uint64_t duration_ms(const Otlp__RpcDuration *d)
{
	if (!d || d->seconds < 0 || d->nanos < 0)
		return 0;
	if ((uint64_t)d->seconds >= RETRY_MAX_MS / 1000)
		return RETRY_MAX_MS;
	return (uint64_t)d->seconds * 1000 + (uint64_t)d->nanos / 1000000;
}

/* 0: the detail is something else. */
static uint64_t retry_info_ms(const ProtobufCBinaryData *detail)
{
	Otlp__RpcAny *any = otlp__rpc_any__unpack(NULL, detail->len, detail->data);
	const char *type = any ? strrchr(any->type_url, '/') : NULL;
	Otlp__RpcRetryInfo *info = NULL;
	uint64_t ms = 0;

	if (type && !strcmp(type + 1, RETRY_INFO_TYPE))
		info = otlp__rpc_retry_info__unpack(NULL, any->value.len, any->value.data);
	if (info)
		ms = max(duration_ms(info->retry_delay), (uint64_t)1);
	if (info)
		otlp__rpc_retry_info__free_unpacked(info, NULL);
	if (any)
		otlp__rpc_any__free_unpacked(any, NULL);
	return ms;
}

static void read_details(const char *details, struct grpc_status *st)
{
	_cleanup_(buf_release) struct buf raw = BUF_INIT(DETAILS_MAX);
	Otlp__RpcStatus *rpc = NULL;
	size_t i;

	if (!base64_decode(details, &raw))
		rpc = otlp__rpc_status__unpack(NULL, raw.n, (const uint8_t *)raw.p);
	if (!rpc)
		return;
	for (i = 0; i < rpc->n_details && !st->retry_after_ms; i++)
		st->retry_after_ms = retry_info_ms(&rpc->details[i]);
	if (!*st->message)
		strncat(st->message, rpc->message, GRPC_MESSAGE_MAX);
	otlp__rpc_status__free_unpacked(rpc, NULL);
}

int grpc_status_read(const char *status, const char *message, const char *details,
		     struct grpc_status *ret_status)
{
	uint64_t code;

	if (!status)
		return -ENOENT;
	*ret_status = (struct grpc_status){ .code = GRPC_UNKNOWN };
	/* gRPC: a code that cannot be read, or that nobody defined, is UNKNOWN. */
	if (slice_u64(slice_str(status), 10, &code) && code < GRPC__CNT)
		ret_status->code = (unsigned)code;
	if (message)
		percent_decode(message, ret_status->message, GRPC_MESSAGE_MAX);
	if (details)
		read_details(details, ret_status);
	return 0;
}

unsigned grpc_code_of_http(unsigned http_status)
{
	switch (http_status) {
	case 400:
		return GRPC_INTERNAL;
	case 401:
		return GRPC_UNAUTHENTICATED;
	case 403:
		return GRPC_PERMISSION_DENIED;
	case 404:
		return GRPC_UNIMPLEMENTED;
	case 429:
	case 502:
	case 503:
	case 504:
		return GRPC_UNAVAILABLE;
	default:
		return GRPC_UNKNOWN;
	}
}

const char *grpc_code_name(unsigned code)
{
	static const char *const names[GRPC__CNT] = {
		[GRPC_OK] = "OK",
		[GRPC_CANCELLED] = "CANCELLED",
		[GRPC_UNKNOWN] = "UNKNOWN",
		[GRPC_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
		[GRPC_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
		[GRPC_NOT_FOUND] = "NOT_FOUND",
		[GRPC_ALREADY_EXISTS] = "ALREADY_EXISTS",
		[GRPC_PERMISSION_DENIED] = "PERMISSION_DENIED",
		[GRPC_RESOURCE_EXHAUSTED] = "RESOURCE_EXHAUSTED",
		[GRPC_FAILED_PRECONDITION] = "FAILED_PRECONDITION",
		[GRPC_ABORTED] = "ABORTED",
		[GRPC_OUT_OF_RANGE] = "OUT_OF_RANGE",
		[GRPC_UNIMPLEMENTED] = "UNIMPLEMENTED",
		[GRPC_INTERNAL] = "INTERNAL",
		[GRPC_UNAVAILABLE] = "UNAVAILABLE",
		[GRPC_DATA_LOSS] = "DATA_LOSS",
		[GRPC_UNAUTHENTICATED] = "UNAUTHENTICATED",
	};

	return code < GRPC__CNT ? names[code] : "an unknown code";
}
