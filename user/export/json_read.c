/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "export/json_read.h"

static struct slice skip_space(struct slice s)
{
	while (s.n && strchr(" \t\r\n", *s.p) && *s.p)
		s = slice_sub(s, 1, s.n);
	return s;
}

/* The length of the string at the start of s with its quotes; 0: there is none. */
static size_t string_len(struct slice s)
{
	size_t i;

	if (!s.n || *s.p != '"')
		return 0;
	for (i = 1; i < s.n && s.p[i] != '"'; i++)
		i += s.p[i] == '\\';
	return i < s.n ? i + 1 : 0;
}

/* The length of the value at the start of s; 0: there is none. Brackets are counted, not matched. */
static size_t value_len(struct slice s)
{
	size_t i = 0, depth = 0, n;

	while (i < s.n) {
		n = string_len(slice_sub(s, i, s.n));
		if (!n && s.p[i] == '"')
			return 0;
		if (s.p[i] == '{' || s.p[i] == '[')
			depth++;
		else if (!depth && strchr(",}] \t\r\n", s.p[i]) && s.p[i])
			return i;
		else if (s.p[i] == '}' || s.p[i] == ']')
			depth--;
		i += n ? n : 1;
		if (!depth && strchr("}]\"", s.p[i - 1]) && s.p[i - 1])
			return i;
	}
	return depth ? 0 : i;
}

/* Takes the given character from the start of *s. */
static bool take(struct slice *s, char c)
{
	*s = skip_space(*s);
	if (!s->n || *s->p != c)
		return false;
	*s = slice_sub(*s, 1, s->n);
	return true;
}

bool json_member(struct slice object, struct slice name, struct slice *ret_value)
{
	struct slice s = object;
	size_t n;

	if (!take(&s, '{'))
		return false;
	do {
		struct slice key, value;

		s = skip_space(s);
		n = string_len(s);
		if (!n)
			return false;
		key = slice_sub(s, 1, n - 2);
		s = slice_sub(s, n, s.n);
		if (!take(&s, ':'))
			return false;
		s = skip_space(s);
		n = value_len(s);
		if (!n)
			return false;
		value = slice_sub(s, 0, n);
		s = slice_sub(s, n, s.n);
		if (!slice_eq(key, name))
			continue;
		*ret_value = value;
		return true;
	} while (take(&s, ','));
	return false;
}

static int put_escaped(const char *p, struct buf *out)
{
	static const char letters[] = "bfnrt", means[] = "\b\f\n\r\t";
	const char *at = strchr(letters, *p);

	return buf_append(out, at && *p ? &means[at - letters] : p, 1);
}

/* What \uXXXX means is not told: it becomes a question mark, for it is only shown to a person. */
int json_string(struct slice value, struct buf *out)
{
	size_t i, end = string_len(value);
	int err = end && end == value.n ? 0 : -EINVAL;

	for (i = 1; !err && i + 1 < end; i++) {
		if (value.p[i] != '\\') {
			err = buf_append(out, value.p + i, 1);
		} else if (value.p[++i] != 'u') {
			err = put_escaped(value.p + i, out);
		} else {
			err = buf_puts(out, "?");
			i += 4;
		}
	}
	return err;
}

bool json_u64(struct slice value, uint64_t *ret_v)
{
	if (string_len(value) && string_len(value) == value.n)
		value = slice_sub(value, 1, value.n - 2);
	return slice_u64(value, 10, ret_v);
}
