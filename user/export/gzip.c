/* SPDX-License-Identifier: GPL-2.0-only */
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
