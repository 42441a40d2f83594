/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines: those that begin with '=' are variables, the others arguments. What is accepted is complete; what is not has a
 * sentence.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config.h"

#define WORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct config *cfg, int ret, const struct err *err)
{
	if (ret && (ret != -EINVAL || !*err->text))
		abort();
	if (ret || cfg->action != ACTION_TRACE)
		return;
	if (strncasecmp(cfg->export.endpoint, "http", 4) || !cfg->export.queue_max ||
	    cfg->export.batch_max > cfg->export.queue_max)
		abort();
	if (!cfg->replay && !cfg->command && !cfg->all &&
	    !(cfg->pids.n + cfg->ports.n + cfg->comms.n + cfg->exes.n))
		abort();
	for (size_t i = 0; i < cfg->export.headers_cnt; i++)
		if (strpbrk(cfg->export.headers[i], "\r\n"))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[WORDS_MAX + 1] = { (char *)"ebpf-tracer" }, *env[WORDS_MAX + 1] = {};
	_cleanup_(freep) char *text = slice_dup((struct slice){ (const char *)data, size });
	struct config_input in = { .version = "0", .argc = 1, .argv = argv, .env = env };
	char *rest = text, *word;
	struct err err = {};
	struct config cfg;
	size_t vars = 0;
	int ret;

	while ((word = strsep(&rest, "\n"))) {
		if (*word == '=' && vars < WORDS_MAX)
			env[vars++] = word + 1;
		else if (in.argc < WORDS_MAX)
			argv[in.argc++] = word;
	}
	ret = config_parse(&in, &cfg, &err);
	check(&cfg, ret, &err);
	config_release(&cfg);
	return 0;
}
