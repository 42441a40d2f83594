/* SPDX-License-Identifier: GPL-2.0-only */
/* Spans go nowhere: what is left is the cost of making them. */
#include <errno.h>

#include "export/exporter.h"

static int none_open(const struct export_env *env, const char *target, void **ret_self,
		     struct err *err)
{
	if (target)
		return err_set(err, -EINVAL, "exporter 'none' goes nowhere: it takes no '%s'",
			       target);
	*ret_self = NULL;
	return 0;
}

static int none_describe(const void *self, struct buf *out)
{
	return buf_puts(out, "nowhere");
}

static void none_send(void *self, struct span *const *spans, size_t n, struct export_counts *counts)
{
	counts->sent += n;
}

static void none_send_logs(void *self, struct log_line *const *lines, size_t n,
			   struct export_counts *counts)
{
	counts->sent += n;
}

static void none_close(void *self) {}

const struct exporter exporter_none = {
	.name = "none",
	.open = none_open,
	.describe = none_describe,
	.send = none_send,
	.send_logs = none_send_logs,
	.close = none_close,
};
