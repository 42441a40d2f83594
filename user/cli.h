/* SPDX-License-Identifier: GPL-2.0-only */
/* The option table as text for people and shells. What cannot be written is found out when stdout is closed. */
#ifndef CLI_H
#define CLI_H

#include <stdio.h>

void cli_help(FILE *out);				/* two screens: at most 48 lines of 80 columns */
void cli_man(FILE *out, const char *version);		/* troff */
void cli_completion(FILE *out, const char *shell);	/* bash, zsh or fish */

#endif
