/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A capture as a file: a header with what the spans depend on beside the records (the seed of the
 * ids, the machine), then the records of include/abi/event.h as they came. It holds payload, so it
 * is created for its owner only.
 */
#ifndef RECORDING_H
#define RECORDING_H

#include "abi/event.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/rand.h"
#include "host/services.h"

#define RECORDING_VERSION 1

struct recording_facts {
	struct rand_seed seed;
	struct host_facts host;
};

struct recorder;

int recorder_new(const char *path, const struct recording_facts *facts,
		 struct recorder **ret_recorder, struct err *err) __must_check;
/*
 * A failed write (disk full) is said once and ends the recording, perhaps within a record: its
 * replay then says that it is truncated.
 */
void recorder_write(struct recorder *r, const struct ev_hdr *ev);
void recorder_free(struct recorder *r); /* NULL ok */

struct replayer;

int replayer_new(const char *path, struct recording_facts *ret_facts,
		 struct replayer **ret_replayer, struct err *err) __must_check;
/*
 * 1: *ret_ev is the next record, borrowed until the next call; 0: the end; -EBADMSG: damaged from
 * here, err says where.
 */
int replayer_next(struct replayer *r, const struct ev_hdr **ret_ev, struct err *err) __must_check;
void replayer_free(struct replayer *r); /* NULL ok */

DEFINE_FREEP(recorder_free, struct recorder)
DEFINE_FREEP(replayer_free, struct replayer)

#endif
