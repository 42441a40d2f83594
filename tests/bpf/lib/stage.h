/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A capture on this kernel, by the provider that $CAPTURE names (auto without it), and a play for
 * it: a child process that makes the calls of a test while it is traced. The records of the play
 * are kept until the next one.
 */
#ifndef BPF_STAGE_H
#define BPF_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <cmocka.h>

#include "kern/capture.h"

struct stage;

typedef void (*act_fn)(void *arg); /* runs in the child; leaves by return, or by act_check() */

/*
 * Runs the tests with *state a stage; the program's exit status. Skips them all when the kernel
 * refuses the provider.
 */
int stage_main(const char *name, struct CMUnitTest *tests, size_t cnt);

struct capture *stage_capture(struct stage *s);
enum capture_method stage_method(void); /* what $CAPTURE asks for */

pid_t stage_play(struct stage *s, act_fn act, void *arg); /* from start to end; the child's pid */

/* The same in steps: the child may pause, the test then does something and lets it go on. */
pid_t stage_start(struct stage *s, act_fn act, void *arg, bool traced);
void stage_wait_pause(struct stage *s);
void stage_resume(struct stage *s);
void stage_finish(struct stage *s);
void act_pause(void);

#define act_check(cond) act_check_at(cond, #cond, __FILE__, __LINE__)
void act_check_at(bool ok, const char *what, const char *file, int line);

/* The next record of a kind after prev (NULL: the first); conn 0: of any. NULL: none. */
const struct ev_hdr *stage_next(const struct stage *s, enum ev_kind kind, uint64_t conn,
				const struct ev_hdr *prev);
const struct ev_conn *stage_conn(const struct stage *s,
				 unsigned n); /* the n-th that the play opened; must exist */
const struct ev_data *stage_data(const struct stage *s, uint64_t conn, enum dir dir,
				 unsigned n); /* NULL: none */
void stage_collect(struct stage *s, enum ev_kind kind,
		   unsigned cnt); /* waits until so many have come */

/*
 * One direction of a connection as text, '?' where bytes were not copied; fails on holes and
 * overlaps. Its length.
 */
size_t stage_text(const struct stage *s, uint64_t conn, enum dir dir, char *ret_text, size_t sz);
void stage_expect(const struct stage *s, uint64_t conn, enum dir dir, const char *text);
void stage_books_close(const struct stage *s);

#endif
