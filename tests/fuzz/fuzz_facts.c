/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The items of an EV_PROC record. What is decoded can be named and described, and encoded it
 * decodes to the same.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/services.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void describe_it(const struct proc_facts *f)
{
	static const struct host_facts host = { .name = "host", .boot_ns = 1 };
	_cleanup_(services_freep) struct services *s = services_new(&host, NULL, 0);

	services_learn(s, f);
	if (!resource_service(services_resource(s, f->tgid, 0))[0])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(freep) struct ev_proc *ev = calloc(1, sizeof(*ev) + size);
	_cleanup_(facts_release) struct proc_facts f = { 0 }, again = { 0 };
	_cleanup_(buf_release) struct buf record;

	buf_init(&record, sizeof(*ev) + FACTS_MAX);
	ev->hdr =
		(struct ev_hdr){ .kind = EV_PROC, .sz = (uint32_t)(sizeof(*ev) + size), .tgid = 1 };
	ev->len = (uint32_t)size;
	memcpy(ev->bytes, data, size);
	if (size > FACTS_MAX || facts_decode(ev, &f))
		return 0;
	describe_it(&f);
	if (facts_encode(&f, 0, &record))
		return 0; /* more arguments than /proc would have given */
	if (facts_decode((struct ev_proc *)record.p, &again) || again.args_cnt != f.args_cnt ||
	    strcmp(again.exe, f.exe))
		abort();
	return 0;
}
