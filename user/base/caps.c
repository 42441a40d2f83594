/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caps.h"

typedef struct __user_cap_data_struct cap_words[_LINUX_CAPABILITY_U32S_3];

static struct __user_cap_header_struct header(void)
{
	return (struct __user_cap_header_struct){ .version = _LINUX_CAPABILITY_VERSION_3 };
}

static int get(cap_words ret_words)
{
	struct __user_cap_header_struct hdr = header();

	return syscall(SYS_capget, &hdr, ret_words) ? -errno : 0;
}

uint64_t caps_effective(void)
{
	cap_words words = { { 0 } };

	return get(words) ? 0 : words[0].effective | (uint64_t)words[1].effective << 32;
}

bool caps_has(int cap)
{
	return caps_effective() & CAP_BIT(cap);
}

int caps_limit(uint64_t effective, uint64_t permitted)
{
	struct __user_cap_header_struct hdr = header();
	cap_words words = { { 0 } };
	size_t i;
	int err = get(words);

	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		words[i].permitted &= (uint32_t)((effective | permitted) >> 32 * i);
		words[i].effective = words[i].permitted & (uint32_t)(effective >> 32 * i);
		words[i].inheritable = 0;
	}
	return syscall(SYS_capset, &hdr, words) ? -errno : 0;
}
