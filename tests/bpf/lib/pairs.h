/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two connected sockets in one process, of every kind that is traced. For the traced child: fails
 * through act_check().
 */
#ifndef BPF_PAIRS_H
#define BPF_PAIRS_H

#include <stddef.h>

enum pair_kind {
	PAIR_TCP4,
	PAIR_TCP6,
	PAIR_DUAL,
	PAIR_UNIX,
	PAIR_UNIX_PATH,
	PAIR_UNIX_ABSTRACT,
	PAIR__CNT
};

extern const char *const pair_names[PAIR__CNT];

struct pair {
	int client;
	int server;
	unsigned short port; /* the server's; 0: unix */
};

struct pair pair_open(enum pair_kind kind);
void pair_close(struct pair *p);
int pair_is_unix(enum pair_kind kind);

#endif
