/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "log.h"

#define LINE_LEN 1024

/*
 * The one variable of the process as a whole: every thread logs, and a level handed to each caller would be handed to
 * all of them.
 */
static atomic_int shown = LOG_INFO;

void log_set_level(enum log_level level)
{
	atomic_store(&shown, (int)level);
}

static const char *prefix(enum log_level level)
{
	static const char *const prefixes[] = {
		[LOG_ERROR] = "ebpf-tracer: error: ",
		[LOG_WARN] = "ebpf-tracer: warning: ",
		[LOG_INFO] = "ebpf-tracer: ",
		[LOG_DEBUG] = "ebpf-tracer: debug: ",
	};

	return prefixes[level];
}

/* Names of processes and files come from strangers: none of them is to move the cursor of who reads the log. */
static void defuse(char *text)
{
	unsigned char before = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool c1 = before == 0xc2 && c >= 0x80 && c < 0xa0; /* U+0080 to U+009F in UTF-8 */

		if (c1)
			text[-1] = '?';
		if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f || c1)
			*text = '?';
		before = c;
	}
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[LINE_LEN];
	va_list args;
	int n, m;

	if ((int)level > atomic_load_explicit(&shown, memory_order_relaxed))
		return;
	n = snprintf(line, sizeof(line), "%s", prefix(level));
	va_start(args, fmt);
	m = vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, args);
	va_end(args);
	if (m < 0)
		return;
	defuse(line + n);
	n = min(n + m, LINE_LEN - 1);
	line[n++] = '\n'; /* over the NUL: the line is written by length */
	/* One write, so that the lines of two threads do not mix. There is nobody to tell that stderr is gone. */
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return;
}
