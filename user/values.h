/* SPDX-License-Identifier: GPL-2.0-only */
/* Pure readers of what people write in arguments and variables. False or -errno: not one; outputs are untouched. */
#ifndef VALUES_H
#define VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

bool value_duration_ns(struct slice s, uint64_t *ret_ns);	/* 500ms, 10s, 1m, 2h, 0 */
bool value_size(struct slice s, uint64_t *ret_sz);		/* 65536, 64K, 8M, 1G */
bool value_number(struct slice s, uint64_t low, uint64_t high, uint64_t *ret_v);	/* decimal, low..high */
bool value_decimal(struct slice s, double low, double high, double *ret_v);	/* with or without a fraction */
bool value_is_token(struct slice s);				/* what HTTP allows as the name of a header */
bool value_is_line(struct slice s);				/* no control characters */

/* Appends s with %XX decoded. -EINVAL: a % without two hexadecimal digits; -ENOMEM, -E2BIG. */
int value_percent_decode(struct slice s, struct buf *out) __must_check;

/* "k=v,k2=v2" with every part decodable and every key present. */
bool value_is_pairs(struct slice s);

enum url_form {
	URL_BASE,		/* v1/traces is added */
	URL_BASE_OR_FULL,	/* the same, unless the path already ends so */
	URL_FULL,		/* used as it is */
	URL_GRPC,		/* has no path of its own */
};

/* Appends the URL of the traces endpoint. `what` is the option or variable that said it: err's sentence begins so. */
int value_endpoint(const char *what, struct slice url, enum url_form form, struct buf *out,
		   struct err *err) __must_check;

/*
 * From the URL of the traces endpoint that of another signal of the same backend, "logs" or "metrics". -EINVAL: it does
 * not end as such endpoints do, so that nothing can be concluded from it; -ENOMEM, -E2BIG.
 */
int value_signal_endpoint(struct slice traces_url, const char *signal, struct buf *out) __must_check;

#endif
