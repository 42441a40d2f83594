/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "base/compiler.h"
#include "trace/context.h"

#define VERSION_INVALID   0xff
#define STATE_MEMBERS_MAX 32
#define STATE_KEY_MAX     256
#define STATE_VALUE_MAX   256

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; /* upper case is invalid here */
}

static bool parse_hex(const char *text, uint8_t *ret_bytes, size_t n)
{
	int hi, lo;
	size_t i;

	for (i = 0; i < n; i++) {
		hi = hex_digit(text[2 * i]);
		lo = hex_digit(text[2 * i + 1]);
		if (hi < 0 || lo < 0)
			return false;
		ret_bytes[i] = hi << 4 | lo;
	}
	return true;
}

static bool all_zero(const uint8_t *b, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (b[i])
			return false;
	return true;
}

bool span_id_set(const struct span_id *id)
{
	return !all_zero(id->b, sizeof(id->b));
}

/* 00-<trace id>-<span id>-<flags>; later versions may have more after another dash. */
int trace_ctx_parse(struct slice s, struct trace_ctx *ret_ctx)
{
	struct trace_ctx ctx = { 0 };
	uint8_t version;

	if (s.n < TRACEPARENT_LEN || s.p[2] != '-' || s.p[35] != '-' || s.p[52] != '-')
		return -EINVAL;
	if (!parse_hex(s.p, &version, 1) ||
	    !parse_hex(s.p + 3, ctx.trace_id.b, sizeof(ctx.trace_id.b)) ||
	    !parse_hex(s.p + 36, ctx.span_id.b, sizeof(ctx.span_id.b)) ||
	    !parse_hex(s.p + 53, &ctx.flags, 1))
		return -EINVAL;
	if (version == VERSION_INVALID || (!version && s.n != TRACEPARENT_LEN))
		return -EINVAL;
	if (s.n > TRACEPARENT_LEN && s.p[TRACEPARENT_LEN] != '-')
		return -EINVAL;
	if (all_zero(ctx.trace_id.b, sizeof(ctx.trace_id.b)) ||
	    all_zero(ctx.span_id.b, sizeof(ctx.span_id.b)))
		return -EINVAL;
	*ret_ctx = ctx;
	return 0;
}

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool valid_key(struct slice key)
{
	size_t i;

	if (!key.n || key.n > STATE_KEY_MAX || !is_lower_alnum(key.p[0]))
		return false;
	for (i = 0; i < key.n; i++)
		if (!is_lower_alnum(key.p[i]) && !memchr("_-*/@", key.p[i], 5))
			return false;
	return true;
}

static bool valid_value(struct slice value)
{
	size_t i;

	if (!value.n || value.n > STATE_VALUE_MAX)
		return false;
	for (i = 0; i < value.n; i++)
		if (value.p[i] < ' ' || value.p[i] > '~' || value.p[i] == '=')
			return false;
	return true;
}

int tracestate_check(struct slice s)
{
	unsigned members = 0;
	struct slice member, key;

	while (s.n) {
		member = slice_trim(slice_split(&s, ','));
		if (!member.n)
			continue; /* empty members are allowed */
		if (slice_chr(member, '=') < 0)
			return -EINVAL;
		key = slice_split(&member, '=');
		if (!valid_key(key) || !valid_value(member) || ++members > STATE_MEMBERS_MAX)
			return -EINVAL;
	}
	return members ? 0 : -EINVAL;
}

static char *put_hex(char *at, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < n; i++) {
		*at++ = digits[bytes[i] >> 4];
		*at++ = digits[bytes[i] & 15];
	}
	return at;
}

void trace_ctx_format(const struct trace_ctx *ctx, char ret_text[TRACEPARENT_LEN + 1])
{
	uint8_t flags =
		ctx->flags & (TRACE_FLAG_SAMPLED | TRACE_FLAG_RANDOM); /* the others must be 0 */
	static const uint8_t version;
	char *at = ret_text;

	at = put_hex(at, &version, 1);
	*at++ = '-';
	at = put_hex(at, ctx->trace_id.b, sizeof(ctx->trace_id.b));
	*at++ = '-';
	at = put_hex(at, ctx->span_id.b, sizeof(ctx->span_id.b));
	*at++ = '-';
	at = put_hex(at, &flags, 1);
	*at = '\0';
}
