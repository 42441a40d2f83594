/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPython 3.7 to 3.13 on x86_64 with glibc. The version is in the name of the executable or of the
 * libpython it maps; the offsets are those of the release's headers, offsetof(PyThreadState,
 * context) and (…, thread_id). A wrong guess shows in the kernel, where the thread state must name
 * its thread.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/slice.h"
#include "host/folder.h"
#include "host/procfs.h"
#include "strand/runtimes.h"

#define PTHREAD_KEYS 784 /* struct pthread.specific_1stblock; the same in every glibc since 2.3.4 */
#define MAPS_MAX     ((size_t)256 << 10) /* of /proc/PID/maps; libpython is mapped early */

/* In the order of enum python_offset, from the fifth on; where there are none, tasks that wait are not looked for. */
static const struct {
	unsigned minor;
	uint32_t context, thread_id;
	uint32_t more[RUNTIME_OFFSETS - PYTHON_CFRAME];
} layouts[] = {
	{ 7, 256, 176, {} },
	{ 8, 240, 176, {} },
	{ 9, 240, 176, { 0, 24, 24, 360, 48, 16, 168, PYTHON_VALUES_IN_DICT, 0, 32, 28, 0 } },
	{ 10, 240, 176, { 0, 24, 24, 352, 72, 24, 176, PYTHON_VALUES_IN_DICT, 0, 32, 28, 0 } },
	{ 11, 224, 152, { 56, 8, 48, 72, 72, 24, 152, 32, 296, 32, 76, 80 } },
	{ 12, 208, 136, { 56, 0, 8, 72, 72, 24, 152, 24, 232, 0, 72, 72 } },
	{ 13, 208, 152, { 0, 72, 8, 72, 72, 24, 136, PYTHON_VALUES_INSIDE, 232, 0, 72, 72 } },
};

/* The 11 of "python3.11" wherever it stands in the text; 0: nowhere. */
static unsigned minor_in(struct slice text)
{
	static const struct slice word = { "python3.", 8 };
	unsigned minor = 0;
	size_t at;

	for (at = 0; at + word.n < text.n; at++) {
		if (!slice_starts(slice_sub(text, at, text.n), word))
			continue;
		for (at += word.n;
		     at < text.n && text.p[at] >= '0' && text.p[at] <= '9' && minor < 100; at++)
			minor = minor * 10 + text.p[at] - '0';
		return minor;
	}
	return 0;
}

static unsigned minor_of(const struct proc_facts *facts)
{
	_cleanup_(buf_release) struct buf maps = BUF_INIT(MAPS_MAX);
	unsigned minor = minor_in(path_base(slice_str(facts->exe)));

	if (minor)
		return minor;
	/* uwsgi, mod_wsgi and other programs embed the interpreter. */
	return procfs_read(facts->tgid, "maps", &maps) ? 0 : minor_in(buf_slice(&maps));
}

bool strand_python(const struct proc_facts *facts, struct strand_found *ret_found)
{
	unsigned minor = minor_of(facts);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		if (layouts[i].minor != minor)
			continue;
		*ret_found = (struct strand_found){
			.rt.kind = RUNTIME_PYTHON,
			.rt.off = { PTHREAD_KEYS, layouts[i].context, layouts[i].thread_id },
		};
		memcpy(ret_found->rt.off + PYTHON_CFRAME, layouts[i].more, sizeof(layouts[i].more));
		snprintf(ret_found->version, sizeof(ret_found->version), "3.%u", minor);
		return true;
	}
	return false;
}
