/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Drives a decoder the way its real caller does (holding incomplete heads, skipping bodies, gaps,
 * resynchronisation), writes what happens as readable text, and aborts when the decoder breaks the
 * contract of proto/proto.h. What the decoder is given always ends right before an inaccessible
 * page, so that reading too far is fatal.
 */
#ifndef TESTS_DRIVE_H
#define TESTS_DRIVE_H

#include "base/buf.h"
#include "proto/proto.h"

struct drive_flow {
	char *pages;		/* the last one is inaccessible */
	char *limit;		/* where it begins: held bytes end here */
	size_t held;
	uint64_t skip;
	bool lost;
	bool broken_call;	/* the rest of this call is not looked at */
	bool open;		/* a head was seen, its end was not */
	bool ended;
};

struct drive {
	const struct proto *proto;
	struct peer_facts peer;
	void *state;
	struct drive_flow flow[2];
	bool upgraded;
	struct buf log;
};

void drive_init(struct drive *d, const struct proto *proto, const struct peer_facts *peer,
		bool midway);
void drive_release(struct drive *d);
void drive_bytes(struct drive *d, enum flow flow, struct slice piece);	/* part of a call */
void drive_call_end(struct drive *d, enum flow flow);
void drive_gap(struct drive *d, enum flow flow, uint64_t n);
void drive_eof(struct drive *d, enum flow flow);

#endif
