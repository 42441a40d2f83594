/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Framing without content: how long records, names and values are stays, which variables hold the method, the target
 * and the trace's context, the method, that context and the status; all else becomes as many REDACTED. Byte by byte:
 * what is kept of an unknown name is at most the beginning of a known one.
 */
#include "base/compiler.h"
#include "proto/fastcgi.h"
#include "proto/http1.h"

enum part { NAME_SIZE, VALUE_SIZE, NAME, VALUE };

enum { METHOD, TARGET }; /* of these not all is told */

static const char *const names[] = {
	[METHOD] = "REQUEST_METHOD",
	[TARGET] = "REQUEST_URI",
	"HTTP_TRACEPARENT",
	"HTTP_B3",
	"HTTP_X_B3_TRACEID",
	"HTTP_X_B3_SPANID",
	"HTTP_X_B3_SAMPLED",
	"HTTP_X_B3_FLAGS",
	"HTTP_UBER_TRACE_ID",
	"HTTP_X_AMZN_TRACE_ID",
	"HTTP_X_DATADOG_TRACE_ID",
	"HTTP_X_DATADOG_PARENT_ID",
	"HTTP_X_DATADOG_SAMPLING_PRIORITY",
};

static const char *const methods[] = {
	"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE", "QUERY",
};

/* The next byte of a word that is to be one of these. */
static char match(struct redaction *r, char c, const char *const *words, size_t cnt)
{
	uint64_t still = 0;
	size_t i;

	for (i = 0; i < cnt; i++) {
		if ((!r->n || r->words & 1ULL << i) && words[i][r->n] && words[i][r->n] == c)
			still |= 1ULL << i;
	}
	r->words = still;
	r->n += r->n < UINT8_MAX;
	return still ? c : REDACTED;
}

/* Whether all of a word has come, and which. */
static bool is_whole(const struct redaction *r, const char *word, size_t at)
{
	return r->n && r->words & 1ULL << at && !word[r->n];
}

static void go(struct redaction *r, enum part part)
{
	r->part = part;
	r->n = 0;
	r->words = 0;
}

/* What comes after the two lengths, and then after each of what they are of. */
static void go_on(struct redaction *r)
{
	if (r->part == VALUE_SIZE && r->name_sz)
		go(r, NAME);
	else if (r->part != VALUE && r->value_sz)
		go(r, VALUE);
	else
		go(r, NAME_SIZE);
}

static char in_size(struct redaction *r, char c)
{
	uint32_t *size = r->part == NAME_SIZE ? &r->name_sz : &r->value_sz;
	uint8_t byte = (uint8_t)c;

	if (!r->length) {
		r->length = byte & 0x80 ? 4 : 1;
		byte &= 0x7f;
		*size = 0;
	}
	*size = *size << 8 | byte;
	if (--r->length)
		return c;
	if (r->part == NAME_SIZE) {
		r->part = VALUE_SIZE;
		return c;
	}
	r->kept = false;
	go_on(r);
	return c;
}

static char in_name(struct redaction *r, char c)
{
	char told = match(r, c, names, ARRAY_SIZE(names));
	size_t i;

	if (--r->name_sz)
		return told;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (is_whole(r, names[i], i)) {
			r->kept = true;
			r->name = i;
		}
	}
	go_on(r);
	return told;
}

static char in_value(struct redaction *r, char c)
{
	char told = REDACTED;

	if (r->kept && r->name == METHOD)
		told = match(r, c, methods, ARRAY_SIZE(methods));
	else if (r->kept && (r->name != TARGET || c == '/'))
		told = c;
	if (!--r->value_sz)
		go_on(r);
	return told;
}

static char in_params(struct redaction *r, char c)
{
	switch (r->part) {
	case NAME:
		return in_name(r, c);
	case VALUE:
		return in_value(r, c);
	default:
		return in_size(r, c);
	}
}

static char in_head(struct redaction *r, char c)
{
	uint8_t byte = (uint8_t)c;

	switch (r->head++) {
	case 1:
		r->type = byte;
		break;
	case 4:
		r->left = byte << 8;
		break;
	case 5:
		r->left |= byte;
		break;
	case 6:
		r->padding = byte;
		break;
	}
	return c;
}

/* A message begins or ends: nothing goes on from the records before. */
static void forget(struct redaction *r)
{
	r->words = 0;
	r->n = r->where = r->part = r->length = 0;
	r->kept = false;
}

static char in_content(struct redaction *r, char c)
{
	char told = REDACTED;

	switch (r->type) {
	case FCGI_BEGIN:
	case FCGI_END:
		forget(r);
		return c;
	case FCGI_PARAMS:
		return in_params(r, c);
	case FCGI_STDOUT:
		h1_redact(r, false, (struct slice){ &c, 1 }, &told);
		break;
	}
	return told;
}

static char redact_byte(struct redaction *r, char c)
{
	char told;

	if (r->head < FCGI_HEAD_SZ) {
		told = in_head(r, c);
	} else if (r->left) {
		r->left--;
		told = in_content(r, c);
	} else {
		r->padding--;
		told = REDACTED;
	}
	if (r->head == FCGI_HEAD_SZ && !r->left && !r->padding)
		r->head = 0;
	return told;
}

void fcgi_redact(struct redaction *r, bool body, struct slice framing, char *out)
{
	size_t i;

	for (i = 0; i < framing.n; i++)
		out[i] = redact_byte(r, framing.p[i]);
}
