/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Java 8 and later on x86_64 with glibc: HotSpot describes its own structures, for debuggers, in a table that
 * libjvm.so exports (gHotSpotVMStructs), so the offsets are those of the very process. Where in a java.lang.Thread
 * its number is, a thread of the process shows: eetop, the field before it, is the address of its JavaThread.
 * Collectors that put colours into their pointers (ZGC) cannot be read. Virtual threads came with Java 21.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/slice.h"
#include "host/elf.h"
#include "host/memory.h"
#include "host/mounts.h"
#include "strand/runtimes.h"

#define LIBRARY      "/libjvm.so"
#define ENTRIES_MAX  4096 /* of the table; Java 25 has 583 */
#define NAME_MAX_SZ  32
#define THREAD_SZ    256 /* of a java.lang.Thread; eetop is its first long */
#define OBJECT_ALIGN 8
#define ADDRESS_MAX  (1ULL << 47)

struct vm_field { /* VMStructEntry */
	uint64_t type, name, type_name;
	uint64_t is_static; /* an int, padded */
	uint64_t off, address;
};

/* What is read of a field: its offset, or where it is if it is static; 0: the virtual machine has none. */
static const struct {
	const char *type, *name; /* NULL: any */
} wanted[] = {
	{ NULL, "_osthread" }, /* of Thread, in Java 21 of JavaThread */
	{ "OSThread", "_pthread_id" },
	{ "JavaThread", "_threadObj" },
	{ "JavaThread", "_vthread" },
	{ "JavaThread", "_monitor_owner_id" },
	{ "ThreadsSMRSupport", "_java_thread_list" },
	{ "ThreadsList", "_threads" },
	{ "Thread", "_tlab" },
	{ "ThreadLocalAllocBuffer", "_start" },
	{ "ThreadLocalAllocBuffer", "_top" },
	{ "ThreadLocalAllocBuffer", "_end" },
	{ "Universe", "_collectedHeap" },
	{ "CollectedHeap", "_total_collections" },
	{ "CollectedHeap", "_is_gc_active" }, /* to Java 20 */
	{ "CollectedHeap", "_is_stw_gc_active" },
	{ "CollectedHeap", "_reserved" },
};
enum {
	AT_OSTHREAD,
	AT_PTHREAD,
	AT_OBJECT,
	AT_VTHREAD,
	AT_OWNER,
	AT_LIST,
	AT_THREADS,
	AT_BUFFER,
	AT_START,
	AT_TOP,
	AT_END,
	AT_HEAP,
	AT_COLLECTIONS,
	AT_COLLECTING,
	AT_COLLECTING_21,
	AT_RESERVED,
	AT__CNT,
};

/* Where libjvm.so is mapped; NULL: nowhere. */
static const struct mapping *library_of(const struct memory *m)
{
	const struct slice library = SLICE(LIBRARY);
	size_t i;

	for (i = 0; i < m->n; i++) {
		const struct mapping *map = &m->v[i];

		if (!map->off && map->name.n > library.n &&
		    slice_eq(slice_sub(map->name, map->name.n - library.n, library.n), library))
			return map;
	}
	return NULL;
}

static uint64_t word_at(const struct memory *m, uint64_t at)
{
	uint64_t v = 0;

	return memory_read(m, at, &v, sizeof(v)) == sizeof(v) ? v : 0;
}

static bool says(const struct memory *m, uint64_t at, const char *name)
{
	char text[NAME_MAX_SZ];
	size_t n = strlen(name) + 1;

	return n <= sizeof(text) && memory_read(m, at, text, n) == (ssize_t)n &&
	       !memcmp(text, name, n);
}

static void read_table(const struct memory *m, uint64_t table, uint64_t ret_at[AT__CNT])
{
	struct vm_field f;
	size_t i, k;

	for (i = 0; i < ENTRIES_MAX; i++) {
		if (memory_read(m, table + i * sizeof(f), &f, sizeof(f)) != sizeof(f) || !f.type)
			return;
		for (k = 0; k < ARRAY_SIZE(wanted); k++) {
			if (ret_at[k] || !says(m, f.name, wanted[k].name) ||
			    (wanted[k].type && !says(m, f.type, wanted[k].type)))
				continue;
			ret_at[k] = (uint32_t)f.is_static ? f.address : f.off;
		}
	}
}

/* Offset of Thread.tid, by the first thread there is; 0: not found, or its pointers are coloured. */
static uint32_t number_offset(const struct memory *m, const uint64_t at[AT__CNT])
{
	uint64_t list = word_at(m, at[AT_LIST]);
	uint64_t thread = word_at(m, word_at(m, list + at[AT_THREADS]));
	uint64_t object = word_at(m, word_at(m, thread + at[AT_OBJECT]));
	uint32_t off;

	if (!thread || object % OBJECT_ALIGN || object >= ADDRESS_MAX)
		return 0;
	for (off = OBJECT_ALIGN; off < THREAD_SZ; off += sizeof(thread)) {
		if (word_at(m, object + off) == thread)
			return off + sizeof(thread);
	}
	return 0;
}

/* Where objects are made. The reader takes the buffer's words for start, top, another, end. */
static void find_heap(const struct memory *m, const uint64_t at[AT__CNT], struct runtime *rt)
{
	uint64_t heap = word_at(m, at[AT_HEAP]);
	uint64_t collecting = max(at[AT_COLLECTING], at[AT_COLLECTING_21]);
	uint64_t start = word_at(m, heap + at[AT_RESERVED]);
	uint64_t words = word_at(m, heap + at[AT_RESERVED] + sizeof(start));

	if (!heap || !at[AT_BUFFER] || at[AT_TOP] != at[AT_START] + sizeof(start) ||
	    at[AT_END] != at[AT_START] + 3 * sizeof(start) || !at[AT_COLLECTIONS] || !collecting ||
	    !start || words > ADDRESS_MAX / sizeof(start))
		return;
	rt->off[JAVA_BUFFER] = at[AT_BUFFER] + at[AT_START];
	rt->at[JAVA_COLLECTING] = heap + collecting;
	rt->at[JAVA_COLLECTIONS] = heap + at[AT_COLLECTIONS];
	rt->at[JAVA_HEAP_START] = start;
	rt->at[JAVA_HEAP_END] = start + words * sizeof(start);
}

/* What stands there now may be no file: to open a pipe waits for who writes, and to open a device may do anything. */
static int open_file(const char *path)
{
	_cleanup_(close_fdp) int there = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	char name[32];
	int fd;

	if (there < 0 || fstat(there, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", there);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* A library that is read stands on a device that answers: a container's files are on no disk. */
static int table_of(uint32_t tgid, struct memory *m, uint64_t *ret_table)
{
	const struct mapping *library = library_of(m);
	_cleanup_(close_fdp) int fd = -1;
	char path[512];
	uint64_t value;
	struct elf e;
	int err, n;

	if (!library || !mounts_answer(tgid, library->device))
		return -ENOENT;
	n = snprintf(path, sizeof(path), "/proc/%u/root" SLICE_FMT, tgid, SLICE_ARG(library->name));
	if (n >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open_file(path);
	if (fd < 0)
		return fd;
	err = elf_open(fd, &e);
	if (!err)
		err = elf_symbol(&e, "gHotSpotVMStructs", &value);
	if (err)
		return err;
	m->trusted = library->device;
	*ret_table = word_at(m, library->start + value);
	return 0;
}

bool strand_java(const struct proc_facts *facts, struct strand_found *ret_found)
{
	_cleanup_(memory_close) struct memory m;
	uint64_t at[AT__CNT] = { 0 }, table = 0;
	uint32_t number;

	if (memory_open(facts->tgid, &m) || table_of(facts->tgid, &m, &table))
		return false;
	read_table(&m, table, at);
	number = number_offset(&m, at);
	if (!at[AT_OSTHREAD] || !at[AT_PTHREAD] || !at[AT_OBJECT] || !number)
		return false;
	*ret_found = (struct strand_found){ .rt = {
		.kind = RUNTIME_JAVA,
		.off = {
			[JAVA_OSTHREAD] = at[AT_OSTHREAD],
			[JAVA_PTHREAD] = at[AT_PTHREAD],
			[JAVA_OBJECT] = at[AT_OBJECT],
			[JAVA_VTHREAD] = at[AT_VTHREAD],
			[JAVA_OWNER] = at[AT_OWNER],
			[JAVA_TID] = number,
		},
	} };
	find_heap(&m, at, &ret_found->rt);
	return true;
}
