/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which program serves which capability, for which provider, and what it needs of the kernel.
 * Loader and doctor read it.
 */
#ifndef KERN_HOOKS_H
#define KERN_HOOKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "kern/capture.h"
#include "kern/feature.h"

enum capability {
	CAPABILITY_SEND,
	CAPABILITY_RECV,
	CAPABILITY_SEND_START,
	CAPABILITY_ARRIVAL,
	CAPABILITY_CONN_LIFE,
	CAPABILITY_TASK_LIFE,
	CAPABILITY_WAKE,
	CAPABILITY_LOGS,
	CAPABILITY__CNT,
};

#define NEEDS(f)   (1u << (f))
#define BY(method) (1u << (method))

enum hook_kind {
	HOOK_OPTIONAL,
	HOOK_REQUIRED, /* without it the provider is of no use */
	HOOK_IN_ROW, /* behind another, only where programs may be preempted (bpf/lib/row.bpf.h) */
};

struct hook {
	enum capability capability;
	const char *program;
	const char *where; /* where it attaches, as a person reads it */
	unsigned providers; /* BY(CAPTURE_*) of those that use it */
	unsigned needs; /* NEEDS(FEAT_*) */
	enum hook_kind kind;
};

size_t hooks_cnt(void);
const struct hook *hook_at(size_t i);
/* How a hook serves a capture by `method`: logs are read as by system calls where functions cannot be hooked. */
enum capture_method hook_method(const struct hook *h, enum capture_method method, bool hookable);
bool hook_used(const struct hook *h, enum capture_method method, const struct bpf_cfg *cfg);
const char *capability_name(enum capability c);
const char *
capability_without(enum capability c); /* what the user loses when no program serves it */
const char *provider_name(enum capture_method method);

/* The features that h needs and `btf` lacks, as "socket tracepoints (6.3)"; NULL: none. */
const char *hook_lacks(const struct hook *h, const struct btf *btf, char *buf, size_t sz);
/* 0, or -EOPNOTSUPP with the reason: a required hook lacks a feature. */
int provider_check(enum capture_method method, const struct btf *btf, struct err *err);

#endif
