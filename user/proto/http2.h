/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROTO_HTTP2_H
#define PROTO_HTTP2_H

#include "proto/proto.h"

/* A client's frame with all fields of a request. */
bool h2_begins_request(struct slice in);

#endif
