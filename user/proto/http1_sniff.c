/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is this HTTP/1.x? By content, never by port: a request is TOKEN SP TARGET SP HTTP/1.x, a response
 * HTTP/1.x SP 3DIGIT. Other protocols are refused at the first byte that does not fit; what still
 * fits asks for more.
 */
#include "proto/http1.h"
#include "base/compiler.h"

#define LEADING_MAX     4 /* CR and LF before a request line; old clients sent a pair after a body */
#define TARGET_LOOK_MAX 2048 /* a target this long is believed: its end is the decoder's business */

static const char version_shape[] = "HTTP/1.#";
static const char status_shape[] = "HTTP/1.# ###";

static const bool token_chars[256] = {
	['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['!'] = true,
	['#'] = true,         ['$'] = true,         ['%'] = true,         ['&'] = true,
	['\''] = true,        ['*'] = true,         ['+'] = true,         ['-'] = true,
	['.'] = true,         ['^'] = true,         ['_'] = true,         ['`'] = true,
	['|'] = true,         ['~'] = true,
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool is_line_break(char c)
{
	return c == '\r' || c == '\n';
}

size_t h1_token_len(struct slice s)
{
	size_t i = 0;

	while (i < s.n && token_chars[(unsigned char)s.p[i]])
		i++;
	return i;
}

/* '#' in the shape stands for a digit. SNIFF_YES_REQUEST: all of it is there. */
static enum sniff match_shape(struct slice s, const char *shape)
{
	size_t i;

	for (i = 0; shape[i]; i++) {
		if (i == s.n)
			return SNIFF_MORE;
		if (shape[i] == '#' ? !is_digit(s.p[i]) : s.p[i] != shape[i])
			return SNIFF_NO;
	}
	return SNIFF_YES_REQUEST;
}

bool h1_version(struct slice s, uint8_t *ret_minor)
{
	if (s.n != sizeof(version_shape) - 1 || match_shape(s, version_shape) != SNIFF_YES_REQUEST)
		return false;
	*ret_minor = s.p[s.n - 1] - '0';
	return true;
}

/* The byte behind the status counts too: what was recognised must not have to be taken back. */
static enum sniff sniff_response(struct slice s)
{
	const size_t n = sizeof(status_shape) - 1;
	enum sniff m = match_shape(s, status_shape);

	if (m != SNIFF_YES_REQUEST)
		return m;
	if (s.n == n)
		return SNIFF_MORE;
	return s.p[n] == ' ' || is_line_break(s.p[n]) ? SNIFF_YES_RESPONSE : SNIFF_NO;
}

static struct slice after_line_breaks(struct slice s)
{
	size_t i = 0;

	while (i < s.n && i < LEADING_MAX && is_line_break(s.p[i]))
		i++;
	return slice_sub(s, i, s.n - i);
}

/* The method and the space behind it. SNIFF_YES_REQUEST: *s is advanced to the target. */
static enum sniff sniff_method(struct slice *s)
{
	size_t n = h1_token_len(slice_sub(*s, 0, H1_METHOD_MAX + 1));

	if (n > H1_METHOD_MAX)
		return SNIFF_NO;
	if (n == s->n)
		return SNIFF_MORE;
	if (!n || s->p[n] != ' ')
		return SNIFF_NO;
	*s = slice_sub(*s, n + 1, s->n - n - 1);
	return SNIFF_YES_REQUEST;
}

/* Paths, "*", URLs, host:port and [v6]:port begin with one of these. */
static bool starts_target(char c)
{
	return c == '/' || c == '*' || c == '[' || is_alnum(c);
}

static enum sniff sniff_request(struct slice s)
{
	enum sniff m;
	size_t i;

	s = after_line_breaks(s);
	m = sniff_method(&s);
	if (m != SNIFF_YES_REQUEST)
		return m;
	if (s.n && !starts_target(s.p[0]))
		return SNIFF_NO;
	for (i = 0; i < s.n && s.p[i] != ' '; i++) {
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return SNIFF_NO;
		if (i == TARGET_LOOK_MAX)
			return SNIFF_YES_REQUEST;
	}
	if (i == s.n)
		return SNIFF_MORE;
	return match_shape(slice_sub(s, i + 1, s.n - i - 1), version_shape);
}

enum sniff h1_sniff_flow(enum flow flow, struct slice head)
{
	return flow == FLOW_REQUEST ? sniff_request(head) : sniff_response(head);
}

enum sniff h1_sniff(struct slice head)
{
	enum sniff rsp = sniff_response(head);
	enum sniff req = sniff_request(head);

	if (rsp == SNIFF_YES_RESPONSE)
		return rsp;
	if (req == SNIFF_YES_REQUEST)
		return req;
	return rsp == SNIFF_MORE || req == SNIFF_MORE ? SNIFF_MORE : SNIFF_NO;
}

bool h1_may_start(enum flow flow, struct slice head)
{
	enum sniff m;

	if (flow == FLOW_RESPONSE)
		return sniff_response(head) != SNIFF_NO;
	m = sniff_method(&head);
	return m == SNIFF_MORE || (m == SNIFF_YES_REQUEST && (!head.n || starts_target(head.p[0])));
}
