/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERN_OLDSOCKS_H
#define KERN_OLDSOCKS_H

#include <stdint.h>

/*
 * Tells the kernel side which unix connections exist now in the network namespace of a process:
 * their first bytes have been missed, and nothing in the kernel's socket says so. Best effort: what
 * cannot be read looks like a new connection.
 */
void oldsocks_note(int map_fd, uint32_t tgid);

#endif
