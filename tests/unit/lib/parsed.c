/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "parsed.h"

static void split(char *text, char **ret_words)
{
	size_t n = 0;

	for (char *at = text; *at;) {
		size_t len = strcspn(at, " ");

		assert_true(n < ARGS_MAX - 1);
		ret_words[n++] = at;
		at += len;
		if (*at)
			*at++ = '\0';
	}
	ret_words[n] = NULL;
}

struct outcome parse(struct line *l, const char *args, const char *env, bool tty)
{
	struct config_input in = {
		.version = "1", .argv = l->args, .env = l->env, .tty = tty, .width = 80
	};
	struct outcome o = {};

	snprintf(l->args_text, sizeof(l->args_text), "ebpf-tracer%s%s", *args ? " " : "", args);
	snprintf(l->env_text, sizeof(l->env_text), "%s", env);
	split(l->args_text, l->args);
	split(l->env_text, l->env);
	while (l->args[in.argc])
		in.argc++;
	o.ret = config_parse(&in, &o.cfg, &o.err);
	return o;
}

struct outcome good(struct line *l, const char *args, const char *env)
{
	struct outcome o = parse(l, args, env, false);

	if (o.ret)
		fail_msg("'%s' with '%s': %s", args, env, o.err.text);
	return o;
}

struct outcome good_all(struct line *l, const char *args, const char *env)
{
	char all[sizeof(l->args_text)];

	snprintf(all, sizeof(all), "--all%s%s", *args ? " " : "", args);
	return good(l, all, env);
}

void check_wrong(const char *args, const char *env, const char *sentence)
{
	struct line l;
	struct outcome o = parse(&l, args, env, false);

	if (o.ret != -EINVAL || strcmp(o.err.text, sentence))
		fail_msg("'%s' with '%s':\n got  %d '%s'\n want '%s'", args, env, o.ret, o.err.text,
			 sentence);
	config_release(&o.cfg);
}
