/* SPDX-License-Identifier: GPL-2.0-only */
#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#include "export/url.h"

int url_check(const char *url, struct err *err)
{
	CURLU *u = curl_url();
	char *scheme = NULL;
	bool http = false;
	CURLUcode bad = CURLUE_OUT_OF_MEMORY;

	if (u)
		bad = curl_url_set(u, CURLUPART_URL, url ? url : "", 0);
	if (!bad && !curl_url_get(u, CURLUPART_SCHEME, &scheme, 0))
		http = !strcmp(scheme, "http") || !strcmp(scheme, "https");
	curl_free(scheme);
	curl_url_cleanup(u);
	if (bad)
		return err_set(err, -EINVAL, "bad endpoint '%s': %s", url ? url : "",
			       curl_url_strerror(bad));
	if (!http)
		return err_set(err, -EINVAL,
			       "bad endpoint '%s': it must begin with http:// or "
			       "https://",
			       url);
	return 0;
}

bool url_is_here(const char *url)
{
	static const char *const names[] = { "localhost", "[::1]" };
	CURLU *u = curl_url();
	char *host = NULL;
	bool here = false;
	size_t i;

	if (u && !curl_url_set(u, CURLUPART_URL, url, 0) &&
	    !curl_url_get(u, CURLUPART_HOST, &host, 0)) {
		here = !strncmp(host, "127.", 4);
		for (i = 0; i < ARRAY_SIZE(names); i++)
			here |= !strcmp(host, names[i]);
	}
	curl_free(host);
	curl_url_cleanup(u);
	return here;
}

static char *url_text(CURLU *u)
{
	char *text = NULL, *copy = NULL;

	if (!curl_url_get(u, CURLUPART_URL, &text, 0))
		copy = strdup(text);
	curl_free(text);
	return copy;
}

static char *url_without(const char *url, const CURLUPart *parts, size_t n)
{
	CURLU *u = curl_url();
	char *out = NULL;
	size_t i;

	if (u && !curl_url_set(u, CURLUPART_URL, url, 0)) {
		for (i = 0; i < n; i++)
			curl_url_set(u, parts[i], NULL, 0);
		out = url_text(u);
	}
	curl_url_cleanup(u);
	return out;
}

static const CURLUPart hidden[] = { CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY,
				    CURLUPART_PATH };

char *url_shown(const char *url)
{
	return url_without(url, hidden, ARRAY_SIZE(hidden) - 1);
}

char *url_origin(const char *url)
{
	return url_without(url, hidden, ARRAY_SIZE(hidden));
}

char *url_plain(const char *url)
{
	CURLU *u = curl_url();
	char *out = NULL, *port = NULL;

	/* The port first: changing the scheme changes the default. */
	if (u && !curl_url_set(u, CURLUPART_URL, url, 0) &&
	    !curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) &&
	    !curl_url_set(u, CURLUPART_PORT, port, 0) &&
	    !curl_url_set(u, CURLUPART_SCHEME, "http", 0))
		out = url_text(u);
	curl_free(port);
	curl_url_cleanup(u);
	return out;
}
