/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/slice.h"
#include "host/memory.h"
#include "host/procfs.h"

#define MAPS_MAX      ((size_t)4 << 20) /* a JVM has some hundred mappings of 100 bytes */
#define MAJOR(device) ((device) >> 32) /* 0: of no disk */

/* Fields have several spaces between them; the name may contain some. */
static struct slice next_word(struct slice *line)
{
	while (line->n && line->p[0] == ' ')
		*line = slice_sub(*line, 1, line->n);
	return slice_split(line, ' ');
}

/* "start-end rights offset major:minor inode name" */
static bool parse_line(struct slice line, struct mapping *ret_mapping)
{
	struct slice range = next_word(&line), start = slice_split(&range, '-'), device, off, major;
	uint64_t high, low;

	next_word(&line); /* rights */
	off = next_word(&line);
	device = next_word(&line);
	major = slice_split(&device, ':');
	if (!slice_u64(start, 16, &ret_mapping->start) ||
	    !slice_u64(range, 16, &ret_mapping->end) || !slice_u64(off, 16, &ret_mapping->off) ||
	    !slice_u64(major, 16, &high) || !slice_u64(device, 16, &low) ||
	    !slice_u64(next_word(&line), 10, &ret_mapping->inode))
		return false;
	ret_mapping->device = high << 32 | (uint32_t)low;
	ret_mapping->name = slice_trim(line);
	return ret_mapping->start < ret_mapping->end;
}

static size_t lines_of(struct slice text)
{
	size_t i, n = 1;

	for (i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

int memory_parse(struct slice maps, struct memory *ret_memory)
{
	struct memory m = { .fd = -1 };

	m.v = calloc(lines_of(maps), sizeof(*m.v));
	if (!m.v)
		return -ENOMEM;
	while (maps.n) {
		struct mapping *next = &m.v[m.n];

		if (parse_line(slice_split(&maps, '\n'), next) &&
		    (!m.n || next[-1].end <= next->start))
			m.n++;
	}
	*ret_memory = m;
	return 0;
}

int memory_open(uint32_t tgid, struct memory *ret_memory)
{
	struct buf maps = BUF_INIT(MAPS_MAX);
	char path[32];
	int err = procfs_read(tgid, "maps", &maps);

	*ret_memory = (struct memory){ .fd = -1 };
	if (!err)
		err = memory_parse(buf_slice(&maps), ret_memory);
	ret_memory->maps = maps;
	if (err)
		return err;
	snprintf(path, sizeof(path), "/proc/%u/mem", tgid);
	ret_memory->fd = open(path, O_RDONLY | O_CLOEXEC);
	return ret_memory->fd < 0 ? -errno : 0;
}

void memory_close(struct memory *m)
{
	close_fdp(&m->fd);
	buf_release(&m->maps);
	free(m->v);
}

static bool is_plain(const struct memory *m, const struct mapping *map)
{
	return !map->inode || MAJOR(map->device) || (m->trusted && map->device == m->trusted) ||
	       slice_starts(map->name, SLICE("/memfd:"));
}

/* The first that ends behind the address. */
static size_t find(const struct memory *m, uint64_t at)
{
	size_t lo = 0, hi = m->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (m->v[mid].end <= at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

uint64_t memory_plain(const struct memory *m, uint64_t at)
{
	uint64_t end = at;
	size_t i;

	for (i = find(m, at); i < m->n && m->v[i].start <= end && is_plain(m, &m->v[i]); i++)
		end = m->v[i].end;
	return end - at;
}

ssize_t memory_read(const struct memory *m, uint64_t at, void *to, size_t sz)
{
	uint64_t plain = min(memory_plain(m, at), (uint64_t)sz);
	ssize_t n = plain && at <= INT64_MAX ? pread(m->fd, to, plain, (off_t)at) : 0;

	return n < 0 ? -errno : n ? n : -EFAULT;
}
