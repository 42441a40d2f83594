/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Zipkin's JSON, version 2: one array of spans per request, as OpenTelemetry's mapping has it. What Zipkin has no field
 * for becomes a tag; links are left out.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/limits.h"
#include "base/clock.h"
#include "base/json_text.h"
#include "export/json_message.h"
#include "export/otlp_wire.h"

static int put_hex(struct buf *out, const char *key, const uint8_t *id, size_t n)
{
	int err = buf_printf(out, ",\"%s\":\"", key);
	size_t i;

	for (i = 0; !err && i < n; i++)
		err = buf_printf(out, "%02x", id[i]);
	return err ? err : buf_puts(out, "\"");
}

/* ,"key":"text" */
static int put_text(struct buf *out, const char *key, const char *text)
{
	int err = buf_puts(out, ",");

	if (!err)
		err = json_text(out, key);
	if (!err)
		err = buf_puts(out, ":");
	return err ? err : json_text(out, text);
}

/* Strings are what tags have. A list is written as JSON, and that as a string. */
static int put_tag(struct buf *out, const struct attrs *a, const struct attr *at)
{
	_cleanup_(buf_release) struct buf text = BUF_INIT(2 * ATTR_TEXT_MAX);
	const char *part = NULL;
	int err = 0;

	switch ((enum attr_type)at->type) {
	case ATTR_STR:
		return put_text(out, attr_key(a, at), attr_text(a, at));
	case ATTR_INT:
		err = buf_printf(&text, "%lld", (long long)at->i);
		break;
	case ATTR_DOUBLE:
		err = buf_printf(&text, "%g", at->d);
		break;
	case ATTR_BOOL:
		err = buf_puts(&text, at->b ? "true" : "false");
		break;
	case ATTR_LIST:
		while (!err && (part = attr_list_next(a, at, part))) {
			err = buf_puts(&text, text.n ? "," : "[");
			err = err ? err : json_text(&text, part);
		}
		err = err ? err : buf_puts(&text, "]");
		break;
	}
	return err ? err : put_text(out, attr_key(a, at), text.p);
}

static int put_tags(struct buf *out, const struct span *s)
{
	/* Every object member is preceded by a comma: the scope is always there, and the first. */
	int err = buf_puts(out, ",\"tags\":{\"otel.scope.name\":");
	uint32_t i;

	if (!err)
		err = json_text(out, s->scope);
	for (i = 0; !err && i < s->attrs.n; i++)
		err = put_tag(out, &s->attrs, &s->attrs.v[i]);
	if (!err && s->error)
		err = put_text(out, "otel.status_code", "ERROR");
	if (!err && s->error)
		err = put_text(out, "error", "");
	if (!err && s->trace_state)
		err = put_text(out, "w3c.tracestate", s->trace_state);
	if (!err && s->attrs.dropped)
		err = buf_printf(out, ",\"otel.dropped_attributes_count\":\"%u\"",
				 s->attrs.dropped);
	return err ? err : buf_puts(out, "}");
}

/* The field of an address that is one; nothing for the path of a unix socket. */
static int put_address(struct buf *out, const char *address)
{
	struct in6_addr raw;

	if (inet_pton(AF_INET, address, &raw) == 1)
		return put_text(out, "ipv4", address);
	return inet_pton(AF_INET6, address, &raw) == 1 ? put_text(out, "ipv6", address) : 0;
}

/* Whom it was talked to. Of a server's caller nobody knows the name. */
static int put_remote(struct buf *out, const struct span *s)
{
	const struct attr *name = attrs_find(&s->attrs, "server.address");
	const struct attr *address = attrs_find(&s->attrs, "network.peer.address");
	const struct attr *port = attrs_find(&s->attrs, "network.peer.port");
	bool named = s->kind == SPAN_CLIENT && name;
	int err = 0;

	if (!named && !address)
		return 0;
	err = buf_puts(out, ",\"remoteEndpoint\":{\"serviceName\":");
	if (!err)
		err = json_text(out, named ? attr_text(&s->attrs, name) : "");
	if (!err && address)
		err = put_address(out, attr_text(&s->attrs, address));
	if (!err && port)
		err = buf_printf(out, ",\"port\":%lld", (long long)port->i);
	return err ? err : buf_puts(out, "}");
}

/* Microseconds, and no span without duration: Zipkin takes 0 for not known. */
static int put_times(struct buf *out, const struct span *s)
{
	uint64_t start_us = s->start_ns / NSEC_PER_USEC, us = s->end_ns / NSEC_PER_USEC - start_us;

	return buf_printf(out, ",\"timestamp\":%llu,\"duration\":%llu",
			  (unsigned long long)start_us, (unsigned long long)max(us, (uint64_t)1));
}

static int put_span(struct buf *out, const struct span *s)
{
	int err = buf_printf(out, "%s{\"kind\":\"%s\"", out->n > 1 ? "," : "",
			     s->kind == SPAN_CLIENT ? "CLIENT" : "SERVER");

	if (!err)
		err = put_hex(out, "traceId", s->trace_id.b, sizeof(s->trace_id.b));
	if (!err)
		err = put_hex(out, "id", s->span_id.b, sizeof(s->span_id.b));
	if (!err && s->has_parent)
		err = put_hex(out, "parentId", s->parent_id.b, sizeof(s->parent_id.b));
	if (!err)
		err = put_text(out, "name", s->name);
	if (!err)
		err = put_times(out, s);
	if (!err)
		err = buf_puts(out, ",\"localEndpoint\":{\"serviceName\":");
	if (!err)
		err = json_text(out, resource_service(s->resource));
	if (!err)
		err = buf_puts(out, "}");
	if (!err)
		err = put_remote(out, s);
	if (!err)
		err = put_tags(out, s);
	return err ? err : buf_puts(out, "}");
}

static struct slice zipkin_encode(struct otlp *o, struct buf *text, struct span *const *spans,
				  size_t n)
{
	int err = buf_puts(text, "[");
	size_t i;

	for (i = 0; !err && i < n; i++)
		err = put_span(text, spans[i]);
	if (!err)
		err = buf_puts(text, "]");
	return err ? (struct slice){ NULL, 0 } : buf_slice(text);
}

/* 202 and nothing, or a sentence of the server's. */
static void zipkin_read(const struct http *h, const struct http_reply *reply,
			struct otlp_answer *ret)
{
	struct slice body = slice_sub(buf_slice(&reply->body), 0, OTLP_MESSAGE_MAX);

	if (reply->attempt.status / 100 != 2 && buf_append(&ret->message, body.p, body.n))
		buf_clear(&ret->message);
}

static const struct otlp_wire zipkin = {
	.name = "Zipkin",
	.http = { .content_type = "application/json", .gzip_header = "Content-Encoding: gzip" },
	.encode = zipkin_encode,
	.read = zipkin_read,
};

static int zipkin_open(const struct export_env *env, const char *target, void **ret_self,
		       struct err *err)
{
	struct export_options opt = {
		.version = env->opt->version,
		.endpoint = env->opt->zipkin_endpoint,
		.timeout_ms = env->opt->zipkin_timeout_ms,
	};

	if (target)
		return err_set(err, -EINVAL,
			       "exporter 'zipkin' takes no target; use "
			       "OTEL_EXPORTER_ZIPKIN_ENDPOINT for its URL");
	return wire_open(env, &zipkin, &opt, SIGNAL_SPANS, ret_self, err);
}

const struct exporter exporter_zipkin = {
	.name = "zipkin",
	.open = zipkin_open,
	.describe = wire_describe,
	.send = wire_send,
	.close = wire_close,
};
