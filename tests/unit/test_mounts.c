/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/mounts.h"

#define DEVICE(major, minor) ((uint64_t)(major) << 32 | (minor))

static void which_file_systems_answer(void **state)
{
	static const struct slice mounts =
		SLICE("1 0 0:21 / / rw,relatime shared:1 master:2 - overlay overlay rw\n"
		      "2 1 0:30 / /mnt rw - fuse fuse rw,user_id=0\n"
		      "3 1 0:31 / /mnt/a\\040-\\040overlay rw - fuse.overlay overlay rw\n"
		      "4 1 0:32 / /home rw,relatime - nfs4 server:/home rw\n"
		      "5 1 8:1 / /boot rw - ext4 /dev/sda1 rw\n"
		      "nonsense\n"
		      "6 1 0:33 / /cut rw\n");

	assert_true(mounts_parse(mounts, DEVICE(0, 21)));
	assert_false(mounts_parse(mounts, DEVICE(0, 30)));
	assert_false(mounts_parse(mounts, DEVICE(0, 31)));
	assert_false(mounts_parse(mounts, DEVICE(0, 32)));
	assert_false(mounts_parse(mounts, DEVICE(0, 33)));
	assert_false(mounts_parse(mounts, DEVICE(0, 99)));
	assert_true(mounts_answer(0, DEVICE(8, 1)));
	assert_false(mounts_answer(0, DEVICE(0, 30)));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(which_file_systems_answer) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
