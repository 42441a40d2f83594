/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What gateways and the programs behind them say to each other in the terms of CGI (RFC 3875), in whatever protocol:
 * a request as variables, a response as fields. Both are a head of HTTP, spelled otherwise.
 */
#ifndef PROTO_CGI_H
#define PROTO_CGI_H

#include "base/buf.h"
#include "proto/http1.h"

enum cgi_var {
#define CGI_VAR(id) CGI_##id,
#include "proto/cgi_vars.def"
#undef CGI_VAR
	CGI__CNT,
};

struct cgi_head {
	struct h1_head http;
	struct h1_told told;		/* requests */
	struct slice vars[CGI__CNT];	/* of the caller's input */
	struct buf text;		/* that fields and target of a request lie in */
};

struct cgi_head *cgi_head_new(const char *protocol, size_t text_max);	/* NULL: out of memory */
void cgi_head_free(struct cgi_head *h);	/* NULL is all right */
/* 0 or the error of a buf. Of a name that comes twice the last counts, as with those that read it. */
int cgi_head_add(struct cgi_head *h, struct slice name, struct slice value) __must_check;
int cgi_head_done(struct cgi_head *h) __must_check;	/* all have been added */
/* The fields of a response, and the empty line behind them. */
void cgi_head_answer(struct cgi_head *h, struct slice fields);

#endif
