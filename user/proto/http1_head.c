/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One message head: a first line, fields, an empty line. Lenient where servers are (bare LF as line
 * end, folded fields, lines that are no fields), strict where the framing depends on it.
 */
#include <errno.h>
#include <string.h>

#include "proto/http1.h"
#include "base/compiler.h"

size_t h1_line_end(struct slice in, size_t *scanned)
{
	const char *lf = *scanned < in.n ? memchr(in.p + *scanned, '\n', in.n - *scanned) : NULL;

	if (lf)
		return lf - in.p + 1;
	*scanned = in.n;
	return 0;
}

size_t h1_head_end(struct slice in, size_t *scanned)
{
	size_t end;

	while ((end = h1_line_end(in, scanned))) {
		if (end == in.n || (end + 1 == in.n && in.p[end] == '\r')) {
			*scanned = end -
				   1; /* what follows decides: this line end is looked at again */
			return 0;
		}
		if (in.p[end] == '\n')
			return end + 1;
		if (in.p[end] == '\r' && in.p[end + 1] == '\n')
			return end + 2;
		*scanned = end;
	}
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice h1_trim(struct slice s)
{
	while (s.n && is_blank(s.p[0]))
		s = slice_sub(s, 1, s.n - 1);
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/*
 * The target is what stands between the first and the last space: some clients send spaces in it.
 */
static int parse_request_line(struct slice line, struct h1_head *head)
{
	ptrdiff_t first = slice_chr(line, ' ');
	const char *last;

	if (first <= 0 || first > H1_METHOD_MAX)
		return -EPROTO;
	head->method = slice_sub(line, 0, first);
	if (h1_token_len(head->method) != head->method.n)
		return -EPROTO;
	last = memrchr(line.p, ' ', line.n);
	if (!h1_version(slice_sub(line, last + 1 - line.p, line.n), &head->minor))
		return -EPROTO;
	if (last == line.p + first)
		return -EPROTO;
	head->target = h1_trim(slice_sub(line, first + 1, last - line.p - first - 1));
	return head->target.n ? 0 : -EPROTO;
}

static int parse_status_line(struct slice line, struct h1_head *head)
{
	const size_t version_len = sizeof("HTTP/1.x") - 1;
	uint64_t status;

	if (h1_sniff_flow(FLOW_RESPONSE, line) != SNIFF_YES_RESPONSE)
		return -EPROTO;
	h1_version(slice_sub(line, 0, version_len), &head->minor);
	if (!slice_u64(slice_sub(line, version_len + 1, 3), 10, &status) || status < 100)
		return -EPROTO;
	head->status = status;
	return 0;
}

int h1_head_parse(enum flow flow, struct slice head, struct h1_head *ret_head)
{
	struct h1_head h = { 0 };
	struct slice line;
	size_t scanned = 0, n;
	int err;

	n = h1_line_end(head, &scanned);
	line = slice_sub(head, 0, n);
	err = flow == FLOW_REQUEST ? parse_request_line(h1_trim(line), &h)
				   : parse_status_line(line, &h);
	if (err)
		return err;
	h.fields = slice_sub(head, n, head.n - n);
	*ret_head = h;
	return 0;
}

/* One field line with the lines folded into it (they begin with a blank). */
static bool next_line(struct slice *rest, struct slice *ret_line)
{
	size_t scanned = 0, end;

	while ((end = h1_line_end(*rest, &scanned))) {
		scanned = end;
		if (end == rest->n || (rest->p[end] != ' ' && rest->p[end] != '\t'))
			break;
	}
	if (!end)
		return false;
	*ret_line = slice_sub(*rest, 0, end);
	*rest = slice_sub(*rest, end, rest->n - end);
	return true;
}

bool h1_field_next(struct slice *fields, struct slice *ret_name, struct slice *ret_value)
{
	struct slice line;
	ptrdiff_t colon;

	while (next_line(fields, &line)) {
		colon = slice_chr(line, ':');
		if (colon <= 0 || is_blank(line.p[0]))
			continue;
		*ret_name = h1_trim(slice_sub(line, 0, colon));
		*ret_value = h1_trim(slice_sub(line, colon + 1, line.n - colon - 1));
		return true;
	}
	return false;
}

bool h1_list_next(struct slice *list, struct slice *ret_elem)
{
	if (!list->n)
		return false;
	*ret_elem = h1_trim(slice_split(list, ','));
	return true;
}

/*
 * "5" and "5, 5" are lengths, everything else is not: guessing here is how requests get smuggled.
 */
static void parse_length(struct slice value, struct h1_framing *fr)
{
	struct slice elem;
	uint64_t n;

	if (!value.n)
		fr->bad_length = true;
	while (h1_list_next(&value, &elem)) {
		if (!slice_u64(elem, 10, &n) || n > INT64_MAX ||
		    (fr->has_length && n != fr->length)) {
			fr->bad_length = true;
			return;
		}
		fr->has_length = true;
		fr->length = n;
	}
}

static void parse_coding(struct slice value, struct h1_framing *fr)
{
	struct slice elem;

	while (h1_list_next(&value, &elem)) {
		elem = h1_trim(slice_split(&elem, ';'));
		if (!elem.n || slice_ieq(elem, SLICE("identity")))
			continue;
		fr->coded = true;
		fr->chunked = slice_ieq(elem, SLICE("chunked"));
	}
}

void h1_framing_parse(struct slice fields, struct h1_framing *ret_framing)
{
	struct h1_framing fr = { 0 };
	struct slice name, value;

	while (h1_field_next(&fields, &name, &value)) {
		if (slice_ieq(name, SLICE("content-length")))
			parse_length(value, &fr);
		else if (slice_ieq(name, SLICE("transfer-encoding")))
			parse_coding(value, &fr);
		else if (slice_ieq(name, SLICE("upgrade")))
			fr.upgrade = true;
	}
	*ret_framing = fr;
}
