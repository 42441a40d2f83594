/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Framing without content: what a message is stays (method, version, status, where lines end, lengths, codings, sizes
 * of chunks, trace contexts), everything else becomes as many REDACTED. Byte by byte, since a line may come in any
 * pieces: what is kept of an unknown word is at most the beginning of a known one.
 */
#include "base/compiler.h"
#include "proto/http1.h"

#define VERSION " HTTP/1."

enum where {
	AT_WORD, /* the line so far is the beginning of one of the words */
	IN_WORD, /* of none */
	IN_TARGET,
	AT_MINOR, /* the last digit of a request line */
	IN_STATUS,
	IN_SIZE, /* of a chunk */
	KEEPING, /* to the end of the line */
	HIDING,
};

static const struct {
	const char *text;
	enum where next;
} words[] = {
	{ "get ", IN_TARGET },
	{ "post ", IN_TARGET },
	{ "put ", IN_TARGET },
	{ "delete ", IN_TARGET },
	{ "head ", IN_TARGET },
	{ "options ", IN_TARGET },
	{ "patch ", IN_TARGET },
	{ "connect ", IN_TARGET },
	{ "trace ", IN_TARGET },
	{ "query ", IN_TARGET },
	{ "http/1.0 ", IN_STATUS },
	{ "http/1.1 ", IN_STATUS },
	{ "status:", IN_STATUS }, /* of CGI */
	{ "content-length:", KEEPING },
	{ "transfer-encoding:", KEEPING },
	{ "upgrade:", HIDING },
	{ "traceparent:", KEEPING },
	{ "b3:", KEEPING },
	{ "x-b3-traceid:", KEEPING },
	{ "x-b3-spanid:", KEEPING },
	{ "x-b3-sampled:", KEEPING },
	{ "x-b3-flags:", KEEPING },
	{ "uber-trace-id:", KEEPING },
	{ "x-amzn-trace-id:", KEEPING },
	{ "x-datadog-trace-id:", KEEPING },
	{ "x-datadog-parent-id:", KEEPING },
	{ "x-datadog-sampling-priority:", KEEPING },
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}

static void go(struct redaction *r, enum where where)
{
	r->where = where;
	r->n = 0;
}

/* Of a word that is not known: what kind of line it makes still shows where it ends. */
static char in_word(struct redaction *r, char c)
{
	if (c != ':' && c != ' ')
		return REDACTED;
	go(r, c == ':' ? HIDING : IN_TARGET);
	return c;
}

static char at_word(struct redaction *r, char c)
{
	uint64_t still = 0;
	size_t i;

	if (!r->n && is_blank(c)) {
		go(r, r->kept ? KEEPING : HIDING);
		return c;
	}
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if ((r->n && !(r->words & 1ULL << i)) || words[i].text[r->n] != lower(c))
			continue;
		if (!words[i].text[r->n + 1]) {
			go(r, words[i].next);
			return c;
		}
		still |= 1ULL << i;
	}
	r->words = still;
	r->n++;
	if (still)
		return c;
	go(r, IN_WORD);
	return in_word(r, c);
}

static char in_target(struct redaction *r, char c)
{
	if (c == VERSION[r->n])
		r->n++;
	else
		r->n = c == ' ';
	if (!VERSION[r->n])
		go(r, AT_MINOR);
	return r->n || r->where == AT_MINOR || c == '/' ? c : REDACTED;
}

/* Three digits and the blank behind them. */
static char in_status(struct redaction *r, char c)
{
	if (r->n == 3 || (!is_digit(c) && !is_blank(c)))
		go(r, HIDING);
	else
		r->n += is_digit(c);
	return is_blank(c) || r->where == IN_STATUS ? c : REDACTED;
}

static char in_size(struct redaction *r, char c)
{
	if (is_hex(c) || is_blank(c))
		return c;
	go(r, HIDING);
	return c == ';' ? c : REDACTED;
}

static char redact_byte(struct redaction *r, char c)
{
	switch (r->where) {
	case AT_WORD:
		return at_word(r, c);
	case IN_WORD:
		return in_word(r, c);
	case IN_TARGET:
		return in_target(r, c);
	case AT_MINOR:
		go(r, HIDING);
		return is_digit(c) ? c : REDACTED;
	case IN_STATUS:
		return in_status(r, c);
	case IN_SIZE:
		return in_size(r, c);
	case KEEPING:
		return c;
	default:
		return REDACTED;
	}
}

void h1_redact(struct redaction *r, bool body, struct slice framing, char *out)
{
	size_t i;

	for (i = 0; i < framing.n; i++) {
		char c = framing.p[i];

		if (body && r->where == AT_WORD && !r->n)
			r->where = IN_SIZE;
		if (c == '\n') {
			r->kept = r->where == KEEPING;
			go(r, AT_WORD);
		}
		out[i] = c == '\n' || c == '\r' ? c : redact_byte(r, c);
	}
}
