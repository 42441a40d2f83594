/* SPDX-License-Identifier: GPL-2.0-only */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "trace/sample.h"

#define RANDOM_BITS 56 /* OpenTelemetry's consistent sampling */
#define DIGITS      (RANDOM_BITS / 4)

static const struct {
	const char *name;
	enum sampler_kind kind;
	bool ignore_parent;
} samplers[] = {
	{ "parentbased_always_on", SAMPLER_ALL, false },
	{ "parentbased_always_off", SAMPLER_NONE, false },
	{ "parentbased_traceidratio", SAMPLER_RATIO, false },
	{ "always_on", SAMPLER_ALL, true },
	{ "always_off", SAMPLER_NONE, true },
	{ "traceidratio", SAMPLER_RATIO, true },
};

int sampler_set(struct sampler *s, struct slice name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(samplers); i++) {
		if (!slice_ieq(name, slice_str(samplers[i].name)))
			continue;
		s->kind = samplers[i].kind;
		s->ignore_parent = samplers[i].ignore_parent;
		return 0;
	}
	return -EINVAL;
}

const char *sampler_names(void)
{
	return "parentbased_always_on|parentbased_always_off|parentbased_traceidratio|always_on|"
	       "always_off|traceidratio";
}

/* 63 bits of the id, of which the Go SDK takes those below `ratio`. */
static uint64_t coordinate(const struct trace_id *id)
{
	uint64_t low;

	memcpy(&low, id->b + 8, sizeof(low));
	return be64toh(low) >> 1;
}

static bool by_ratio(double ratio, const struct trace_id *id)
{
	if (ratio >= 1)
		return true;
	return ratio > 0 && coordinate(id) < (uint64_t)(ratio * 0x1p63);
}

bool sample_root(const struct sampler *s, const struct trace_id *id)
{
	if (s->kind == SAMPLER_RATIO)
		return by_ratio(s->ratio, id);
	return s->kind == SAMPLER_ALL;
}

bool sample_remote(const struct sampler *s, const struct trace_id *id, bool parent_sampled)
{
	return s->ignore_parent ? sample_root(s, id) : parent_sampled;
}

bool sample_keeps(const struct sampler *s, bool error, uint64_t duration_ns)
{
	return (s->keep_errors && error) || (s->keep_slow_ns && duration_ns >= s->keep_slow_ns);
}

/*
 * OpenTelemetry keeps a trace whose random value is not below its threshold; we, as the Go SDK, one whose coordinate is
 * below a bound. So the random value that is stated is the coordinate, mirrored, and the threshold the bound, mirrored.
 */
bool sample_state(const struct sampler *s, const struct trace_id *id, unsigned kept,
		  char ret_text[SAMPLE_STATE_SZ])
{
	const uint64_t all = 1ULL << RANDOM_BITS;
	uint64_t bound = all, threshold, random;
	char digits[DIGITS + 1];
	size_t n = DIGITS;

	if (s->kind == SAMPLER_RATIO && s->ratio < 1)
		bound = s->ratio > 0 ? (uint64_t)(s->ratio * (double)all) : 0;
	if (bound == all && !kept)
		return false;
	threshold = all - (bound >> kept);
	random = all - 1 - (coordinate(id) >> (63 - RANDOM_BITS) >> kept);
	/* A ratio so small that it rounds to nothing, or the one value that rounding puts on the other side. */
	if (threshold >= all || random < threshold)
		return false;
	snprintf(digits, sizeof(digits), "%0*llx", DIGITS, (unsigned long long)threshold);
	while (n > 1 && digits[n - 1] == '0')
		n--;
	snprintf(ret_text, SAMPLE_STATE_SZ, "ot=rv:%0*llx;th:%.*s", DIGITS,
		 (unsigned long long)random, (int)n, digits);
	return true;
}
