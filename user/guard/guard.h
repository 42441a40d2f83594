/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tracer gives up once everything is attached and opened, because what it reads from then on comes from
 * strangers. In this order, for each limits the threads that are started after it:
 *
 *   guard_process()   capabilities, no_new_privs
 *   guard_exporter()  by each exporter's thread itself: no capability, the network's calls, and of the files only its
 *                     configuration
 *   guard_loop()      no network, no process is started, no file is written, made or removed; a replay opens none
 *                     but /proc/self
 *
 * A kernel without Landlock or seccomp is no error: there, that much less is given up, and the log says so.
 */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct guard {
	bool live;		/* reads /proc and the kernel's maps; else a replay, which needs nothing */
	pid_t child;		/* gets the signals that we get; 0: none */
	/* Whether the maps can still be used, now that CAP_BPF is gone: not before Linux 5.19. */
	bool (*maps_usable)(void *ctx);
	void *ctx;
	const char *const *files;	/* an exporter may read them at any time (certificates); NULLs are skipped */
	size_t files_cnt;
};

int guard_process(const struct guard *g, struct err *err) __must_check;
int guard_exporter(const struct guard *g, struct err *err) __must_check;
int guard_loop(const struct guard *g, struct err *err) __must_check;

#endif
