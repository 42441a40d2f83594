/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text from strangers on a terminal: lines that become a span's name, target, error and its service's name. Drawn
 * without colours nothing but lines of harmless characters may come out, each of them no wider than the terminal and a
 * trace's headline.
 */
#include <locale.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "export/tree_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const keys[] = { "url.full", "url.path", "error.type", "link.method",
				    "http.request.method" };

static struct span *new_span(struct slice *rest)
{
	struct span *s = span_new();
	size_t i;

	s->resource = resource_new();
	attrs_str(&s->resource->attrs, "service.name", slice_split(rest, '\n'));
	s->name = slice_dup(slice_split(rest, '\n'));
	s->kind = rest->n % 2 ? SPAN_SERVER : SPAN_CLIENT;
	s->end_ns = rest->n;
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		attrs_str(&s->attrs, keys[i], slice_split(rest, '\n'));
	return s;
}

/* A C0 or C1 control, or a character that turns the writing direction: U+202A to U+202E, U+2066 to U+2069. */
static bool steers(const unsigned char *p, size_t n)
{
	if ((*p < 0x20 && *p != '\n') || *p == 0x7f)
		return true;
	if (n >= 2 && p[0] == 0xc2 && p[1] < 0xa0)
		return true;
	return n >= 3 && p[0] == 0xe2 &&
	       ((p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) ||
		(p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
}

static void check(struct slice text)
{
	size_t i;

	if (utf8_valid_prefix(text) != text.n)
		abort();
	for (i = 0; i < text.n; i++)
		if (steers((const unsigned char *)text.p + i, text.n - i))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(buf_release) struct buf out = BUF_INIT(1 << 20);
	const struct text_style style = { .width = size ? 20 + data[0] % 120 : 80 };
	struct slice rest = { (const char *)data + !!size, size - !!size };
	struct span *spans[4];
	struct tree t;
	size_t n = 0;

	setlocale(LC_CTYPE, "C.UTF-8");
	while (n < ARRAY_SIZE(spans) && (rest.n || !n)) {
		spans[n] = new_span(&rest);
		spans[n]->span_id.b[0] = (uint8_t)(n + 1);
		spans[n]->parent_id.b[0] = (uint8_t)n;
		spans[n]->has_parent = n;
		n++;
	}
	if (tree_init(&t, spans, n) || tree_text(&out, &t, false, &style))
		abort();
	check(buf_slice(&out));
	tree_release(&t);
	while (n)
		span_free(spans[--n]);
	return 0;
}
