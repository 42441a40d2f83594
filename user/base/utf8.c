/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static bool continuation(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/*
 * Length of the valid character at p, 0 if there is none. The second byte's range (Unicode, table 3-7) is what shuts
 * out overlong forms, surrogates and everything beyond U+10FFFF.
 */
static size_t character(const unsigned char *p, size_t n)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (p[0] < 0x80)
		return p[0] != '\0';
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n < len)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (!continuation(p[i]))
			return 0;
	return len;
}

/* How many bytes from p on are ASCII and no NUL, in steps of eight: most text is nothing else. */
static size_t plain(const char *p, size_t n)
{
	const uint64_t ones = ~0ULL / 255, highs = ones << 7;
	uint64_t word;
	size_t at;

	for (at = 0; n - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, p + at, sizeof(word));
		/* A byte minus one has its high bit set if the byte was 0, or above 128. */
		if ((word | (word - ones)) & highs)
			break;
	}
	return at;
}

size_t utf8_valid_prefix(struct slice s)
{
	size_t at = plain(s.p, s.n);

	while (at < s.n) {
		size_t len = character((const unsigned char *)s.p + at, s.n - at);

		if (!len)
			break;
		at += len;
	}
	return at;
}

size_t utf8_repaired_len(struct slice s)
{
	size_t len = 0;

	while (s.n) {
		size_t good = utf8_valid_prefix(s);

		len += good;
		s = slice_sub(s, good, s.n);
		if (!s.n)
			break;
		len += sizeof(REPLACEMENT) - 1;
		s = slice_sub(s, 1, s.n);
	}
	return len;
}

/* The longest prefix of the valid text s that has at most max bytes and ends between two characters. */
static struct slice cut(struct slice s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max && continuation((unsigned char)s.p[max]))
		max--;
	return slice_sub(s, 0, max);
}

static int append_repaired(struct buf *b, struct slice s, size_t max)
{
	while (s.n) {
		struct slice good = slice_sub(s, 0, utf8_valid_prefix(s));
		struct slice part = cut(good, max);
		int err = buf_append(b, part.p, part.n);

		if (err)
			return err;
		max -= part.n;
		s = slice_sub(s, good.n, s.n);
		if (part.n < good.n || !s.n || max < sizeof(REPLACEMENT) - 1)
			return 0;
		err = buf_puts(b, REPLACEMENT);
		if (err)
			return err;
		max -= sizeof(REPLACEMENT) - 1;
		s = slice_sub(s, 1, s.n);
	}
	return 0;
}

int utf8_append(struct buf *b, struct slice s, size_t max)
{
	size_t before = b->n;
	int err = append_repaired(b, s, max);

	if (err && b->p) {
		b->n = before;
		b->p[before] = '\0';
	}
	return err;
}
