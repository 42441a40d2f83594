/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which processes are traced: what the selectors match now, what they match later (exec, listen),
 * and, when only --pid was given, whether any of those is left. Children of traced processes are
 * added by the kernel side itself.
 */
#ifndef TARGETS_H
#define TARGETS_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "config.h"
#include "host/facts.h"
#include "kern/capture.h"

struct targets;

int targets_new(const struct config *cfg, struct targets **ret_targets,
		struct err *err) __must_check; /* checks the pids */
void targets_free(struct targets *t);
void targets_watch(const struct targets *t,
		   struct bpf_cfg *ret_cfg); /* which reports the selectors need */
int targets_start(struct targets *t, struct capture *c,
		  struct err *err) __must_check; /* traces what matches now */
int targets_add(struct targets *t, uint32_t tgid)
	__must_check; /* a process that must be traced; what is left counts it */
/* What is known of a traced process now: from here on its runtime is read, if it is one that can be. */
void targets_learn(struct targets *t, const struct proc_facts *facts);
void targets_name(struct targets *t, uint32_t tgid); /* for targets_describe() */
void targets_event(struct targets *t, const struct ev_hdr *ev); /* EXEC, LISTEN, SEEK */
int targets_fd(const struct targets *t); /* readable when one of those has ended */
bool targets_ended(
	struct targets *t); /* only processes named by number, and all of them have ended */
void targets_describe(const struct targets *t, struct buf *out); /* "python3 (12), gunicorn (34)" */
size_t targets_first(const struct targets *t, const uint32_t **ret_tgids); /* those that are described */

DEFINE_FREEP(targets_free, struct targets)

#endif
