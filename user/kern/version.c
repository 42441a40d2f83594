/* SPDX-License-Identifier: GPL-2.0-only */
#include <bpf/libbpf.h>

#include "kern/version.h"

const char *kern_libbpf_version(void)
{
	const char *text = libbpf_version_string();

	return *text == 'v' ? text + 1 : text;
}
