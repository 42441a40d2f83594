/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cli.h"
#include "config.h"
#include "kern/doctor.h"
#include "kern/inspect.h"
#include "kern/privilege.h"
#include "kern/version.h"
#include "links_report.h"
#include "live.h"
#include "replay.h"
#include "version.h"

#define EXIT_WRONG_USE 2

static unsigned terminal_width(int fd)
{
	struct winsize size;

	return ioctl(fd, TIOCGWINSZ, &size) ? 0 : size.ws_col;
}

/* Prints what was ignored, once the level is known. */
static void say_warnings(const struct config *cfg)
{
	log_set_level(cfg->log_level);
	for (size_t i = 0; i < cfg->warnings.n; i++)
		log_warn("%s", cfg->warnings.v[i]);
}

/* A full disk or a closed pipe shows when the last of the text is written. */
static int finish_stdout(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	log_err("cannot write to standard output: %s", strerror(errno));
	return EXIT_FAILURE;
}

static int diagnose(const struct config *cfg)
{
	struct report r;
	bool possible;
	size_t i;

	report_begin(&r, stdout, cfg->json);
	possible = doctor_report(&r, cfg->btf);
	for (i = 0; i < cfg->pids.n; i++) {
		if (inspect_process(&r, cfg->pids.v[i]))
			links_report(&r, cfg->pids.v[i]);
		else
			possible = false;
	}
	report_end(&r, possible);
	return possible ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int trace(const struct config *cfg)
{
	struct err err = {};
	int status = EXIT_SUCCESS;
	int code = cfg->replay ? replay_run(cfg, &err) : live_run(cfg, &status, &err);

	if (!code)
		return status;
	log_err("%s", err.text);
	return EXIT_FAILURE;
}

static int run(const struct config *cfg)
{
	switch (cfg->action) {
	case ACTION_HELP:
		cli_help(stdout);
		break;
	case ACTION_VERSION:
		printf("ebpf-tracer %s (commit %s)\nlibbpf %s\n", VERSION, COMMIT,
		       kern_libbpf_version());
		break;
	case ACTION_MAN:
		cli_man(stdout, VERSION);
		break;
	case ACTION_COMPLETION:
		cli_completion(stdout, cfg->shell);
		break;
	case ACTION_DOCTOR:
		return finish_stdout(diagnose(cfg));
	case ACTION_TRACE:
		return trace(cfg);
	}
	return finish_stdout(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
	const struct config_input in = {
		.version = VERSION,
		.argc = argc,
		.argv = argv,
		.env = environ,
		.tty = isatty(STDOUT_FILENO),
		.width = terminal_width(STDOUT_FILENO),
	};
	struct err err = {};
	struct config cfg;
	int status;

	privilege_own_only();
	status = config_parse(&in, &cfg, &err);

	if (status) {
		log_err("%s", err.text);
		status = status == -EINVAL ? EXIT_WRONG_USE : EXIT_FAILURE;
	} else {
		say_warnings(&cfg);
		status = run(&cfg);
	}
	config_release(&cfg);
	return status;
}
