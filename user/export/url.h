/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EXPORT_URL_H
#define EXPORT_URL_H

#include <stdbool.h>

#include "base/err.h"

/* 0; -EINVAL: nothing that can be posted to. url may be NULL. */
int url_check(const char *url, struct err *err) __must_check;
bool url_is_here(const char *url);	/* names this machine's loopback */
char *url_shown(const char *url);	/* without user, password and query. Owned by the caller; NULL: out of memory */
char *url_origin(const char *url);	/* without the path, too. Owned by the caller; NULL: out of memory */
char *url_plain(const char *url);	/* the same address without TLS. Owned by the caller; NULL: out of memory */

#endif
