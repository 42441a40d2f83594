/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which traces are kept: OpenTelemetry's samplers, asked once per trace, where it begins on this host; what hangs below
 * follows. A ratio takes the same traces as OpenTelemetry's Go SDK would by their ids.
 */
#ifndef TRACE_SAMPLE_H
#define TRACE_SAMPLE_H

#include "base/slice.h"
#include "trace/span.h"

enum sampler_kind { SAMPLER_ALL, SAMPLER_NONE, SAMPLER_RATIO };

/* Zeroed it is OpenTelemetry's default: everything, unless the caller has decided otherwise. */
struct sampler {
	enum sampler_kind kind;
	bool ignore_parent;	/* what the caller has decided does not count */
	double ratio;		/* of SAMPLER_RATIO, 0 to 1 */
	bool keep_errors;	/* what we would drop is kept with an error anywhere in it, */
	uint64_t keep_slow_ns;	/* or when one of its spans took as long; 0: whatever it took */
};

/* By OpenTelemetry's name. -EINVAL: it is none of ours. The ratio is kept. */
int sampler_set(struct sampler *s, struct slice name) __must_check;
/* The names, as "a|b|c". */
const char *sampler_names(void);

/* A trace that begins here. */
bool sample_root(const struct sampler *s, const struct trace_id *id);
/* One whose caller said what it had decided. */
bool sample_remote(const struct sampler *s, const struct trace_id *id, bool parent_sampled);

/* One of which a part has failed, or took so long: whatever the sampler would say of a trace that we decide on. */
bool sample_keeps(const struct sampler *s, bool error, uint64_t duration_ns);

#define SAMPLE_STATE_SZ sizeof("ot=rv:00000000000000;th:00000000000000")

/*
 * The tracestate of a sampled trace that began here: from it a backend knows how many it stands for. kept: the kernel
 * side told 1 exchange in 2^kept then. False: there is nothing to say.
 */
bool sample_state(const struct sampler *s, const struct trace_id *id, unsigned kept, char ret_text[SAMPLE_STATE_SZ]);

#define SAMPLE_STATE_KEPT "ot=th:0"	/* of one that sample_keeps(): all such are kept, it stands for itself alone */

#endif
