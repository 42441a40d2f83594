/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/compiler.h"
#include "host/mounts.h"
#include "host/procfs.h"

/* A host of 500 containers has some thousand mounts of 200 bytes. */
#define MOUNTINFO_MAX ((size_t)1 << 20)

/* On no disk by their device, and yet of this kernel alone. */
static bool is_local(struct slice type)
{
	static const struct slice local[] = {
		SLICE("overlay"), SLICE("btrfs"), SLICE("tmpfs"), SLICE("zfs"), SLICE("bcachefs"),
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(local); i++)
		if (slice_eq(type, local[i]))
			return true;
	return false;
}

/* "36 35 98:0 /root /where options master:1 - type source options"; what is in it has its spaces escaped */
static bool parse_line(struct slice line, uint64_t *ret_device, struct slice *ret_type)
{
	struct slice device, major;
	uint64_t high, low;

	slice_split(&line, ' ');
	slice_split(&line, ' ');
	device = slice_split(&line, ' ');
	major = slice_split(&device, ':');
	while (line.n && !slice_eq(slice_split(&line, ' '), SLICE("-")))
		;
	*ret_type = slice_split(&line, ' ');
	if (!slice_u64(major, 10, &high) || !slice_u64(device, 10, &low))
		return false;
	*ret_device = high << 32 | (uint32_t)low;
	return true;
}

bool mounts_parse(struct slice mountinfo, uint64_t device)
{
	struct slice type;
	uint64_t there;

	while (mountinfo.n)
		if (parse_line(slice_split(&mountinfo, '\n'), &there, &type) && there == device)
			return is_local(type);
	return false;
}

bool mounts_answer(uint32_t tgid, uint64_t device)
{
	_cleanup_(buf_release) struct buf text = BUF_INIT(MOUNTINFO_MAX);

	if (device >> 32)
		return true;
	return !procfs_read(tgid, "mountinfo", &text) && mounts_parse(buf_slice(&text), device);
}
