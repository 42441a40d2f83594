/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef APP_H
#define APP_H

struct config;

int app_run(const struct config *cfg);	/* the exit status of the program */

#endif
