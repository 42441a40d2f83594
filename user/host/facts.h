/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What /proc tells of one process, as plain data that can be stored in a recording (EV_PROC).
 * Everything in it comes from a stranger: lengths are bounded, bytes may be anything. Of the
 * environment only OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES are ever kept, and what shows a
 * tracing SDK, in our words. No string is NULL once facts_read() or facts_decode() has succeeded.
 */
#ifndef HOST_FACTS_H
#define HOST_FACTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/event.h"
#include "base/buf.h"

struct proc_facts {
	uint32_t tgid, ppid;
	uint64_t start_ns;		/* since boot */
	bool on_terminal;		/* no system service, whatever the control group says */
	char comm[COMM_LEN];
	char *exe;			/* path of the executable; "" when unreadable */
	char *cwd;
	char *cgroup;			/* path in the unified or named hierarchy */
	char *owner;			/* user name or number */
	char *service_name;		/* the target's OTEL_SERVICE_NAME; "" */
	char *resource_attributes;	/* the target's OTEL_RESOURCE_ATTRIBUTES; "" */
	char *context;			/* what an SDK in it has published (process_context.h), the same form; "" */
	char *sdk;			/* what shows a tracing SDK in it; "" */
	char **args;			/* NULL-terminated; long ones cut, trailing empty ones gone */
	size_t args_cnt;
};

/* -ESRCH: gone; what may not be read stays "" */
int facts_read(uint32_t tgid, struct proc_facts *ret_facts) __must_check;
/* Of a process that ended before /proc was read: no more than what it executed. */
int facts_of_exec(const struct ev_exec *ev, struct proc_facts *ret_facts) __must_check;
/* Appends one whole struct ev_proc. */
int facts_encode(const struct proc_facts *f, uint64_t ts_ns, struct buf *ret_record) __must_check;
/* Of the command line only the program stays, and the name that was given to the service for it. */
int facts_hide_arguments(struct proc_facts *f, const char *service) __must_check; /* -ENOMEM */
/* -EINVAL: malformed */
int facts_decode(const struct ev_proc *ev, struct proc_facts *ret_facts) __must_check;
void facts_release(struct proc_facts *f);			/* leaves it zeroed */

#endif
