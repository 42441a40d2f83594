/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "export/gzip.h"

#define WINDOW_GZIP (15 + 16) /* the largest window, with a gzip header instead of zlib's */
#define MEM_LEVEL   8

struct gzip {
	z_stream z;
	char *out;
	size_t alloc;
};

struct gzip *gzip_new(void)
{
	struct gzip *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	/* Spans repeat themselves so much that the fastest level gets within a tenth of the best one. */
	if (deflateInit2(&g->z, Z_BEST_SPEED, Z_DEFLATED, WINDOW_GZIP, MEM_LEVEL,
			 Z_DEFAULT_STRATEGY) == Z_OK)
		return g;
	free(g);
	return NULL;
}

void gzip_free(struct gzip *g)
{
	if (!g)
		return;
	deflateEnd(&g->z);
	free(g->out);
	free(g);
}

struct slice gzip_pack(struct gzip *g, struct slice in)
{
	size_t need = deflateBound(&g->z, in.n);

	if (in.n > UINT_MAX || need > UINT_MAX)
		return (struct slice){ NULL, 0 };
	if (need > g->alloc) {
		free(g->out);
		g->out = malloc(need);
		g->alloc = g->out ? need : 0;
	}
	if (!g->out || deflateReset(&g->z) != Z_OK)
		return (struct slice){ NULL, 0 };
	g->z.next_in = (Bytef *)in.p;
	g->z.avail_in = (uInt)in.n;
	g->z.next_out = (Bytef *)g->out;
	g->z.avail_out = (uInt)g->alloc;
	if (deflate(&g->z, Z_FINISH) != Z_STREAM_END)
		return (struct slice){ NULL, 0 };
	return (struct slice){ g->out, g->z.total_out };
}

int gzip_unpack(struct slice in, struct buf *out)
{
	z_stream z = { .next_in = (Bytef *)in.p, .avail_in = (uInt)in.n };
	char part[4096];
	int got = Z_OK, err = 0;

	if (in.n > UINT_MAX)
		return -E2BIG;
	if (inflateInit2(&z, WINDOW_GZIP) != Z_OK)
		return -ENOMEM;
	while (got == Z_OK && !err) {
		z.next_out = (Bytef *)part;
		z.avail_out = sizeof(part);
		got = inflate(&z, Z_NO_FLUSH);
		err = buf_append(out, part, sizeof(part) - z.avail_out);
	}
	inflateEnd(&z);
	if (err)
		return err;
	return got == Z_STREAM_END ? 0 : -EINVAL;
}
