/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "abi/limits.h"
#include "trace/process.h"

/* It goes with the next one, or as soon as nothing of it is under way; a recycled number is a process that lives. */
static void ends(void **state)
{
	struct list busy;
	struct processes t;

	assert_int_equal(processes_init(&t), 0);
	process_get(&t, 1);
	process_end(&t, 1, true);
	assert_true(process_find(&t, 1)->killed);
	list_push(&process_get(&t, 2)->serving, &busy);
	process_end(&t, 2, false);
	assert_null(process_find(&t, 1));
	process_end(&t, 2, false);
	assert_non_null(process_find(&t, 2));
	list_del(&busy);
	process_end(&t, 1, false);
	assert_null(process_find(&t, 2));
	list_push(&process_get(&t, 3)->calling, &busy);
	process_end(&t, 3, true);
	process_get(&t, 3);
	list_del(&busy);
	process_end(&t, 1, false);
	assert_false(process_find(&t, 3)->killed);
	processes_release(&t);
}

static void bound(void **state)
{
	struct processes t;
	uint32_t i;

	assert_int_equal(processes_init(&t), 0);
	for (i = 1; i <= PROCS_MAX; i++)
		assert_non_null(process_get(&t, i));
	assert_null(process_get(&t, i));
	process_end(&t, 7, false);
	assert_non_null(process_get(&t, i));
	processes_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends),
		cmocka_unit_test(bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
