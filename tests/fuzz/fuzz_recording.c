/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that claim to be recordings: through the reader, the services and the pipeline, as --replay does. */
#include <sys/mman.h>

#include "base/compiler.h"
#include "host/services.h"
#include "recording.h"
#include "trace/pipeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_span(void *ctx, struct span *s)
{
	span_free(s);
}

static struct resource *find_resource(void *ctx, uint32_t tgid, uint16_t port)
{
	return services_resource(ctx, tgid, port);
}

static void learn(struct services *services, const struct ev_hdr *ev)
{
	struct proc_facts facts;

	if (ev->kind != EV_PROC || facts_decode((const struct ev_proc *)ev, &facts))
		return;
	services_learn(services, &facts);
	facts_release(&facts);
}

static void replay(struct replayer *r, const struct recording_facts *facts)
{
	_cleanup_(services_freep) struct services *services = services_new(&facts->host, NULL, 0);
	struct pipeline_sink sink = { .span = take_span,
				      .resource = find_resource,
				      .ctx = services };
	struct pipeline_cfg cfg = { .seed = facts->seed, .link_wait_ns = 10 * NSEC_PER_SEC };
	_cleanup_(pipeline_freep) struct pipeline *p = pipeline_new(&cfg, &sink);
	const struct ev_hdr *ev;

	while (replayer_next(r, &ev, NULL) > 0) {
		learn(services, ev);
		pipeline_feed(p, ev);
		if (ev->kind == EV_EXIT && ((const struct ev_exit *)ev)->last)
			services_forget(services, ev->tgid);
	}
	pipeline_flush(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(replayer_freep) struct replayer *r = NULL;
	_cleanup_(close_fdp) int fd = memfd_create("recording", MFD_CLOEXEC);
	struct recording_facts facts;
	char path[32];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!replayer_new(path, &facts, &r, NULL))
		replay(r, &facts);
	return 0;
}
