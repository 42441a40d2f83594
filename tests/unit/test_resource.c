/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>

#include <cmocka.h>

#include "host/resource.h"

#define ROUNDS 2000000 /* a tenth of a second, so that both threads run at one time */

struct shared {
	pthread_barrier_t both_run;
	struct resource *r;
};

static void name_is_found(void **state)
{
	_cleanup_(resource_putp) struct resource *r = resource_new();

	assert_string_equal(resource_service(r), "unknown_service");
	attrs_str(&r->attrs, "service.name", SLICE("shop"));
	assert_string_equal(resource_service(r), "shop");
}

static void last_reference_frees(void **state)
{
	struct resource *r = resource_new();

	attrs_str(&r->attrs, "service.name", SLICE("shop"));
	assert_ptr_equal(resource_get(r), r);
	resource_put(r);
	assert_string_equal(resource_service(r), "shop");
	resource_put(r);
	resource_put(NULL);
}

static void *take_and_put(void *arg)
{
	struct shared *sh = arg;

	pthread_barrier_wait(&sh->both_run);
	for (int i = 0; i < ROUNDS; i++) {
		resource_get(sh->r);
		resource_put(sh->r);
	}
	return NULL;
}

static void threads_share(void **state)
{
	struct shared sh = { .r = resource_new() };
	pthread_t other;

	assert_int_equal(pthread_barrier_init(&sh.both_run, NULL, 2), 0);
	assert_int_equal(pthread_create(&other, NULL, take_and_put, &sh), 0);
	take_and_put(&sh);
	pthread_join(other, NULL);
	pthread_barrier_destroy(&sh.both_run);
	assert_int_equal(sh.r->refs, 1);
	resource_put(sh.r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_is_found),
		cmocka_unit_test(last_reference_frees),
		cmocka_unit_test(threads_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
