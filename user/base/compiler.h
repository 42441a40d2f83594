/* SPDX-License-Identifier: GPL-2.0-only */
/* Attributes and rules that the compiler enforces. Includes the headers whose functions it bans: any order will do. */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define __must_check		__attribute__((warn_unused_result))
#define __printf(fmt, args)	__attribute__((format(printf, fmt, args)))
#define __unused		__attribute__((unused))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
#define min(a, b)		((a) < (b) ? (a) : (b))
#define max(a, b)		((a) > (b) ? (a) : (b))

#define NSEC_PER_SEC		1000000000ULL
#define NSEC_PER_MSEC		1000000ULL
#define NSEC_PER_USEC		1000ULL

#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol

#endif
