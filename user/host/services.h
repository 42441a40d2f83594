/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which service a process is: the table from processes to resources, fed with the facts of EV_PROC records (live and in
 * replay alike). Belongs to the loop thread.
 */
#ifndef HOST_SERVICES_H
#define HOST_SERVICES_H

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
};

int host_facts_read(struct host_facts *ret_host) __must_check;
struct services *services_new(const struct host_facts *host, const struct service_rule *rules, size_t rules_cnt); /* NULL: out of memory */
void services_free(struct services *s);
void services_learn(struct services *s, const struct proc_facts *f);	/* a process is new, or exec made it another one */
void services_forget(struct services *s, uint32_t tgid);		/* it ended */
/* Borrowed; never NULL: a process nobody told of is "unknown_service". port: --service-name PORT=NAME applies. */
struct resource *services_resource(struct services *s, uint32_t tgid, uint16_t port);
bool services_known(const struct services *s, uint32_t tgid);

/* The name a person would give: pure, the table of examples is in tests/unit/test_naming.c. Owned by the caller. */
char *service_name_of(const struct proc_facts *f);

DEFINE_FREEP(services_free, struct services)

#endif
