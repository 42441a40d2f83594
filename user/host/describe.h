/* SPDX-License-Identifier: GPL-2.0-only */
/* The resource attributes of a process, in the semantic conventions' words. */
#ifndef HOST_DESCRIBE_H
#define HOST_DESCRIBE_H

#include "host/services.h"

struct description {
	const struct host_facts *host;
	const struct proc_facts *process;	/* NULL: nothing is known of it */
	const char *service;			/* service.name */
	const char *version;			/* of the tracer */
	const char *attributes;	/* the tracer's OTEL_RESOURCE_ATTRIBUTES, "": none */
};

/* process.runtime.name, by the executable; NULL: compiled, or not known. */
const char *describe_runtime(const struct proc_facts *process);

#define INSTANCE_ID_LEN 36

struct resource *describe(const struct description *d);		/* NULL: out of memory */

struct instance {
	uint32_t tgid;
	uint16_t port;		/* 0: the process as a whole */
	uint64_t start_ns;
};

/*
 * service.instance.id: the same for every span of the instance, in every run of the tracer; another
 * one for every other.
 */
void instance_id(const struct host_facts *host, const struct instance *instance,
		 char ret_id[INSTANCE_ID_LEN + 1]);

#endif
