/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FastCGI: what the files of this decoder share.
 *
 *   fastcgi.c		the state machine: which records belong to which message
 *   fastcgi_record.c	one record, one pair of name and value; what begins and ends a message
 *   fastcgi_redact.c	framing without content
 *   cgi.c		what the variables mean
 */
#ifndef PROTO_FASTCGI_H
#define PROTO_FASTCGI_H

#include "proto/proto.h"

#define FCGI_HEAD_SZ	8	/* of a record */
#define FCGI_BEGIN_SZ	8	/* of what BEGIN_REQUEST says */
#define FCGI_END_SZ	8	/* and END_REQUEST */

enum fcgi_type {
	FCGI_BEGIN = 1,
	FCGI_ABORT,
	FCGI_END,
	FCGI_PARAMS,
	FCGI_STDIN,
	FCGI_STDOUT,
	FCGI_STDERR,
	FCGI_DATA,
	FCGI_GET_VALUES,
	FCGI_VALUES,
	FCGI_UNKNOWN,
	FCGI__CNT,
};

struct fcgi_record {
	uint8_t type;
	uint16_t id;	/* of its request; 0: about the connection */
	size_t len;	/* of the content */
	size_t all;	/* with what stands before and behind it */
};

/* fastcgi_record.c */
int fcgi_record_read(struct slice in, struct fcgi_record *ret_record);	/* 0, -EAGAIN: more is needed, -EPROTO */
/* Cuts the first pair off. false: at the end, or at one that is cut. */
bool fcgi_pair_next(struct slice *params, struct slice *ret_name, struct slice *ret_value);
enum sniff fcgi_sniff(struct slice head);
/* At the start of a call, after missing bytes: what hardly anything else begins with. */
bool fcgi_begins_request(struct slice in);
bool fcgi_begins_response(struct slice in);
ssize_t fcgi_find_end(struct slice in, uint16_t id);	/* of its END_REQUEST; -1: there is none */

/* fastcgi_redact.c */
void fcgi_redact(struct redaction *r, bool body, struct slice framing, char *out);

#endif
