/* SPDX-License-Identifier: GPL-2.0-only */
/* The registry of decoders, expanded from protos.def. */
#include "proto/proto.h"
#include "base/compiler.h"

#define PROTO(id, name) extern const struct proto proto_##name;
#include "protos.def"
#undef PROTO

static const struct proto *const protos[PROTO__CNT] = {
#define PROTO(id, name) [PROTO_##id] = &proto_##name,
#include "protos.def"
#undef PROTO
};

const struct proto *proto_get(enum proto_id id)
{
	return protos[id];
}

size_t proto_state_max(void)
{
	size_t most = 0, i;

	for (i = 0; i < ARRAY_SIZE(protos); i++)
		most = max(most, protos[i]->state_sz);
	return most;
}

enum sniff proto_sniff(struct slice head, const struct proto **ret_proto)
{
	const struct proto *may_be = NULL;
	enum sniff s;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protos); i++) {
		s = protos[i]->sniff(head);
		if (s == SNIFF_YES_REQUEST || s == SNIFF_YES_RESPONSE) {
			*ret_proto = protos[i];
			return s;
		}
		if (s == SNIFF_MORE && !may_be)
			may_be = protos[i];
	}
	if (!may_be)
		return SNIFF_NO;
	*ret_proto = may_be;
	return SNIFF_MORE;
}
