/* SPDX-License-Identifier: GPL-2.0-only */
/* Headers whose values somebody asked for by name; no other header's value ever becomes an attribute as it is. */
#include <ctype.h>
#include <stdio.h>

#include "proto/http1.h"

#define KEY_MAX 256 /* longer names are nobody's */

static struct slice key_of(enum flow flow, struct slice name, char *ret_key)
{
	int n = snprintf(ret_key, KEY_MAX, "http.%s.header." SLICE_FMT,
			 flow == FLOW_REQUEST ? "request" : "response", SLICE_ARG(name));
	int i;

	for (i = 0; i < n && i < KEY_MAX; i++)
		ret_key[i] = (char)tolower((unsigned char)ret_key[i]);
	return n < KEY_MAX ? slice_str(ret_key) : (struct slice){ 0 };
}

static void describe_one(const struct h1_head *head, struct slice wanted, struct slice key,
			 struct attrs *out)
{
	struct slice lines = head->fields, name, value;

	while (h1_field_next(&lines, &name, &value)) {
		if (slice_ieq(name, wanted))
			attrs_list_dup(out, key, value);
	}
}

void h1_describe_captured(const struct h1_head *head, enum flow flow, const struct peer_facts *peer,
			  struct attrs *out)
{
	char key[KEY_MAX];
	size_t i;

	for (i = 0; i < peer->headers_cnt; i++) {
		struct slice k = key_of(flow, peer->headers[i], key);

		if (k.n)
			describe_one(head, peer->headers[i], k, out);
	}
}
