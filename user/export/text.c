/* SPDX-License-Identifier: GPL-2.0-only */
#include <limits.h>
#include <stdio.h>
#include <wchar.h>

#include "base/utf8.h"
#include "export/text.h"

#define ELLIPSIS "\xe2\x80\xa6"

/* One character as it is shown. */
struct glyph {
	char text[16];
	size_t n;
	unsigned columns;
};

/* What would steer the terminal, turn the direction of what follows, or be there and not be seen. */
static const struct {
	uint32_t first, last;
} steering[] = {
	{ 0x00, 0x1f }, /* C0 */
	{ 0x7f, 0x9f }, /* DEL, C1 */
	{ 0x061c, 0x061c }, /* direction */
	{ 0x200b, 0x200f }, /* invisible, direction marks */
	{ 0x2028, 0x202e }, /* line and paragraph ends, direction */
	{ 0x2060, 0x206f }, /* invisible, direction */
	{ 0xfeff, 0xfeff }, /* invisible */
	{ 0xfff9, 0xfffb }, /* annotations beside what they are about */
	{ 0xe0000, 0xe007f }, /* tags, which spell ASCII invisibly */
};

static bool steers(uint32_t c)
{
	size_t i;

	if (c >= ' ' && c < 0x7f) /* most text is nothing else */
		return false;
	for (i = 0; i < ARRAY_SIZE(steering); i++)
		if (c >= steering[i].first && c <= steering[i].last)
			return true;
	return false;
}

/* The character at s, of which n bytes are left; s is at a character's begin or invalid there. */
static uint32_t decode(const unsigned char *s, size_t n, size_t *ret_len)
{
	static const unsigned char lead_mask[] = { 0x7f, 0x7f, 0x1f, 0x0f, 0x07 };
	size_t len = *s < 0x80 ? 1 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4, i;
	uint32_t c = *s & lead_mask[len];

	if (utf8_valid_prefix((struct slice){ (const char *)s, min(len, n) }) != len) {
		*ret_len = 1;
		return 0xfffd;
	}
	for (i = 1; i < len; i++)
		c = c << 6 | (s[i] & 0x3f);
	*ret_len = len;
	return c;
}

static size_t glyph_next(struct slice s, struct glyph *g)
{
	size_t len;
	uint32_t c = decode((const unsigned char *)s.p, s.n, &len);
	int columns;

	if (steers(c)) {
		g->n = (size_t)snprintf(g->text, sizeof(g->text), c < 0x100 ? "\\x%02x" : "\\u%04x",
					(unsigned)c);
		g->columns = (unsigned)g->n;
		return len;
	}
	columns = wcwidth((wchar_t)c);
	g->columns = columns < 0 ? 1 : (unsigned)columns;
	if (c == 0xfffd)
		g->n = (size_t)snprintf(g->text, sizeof(g->text), "\xef\xbf\xbd");
	else
		g->n = (size_t)snprintf(g->text, sizeof(g->text), SLICE_FMT,
					SLICE_ARG(slice_sub(s, 0, len)));
	return len;
}

/* How many bytes of s fit into so many columns. */
static size_t fitting(struct slice s, unsigned columns, unsigned *ret_columns)
{
	unsigned used = 0;
	struct glyph g;
	size_t at = 0, len;

	while (at < s.n) {
		len = glyph_next(slice_sub(s, at, s.n), &g);
		if (used + g.columns > columns)
			break;
		used += g.columns;
		at += len;
	}
	*ret_columns = used;
	return at;
}

unsigned text_columns(struct slice s)
{
	unsigned columns;

	fitting(s, UINT_MAX / 2, &columns);
	return columns;
}

unsigned text_put(struct buf *out, struct slice s, unsigned columns)
{
	unsigned used;
	size_t n = fitting(s, columns, &used), at = 0;
	bool cut = n < s.n;
	struct glyph g;

	if (cut)
		n = fitting(s, columns ? columns - 1 : 0, &used);
	while (at < n) {
		at += glyph_next(slice_sub(s, at, s.n), &g);
		if (buf_append(out, g.text, g.n))
			return used;
	}
	if (!cut || !columns || buf_puts(out, ELLIPSIS))
		return used;
	return used + 1;
}
