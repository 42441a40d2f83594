/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kern/privilege.h"

static uint64_t effective(void)
{
	struct __user_cap_header_struct hdr = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (syscall(SYS_capget, &hdr, data))
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

int privilege_check(struct err *err)
{
	static const struct {
		int cap;
		const char *name;
	} wanted[] = {
		{ CAP_BPF, "CAP_BPF" },
		{ CAP_PERFMON, "CAP_PERFMON" },
	};
	uint64_t have = effective();
	char missing[128];
	size_t i, n = 0;

	/* CAP_SYS_ADMIN stands for the first two. */
	if (have >> CAP_SYS_ADMIN & 1)
		have |= 1ull << CAP_BPF | 1ull << CAP_PERFMON;
	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (!(have >> wanted[i].cap & 1))
			n += snprintf(missing + n, sizeof(missing) - n, "%s%s", n ? ", " : "",
				      wanted[i].name);
	}
	if (!n)
		return 0;
	return err_set(err, -EPERM, "tracing needs root, or at least the missing %s: try sudo",
		       missing);
}
