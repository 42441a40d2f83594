/* SPDX-License-Identifier: GPL-2.0-only */
#include <ctype.h>

#include "base/buf.h"
#include "base/log.h"
#include "host/listeners.h"
#include "host/procfs.h"
#include "host/rings.h"
#include "quiet.h"

#define PORTS_TOLD 8 /* a process that listens on more is named with these */

static int put_ports(struct buf *out, uint32_t tgid)
{
	uint16_t ports[PORTS_TOLD];
	int i, err = 0, n = listeners_ports(tgid, ports, ARRAY_SIZE(ports));

	if (n <= 0)
		err = buf_puts(out,
			       n ? " has thousands of descriptors" : " listens on no TCP port");
	for (i = 0; i < n && !err; i++)
		err = buf_printf(out, "%s%u", i ? ", " : " listens on port ", ports[i]);
	return err;
}

/* "python3 (12) listens on port 5000; sh (13) listens on no TCP port, has an io_uring" */
static int put_processes(struct buf *out, const uint32_t *tgids, size_t n)
{
	struct proc_stat st;
	int err = 0;
	size_t i;
	char *c;

	for (i = 0; i < n && !err; i++) {
		if (procfs_stat(tgids[i], &st))
			continue;
		for (c = st.comm; *c; c++)
			*c = isprint((unsigned char)*c) ? *c : '?';
		err = buf_printf(out, "%s%s (%u)", out->n ? "; " : "", st.comm, tgids[i]);
		if (!err)
			err = put_ports(out, tgids[i]);
		if (!err && rings_of(tgids[i]))
			err = buf_puts(out, ", has an io_uring");
	}
	return err;
}

static const char *what_was_seen(const struct tally *t, const uint64_t stats[STAT__CNT])
{
	if (stats[STAT_IO_URING])
		return "no HTTP request seen, only calls through io_uring (not decoded)";
	if (!t->v[TALLY_RX_REPORTED] && !t->v[TALLY_TX_REPORTED])
		return stats[STAT_MPTCP] ? "only MPTCP connections seen, which are not traced"
					 : "no traffic seen";
	if (t->v[TALLY_FOREIGN_TLS])
		return "no HTTP request seen, only encrypted connections (TLS)";
	if (t->v[TALLY_FOREIGN_HTTP2])
		return "no HTTP/1 request seen, only HTTP/2, which is not decoded";
	return "no HTTP request seen, only other protocols";
}

void quiet_tell(const struct tally *t, const uint64_t stats[STAT__CNT], const uint32_t *tgids,
		size_t n)
{
	struct buf who;

	if (t->v[TALLY_REQUESTS] || !n)
		return;
	buf_init(&who, 4096);
	if (!put_processes(&who, tgids, n) && who.n)
		log_info("%s for %d s: %s", what_was_seen(t, stats), QUIET_S, who.p);
	buf_release(&who);
}
