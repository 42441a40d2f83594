/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <string.h>

#include "base/json_text.h"

/* How many bytes at s must be escaped together: 0, 1, or 2 for a C1 control, which is a terminal escape to some. */
static size_t escape_len(const unsigned char *s)
{
	if (*s < 0x20 || *s == '"' || *s == '\\' || *s == 0x7f)
		return 1;
	return *s == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0 ? 2 : 0;
}

static int put_escape(struct buf *out, const unsigned char *s, size_t n)
{
	static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
	const char *at = strchr(plain, *s);

	return at ? buf_printf(out, "\\%c", letter[at - plain])
		  : buf_printf(out, "\\u%04x", s[n - 1]);
}

int json_text(struct buf *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text, *from = s;
	int err = buf_puts(out, "\"");
	size_t n;

	while (!err && *s) {
		n = escape_len(s);
		if (!n) {
			s++;
			continue;
		}
		err = buf_append(out, from, (size_t)(s - from));
		if (!err)
			err = put_escape(out, s, n);
		s += n;
		from = s;
	}
	if (!err)
		err = buf_append(out, from, (size_t)(s - from));
	return err ? err : buf_puts(out, "\"");
}
