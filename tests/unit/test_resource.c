/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>

#include <cmocka.h>

#include "host/resource.h"

#define ROUNDS 100000

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
	for (int i = 0; i < ROUNDS; i++)
		resource_put(resource_get(arg));
	return NULL;
}

static void threads_share(void **state)
{
	_cleanup_(resource_putp) struct resource *r = resource_new();
	pthread_t other;

	assert_int_equal(pthread_create(&other, NULL, take_and_put, r), 0);
	take_and_put(r);
	pthread_join(other, NULL);
	assert_int_equal(r->refs, 1);
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
