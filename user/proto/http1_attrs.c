/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTTP heads as OpenTelemetry attributes: semantic conventions 1.44, HTTP spans, server and client.
 */
#include <stdio.h>
#include <string.h>

#include "proto/http1.h"
#include "abi/limits.h"
#include "base/cleanup.h"
#include "base/compiler.h"

#define URL_MAX (4 * HEAD_MAX) /* redaction makes a query three times as long at most */

/* Case-sensitive, as methods are. */
static const char *const known_methods[] = {
	"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE", "QUERY",
};

enum field { F_HOST, F_USER_AGENT, F_FORWARDED, F_X_FOR, F_X_HOST, F_X_PROTO, F__CNT };

static const struct slice field_names[F__CNT] = {
	[F_HOST] = SLICE("host"),
	[F_USER_AGENT] = SLICE("user-agent"),
	[F_FORWARDED] = SLICE("forwarded"),
	[F_X_FOR] = SLICE("x-forwarded-for"),
	[F_X_HOST] = SLICE("x-forwarded-host"),
	[F_X_PROTO] = SLICE("x-forwarded-proto"),
};

struct fields {
	struct slice v[F__CNT]; /* the first of its name */
};

/* Where a request came from and what it asked for, as the first hop saw it. */
struct origin {
	struct slice scheme;
	struct slice host;
	struct slice client;
};

static void collect(struct slice lines, struct fields *ret_fields)
{
	struct slice name, value;
	size_t i;

	memset(ret_fields, 0, sizeof(*ret_fields));
	while (h1_field_next(&lines, &name, &value)) {
		for (i = 0; i < F__CNT; i++)
			if (slice_ieq(name, field_names[i]))
				break;
		if (i < F__CNT && !ret_fields->v[i].p)
			ret_fields->v[i] = value;
	}
}

static const char *known_method(struct slice method)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known_methods); i++)
		if (slice_eq(method, slice_str(known_methods[i])))
			return known_methods[i];
	return NULL;
}

struct slice h1_span_name(const struct h1_head *head)
{
	const char *known = known_method(head->method);

	return slice_str(known ? known : "HTTP");
}

static struct slice first_element(struct slice list)
{
	struct slice elem = { 0 };

	h1_list_next(&list, &elem);
	return elem;
}

/*
 * Cuts one `name=value` off an element of Forwarded (RFC 7239); values may be quoted. false: the
 * element is at its end.
 */
static bool forwarded_pair(struct slice *s, struct slice *ret_name, struct slice *ret_value)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (s->p[i] == '"')
			quoted = !quoted;
		else if (!quoted && (s->p[i] == ';' || s->p[i] == ','))
			break;
	}
	*ret_value = h1_trim(slice_sub(*s, 0, i));
	*ret_name = h1_trim(slice_split(ret_value, '='));
	*ret_value = h1_trim(*ret_value);
	if (ret_value->n >= 2 && ret_value->p[0] == '"')
		*ret_value = slice_sub(*ret_value, 1, ret_value->n - 2);
	/* Only the first element counts: it is the hop nearest to the user. */
	*s = i < s->n && s->p[i] == ';' ? slice_sub(*s, i + 1, s->n) : (struct slice){ 0 };
	return ret_name->n;
}

/*
 * An address of Forwarded or X-Forwarded-For without its port; empty for "unknown" and hidden ones
 * ("_x").
 */
static struct slice node_address(struct slice node)
{
	struct slice rest = node;

	if (!node.n || node.p[0] == '_' || slice_ieq(node, SLICE("unknown")))
		return (struct slice){ 0 };
	if (node.p[0] == '[')
		return h1_host_split(node).name;
	slice_split(&rest, ':');
	if (slice_chr(rest, ':') >= 0)
		return node; /* a bare IPv6 address has more colons */
	return h1_host_split(node).name;
}

static struct slice known_scheme(struct slice s)
{
	static const char *const schemes[] = { "http", "https", "ws", "wss" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(schemes); i++)
		if (slice_ieq(s, slice_str(schemes[i])))
			return slice_str(schemes[i]);
	return (struct slice){ 0 };
}

/* Forwarded wins over the older headers, part by part. Empty: not said. */
static void parse_forwarded(const struct fields *f, struct origin *ret_origin)
{
	struct slice rest = f->v[F_FORWARDED], name, value;
	struct origin o = { 0 };

	while (forwarded_pair(&rest, &name, &value)) {
		if (slice_ieq(name, SLICE("for")))
			o.client = node_address(value);
		else if (slice_ieq(name, SLICE("host")))
			o.host = value;
		else if (slice_ieq(name, SLICE("proto")))
			o.scheme = known_scheme(value);
	}
	if (!o.client.n)
		o.client = node_address(first_element(f->v[F_X_FOR]));
	if (!o.host.n)
		o.host = first_element(f->v[F_X_HOST]);
	if (!o.scheme.n)
		o.scheme = known_scheme(first_element(f->v[F_X_PROTO]));
	*ret_origin = o;
}

static void add_text(struct attrs *out, const char *key, struct slice v)
{
	if (v.n)
		attrs_str(out, key, v);
}

static void add_port(struct attrs *out, const char *key, uint16_t port)
{
	if (port)
		attrs_int(out, key, port);
}

/* A folded value reads as one line. */
static void add_unfolded(struct attrs *out, const char *key, struct slice v)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	struct slice line;
	int err = 0;

	if (slice_chr(v, '\n') < 0) {
		add_text(out, key, v);
		return;
	}
	buf_init(&b, HEAD_MAX);
	while (v.n && !err) {
		line = h1_trim(slice_split(&v, '\n'));
		err = b.n ? buf_puts(&b, " ") : 0;
		err = err ? err : buf_append(&b, line.p, line.n);
	}
	if (!err)
		add_text(out, key, buf_slice(&b));
}

static void describe_common(const struct h1_head *head, const struct h1_told *told,
			    const struct peer_facts *peer, struct attrs *out)
{
	const char *known = known_method(head->method);
	char version[] = "1.x";

	attrs_str(out, "http.request.method", slice_str(known ? known : "_OTHER"));
	if (!known)
		add_text(out, "http.request.method_original", head->method);
	version[2] = '0' + head->minor;
	if (told)
		attrs_str(out, "network.protocol.name", slice_str(told->protocol));
	else
		attrs_str(out, "network.protocol.version", slice_str(version));
	add_text(out, "network.peer.address", slice_str(peer->peer_addr));
	add_port(out, "network.peer.port", peer->peer_port);
}

static uint16_t scheme_port(struct slice scheme)
{
	return slice_eq(scheme, SLICE("https")) || slice_eq(scheme, SLICE("wss")) ? 443 : 80;
}

/* On a unix socket "localhost" is what clients write for want of a name: the path says more. */
static bool useful_host(struct slice name, uint16_t port)
{
	return name.n && (port || !slice_ieq(name, SLICE("localhost")));
}

static void add_query(struct attrs *out, const struct h1_url *url, const struct peer_facts *peer)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	if (!url->query.n)
		return;
	buf_init(&b, URL_MAX);
	if (!h1_url_add_query(&b, url->query, peer))
		attrs_str(out, "url.query", buf_slice(&b));
}

/* What no field says, the gateway or the socket does. */
static struct h1_told told_or_seen(const struct h1_told *told, const struct peer_facts *peer)
{
	struct h1_told t = told ? *told : (struct h1_told){ 0 };

	if (!t.server.n) {
		t.server = slice_str(peer->local_addr);
		t.port = t.port ? t.port : peer->local_port;
	}
	if (!t.client.n)
		t.client = slice_str(peer->peer_addr);
	return t;
}

static void describe_server(const struct h1_head *head, const struct h1_told *told,
			    const struct peer_facts *peer, struct attrs *out)
{
	struct h1_url url = h1_url_split(head->method, head->target);
	struct h1_told t = told_or_seen(told, peer);
	bool forwarded;
	struct h1_host host;
	struct fields f;
	struct origin o;

	collect(head->fields, &f);
	parse_forwarded(&f, &o);
	forwarded = o.host.n;
	if (!o.scheme.n)
		o.scheme = known_scheme(url.scheme.n ? url.scheme : t.scheme);
	if (!o.scheme.n)
		o.scheme = SLICE("http");
	if (!o.host.n)
		o.host = url.authority.n ? url.authority : f.v[F_HOST];
	host = h1_host_split(o.host);
	/* A URL has its own default, and behind a proxy the port that was asked for is not ours. */
	if (!host.port)
		host.port = forwarded || url.scheme.n ? scheme_port(o.scheme) : t.port;
	if (!useful_host(host.name, host.port))
		host.name = t.server;

	attrs_str(out, "url.scheme", o.scheme);
	if (url.path.n || url.scheme.n)
		attrs_str(out, "url.path", url.path.n ? url.path : SLICE("/"));
	add_query(out, &url, peer);
	add_text(out, "server.address", host.name);
	if (host.name.n)
		add_port(out, "server.port", host.port);
	add_text(out, "client.address", o.client.n ? o.client : t.client);
	add_unfolded(out, "user_agent.original", f.v[F_USER_AGENT]);
}

/*
 * The authority of a request that names none: the socket's other end, "" when that has no name
 * either.
 */
static void peer_authority(const struct peer_facts *peer, char *ret_text, size_t sz)
{
	const char *addr = peer->peer_addr;

	if (!peer->peer_port)
		snprintf(ret_text, sz, "localhost");
	else
		snprintf(ret_text, sz, strchr(addr, ':') ? "[%s]:%u" : "%s:%u", addr,
			 peer->peer_port);
}

/* A gateway may tell the host without the port at which it was asked for. */
static int add_told_port(struct buf *b, const struct h1_told *told, struct slice authority,
			 struct slice scheme)
{
	if (!told || !told->port || told->port == scheme_port(scheme) ||
	    h1_host_split(authority).port)
		return 0;
	return buf_printf(b, ":%u", told->port);
}

static void add_url_full(struct attrs *out, const struct h1_url *url, struct slice authority,
			 const struct h1_told *told, const struct peer_facts *peer)
{
	struct slice scheme = url->scheme.n || !told ? url->scheme : known_scheme(told->scheme);
	struct slice path = slice_eq(url->path, SLICE("*")) ? SLICE("") : url->path;
	_cleanup_(buf_release) struct buf b = { 0 };

	buf_init(&b, URL_MAX);
	if (!scheme.n)
		scheme = SLICE("http");
	if (buf_append(&b, scheme.p, scheme.n) || buf_puts(&b, "://") ||
	    h1_url_add_authority(&b, authority) || add_told_port(&b, told, authority, scheme) ||
	    buf_append(&b, path.p, path.n))
		return;
	if (url->has_query && (buf_puts(&b, "?") || h1_url_add_query(&b, url->query, peer)))
		return;
	attrs_str(out, "url.full", buf_slice(&b));
}

static void describe_client(const struct h1_head *head, const struct h1_told *told,
			    const struct peer_facts *peer, struct attrs *out)
{
	struct h1_url url = h1_url_split(head->method, head->target);
	char fallback[sizeof(peer->peer_addr) + sizeof("[]:65535")];
	struct slice authority;
	struct h1_host host;
	struct fields f;

	collect(head->fields, &f);
	peer_authority(peer, fallback, sizeof(fallback));
	authority = url.authority.n ? url.authority : f.v[F_HOST];
	if (!authority.n && told)
		authority = told->server;
	if (!authority.n)
		authority = slice_str(fallback);
	/* Whose name a gateway hands on is its own: the server is whom it is connected to. */
	host = told ? (struct h1_host){ .port = peer->peer_port } : h1_host_split(authority);
	/*
	 * A URL sent to a proxy has its own default; otherwise the port is the one that was
	 * connected to.
	 */
	if (!host.port)
		host.port = url.scheme.n ? scheme_port(known_scheme(url.scheme)) : peer->peer_port;
	if (!useful_host(host.name, host.port))
		host.name = slice_str(peer->peer_addr);

	add_text(out, "server.address", host.name);
	if (host.name.n)
		add_port(out, "server.port", host.port);
	/* CONNECT asks for a host and a port: there is no URL. */
	if (!slice_eq(head->method, SLICE("CONNECT")))
		add_url_full(out, &url, authority, told, peer);
}

void h1_describe_request(const struct h1_head *head, const struct h1_told *told,
			 const struct peer_facts *peer, struct attrs *out)
{
	describe_common(head, told, peer, out);
	if (peer->server_side)
		describe_server(head, told, peer, out);
	else
		describe_client(head, told, peer, out);
}

void h1_describe_response(const struct h1_head *head, const struct peer_facts *peer,
			  struct attrs *out)
{
	char text[sizeof("65535")];

	attrs_int(out, "http.response.status_code", head->status);
	if (head->status < (peer->server_side ? 500 : 400) || head->status > 599)
		return;
	snprintf(text, sizeof(text), "%u", head->status);
	attrs_str(out, "error.type", slice_str(text));
}

static const struct slice carrier_names[CARRIER__CNT] = {
#define CARRIER(id, name) [CARRIER_##id] = SLICE(name),
#include "proto/carriers.def"
#undef CARRIER
};

void h1_trace_context(const struct h1_head *head, struct trace_context *out)
{
	struct slice lines = head->fields, name, value;
	unsigned cnt[CARRIER__CNT] = { 0 };
	size_t i;

	*out = (struct trace_context){ 0 };
	while (h1_field_next(&lines, &name, &value)) {
		for (i = 0; i < CARRIER__CNT; i++)
			if (slice_ieq(name, carrier_names[i]))
				break;
		if (i == CARRIER__CNT)
			continue;
		if (!cnt[i]++)
			out->v[i] = value;
		else if (i != CARRIER_TRACESTATE)
			out->v[i] = (struct slice){ 0 };
	}
}
