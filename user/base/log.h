/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines for the person who runs the tracer, on stderr. base, host, proto and trace never log above debug. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "compiler.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);
void log_line(enum log_level level, const char *fmt, ...) __printf(2, 3);

#define log_err(...)	log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)	log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)	log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...)	log_line(LOG_DEBUG, __VA_ARGS__)

#endif
