/* SPDX-License-Identifier: GPL-2.0-only */
/* What a connection speaks that no decoder takes, as far as its first bytes show: for a person who misses its spans. */
#ifndef PROTO_FOREIGN_H
#define PROTO_FOREIGN_H

#include "base/slice.h"

enum foreign { FOREIGN_HTTP2, FOREIGN_TLS, FOREIGN_OTHER };

enum foreign foreign_sniff(struct slice head);

#endif
