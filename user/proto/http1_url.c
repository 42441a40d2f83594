/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Targets and hosts, taken apart as bytes: nothing is percent-decoded or normalised, a span shows
 * what was sent. The one exception are secrets, which are replaced before anything else sees them.
 */
#include <string.h>

#include "proto/http1.h"
#include "base/compiler.h"

/* OpenTelemetry's list; keys are case-sensitive. */
static const char *const secret_keys[] = {
	"X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "X-Goog-Signature", "sig",
};

/* Cuts *s before the first byte of `stops`, which stays in *s. */
static struct slice split_before(struct slice *s, const char *stops)
{
	size_t i = 0;
	struct slice head;

	while (i < s->n && !memchr(stops, s->p[i], strlen(stops)))
		i++;
	head = slice_sub(*s, 0, i);
	*s = slice_sub(*s, i, s->n);
	return head;
}

struct h1_url h1_url_split(struct slice method, struct slice target)
{
	struct slice rest = target, scheme;
	struct h1_url u = { 0 };

	if (slice_eq(method, SLICE("CONNECT"))) {
		u.authority = target;
		return u;
	}
	scheme = split_before(&rest, ":/?#");
	if (scheme.n && slice_starts(rest, SLICE("://"))) {
		u.scheme = scheme;
		rest = slice_sub(rest, 3, rest.n);
		u.authority = split_before(&rest, "/?#");
	} else {
		rest = target;
	}
	u.path = split_before(&rest, "?#");
	u.has_query = rest.n && rest.p[0] == '?';
	if (u.has_query) {
		rest = slice_sub(rest, 1, rest.n);
		u.query = split_before(&rest, "#");
	}
	return u;
}

/* User info ends at the last '@': a password may contain one. */
static struct slice without_user(struct slice authority)
{
	const char *at = authority.n ? memrchr(authority.p, '@', authority.n) : NULL;

	return at ? slice_sub(authority, at + 1 - authority.p, authority.n) : authority;
}

struct h1_host h1_host_split(struct slice authority)
{
	struct slice s = without_user(authority);
	struct h1_host h = { 0 };
	uint64_t port;

	if (s.n && s.p[0] == '[') {
		s = slice_sub(s, 1, s.n);
		h.name = slice_split(&s, ']');
		slice_split(&s, ':');
	} else {
		h.name = slice_split(&s, ':');
	}
	if (slice_u64(s, 10, &port) && port <= UINT16_MAX)
		h.port = port;
	return h;
}

int h1_url_add_authority(struct buf *b, struct slice authority)
{
	struct slice host = without_user(authority);
	int err = 0;

	if (host.n != authority.n)
		err = buf_puts(b, "REDACTED:REDACTED@");
	return err ? err : buf_append(b, host.p, host.n);
}

static bool is_secret(struct slice key, const struct peer_facts *peer)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(secret_keys); i++)
		if (slice_eq(key, slice_str(secret_keys[i])))
			return true;
	for (i = 0; i < peer->redact_cnt; i++)
		if (slice_eq(key, peer->redact[i]))
			return true;
	return false;
}

int h1_url_add_query(struct buf *b, struct slice query, const struct peer_facts *peer)
{
	struct slice pair, key, value;
	bool more;
	int err;

	do {
		more = slice_chr(query, '&') >= 0;
		pair = value = slice_split(&query, '&');
		key = slice_split(&value, '=');
		if (key.n < pair.n && is_secret(key, peer)) {
			err = buf_append(b, key.p, key.n);
			err = err ? err : buf_puts(b, "=REDACTED");
		} else {
			err = buf_append(b, pair.p, pair.n);
		}
		if (!err && more)
			err = buf_puts(b, "&");
	} while (!err && more);
	return err;
}
