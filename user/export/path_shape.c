/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdbool.h>

#include "export/path_shape.h"

#define WORD_MAX 40 /* bytes; longer ones are tokens */
#define HEX_MIN  8 /* "facade" is a word, 8 hexadecimal digits with a number among them are not */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '-';
}

/* A number, a UUID or another hexadecimal name, a word that is half digits, or too long to be a word. */
static bool is_id(struct slice s)
{
	size_t digits = 0, hex = 0, i;

	for (i = 0; i < s.n; i++) {
		digits += is_digit(s.p[i]);
		hex += is_hex(s.p[i]);
	}
	if (!digits)
		return s.n > WORD_MAX;
	return digits == s.n || (hex == s.n && s.n >= HEX_MIN) ||
	       (digits * 2 >= s.n && digits > 1) || s.n > WORD_MAX;
}

int path_shape(struct buf *out, struct slice path)
{
	bool more, host = true; /* what stands before the first slash, if anything does */

	do {
		struct slice word;
		int err;

		more = slice_chr(path, '/') >= 0;
		word = slice_split(&path, '/');
		err = !host && is_id(word) ? buf_puts(out, "{id}")
					   : buf_append(out, word.p, word.n);
		if (!err && more)
			err = buf_puts(out, "/");
		if (err)
			return err;
		host = false;
	} while (more);
	return 0;
}
