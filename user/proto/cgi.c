/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>

#include "proto/cgi.h"
#include "base/cleanup.h"
#include "base/compiler.h"

static const struct slice names[CGI__CNT] = {
#define CGI_VAR(id) [CGI_##id] = SLICE(#id),
#include "proto/cgi_vars.def"
#undef CGI_VAR
};

struct cgi_head *cgi_head_new(const char *protocol, size_t text_max)
{
	struct cgi_head *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->told.protocol = protocol;
	buf_init(&h->text, text_max);
	return h;
}

void cgi_head_free(struct cgi_head *h)
{
	if (!h)
		return;
	buf_release(&h->text);
	free(h);
}

/* A line end in a value would begin a field that nobody has sent. */
static void join_lines(char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (p[i] == '\r' || p[i] == '\n')
			p[i] = ' ';
	}
}

/* The name of a field as it may have been before its dashes became underscores. */
static void restore_dashes(char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (p[i] == '_')
			p[i] = '-';
	}
}

static int add_field(struct cgi_head *h, struct slice name, struct slice value)
{
	size_t begin = h->text.n;

	if (!name.n || h1_token_len(name) != name.n)
		return 0;
	if (buf_append(&h->text, name.p, name.n) || buf_puts(&h->text, ": ") ||
	    buf_append(&h->text, value.p, value.n) || buf_puts(&h->text, "\r\n"))
		return -ENOMEM;
	restore_dashes(h->text.p + begin, name.n);
	join_lines(h->text.p + begin + name.n, value.n + 2);
	return 0;
}

int cgi_head_add(struct cgi_head *h, struct slice name, struct slice value)
{
	const struct slice prefix = SLICE("HTTP_");
	size_t i;

	if (slice_starts(name, prefix))
		return add_field(h, slice_sub(name, prefix.n, name.n), value);
	for (i = 0; i < CGI__CNT; i++) {
		if (slice_eq(name, names[i]))
			h->vars[i] = value;
	}
	return 0;
}

static int add_target(struct cgi_head *h)
{
	const struct slice *v = h->vars;
	int err;

	if (v[CGI_REQUEST_URI].n)
		return buf_append(&h->text, v[CGI_REQUEST_URI].p, v[CGI_REQUEST_URI].n);
	err = buf_append(&h->text, v[CGI_SCRIPT_NAME].p, v[CGI_SCRIPT_NAME].n);
	err = err ? err : buf_append(&h->text, v[CGI_PATH_INFO].p, v[CGI_PATH_INFO].n);
	if (err || !v[CGI_QUERY_STRING].n)
		return err;
	err = buf_puts(&h->text, "?");
	return err ? err : buf_append(&h->text, v[CGI_QUERY_STRING].p, v[CGI_QUERY_STRING].n);
}

static void tell_origin(struct cgi_head *h)
{
	bool https = slice_ieq(h->vars[CGI_HTTPS], SLICE("on")) ||
		     slice_eq(h->vars[CGI_HTTPS], SLICE("1"));
	uint64_t port;

	h->told.scheme = h->vars[CGI_REQUEST_SCHEME];
	if (!h->told.scheme.n && https)
		h->told.scheme = SLICE("https");
	h->told.server = h->vars[CGI_SERVER_NAME];
	if (slice_eq(h->told.server, SLICE("_"))) /* nginx's configurations for "any" */
		h->told.server = SLICE("");
	h->told.client = h->vars[CGI_REMOTE_ADDR];
	if (slice_u64(h->vars[CGI_SERVER_PORT], 10, &port) && port <= UINT16_MAX)
		h->told.port = port;
}

int cgi_head_done(struct cgi_head *h)
{
	size_t fields_sz;
	int err = 0;

	if (h->vars[CGI_CONTENT_TYPE].n)
		err = add_field(h, SLICE("CONTENT_TYPE"), h->vars[CGI_CONTENT_TYPE]);
	fields_sz = h->text.n;
	err = err ? err : add_target(h);
	if (err)
		return err;
	h->http.method = h->vars[CGI_REQUEST_METHOD];
	h->http.fields = slice_sub(buf_slice(&h->text), 0, fields_sz);
	h->http.target = slice_sub(buf_slice(&h->text), fields_sz, h->text.n);
	tell_origin(h);
	return 0;
}

/* What web servers make of it: a line of HTTP, `Status:`, a place to go to, or all is well. */
void cgi_head_answer(struct cgi_head *h, struct slice fields)
{
	struct slice name, value, lines = fields;
	bool moved = false;
	uint64_t status;

	h->http.fields = fields;
	if (!h1_head_parse(FLOW_RESPONSE, fields, &h->http))
		return;
	while (h1_field_next(&lines, &name, &value)) {
		if (slice_ieq(name, SLICE("status")) &&
		    slice_u64(slice_sub(value, 0, 3), 10, &status) && status >= 100) {
			h->http.status = status;
			return;
		}
		moved = moved || slice_ieq(name, SLICE("location"));
	}
	h->http.status = moved ? 302 : 200;
}
