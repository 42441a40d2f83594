/* SPDX-License-Identifier: GPL-2.0-only */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "values.h"

#define TRACES_PATH "/v1/traces"
#define GRPC_PATH   "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
#define PORT_MAX    65535

struct unit {
	const char *name;
	uint64_t factor;
};

/* Digits and one of the units, nothing between. */
static bool number_with_unit(struct slice s, const struct unit *units, size_t units_cnt,
			     uint64_t *ret_v)
{
	struct slice unit;
	size_t digits = 0;
	uint64_t v;

	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	if (!slice_u64(slice_sub(s, 0, digits), 10, &v))
		return false;
	unit = slice_sub(s, digits, s.n);
	for (size_t i = 0; i < units_cnt; i++) {
		if (!slice_eq(slice_str(units[i].name), unit))
			continue;
		if (__builtin_mul_overflow(v, units[i].factor, &v))
			return false;
		*ret_v = v;
		return true;
	}
	return false;
}

bool value_duration_ns(struct slice s, uint64_t *ret_ns)
{
	static const struct unit units[] = {
		{ "ms", NSEC_PER_MSEC },
		{ "s", NSEC_PER_SEC },
		{ "m", 60 * NSEC_PER_SEC },
		{ "h", 3600 * NSEC_PER_SEC },
	};

	if (slice_eq(s, SLICE("0"))) { /* the one number that needs no unit */
		*ret_ns = 0;
		return true;
	}
	return number_with_unit(s, units, ARRAY_SIZE(units), ret_ns);
}

bool value_size(struct slice s, uint64_t *ret_sz)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "K", 1 << 10 },
		{ "M", 1 << 20 },
		{ "G", 1 << 30 },
	};

	return number_with_unit(s, units, ARRAY_SIZE(units), ret_sz);
}

bool value_number(struct slice s, uint64_t low, uint64_t high, uint64_t *ret_v)
{
	uint64_t v;

	if (!slice_u64(s, 10, &v) || v < low || v > high)
		return false;
	*ret_v = v;
	return true;
}

static bool alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool value_decimal(struct slice s, double low, double high, double *ret_v)
{
	char text[64];
	double v;
	char *end;

	/* strtod() would also take spaces, signs, hexadecimal numbers and "nan". */
	if (!s.n || s.n >= sizeof(text) || !strchr("0123456789.", *s.p))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (text[strspn(text, "0123456789.eE+-")])
		return false;
	v = strtod(text, &end);
	if (*end || end == text || !(v >= low && v <= high))
		return false;
	*ret_v = v;
	return true;
}

bool value_is_token(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!alnum(s.p[i]) && slice_chr(SLICE("!#$%&'*+-.^_`|~"), s.p[i]) < 0)
			return false;
	return s.n > 0;
}

bool value_is_line(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

int value_percent_decode(struct slice s, struct buf *out)
{
	while (s.n) {
		struct slice plain =
			slice_sub(s, 0, slice_chr(s, '%') < 0 ? s.n : (size_t)slice_chr(s, '%'));
		struct slice digits = slice_sub(s, plain.n + 1, 2);
		uint64_t byte;
		int err = buf_append(out, plain.p, plain.n);

		if (err)
			return err;
		if (plain.n == s.n)
			return 0;
		if (digits.n != 2 || !slice_u64(digits, 16, &byte))
			return -EINVAL;
		err = buf_append(out, &(char){ (char)byte }, 1);
		if (err)
			return err;
		s = slice_sub(s, plain.n + 3, s.n);
	}
	return 0;
}

/* Every % is followed by two hexadecimal digits. */
static bool decodable(struct slice s)
{
	uint64_t byte;

	for (size_t i = 0; i < s.n; i++) {
		struct slice digits = slice_sub(s, i + 1, 2);

		if (s.p[i] == '%' && (digits.n != 2 || !slice_u64(digits, 16, &byte)))
			return false;
	}
	return true;
}

bool value_is_pairs(struct slice s)
{
	while (s.n) {
		struct slice value = slice_split(&s, ',');
		bool has_value = slice_chr(value, '=') >= 0;
		struct slice key = slice_trim(slice_split(&value, '='));

		/* A comma at the end, or two in a row, leave nothing to name. */
		if (!key.n && !has_value)
			continue;
		if (!key.n || !has_value || !decodable(key) || !decodable(value))
			return false;
	}
	return true;
}

struct url {
	struct slice authority, path, query; /* query with its '?' */
};

/* The part of s before the first of the two characters; *s keeps the rest, with that character. */
static struct slice take_until(struct slice *s, char a, char b)
{
	size_t n = 0;
	struct slice head;

	while (n < s->n && s->p[n] != a && s->p[n] != b)
		n++;
	head = slice_sub(*s, 0, n);
	*s = slice_sub(*s, n, s->n);
	return head;
}

static const char *check_port(struct slice port)
{
	uint64_t v;

	return !port.n || value_number(port, 1, PORT_MAX, &v)
		       ? NULL
		       : "its port is not a number from 1 to 65535";
}

/* NULL, or what is wrong with "[user@]host[:port]". */
static const char *check_authority(struct slice s)
{
	struct slice host;
	ptrdiff_t at;

	while ((at = slice_chr(s, '@')) >= 0)
		s = slice_sub(s, (size_t)at + 1, s.n);
	if (s.n && s.p[0] == '[') {
		at = slice_chr(s, ']');
		if (at < 2)
			return "its IPv6 address is not closed by ']'";
		s = slice_sub(s, (size_t)at + 1, s.n);
		if (s.n && s.p[0] != ':')
			return "something stands between ']' and the port";
		return check_port(slice_sub(s, 1, s.n));
	}
	host = slice_split(&s, ':');
	if (!host.n)
		return "it names no host";
	return check_port(s);
}

/* NULL, or what is wrong. */
static const char *split_url(struct slice s, struct url *ret_url)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			return "it contains a space or control character";
	if (slice_chr(s, '#') >= 0)
		return "a URL with '#' names a place in a page";
	ret_url->authority = take_until(&s, '/', '?');
	ret_url->path = take_until(&s, '?', '?');
	ret_url->query = s;
	return check_authority(ret_url->authority);
}

static bool ends_in(struct slice s, struct slice end)
{
	return s.n >= end.n && slice_eq(slice_sub(s, s.n - end.n, end.n), end);
}

static struct slice without_last_slash(struct slice path)
{
	return slice_sub(path, 0, ends_in(path, SLICE("/")) ? path.n - 1 : path.n);
}

/* The length of "http://" or "https://" at the start of url in any case of letters; 0: neither. */
static size_t scheme_len(struct slice url)
{
	if (slice_ieq(slice_sub(url, 0, 7), SLICE("http://")))
		return 7;
	return slice_ieq(slice_sub(url, 0, 8), SLICE("https://")) ? 8 : 0;
}

static bool has_scheme(struct slice url)
{
	for (size_t i = 0; i + 3 <= url.n; i++)
		if (slice_eq(slice_sub(url, i, 3), SLICE("://")))
			return true;
	return false;
}

int value_endpoint(const char *what, struct slice url, enum url_form form, struct buf *out,
		   struct err *err)
{
	size_t scheme = scheme_len(url);
	struct slice path;
	struct url parts;
	const char *wrong, *end;

	if (!scheme && !has_scheme(url))
		return err_set(err, -EINVAL,
			       "%s '" SLICE_FMT "' has no scheme: write http://" SLICE_FMT, what,
			       SLICE_ARG(url), SLICE_ARG(url));
	if (!scheme)
		return err_set(err, -EINVAL, "%s '" SLICE_FMT "' is not an http:// or https:// URL",
			       what, SLICE_ARG(url));
	wrong = split_url(slice_sub(url, scheme, url.n), &parts);
	if (wrong)
		return err_set(err, -EINVAL, "%s '" SLICE_FMT "' cannot be used: %s", what,
			       SLICE_ARG(url), wrong);
	if (form == URL_GRPC && without_last_slash(parts.path).n + parts.query.n)
		return err_set(err, -EINVAL,
			       "%s '" SLICE_FMT
			       "' has a path, which gRPC has no use for: write " SLICE_FMT SLICE_FMT
			       " or use --protocol http/protobuf",
			       what, SLICE_ARG(url), SLICE_ARG(slice_sub(url, 0, scheme)),
			       SLICE_ARG(parts.authority));
	path = form == URL_FULL ? parts.path : without_last_slash(parts.path);
	end = form == URL_GRPC ? GRPC_PATH : TRACES_PATH;
	if (form == URL_FULL)
		end = path.n ? "" : "/";
	else if (form == URL_BASE_OR_FULL && ends_in(path, SLICE(TRACES_PATH)))
		end = "";
	return buf_printf(out, SLICE_FMT SLICE_FMT SLICE_FMT "%s" SLICE_FMT,
			  SLICE_ARG(slice_sub(url, 0, scheme)), SLICE_ARG(parts.authority),
			  SLICE_ARG(path), end, SLICE_ARG(parts.query));
}

/* "logs" gives LogsService. */
static int put_signal_path(bool grpc, const char *signal, struct buf *out)
{
	if (!grpc)
		return buf_printf(out, "/v1/%s", signal);
	return buf_printf(out, "/opentelemetry.proto.collector.%s.v1.%c%sService/Export", signal,
			  toupper((unsigned char)*signal), signal + 1);
}

int value_signal_endpoint(struct slice traces_url, const char *signal, struct buf *out)
{
	struct slice rest = traces_url, url = take_until(&rest, '?', '?');
	bool grpc = ends_in(url, SLICE(GRPC_PATH));
	size_t end = grpc ? sizeof(GRPC_PATH) - 1 : sizeof(TRACES_PATH) - 1;
	int err;

	if (!grpc && !ends_in(url, SLICE(TRACES_PATH)))
		return -EINVAL;
	err = buf_append(out, url.p, url.n - end);
	if (!err)
		err = put_signal_path(grpc, signal, out);
	return err ? err : buf_append(out, rest.p, rest.n);
}
