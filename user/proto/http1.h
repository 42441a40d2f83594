/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTTP/1.0 and 1.1: what the files of this decoder share.
 *
 *   http1.c		the state machine: which bytes belong to which message
 *   http1_head.c	one head: where it ends, its first line, its fields, their framing
 *   http1_sniff.c	is this HTTP/1.x at all
 *   http1_url.c	targets, hosts and ports, redaction
 *   http1_attrs.c	semantic conventions
 *   http1_captured.c	headers that were asked for by name
 *   http1_telemetry.c	is this a report to a tracing backend
 *   http1_redact.c	framing without content
 */
#ifndef PROTO_HTTP1_H
#define PROTO_HTTP1_H

#include "proto/proto.h"

#define H1_METHOD_MAX	64	/* bytes of a method; the longest registered one has 17 */

/* Slices into the caller's input, valid until its next call. */
struct h1_head {
	struct slice method;	/* requests */
	struct slice target;
	struct slice fields;	/* the lines after the first, with the empty one at the end */
	uint16_t status;	/* responses */
	uint8_t minor;		/* the x of HTTP/1.x */
};

/* What the fields say of the body. A transfer coding overrides Content-Length (RFC 9112 6.3). */
struct h1_framing {
	bool has_length;
	bool bad_length;	/* not a number, too large, or two that differ */
	bool coded;		/* Transfer-Encoding other than identity */
	bool chunked;		/* its last coding is chunked */
	bool upgrade;
	uint64_t length;
};

/*
 * http1_head.c. h1_line_end, h1_head_end: bytes up to and with the line end (the empty line), 0: it
 * is not there yet. `*scanned` remembers, while the input grows, what need not be looked at again.
 */
size_t h1_line_end(struct slice in, size_t *scanned);
size_t h1_head_end(struct slice in, size_t *scanned);
int h1_head_parse(enum flow flow, struct slice head, struct h1_head *ret_head);	/* -EPROTO */
/* The next field of *fields, which is advanced. Both are trimmed; a value may contain folds. */
bool h1_field_next(struct slice *fields, struct slice *ret_name, struct slice *ret_value);
/* Cuts the first element off a comma-separated list, trimmed, perhaps empty. false: at its end. */
bool h1_list_next(struct slice *list, struct slice *ret_elem);
struct slice h1_trim(struct slice s);		/* spaces, tabs and folds at both ends */
void h1_framing_parse(struct slice fields, struct h1_framing *ret_framing);

/* http1_sniff.c */
size_t h1_token_len(struct slice s);		/* leading token characters */
enum sniff h1_sniff(struct slice head);
/* SNIFF_NO when a message of this flow cannot start so, with a bounded look at the first bytes. */
enum sniff h1_sniff_flow(enum flow flow, struct slice head);
bool h1_may_start(enum flow flow, struct slice head);	/* the same as yes or no, lax on targets */
bool h1_version(struct slice s, uint8_t *ret_minor);	/* s is "HTTP/1.x" */

/* http1_url.c */
struct h1_url {
	struct slice scheme;	/* absolute-form only */
	struct slice authority;	/* absolute- and authority-form */
	struct slice path;	/* "*" for asterisk-form */
	struct slice query;	/* without '?' */
	bool has_query;
};
struct h1_host {
	struct slice name;	/* without brackets and user info */
	uint16_t port;		/* 0: none given */
};
struct h1_url h1_url_split(struct slice method, struct slice target);
struct h1_host h1_host_split(struct slice authority);
/* Both with what is secret redacted. */
int h1_url_add_authority(struct buf *b, struct slice authority) __must_check;
int h1_url_add_query(struct buf *b, struct slice query,
		     const struct peer_facts *peer) __must_check;

/* What a gateway tells of a request that it hands on in another protocol (proto/cgi.h). */
struct h1_told {
	const char *protocol;
	struct slice scheme;
	struct slice server;	/* under which name the request came */
	struct slice client;
	uint16_t port;		/* at which; 0: not told */
};

/* http1_attrs.c. told: NULL: the connection speaks HTTP itself. */
struct slice h1_span_name(const struct h1_head *head);
void h1_describe_request(const struct h1_head *head, const struct h1_told *told,
			 const struct peer_facts *peer, struct attrs *out);
void h1_describe_response(const struct h1_head *head, const struct peer_facts *peer,
			  struct attrs *out);
void h1_trace_context(const struct h1_head *head, struct trace_context *out);

/* http1_captured.c */
void h1_describe_captured(const struct h1_head *head, enum flow flow,
			  const struct peer_facts *peer, struct attrs *out);

/* http1_redact.c */
void h1_redact(struct redaction *r, bool body, struct slice framing, char *out);

/* http1_telemetry.c */
enum telemetry h1_telemetry(const struct h1_head *head);

#endif
