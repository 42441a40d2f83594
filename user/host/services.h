/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which service a process is: the table from processes to resources, fed with the facts of EV_PROC
 * records (live and in replay alike). Belongs to the loop thread. Bounded: PROCS_MAX living
 * processes, the last few hundred that ended; a process beyond that is "unknown_service".
 */
#ifndef HOST_SERVICES_H
#define HOST_SERVICES_H

#include "base/cleanup.h"
#include "host/facts.h"
#include "host/resource.h"

struct services;

struct service_rule {		/* --service-name [PORT=]NAME */
	uint16_t port;		/* 0: every process */
	const char *name;
};

struct host_facts {		/* the machine, from the recording's header in replay */
	char name[256];
	char id[64];		/* machine-id */
	char arch[16];		/* amd64, arm64 */
	char kernel[128];	/* os.version */
	uint64_t boot_ns;	/* wall clock at boot: process start times count from there */
};

int host_facts_read(struct host_facts *ret_host) __must_check;
/* Both are copied. NULL: out of memory. */
struct services *services_new(const struct host_facts *host, const struct service_rule *rules,
			      size_t rules_cnt);
void services_free(struct services *s);
/*
 * What the tracer says of itself: its version, and its own OTEL_RESOURCE_ATTRIBUTES (NULL: none),
 * which the target's own beat. Before the first services_learn(); -ENOMEM. Borrowed for the life of
 * s.
 */
int services_set_tracer(struct services *s, const char *version,
			const char *attributes) __must_check;
/* A process is new, or exec made it another one. */
void services_learn(struct services *s, const struct proc_facts *f);
/*
 * It ended. Spans of its last requests are still to come, so it stays in the table until others
 * have ended after it.
 */
void services_forget(struct services *s, uint32_t tgid);
/*
 * Borrowed; never NULL: a process nobody told of is "unknown_service". port: --service-name
 * PORT=NAME applies.
 */
struct resource *services_resource(struct services *s, uint32_t tgid, uint16_t port);
/* What shows that a tracing SDK is in it, from its facts. NULL: nothing does. Borrowed until the next call. */
const char *services_sdk(const struct services *s, uint32_t tgid);
bool services_known(const struct services *s, uint32_t tgid);		/* and has not ended */

/*
 * The name a person would give: pure, the table of examples is in tests/unit/test_naming.c. Owned
 * by the caller.
 */
char *service_name_of(const struct proc_facts *f);

/* The name that the process says itself: its SDK's, or of its environment. Owned by the caller; NULL: it says none. */
char *service_name_given(const struct proc_facts *f);

DEFINE_FREEP(services_free, struct services)

#endif
