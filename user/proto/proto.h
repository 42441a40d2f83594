/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A protocol decoder: bytes in, messages out. Pure: no I/O, clock, logging or globals. It reads only `in` and keeps
 * nothing that points into it except through `struct msg`, whose slices live until the caller's next call.
 *
 * The caller (trace/conn.c) owns one zeroed state of `state_sz` per connection, feeds each direction in order, and for
 * each message calls describe() while the slices live. Both directions share the state, because the framing of a
 * response depends on its request. A direction is a role here: requests flow one way, responses the other.
 *
 *   decode() > 0   so many bytes were consumed; *ret_msg may hold a message event
 *   decode() = 0   with a message: progress without bytes; without one: more bytes are needed (the caller keeps all
 *                  of `in`, up to HEAD_MAX)
 *   decode() < 0   this is not the protocol, or it broke it: the caller gives the direction up or resynchronises
 *
 * `*ret_skip` bytes that follow the consumed ones are body of no interest: the caller skips them, copied or not, and
 * calls decode() again as soon as they have passed, with what follows or with nothing, so that the end of the message
 * is announced on its last byte. UINT64_MAX: everything until the flow ends.
 */
#ifndef PROTO_PROTO_H
#define PROTO_PROTO_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attrs.h"
#include "base/slice.h"

enum proto_id {
#define PROTO(id, name) PROTO_##id,
#include "protos.def"
#undef PROTO
	PROTO__CNT,
};

enum flow { FLOW_REQUEST, FLOW_RESPONSE };	/* which way the bytes go: towards the server, or back */
enum sniff { SNIFF_NO, SNIFF_MORE, SNIFF_YES_REQUEST, SNIFF_YES_RESPONSE };

enum msg_kind {
	MSG_NONE,
	MSG_HEAD,	/* a message began and its head is complete: open or answer the exchange */
	MSG_INTERIM,	/* an informational response: the exchange goes on */
	MSG_END,	/* the message begun by the last MSG_HEAD of this flow is complete */
	MSG_HEAD_END,	/* both at once: a message without a body */
};

/* A request by which a program reports on itself is no part of what it does. */
enum telemetry {
	TELEMETRY_NONE,
	TELEMETRY_OTHER,	/* logs, metrics */
	TELEMETRY_SPANS,	/* whoever sends these has a tracing SDK */
};

struct msg {
	enum msg_kind kind;
	bool upgraded;		/* from here on nothing is decoded; without a message: nor has anything been */
	enum telemetry report;	/* without a message: a request that reports, of which no exchange is made */
	bool inferred;		/* the end was not framed but concluded (gap, resynchronisation) */
	bool resumed;		/* a head, the first after lost bytes: responses before it may have gone unseen */
	bool cut;		/* the connection ended inside this message */
	bool error;		/* response: the protocol says that the request failed (for kind SERVER) */
	bool client_error;	/* response: failed as seen from the caller (4xx) */
	bool lingers;		/* the end of a response: whoever asked waits for the end of the connection, too */
	const char *failed;	/* with the end of a response, or behind it: why it failed all the same; NULL: no */
};

/* The two sides of an exchange as describe() needs them; addresses are text, "" when unknown. */
struct peer_facts {
	bool server_side;	/* the span is of kind SERVER */
	bool loopback;
	char local_addr[112];	/* unix: the path */
	char peer_addr[112];
	uint16_t local_port;	/* 0: unix */
	uint16_t peer_port;
	const struct slice *redact;	/* more query keys whose values are hidden; borrowed */
	size_t redact_cnt;
	const struct slice *headers;	/* names of headers whose values are wanted; borrowed */
	size_t headers_cnt;
};

enum carrier {
#define CARRIER(id, name) CARRIER_##id,
#include "proto/carriers.def"
#undef CARRIER
	CARRIER__CNT,
};

/*
 * What a request's headers say of its cause: raw values, empty when absent or given twice; of tracestate the first
 * line, further ones are rare and dropped.
 */
struct trace_context {
	struct slice v[CARRIER__CNT];
};

#define REDACTED 'x' /* in the place of each byte of content */

/* How far the framing of one flow has been redacted; zeroed where bytes are missing before it. */
struct redaction {
	uint64_t words;	/* which words of the protocol the line may still begin with */
	uint8_t n;	/* bytes of them that have come */
	uint8_t where;
	bool kept;	/* the field before was told as it is: so is a line that goes on with it */
	/* Of a protocol made of records: */
	uint8_t type, padding;	/* of the record at hand */
	uint8_t head;	/* bytes of its head that have come */
	uint8_t length;	/* of a number of several bytes, those to come */
	uint8_t part;	/* of a pair of name and value */
	uint8_t name;	/* which of the known ones the value is of */
	uint16_t left;	/* of its content */
	uint32_t name_sz, value_sz; /* to come */
};

struct proto {
	const char *name;
	const char *scope; /* instrumentation scope of its spans; NULL: it has none */
	size_t state_sz;
	enum sniff (*sniff)(struct slice head);
	ssize_t (*decode)(void *state, enum flow flow, struct slice in, struct msg *ret_msg, uint64_t *ret_skip);
	/*
	 * n bytes of this flow were not copied or were lost, outside a region that decode() asked to skip.
	 * 0: survived (at most one message event is in *ret_msg); <0: the flow must resynchronise (resync below).
	 */
	int (*gap)(void *state, enum flow flow, uint64_t n, struct msg *ret_msg);
	/*
	 * After a gap: `in` begins at the start of a call's bytes. Returns how many bytes to drop before a message
	 * starts (0: one starts here), or -EAGAIN when none starts in `in`. decode() then ends the one that was open.
	 */
	ssize_t (*resync)(void *state, enum flow flow, struct slice in);
	/* The flow ended. *ret_msg: MSG_END of a close-delimited body or a cut message; MSG_NONE between messages. */
	void (*eof)(void *state, enum flow flow, struct msg *ret_msg);
	/*
	 * Attributes of the head that the last MSG_HEAD or MSG_HEAD_END of this flow announced; once per head. NULL:
	 * it announces none.
	 */
	void (*describe)(const void *state, enum flow flow, const struct peer_facts *peer, struct attrs *out);
	/* Request flow, same moment: the span's name ("GET") and its cause. NULL: none known. */
	struct slice (*span_name)(const void *state);
	void (*context)(const void *state, struct trace_context *out);
	enum telemetry (*telemetry)(const void *state);	/* NULL: none */
	/*
	 * Copies bytes that decode() takes, or holds, as framing, without what they say: all that is told of a
	 * recording is the same, but nobody learns what it was about. Any pieces, in order. Whether they frame a body
	 * rather than stand in a head, frames_body() says before decode() takes them.
	 */
	void (*redact)(struct redaction *r, bool body, struct slice framing, char *out);
	bool (*frames_body)(const void *state, enum flow flow);
	void (*release)(void *state);	/* NULL: the state owns nothing */
};

const struct proto *proto_get(enum proto_id id);
size_t proto_state_max(void); /* bytes of the largest state */
/* The protocol of a connection's first bytes. SNIFF_MORE: the first that it may be; SNIFF_NO: none of ours. */
enum sniff proto_sniff(struct slice head, const struct proto **ret_proto);

#endif
