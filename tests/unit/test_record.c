/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "trace/record.h"

static void refuses_what_lies_about_itself(void **state)
{
	union {
		struct ev_data ev;
		char room[256];
	} r = { .ev = { .hdr = { .kind = EV_DATA, .sz = sizeof(struct ev_data) + 16 },
			.len = 100,
			.cap = 16 } };

	assert_true(ev_valid(&r.ev.hdr, sizeof(r)));
	assert_false(ev_valid(&r.ev.hdr, sizeof(struct ev_data) + 8));
	assert_false(ev_valid(&r.ev.hdr, 4));
	r.ev.cap = 17;
	assert_false(ev_valid(&r.ev.hdr, sizeof(r)));
	r.ev.cap = 16;
	r.ev.len = 15;
	assert_false(ev_valid(&r.ev.hdr, sizeof(r)));
	r.ev.len = 100;
	r.ev.flags = DATA_ENDS;
	assert_false(ev_valid(&r.ev.hdr, sizeof(r)));
	r.ev.cap = 0;
	assert_true(ev_valid(&r.ev.hdr, sizeof(r)));
	r.ev.len = TAIL_LEN - 1;
	assert_false(ev_valid(&r.ev.hdr, sizeof(r)));
	r.ev.flags = 0;
	r.ev.len = 16;
	r.ev.dir = DIR__CNT;
	assert_false(ev_valid(&r.ev.hdr, sizeof(r)));
	r.ev.dir = DIR_TX;
	r.ev.unseen.shed = SHED_MAX + 1;
	assert_false(ev_valid(&r.ev.hdr, sizeof(r)));
	r.ev.unseen.shed = SHED_MAX;
	assert_true(ev_valid(&r.ev.hdr, sizeof(r)));
	r.ev.hdr.sz--;
	assert_false(ev_valid(&r.ev.hdr, sizeof(r)));
	r.ev.hdr.sz = sizeof(struct ev_hdr);
	assert_false(ev_valid(&r.ev.hdr, sizeof(r)));
	r.ev.hdr.kind = EV__CNT;
	assert_false(ev_valid(&r.ev.hdr, sizeof(r)));
	r.ev.hdr.kind = EV_NONE;
	assert_false(ev_valid(&r.ev.hdr, sizeof(r)));
	r.ev.hdr.kind = EV_TICK;
	assert_true(ev_valid(&r.ev.hdr, sizeof(r)));
}

/* Padding inside a record would leak kernel memory to the file and make replays differ. */
static void records_are_whole_words(void **state)
{
#define EVENT(id, type) assert_int_equal(sizeof(struct type) % 8, 0);
#include "abi/events.def"
#undef EVENT
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_lies_about_itself),
		cmocka_unit_test(records_are_whole_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
