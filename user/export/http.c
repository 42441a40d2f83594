/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libcurl's multi interface, for a single transfer at a time: unlike the easy one it can be waited for beside the
 * hurry's descriptor. The connection stays in the multi handle between the posts.
 */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "export/http.h"
#include "export/url.h"

/*
 * Before it every second request on one connection without TLS ends in "Error in the HTTP2 framing layer" (7.88.1:
 * curl's #10634): there, each has a connection of its own.
 */
#define CURL_REUSES_H2C 0x080000

#define CONNECT_MS 5000L /* leaves time for a second attempt within an export's 10 s */

struct http {
	CURLM *multi;
	CURL *easy;
	const struct http_kind *kind;
	struct curl_slist *plain, *gzipped; /* headers, without and with Content-Encoding */
	struct hurry *hurry;
	char error[CURL_ERROR_SIZE];
};

/* A command that the tracer starts must not inherit our connections. */
static int set_cloexec(void *ctx, curl_socket_t fd, curlsocktype type)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC) ? CURL_SOCKOPT_ERROR : CURL_SOCKOPT_OK;
}

/* What posts and probes have in common. */
static void set_common(CURL *c, const struct export_options *opt, const char *url)
{
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L); /* do not wait for a name server at the end */
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_SOCKOPTFUNCTION, set_cloexec);
	/* A proxy for the world outside does not know our localhost. */
	if (url_is_here(url))
		curl_easy_setopt(c, CURLOPT_PROXY, "");
	if (opt->unix_socket)
		curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, opt->unix_socket);
}

static int add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *more = curl_slist_append(*list, line);

	if (!more)
		return -ENOMEM;
	*list = more;
	return 0;
}

static int set_headers(struct http *h, const struct export_options *opt, struct err *err)
{
	const struct http_kind *kind = h->kind;
	struct curl_slist **lists[] = { &h->plain, &h->gzipped };
	_cleanup_(buf_release) struct buf type;
	size_t i, k;
	int code;

	buf_init(&type, 128);
	code = buf_printf(&type, "Content-Type: %s", kind->content_type);
	for (i = 0; !code && i < ARRAY_SIZE(lists); i++) {
		code = add_header(lists[i], type.p);
		/* Or a large body would wait for a "100 Continue" first. */
		if (!code)
			code = add_header(lists[i], "Expect:");
		for (k = 0; !code && k < kind->headers_cnt; k++)
			code = add_header(lists[i], kind->headers[k]);
		for (k = 0; !code && k < opt->headers_cnt; k++)
			code = add_header(lists[i], opt->headers[k]);
	}
	if (!code)
		code = add_header(&h->gzipped, kind->gzip_header);
	return code ? err_set(err, code, "out of memory") : 0;
}

/* Values are secrets: they are not shown. */
static int check_headers(const struct export_options *opt, struct err *err)
{
	size_t i;

	for (i = 0; i < opt->headers_cnt; i++) {
		size_t name = strcspn(opt->headers[i], ": \t\r\n");

		if (!name || opt->headers[i][name] != ':')
			return err_set(err, -EINVAL, "bad header '%.*s': expected 'Name: value'",
				       (int)name, opt->headers[i]);
		if (strpbrk(opt->headers[i], "\r\n"))
			return err_set(err, -EINVAL,
				       "bad header '%.*s': its value has a line break", (int)name,
				       opt->headers[i]);
	}
	return 0;
}

static int check_file(const char *path, const char *what, struct err *err)
{
	int code;

	if (!path || !access(path, R_OK))
		return 0;
	code = -errno;
	return err_set(err, code, "cannot read the %s '%s': %s", what, path, strerror(-code));
}

static int set_tls(struct http *h, const struct export_options *opt, struct err *err)
{
	int code = check_file(opt->ca_file, "CA certificate", err);

	if (!code)
		code = check_file(opt->cert_file, "client certificate", err);
	if (!code)
		code = check_file(opt->key_file, "client key", err);
	if (code)
		return code;
	if (opt->ca_file)
		curl_easy_setopt(h->easy, CURLOPT_CAINFO, opt->ca_file);
	if (opt->cert_file)
		curl_easy_setopt(h->easy, CURLOPT_SSLCERT, opt->cert_file);
	if (opt->key_file)
		curl_easy_setopt(h->easy, CURLOPT_SSLKEY, opt->key_file);
	return 0;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct http_reply *r = ctx;

	/* Anything but n ends the transfer. */
	return buf_append(&r->body, p, size * n) ? 0 : size * n;
}

static int set_transfer(struct http *h, const struct export_options *opt)
{
	_cleanup_(buf_release) struct buf agent;
	int code;

	buf_init(&agent, 128);
	code = buf_printf(&agent, "ebpf-tracer/%s", opt->version ? opt->version : "unknown");
	if (code)
		return code;
	set_common(h->easy, opt, opt->endpoint);
	curl_easy_setopt(h->easy, CURLOPT_URL, opt->endpoint);
	curl_easy_setopt(h->easy, CURLOPT_USERAGENT, agent.p);
	curl_easy_setopt(h->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(h->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(h->easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(h->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(h->easy, CURLOPT_ERRORBUFFER, h->error);
	return 0;
}

/* TLS agrees on the version by itself, and read_reply() looks what came of it. */
static int set_version(struct http *h, const char *url, struct err *err)
{
	bool tls = !strncasecmp(url, "https:", 6);

	if (!h->kind->http2)
		return 0;
	if (curl_easy_setopt(h->easy, CURLOPT_HTTP_VERSION,
			     tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE))
		return err_set(err, -EINVAL,
			       "this libcurl was built without HTTP/2, which gRPC needs: "
			       "use --protocol http/protobuf");
	if (!tls && curl_version_info(CURLVERSION_NOW)->version_num < CURL_REUSES_H2C)
		curl_easy_setopt(h->easy, CURLOPT_FORBID_REUSE, 1L);
	/* No proxy takes HTTP/2 that it was not asked about. */
	curl_easy_setopt(h->easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
	return 0;
}

int http_new(const struct export_env *env, const struct http_kind *kind, struct http **ret_http,
	     struct err *err)
{
	_cleanup_(http_freep) struct http *h = NULL;
	int code = url_check(env->opt->endpoint, err);

	if (!code)
		code = check_headers(env->opt, err);
	if (code)
		return code;
	h = calloc(1, sizeof(*h));
	if (!h || curl_global_init(CURL_GLOBAL_DEFAULT))
		return err_set(err, -ENOMEM, "cannot start libcurl");
	h->hurry = env->hurry;
	h->kind = kind;
	h->multi = curl_multi_init();
	h->easy = curl_easy_init();
	if (!h->multi || !h->easy || set_transfer(h, env->opt))
		return err_set(err, -ENOMEM, "cannot start libcurl");
	code = set_headers(h, env->opt, err);
	if (!code)
		code = set_version(h, env->opt->endpoint, err);
	if (!code)
		code = set_tls(h, env->opt, err);
	if (code)
		return code;
	*ret_http = take_ptr(h);
	return 0;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->easy);
	curl_multi_cleanup(h->multi);
	curl_slist_free_all(h->plain);
	curl_slist_free_all(h->gzipped);
	free(h);
}

void http_reply_init(struct http_reply *r)
{
	*r = (struct http_reply){ 0 };
	buf_init(&r->body, HTTP_REPLY_MAX);
}

void http_reply_release(struct http_reply *r)
{
	buf_release(&r->body);
}

static bool transfer_done(CURLM *multi, CURLcode *ret_code)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(multi, &left))) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		*ret_code = msg->data.result;
		return true;
	}
	return false;
}

/* Drives the transfer to its end, or to the end of the time that is left. */
static CURLcode transfer(struct http *h, uint64_t until_ns)
{
	CURLcode code;
	int running;

	for (;;) {
		struct curl_waitfd extra = { .fd = h->hurry->fd, .events = CURL_WAIT_POLLIN };

		if (curl_multi_perform(h->multi, &running))
			return CURLE_OUT_OF_MEMORY;
		if (transfer_done(h->multi, &code))
			return code;
		if (clock_mono_ns() >= min(until_ns, hurry_end_ns(h->hurry)))
			return CURLE_OPERATION_TIMEDOUT;
		if (curl_multi_poll(h->multi, &extra, 1, hurry_poll_ms(h->hurry, until_ns), NULL))
			return CURLE_OUT_OF_MEMORY;
		if (extra.revents)
			hurry_heard(h->hurry);
	}
}

/* No answer came: was it ever connected, and is there hope? */
static enum attempt_end end_without_answer(CURL *easy, CURLcode code)
{
	curl_off_t sent_us = 0;

	switch (code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
		return ATTEMPT_NO_CONNECT;
	case CURLE_OPERATION_TIMEDOUT:
		curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &sent_us);
		return sent_us ? ATTEMPT_TIMEOUT : ATTEMPT_NO_CONNECT;
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return ATTEMPT_CUT;
	default:
		return ATTEMPT_BROKEN;
	}
}

static void read_reply(struct http *h, CURLcode code, struct http_reply *r)
{
	long status = 0, os_errno = 0, version = 0;
	curl_off_t after_s = 0;
	const char *type = NULL;

	curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(h->easy, CURLINFO_RETRY_AFTER, &after_s);
	curl_easy_getinfo(h->easy, CURLINFO_CONTENT_TYPE, &type);
	curl_easy_getinfo(h->easy, CURLINFO_OS_ERRNO, &os_errno);
	curl_easy_getinfo(h->easy, CURLINFO_HTTP_VERSION, &version);
	r->own_type = type && !strncmp(type, h->kind->content_type, strlen(h->kind->content_type));
	r->transfer = code ? end_without_answer(h->easy, code) : ATTEMPT_ANSWERED;
	r->attempt = (struct attempt){ .end = ATTEMPT_ANSWERED,
				       .status = (unsigned)status,
				       .retry_after_ms = (uint64_t)max(after_s, 0) * 1000 };
	/* CURLE_WRITE_ERROR: on_body() had enough. A 1xx is not an answer yet. */
	if (code == CURLE_WRITE_ERROR || status < 200)
		r->attempt.end = r->transfer;
	if (h->kind->http2 && status && version != CURL_HTTP_VERSION_2_0) {
		r->attempt.end = r->transfer = ATTEMPT_BROKEN;
		snprintf(r->why, sizeof(r->why), "it does not speak HTTP/2, which gRPC needs");
	} else if (code == CURLE_WRITE_ERROR)
		snprintf(r->why, sizeof(r->why), "its answer is larger than 4 MiB");
	else if (r->attempt.end == ATTEMPT_ANSWERED)
		snprintf(r->why, sizeof(r->why), "status %ld", status);
	else if (code == CURLE_COULDNT_CONNECT && os_errno)
		snprintf(r->why, sizeof(r->why), "%s", strerror((int)os_errno));
	else if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY)
		snprintf(r->why, sizeof(r->why), "its answer is not HTTP/1: does --protocol fit?");
	else if (r->attempt.end == ATTEMPT_TIMEOUT)
		snprintf(r->why, sizeof(r->why), "no answer in time");
	else
		snprintf(r->why, sizeof(r->why), "%s",
			 *h->error ? h->error : curl_easy_strerror(code));
}

/* Whole milliseconds if 8 digits hold them, as gRPC wants it, else seconds. */
static void format_timeout(uint64_t until_ns, char *ret_line, size_t sz)
{
	uint64_t now = clock_mono_ns(),
		 left_ms = until_ns > now ? (until_ns - now) / NSEC_PER_MSEC : 0;

	if (left_ms < 100000000)
		snprintf(ret_line, sz, "grpc-timeout: %llum",
			 (unsigned long long)max(left_ms, (uint64_t)1));
	else
		snprintf(ret_line, sz, "grpc-timeout: %lluS", (unsigned long long)left_ms / 1000);
}

void http_post(struct http *h, struct slice body, bool gzipped, uint64_t until_ns,
	       struct http_reply *reply)
{
	struct curl_slist *headers = gzipped ? h->gzipped : h->plain;
	CURLcode code = CURLE_OUT_OF_MEMORY;
	char line[48];
	struct curl_slist timeout = { .data = line, .next = headers };

	buf_clear(&reply->body);
	*h->error = '\0';
	if (h->kind->tells_timeout && until_ns != UINT64_MAX) {
		format_timeout(until_ns, line, sizeof(line));
		headers = &timeout;
	}
	curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(h->easy, CURLOPT_POSTFIELDS, body.p);
	curl_easy_setopt(h->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
	curl_easy_setopt(h->easy, CURLOPT_WRITEDATA, reply);
	if (!curl_multi_add_handle(h->multi, h->easy))
		code = transfer(h, until_ns);
	read_reply(h, code, reply);
	curl_multi_remove_handle(h->multi, h->easy);
}

const char *http_header(const struct http *h, const char *name)
{
	struct curl_header *header;

	/* Which of the two a trailer of HTTP/2 is depends on libcurl's version. */
	if (curl_easy_header(h->easy, name, 0, CURLH_HEADER | CURLH_TRAILER, -1, &header))
		return NULL;
	return header->value;
}

/* --- probing --- */

struct http_probe {
	CURLM *multi;
	CURL *easy;
	bool running;
};

struct http_probe *http_probe_new(const struct export_options *opt)
{
	_cleanup_(http_probe_freep) struct http_probe *p = calloc(1, sizeof(*p));
	char *plain = url_plain(opt->endpoint);

	if (!p || !plain || curl_global_init(CURL_GLOBAL_DEFAULT)) {
		free(plain);
		return NULL;
	}
	p->multi = curl_multi_init();
	p->easy = curl_easy_init();
	if (p->multi && p->easy) {
		set_common(p->easy, opt, plain);
		curl_easy_setopt(p->easy, CURLOPT_URL, plain);
		curl_easy_setopt(p->easy, CURLOPT_CONNECT_ONLY, 1L);
		curl_easy_setopt(p->easy, CURLOPT_FORBID_REUSE, 1L);
		curl_easy_setopt(p->easy, CURLOPT_FRESH_CONNECT, 1L);
	}
	free(plain);
	return p->multi && p->easy ? take_ptr(p) : NULL;
}

static void probe_stop(struct http_probe *p)
{
	if (p->running)
		curl_multi_remove_handle(p->multi, p->easy);
	p->running = false;
}

void http_probe_free(struct http_probe *p)
{
	if (!p)
		return;
	probe_stop(p);
	curl_easy_cleanup(p->easy);
	curl_multi_cleanup(p->multi);
	free(p);
}

void http_probe_begin(struct http_probe *p, uint64_t timeout_ms)
{
	probe_stop(p);
	curl_easy_setopt(p->easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	p->running = !curl_multi_add_handle(p->multi, p->easy);
}

enum http_probe_state http_probe_step(struct http_probe *p, unsigned wait_ms)
{
	uint64_t until = clock_mono_ns() + wait_ms * NSEC_PER_MSEC, now;
	CURLcode code = CURLE_OUT_OF_MEMORY;
	int running;

	while (p->running && !curl_multi_perform(p->multi, &running)) {
		if (transfer_done(p->multi, &code))
			break;
		now = clock_mono_ns();
		if (now >= until)
			return PROBE_GOES_ON;
		curl_multi_poll(p->multi, NULL, 0, (int)((until - now) / NSEC_PER_MSEC + 1), NULL);
	}
	probe_stop(p);
	return code ? PROBE_FAILED : PROBE_CONNECTED;
}
