/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/attr_list.h"

static int decode(struct slice in, char *out, size_t *ret_n)
{
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		uint64_t c;

		if (in.p[i] != '%') {
			out[n++] = in.p[i];
			continue;
		}
		if (i + 2 >= in.n || !slice_u64(slice_sub(in, i + 1, 2), 16, &c))
			return -EINVAL;
		out[n++] = (char)c;
		i += 2;
	}
	*ret_n = n;
	return 0;
}

/*
 * Takes one pair off the text. key and value point into `room`, which has text->n bytes. -ENOENT:
 * an empty item.
 */
static int next_pair(struct slice *text, char *room, struct slice *ret_key, struct slice *ret_value)
{
	struct slice item = slice_trim(slice_split(text, ','));
	ptrdiff_t eq = slice_chr(item, '=');
	size_t key_n, value_n;
	int err;

	if (!item.n)
		return -ENOENT;
	if (eq <= 0)
		return -EINVAL;
	err = decode(slice_trim(slice_sub(item, 0, (size_t)eq)), room, &key_n);
	if (!err)
		err = decode(slice_trim(slice_sub(item, (size_t)eq + 1, item.n)), room + key_n,
			     &value_n);
	if (err)
		return err;
	/* A NUL would cut the key short; it is no valid text either. */
	if (!key_n || memchr(room, '\0', key_n + value_n))
		return -EINVAL;
	*ret_key = (struct slice){ room, key_n };
	*ret_value = (struct slice){ room + key_n, value_n };
	return 0;
}

typedef void (*pair_fn)(void *ctx, struct slice key, struct slice value);

static int each_pair(struct slice text, pair_fn fn, void *ctx)
{
	_cleanup_(freep) char *room = malloc(text.n + 1);
	struct slice key, value;

	if (!room)
		return -ENOMEM;
	while (text.n) {
		int err = next_pair(&text, room, &key, &value);

		if (err && err != -ENOENT)
			return err;
		if (!err && fn)
			fn(ctx, key, value);
	}
	return 0;
}

static void add_pair(void *ctx, struct slice key, struct slice value)
{
	attrs_str_dup(ctx, key, value);
}

int attr_list_parse(struct slice text, struct attrs *out)
{
	int err = each_pair(text, NULL, NULL);

	return err ? err : each_pair(text, add_pair, out);
}

struct wanted {
	struct slice key;
	char *value;
};

static void keep_wanted(void *ctx, struct slice key, struct slice value)
{
	struct wanted *w = ctx;

	if (!w->value && slice_eq(w->key, key))
		w->value = slice_dup(value);
}

char *attr_list_get(struct slice text, struct slice key)
{
	struct wanted w = { .key = key };

	if (each_pair(text, keep_wanted, &w)) {
		free(w.value);
		return NULL;
	}
	return w.value;
}
