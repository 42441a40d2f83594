/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel side as an object: loads the programs that this kernel allows, attaches them, tells
 * which processes are traced, drains the ring. Belongs to the loop thread.
 */
#ifndef KERN_CAPTURE_H
#define KERN_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/config.h"
#include "abi/event.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "kern/figures.h"

enum capture_method { CAPTURE_AUTO, CAPTURE_SOCKET, CAPTURE_FENTRY, CAPTURE_SYSCALL };

struct capture_opts {
	enum capture_method method;
	struct bpf_cfg cfg; /* tracer_tgid is filled in */
	size_t ring_sz; /* bytes, a power of two; 0: from the core count, 8 MiB at least */
	const char *btf_path; /* NULL: the kernel's own */
	bool time_programs; /* the kernel keeps the run time of all programs meanwhile, at some cost */
};

struct capture;
struct btf;

/* The kernel's types, from a file or (NULL) its own, which must be there in either case; for btf__free(). */
int capture_btf(const char *path, struct btf **ret_btf, struct err *err) __must_check;
/* Some kernels have fexit and refuse it, which only trying shows; capture by socket tracepoints does without. */
bool capture_functions_hookable(const struct btf *btf);
/*
 * Loads and attaches. On failure `err` names the missing capability, the kernel feature or the
 * refused program.
 */
int capture_new(const struct capture_opts *opts, struct capture **ret_capture,
		struct err *err) __must_check;
void capture_stop(
	struct capture *c); /* detaches; what is in the ring and the counters can still be read */
void capture_free(struct capture *c); /* detaches everything; NULL ok */

const char *
capture_method_name(const struct capture *c); /* "socket tracepoints", for the ready line */
int capture_trace(struct capture *c, uint32_t tgid,
		  uint64_t start_ns) __must_check; /* -ENOSPC: table full */
/* Lets the kernel side read the process's runtime from now on; -errno. */
int capture_read_runtime(struct capture *c, uint32_t tgid, const struct runtime *rt) __must_check;
/* Of a thread that was looked for (EV_SEEK); -errno. */
int capture_found_loop(struct capture *c, uint32_t tid,
		       const struct node_places *at) __must_check;
void capture_untrace(struct capture *c, uint32_t tgid);
void capture_not_log(struct capture *c, const struct ev_log *ev); /* the file it was written to is none */
void capture_verdict(struct capture *c, uint64_t conn, const struct verdict *v);

typedef void (*capture_record_fn)(void *ctx, const struct ev_hdr *ev);
int capture_fd(const struct capture *c); /* readable when the kernel woke the reader */
/*
 * Delivers what is in the ring, a part of it when it is full; returns how many records. Malformed
 * records are counted, not delivered. soon: of each record before some others are delivered, so that
 * what it needs can be fetched from memory meanwhile; NULL: nobody wants to know.
 */
int capture_drain(struct capture *c, capture_record_fn fn, capture_record_fn soon, void *ctx);
/* Bytes that wait in the ring, of so many. */
size_t capture_waiting(const struct capture *c, size_t *ret_sz);
/* Of the exchanges of lane n, 1 in 2^levels[n] is told from now on. */
void capture_shed(struct capture *c, const uint8_t levels[SHED_LANES]);
/* Announces that the reader will sleep; false: records came meanwhile, drain again first. */
bool capture_sleep(struct capture *c);
bool capture_usable(const struct capture *c); /* this thread may still use the maps */
void capture_stats(const struct capture *c, uint64_t ret_stats[STAT__CNT]);
uint64_t capture_calls_ns(const struct capture *c); /* as in kernel_figures */
void capture_figures(const struct capture *c, struct kernel_figures *ret_figures);

DEFINE_FREEP(capture_free, struct capture)

#endif
