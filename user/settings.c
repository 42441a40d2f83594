/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "abi/limits.h"
#include "base/cleanup.h"
#include "export/exporter.h"
#include "settings.h"
#include "values.h"

#define PID_LIMIT    4194304 /* PID_MAX_LIMIT of the kernel */
#define PORT_LIMIT   65535
#define COMM_VISIBLE 15 /* TASK_COMM_LEN without its NUL */
/* Longer, and the table of waiting spans decides, not the clock. */
#define WAIT_LIMIT    (3600 * NSEC_PER_SEC)
#define RING_MIN      (64ULL << 10)
#define RING_LIMIT    (1ULL << 30)
#define PERCENT_MIN   0.1
#define PERCENT_LIMIT 1000.0 /* what serves a request in 5 us is dearer to trace than to run */
#define LIST_TEXT     4096 /* an exporter list, a header, a warning: what a person writes on one line */

/* The lists are as long as the command line and the environment, which the kernel bounds. */
int strings_add(struct strings *l, struct slice s)
{
	const char **v = reallocarray(l->v, l->n + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	l->v = v;
	v[l->n] = slice_dup(s);
	if (!v[l->n])
		return -ENOMEM;
	l->n++;
	return 0;
}

void strings_release(struct strings *l)
{
	for (size_t i = 0; i < l->n; i++)
		free((char *)l->v[i]);
	free(l->v);
	*l = (struct strings){};
}

const char *config_keep(struct config *cfg, struct slice s)
{
	return strings_add(&cfg->kept, s) ? NULL : cfg->kept.v[cfg->kept.n - 1];
}

int config_warn(struct config *cfg, const char *fmt, ...)
{
	char text[LIST_TEXT];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return strings_add(&cfg->warnings, slice_str(text));
}

static void *field(struct config *cfg, const struct option *opt)
{
	return (char *)cfg + opt->field;
}

static int numbers_add(struct numbers *l, uint32_t number)
{
	uint32_t *v;

	for (size_t i = 0; i < l->n; i++)
		if (l->v[i] == number)
			return 0;
	v = reallocarray(l->v, l->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->v = v;
	v[l->n++] = number;
	return 0;
}

/* unix:PATH, also written unix://PATH: HTTP as to any other host, which is then called localhost. */
static int unix_endpoint(struct config *cfg, const char *what, struct slice path, struct err *err)
{
	if (slice_starts(path, SLICE("//")))
		path = slice_sub(path, 2, path.n);
	if (!path.n || path.p[0] != '/' || path.n >= UNIX_PATH_LEN)
		return err_set(err, -EINVAL,
			       "%s 'unix:" SLICE_FMT
			       "' names no socket: write unix:/PATH, at most %d "
			       "characters of it",
			       what, SLICE_ARG(path), UNIX_PATH_LEN - 1);
	cfg->export.unix_socket = config_keep(cfg, path);
	return cfg->export.unix_socket ? 0 : -ENOMEM;
}

int setting_endpoint(struct config *cfg, const char *what, struct slice url, enum url_form form,
		     struct err *err)
{
	_cleanup_(buf_release) struct buf full = BUF_INIT(LIST_TEXT);
	int ret = 0;

	if (slice_starts(url, SLICE("unix:"))) {
		ret = unix_endpoint(cfg, what, slice_sub(url, sizeof("unix:") - 1, url.n), err);
		url = SLICE("http://localhost");
		form = form == URL_FULL ? URL_BASE : form;
	}
	if (!ret)
		ret = value_endpoint(what, url, form, &full, err);
	if (ret)
		return ret == -E2BIG ? err_set(err, -EINVAL, "%s is too long", what) : ret;
	cfg->export.endpoint = config_keep(cfg, buf_slice(&full));
	return cfg->export.endpoint ? 0 : -ENOMEM;
}

static int set_flag(struct config *cfg, const struct option *opt, const char *value,
		    struct err *err)
{
	*(bool *)field(cfg, opt) = true;
	return 0;
}

static int set_text(struct config *cfg, const struct option *opt, const char *value,
		    struct err *err)
{
	if (opt->flags & OPTION_REPEAT)
		return strings_add(field(cfg, opt), slice_str(value));
	*(const char **)field(cfg, opt) = value;
	return 0;
}

static int set_choice(struct config *cfg, const struct option *opt, const char *value,
		      struct err *err)
{
	int i = words_index(opt->arg, slice_str(value));

	if (i < 0)
		return err_set(err, -EINVAL, "--%s '%s' is not one of %s", opt->name, value,
			       opt->arg);
	*(unsigned *)field(cfg, opt) = (unsigned)i;
	return 0;
}

/* The next of a list's items, false: that was the last. An empty item, also at the end, is one. */
static bool next_item(struct slice *rest, struct slice *ret_item)
{
	bool more = slice_chr(*rest, ',') >= 0;

	*ret_item = slice_split(rest, ',');
	return more;
}

static int set_numbers(struct config *cfg, const struct option *opt, const char *value,
		       struct err *err)
{
	bool pid = opt->kind == KIND_PID, more;
	uint64_t limit = pid ? PID_LIMIT : PORT_LIMIT;
	struct slice rest = slice_str(value);

	do {
		struct slice word;
		uint64_t v;
		int ret;

		more = next_item(&rest, &word);
		if (!value_number(word, 1, limit, &v))
			return err_set(err, -EINVAL,
				       "--%s '" SLICE_FMT "' is not a %s (a number from 1 to %llu)",
				       opt->name, SLICE_ARG(word), pid ? "process id" : "port",
				       (unsigned long long)limit);
		ret = numbers_add(field(cfg, opt), (uint32_t)v);
		if (ret)
			return ret;
	} while (more);
	return 0;
}

static int set_comm(struct config *cfg, const struct option *opt, const char *value,
		    struct err *err)
{
	struct slice s = slice_str(value);

	if (s.n > COMM_VISIBLE && slice_chr(s, '*') < 0 && slice_chr(s, '[') < 0)
		return err_set(
			err, -EINVAL,
			"--comm '%s' can never match: the kernel cuts names to %d characters, "
			"write --comm '%.*s'",
			value, COMM_VISIBLE, COMM_VISIBLE, value);
	return set_text(cfg, opt, value, err);
}

/* Names of headers. */
static int set_fields(struct config *cfg, const struct option *opt, const char *value,
		      struct err *err)
{
	struct slice rest = slice_str(value), word;
	bool more;

	do {
		int ret;

		more = next_item(&rest, &word);
		word = slice_trim(word);
		if (!value_is_token(word))
			return err_set(err, -EINVAL,
				       "--%s '" SLICE_FMT "' is not the name of a header",
				       opt->name, SLICE_ARG(word));
		ret = strings_add(field(cfg, opt), word);
		if (ret)
			return ret;
	} while (more);
	return 0;
}

/* "/users/{id}": braces are closed, not nested and not empty. */
static bool route_valid(struct slice s)
{
	size_t open = 0;

	if (!s.n || s.p[0] != '/')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '{' ? open : s.p[i] == '}' && (!open || open == i))
			return false;
		if (s.p[i] == '{')
			open = i + 1;
		else if (s.p[i] == '}')
			open = 0;
	}
	return !open;
}

static int set_route(struct config *cfg, const struct option *opt, const char *value,
		     struct err *err)
{
	if (!route_valid(slice_str(value)))
		return err_set(err, -EINVAL, "--route '%s' is not a path such as /users/{id}",
			       value);
	return set_text(cfg, opt, value, err);
}

bool setting_has_header(const struct config *cfg, struct slice name)
{
	for (size_t i = 0; i < cfg->headers.n; i++) {
		struct slice line = slice_str(cfg->headers.v[i]);

		if (slice_ieq(slice_split(&line, ':'), name))
			return true;
	}
	return false;
}

int setting_add_header(struct config *cfg, struct slice name, struct slice value)
{
	_cleanup_(buf_release) struct buf line = BUF_INIT(LIST_TEXT);
	int ret;

	/* libcurl takes a header without value as an order to leave it out. */
	if (!value_is_token(name) || !value.n || !value_is_line(value))
		return -EINVAL;
	ret = buf_printf(&line, SLICE_FMT ": " SLICE_FMT, SLICE_ARG(name), SLICE_ARG(value));
	if (ret)
		return ret == -E2BIG ? -EINVAL : ret;
	return strings_add(&cfg->headers, buf_slice(&line));
}

/* "Name: value" or NAME=VALUE: no name contains either sign, so the first one decides. */
static int set_header(struct config *cfg, const struct option *opt, const char *value,
		      struct err *err)
{
	struct slice rest = slice_str(value), name;
	ptrdiff_t colon = slice_chr(rest, ':'), equals = slice_chr(rest, '=');
	int ret;

	name = slice_split(&rest, colon >= 0 && (equals < 0 || colon < equals) ? ':' : '=');
	ret = setting_add_header(cfg, slice_trim(name), slice_trim(rest));
	if (ret == -EINVAL) /* the value may be a password */
		err_set(err, ret, "--header needs 'Name: value' or NAME=VALUE, on one line");
	return ret;
}

int setting_add_service(struct config *cfg, uint16_t port, const char *name)
{
	struct service_rule *v;
	size_t at;

	for (size_t i = 0; i < cfg->services_cnt; i++) {
		if (cfg->services[i].port != port)
			continue;
		cfg->services[i].name = name;
		return 0;
	}
	v = reallocarray(cfg->services, cfg->services_cnt + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	cfg->services = v;
	at = cfg->services_cnt++;
	if (port && at && !v[at - 1].port) { /* the rule for every process stays last */
		v[at] = v[at - 1];
		at--;
	}
	v[at] = (struct service_rule){ .port = port, .name = name };
	return 0;
}

static int set_service(struct config *cfg, const struct option *opt, const char *value,
		       struct err *err)
{
	ptrdiff_t equals = slice_chr(slice_str(value), '=');
	struct slice port = slice_sub(slice_str(value), 0, equals < 0 ? 0 : (size_t)equals);
	const char *name = value + equals + 1;
	uint64_t v = 0;

	if (equals >= 0 && !value_number(port, 1, PORT_LIMIT, &v))
		return err_set(err, -EINVAL,
			       "--service-name '%s': '" SLICE_FMT
			       "' is not a port (a number from 1 to %d)",
			       value, SLICE_ARG(port), PORT_LIMIT);
	if (!*name)
		return err_set(err, -EINVAL, "--service-name '%s' names nothing", value);
	return setting_add_service(cfg, (uint16_t)v, name);
}

static int check_exporter(struct slice item, struct err *err)
{
	bool has_target = slice_chr(item, ':') >= 0;
	struct slice target = item, name = slice_split(&target, ':');
	const struct exporter *x = exporter_find(name);

	if (!x)
		return err_set(err, -EINVAL, "--exporter '" SLICE_FMT "' is not one of %s",
			       SLICE_ARG(name), exporter_names());
	if (has_target && !x->stdout_by_default)
		return err_set(err, -EINVAL,
			       "--exporter %s writes no file: where it goes is said by --endpoint",
			       x->name);
	if (has_target && !target.n)
		return err_set(err, -EINVAL,
			       "--exporter '%s:' needs the name of a file after the colon",
			       x->name);
	return 0;
}

static int set_exporters(struct config *cfg, const struct option *opt, const char *value,
			 struct err *err)
{
	struct slice rest = slice_str(value);
	_cleanup_(buf_release) struct buf list = BUF_INIT(LIST_TEXT);
	bool more;
	int ret;

	do {
		struct slice item;

		more = next_item(&rest, &item);
		ret = check_exporter(item, err);
		if (ret)
			return ret;
	} while (more);
	ret = buf_printf(&list, "%s%s%s", cfg->exporters ? cfg->exporters : "",
			 cfg->exporters ? "," : "", value);
	if (ret)
		return ret == -E2BIG ? err_set(err, -EINVAL, "--exporter: the list is too long")
				     : ret;
	cfg->exporters = config_keep(cfg, buf_slice(&list));
	return cfg->exporters ? 0 : -ENOMEM;
}

static int set_duration(struct config *cfg, const struct option *opt, const char *value,
			struct err *err)
{
	uint64_t ns;

	if (!value_duration_ns(slice_str(value), &ns))
		return err_set(err, -EINVAL, "--%s '%s' is not a duration such as 500ms, 10s or 1m",
			       opt->name, value);
	if (ns > WAIT_LIMIT)
		return err_set(err, -EINVAL, "--%s '%s' is longer than an hour", opt->name, value);
	*(uint64_t *)field(cfg, opt) = ns;
	return 0;
}

static int set_sampler(struct config *cfg, const struct option *opt, const char *value,
		       struct err *err)
{
	if (sampler_set(field(cfg, opt), slice_str(value)))
		return err_set(err, -EINVAL, "--%s '%s' is not one of %s", opt->name, value,
			       sampler_names());
	return 0;
}

static int set_ratio(struct config *cfg, const struct option *opt, const char *value,
		     struct err *err)
{
	if (!value_decimal(slice_str(value), 0, 1, field(cfg, opt)))
		return err_set(err, -EINVAL, "--%s '%s' is not a number from 0 to 1, such as 0.1",
			       opt->name, value);
	return 0;
}

static int set_percent(struct config *cfg, const struct option *opt, const char *value,
		       struct err *err)
{
	struct slice s = slice_str(value);

	if (s.n && s.p[s.n - 1] == '%')
		s.n--;
	if (!value_decimal(s, PERCENT_MIN, PERCENT_LIMIT, field(cfg, opt)))
		return err_set(err, -EINVAL, "--%s '%s' is not a number from %g to %g, such as 5",
			       opt->name, value, PERCENT_MIN, PERCENT_LIMIT);
	return 0;
}

static int set_size(struct config *cfg, const struct option *opt, const char *value,
		    struct err *err)
{
	uint64_t sz;

	if (!value_size(slice_str(value), &sz) || sz < RING_MIN || sz > RING_LIMIT ||
	    (sz & (sz - 1)))
		return err_set(err, -EINVAL,
			       "--%s '%s' is not a power of two from 64K to 1G, such as 8M",
			       opt->name, value);
	*(uint64_t *)field(cfg, opt) = sz;
	return 0;
}

static int set_status(struct config *cfg, const struct option *opt, const char *value,
		      struct err *err)
{
	struct slice rest = slice_str(value), word;
	bool more;

	do {
		more = next_item(&rest, &word);
		if (!trace_filter_is_status(word))
			return err_set(err, -EINVAL,
				       "--%s '" SLICE_FMT
				       "' is not a status such as error, 5xx or 404",
				       opt->name, SLICE_ARG(word));
	} while (more);
	*(const char **)field(cfg, opt) = value;
	return 0;
}

typedef int set_fn(struct config *cfg, const struct option *opt, const char *value,
		   struct err *err);

int setting_set(struct config *cfg, const struct option *opt, const char *value, struct err *err)
{
	static set_fn *const set[KIND__CNT] = {
		[KIND_FLAG] = set_flag,           [KIND_TEXT] = set_text,
		[KIND_FILE] = set_text,           [KIND_CHOICE] = set_choice,
		[KIND_PID] = set_numbers,         [KIND_PORT] = set_numbers,
		[KIND_COMM] = set_comm,           [KIND_ROUTE] = set_route,
		[KIND_HEADER] = set_header,       [KIND_SERVICE] = set_service,
		[KIND_EXPORTERS] = set_exporters, [KIND_DURATION] = set_duration,
		[KIND_SIZE] = set_size,           [KIND_SAMPLER] = set_sampler,
		[KIND_FIELD] = set_fields,        [KIND_RATIO] = set_ratio,
		[KIND_STATUS] = set_status,       [KIND_PERCENT] = set_percent,
	};

	return set[opt->kind](cfg, opt, value, err);
}

bool config_wants_otlp(const struct config *cfg)
{
	struct slice rest = slice_str(cfg->exporters);

	if (!cfg->exporters || cfg->metrics)
		return true;
	while (rest.n) {
		struct slice name = slice_split(&rest, ',');

		if (slice_eq(name, SLICE("otlp")) || slice_eq(name, SLICE("auto")))
			return true;
	}
	return false;
}
