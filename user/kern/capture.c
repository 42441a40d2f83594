/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which provider: the one asked for, or the first of an order of preference that the kernel both
 * has (BTF says) and lets us load (only trying says: some kernels have fentry and refuse it). Which
 * programs: hooks.c.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <sys/epoll.h>

#include "base/log.h"
#include "kern/hooks.h"
#include "kern/oldsocks.h"
#include "kern/privilege.h"
#include "kern/ring.h"
#include "tracer.skel.h"

#define LINKS_MAX    32
#define RING_MIN     (8u << 20)
#define RING_PER_CPU (1u << 20)

struct capture {
	struct tracer_bpf *skel;
	struct bpf_link *links[LINKS_MAX];
	size_t links_cnt;
	struct ring ring;
	int stats_fd; /* while it is open, the kernel times programs; -1: not asked for */
	int wake_fd; /* an epoll that holds the ring, edge-triggered: readable once per wake-up */
	enum capture_method method;
	bool trace_all;
};

DEFINE_FREEP(btf__free, struct btf)

/*
 * libbpf is told nothing that a person must see: our own sentence says what failed. Its words go
 * one level down.
 */
static int log_libbpf(enum libbpf_print_level level, const char *fmt, va_list args)
{
	char line[512];
	size_t n;

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(line, sizeof(line), fmt, args);
	n = strlen(line);
	if (n && line[n - 1] == '\n')
		line[n - 1] = '\0';
	log_debug("%s", line);
	return 0;
}

static size_t ring_size(size_t asked)
{
	size_t sz = RING_MIN, want = (size_t)libbpf_num_possible_cpus() * RING_PER_CPU;

	if (asked)
		return asked;
	while (sz < want)
		sz *= 2;
	return sz;
}

bool capture_functions_hookable(const struct btf *btf)
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FEXIT);
	int id = btf__find_by_name_kind(btf, "tcp_sendmsg", BTF_KIND_FUNC), fd;

	if (id < 0)
		return false;
	opts.attach_btf_id = (uint32_t)id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "try", "GPL", nothing, ARRAY_SIZE(nothing),
			   &opts);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static void choose_programs(struct capture *c, const struct btf *btf)
{
	const struct bpf_cfg *cfg = (const void *)&c->skel->rodata->cfg;
	bool logs = cfg->log_stdio || cfg->log_files;
	bool hookable = logs && capture_functions_hookable(btf);
	char lacks[256];
	size_t i;

	for (i = 0; i < hooks_cnt(); i++) {
		const struct hook *h = hook_at(i);
		struct bpf_program *prog =
			bpf_object__find_program_by_name(c->skel->obj, h->program);

		if (prog && hook_used(h, hook_method(h, c->method, hookable), cfg) &&
		    !hook_lacks(h, btf, lacks, sizeof(lacks)))
			bpf_program__set_autoload(prog, true);
	}
}

/* Sockets and threads live in one of two kinds of map; the other kind is not even made. */
static void choose_homes(struct tracer_bpf *skel, bool own_tables)
{
	bpf_map__set_autocreate(own_tables ? skel->maps.socks : skel->maps.socks_by_ptr, false);
	bpf_map__set_autocreate(own_tables ? skel->maps.tasks : skel->maps.tasks_by_tid, false);
}

static int open_and_load(struct capture *c, const struct capture_opts *opts, const struct btf *btf,
			 struct err *err)
{
	LIBBPF_OPTS(bpf_object_open_opts, open, .btf_custom_path = opts->btf_path);
	size_t sz = ring_size(opts->ring_sz);
	int code;

	c->skel = tracer_bpf__open_opts(&open);
	if (!c->skel)
		return err_set(err, -errno, "cannot open the kernel programs: %s", strerror(errno));
	memcpy((void *)&c->skel->rodata->cfg, &opts->cfg, sizeof(opts->cfg));
	c->skel->rodata->cfg.tracer_tgid = getpid();
	c->skel->rodata->cfg.pid_ns = privilege_pid_ns();
	c->skel->rodata->cfg.own_tables = c->method == CAPTURE_SYSCALL;
	c->skel->rodata->cfg.rows |= feature_in(btf, FEAT_PREEMPTIBLE);
	choose_homes(c->skel, c->skel->rodata->cfg.own_tables);
	bpf_map__set_max_entries(c->skel->maps.ring, sz);
	choose_programs(c, btf);
	code = tracer_bpf__load(c->skel);
	if (code)
		return err_set(err, code, "the kernel refused the programs for capture by %s: %s",
			       provider_name(c->method), strerror(-code));
	code = ring_init(&c->ring, bpf_map__fd(c->skel->maps.ring), sz);
	if (code)
		return err_set(err, code, "cannot map the ring of %zu bytes: %s", sz,
			       strerror(-code));
	return 0;
}

static int attach(struct capture *c, struct err *err)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, c->skel->obj)
	{
		struct bpf_link *link;

		if (!bpf_program__autoload(prog))
			continue;
		link = c->links_cnt < LINKS_MAX ? bpf_program__attach(prog) : NULL;
		if (!link)
			return err_set(err, -errno, "cannot attach the kernel program '%s': %s",
				       bpf_program__name(prog), strerror(errno));
		c->links[c->links_cnt++] = link;
	}
	return 0;
}

static int watch_ring(struct capture *c, struct err *err)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };

	c->wake_fd = epoll_create1(EPOLL_CLOEXEC);
	if (c->wake_fd < 0 ||
	    epoll_ctl(c->wake_fd, EPOLL_CTL_ADD, bpf_map__fd(c->skel->maps.ring), &ev))
		return err_set(err, -errno, "cannot wait for the ring: %s", strerror(errno));
	return 0;
}

/* One provider, whole or not at all. */
static int try_provider(const struct capture_opts *opts, enum capture_method method,
			const struct btf *btf, struct capture **ret_capture, struct err *err)
{
	_cleanup_(capture_freep) struct capture *c = NULL;
	int code = provider_check(method, btf, err);

	if (code)
		return code;
	c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, -ENOMEM, "out of memory");
	c->method = method;
	c->trace_all = opts->cfg.trace_all;
	c->wake_fd = -1;
	c->stats_fd = opts->time_programs ? bpf_enable_stats(BPF_STATS_RUN_TIME) : -1;
	code = open_and_load(c, opts, btf, err);
	if (!code)
		code = watch_ring(c, err);
	if (!code)
		code = attach(c, err);
	if (code)
		return code;
	*ret_capture = take_ptr(c);
	return 0;
}

static int btf_of_file(const char *path, struct btf **ret_btf, struct err *err)
{
	struct btf *btf = btf__parse(path, NULL);
	char why[128];
	int code = -errno;

	if (btf) {
		*ret_btf = btf;
		return 0;
	}
	libbpf_strerror(code, why, sizeof(why));
	return err_set(err, code, "cannot read kernel types (BTF) from '%s': %s", path, why);
}

/* Programs attach by the kernel's own types, which libbpf looks for; a file can only say more about layouts. */
int capture_btf(const char *path, struct btf **ret_btf, struct err *err)
{
	_cleanup_(btf__freep) struct btf *own = NULL;

	libbpf_set_print(log_libbpf);
	own = btf__load_vmlinux_btf();
	if (!own)
		return err_set(
			err, -errno,
			"this kernel shows no types (BTF), by which programs attach: mount /sys "
			"for /sys/kernel/btf/vmlinux, or boot a kernel that was built with "
			"CONFIG_DEBUG_INFO_BTF%s",
			path ? "; the file of --btf cannot stand in for them" : "");
	if (path)
		return btf_of_file(path, ret_btf, err);
	*ret_btf = take_ptr(own);
	return 0;
}

static int first_that_works(const struct capture_opts *opts, const struct btf *btf,
			    struct capture **ret_capture, struct err *err)
{
	static const enum capture_method order[] = { CAPTURE_SOCKET, CAPTURE_FENTRY,
						     CAPTURE_SYSCALL };
	struct err why[ARRAY_SIZE(order)] = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		if (!try_provider(opts, order[i], btf, ret_capture, &why[i]))
			return 0;
		log_debug("kern: not by %s: %s", provider_name(order[i]), why[i].text);
	}
	return err_set(
		err, -EOPNOTSUPP,
		"this kernel allows none of the capture methods; the least demanding failed: %s",
		why[ARRAY_SIZE(order) - 1].text);
}

int capture_new(const struct capture_opts *opts, struct capture **ret_capture, struct err *err)
{
	_cleanup_(btf__freep) struct btf *btf = NULL;
	int code = privilege_check(err);

	if (!code)
		code = capture_btf(opts->btf_path, &btf, err);
	if (!code && opts->method == CAPTURE_AUTO)
		code = first_that_works(opts, btf, ret_capture, err);
	else if (!code)
		code = try_provider(opts, opts->method, btf, ret_capture, err);
	if (!code && opts->cfg.trace_all)
		oldsocks_note(bpf_map__fd((*ret_capture)->skel->maps.old_unix), getpid());
	return code;
}

void capture_stop(struct capture *c)
{
	while (c->links_cnt)
		bpf_link__destroy(c->links[--c->links_cnt]);
}

void capture_free(struct capture *c)
{
	if (!c)
		return;
	capture_stop(c);
	ring_release(&c->ring);
	if (c->wake_fd >= 0)
		close(c->wake_fd);
	if (c->stats_fd >= 0)
		close(c->stats_fd);
	tracer_bpf__destroy(c->skel);
	free(c);
}

const char *capture_method_name(const struct capture *c)
{
	return provider_name(c->method);
}

static void procs_changed(struct capture *c)
{
	__atomic_add_fetch(&c->skel->bss->shared.procs_gen, 1, __ATOMIC_SEQ_CST);
}

int capture_trace(struct capture *c, uint32_t tgid, uint64_t start_ns)
{
	struct proc row = { .start_ns = start_ns };

	if (tgid == (uint32_t)getpid()) /* its own calls would make records for ever */
		return -EINVAL;
	oldsocks_note(bpf_map__fd(c->skel->maps.old_unix), tgid);
	if (!bpf_map__update_elem(c->skel->maps.procs, &tgid, sizeof(tgid), &row, sizeof(row),
				  BPF_ANY)) {
		procs_changed(c);
		return 0;
	}
	return errno == E2BIG ? -ENOSPC : -errno;
}

int capture_read_runtime(struct capture *c, uint32_t tgid, const struct runtime *rt)
{
	const struct bpf_map *procs = c->skel->maps.procs;
	struct proc row = { 0 };

	/* Without a row the process is traced by --all, and gets one for this. */
	(void)bpf_map__lookup_elem(procs, &tgid, sizeof(tgid), &row, sizeof(row), 0);
	row.runtime = *rt;
	/* Who is not traced any more must not become so by this. */
	if (bpf_map__update_elem(procs, &tgid, sizeof(tgid), &row, sizeof(row),
				 c->trace_all ? BPF_ANY : BPF_EXIST))
		return -errno;
	c->skel->bss->shared.runtimes = 1;
	return 0;
}

int capture_found_loop(struct capture *c, uint32_t tid, const struct node_places *at)
{
	const struct bpf_map *loops = c->skel->maps.event_loops;
	struct event_loop row = { 0 };

	/* What the kernel side has put into the row meanwhile stays. */
	if (!bpf_map__lookup_elem(loops, &tid, sizeof(tid), &row, sizeof(row), 0) &&
	    row.at.ids == at->ids)
		return 0;
	row = (struct event_loop){ .at = *at };
	return bpf_map__update_elem(loops, &tid, sizeof(tid), &row, sizeof(row), BPF_ANY) ? -errno
											  : 0;
}

void capture_untrace(struct capture *c, uint32_t tgid)
{
	bpf_map__delete_elem(c->skel->maps.procs, &tgid, sizeof(tgid), 0);
	procs_changed(c);
}

void capture_not_log(struct capture *c, const struct ev_log *ev)
{
	const struct file_id id = { .ino = ev->ino, .gen = ev->gen, .dev = ev->dev };
	uint8_t one = 1;

	bpf_map__update_elem(c->skel->maps.not_logs, &id, sizeof(id), &one, sizeof(one), BPF_ANY);
}

void capture_verdict(struct capture *c, uint64_t conn, const struct verdict *v)
{
	bpf_map__update_elem(c->skel->maps.verdicts, &conn, sizeof(conn), v, sizeof(*v), BPF_ANY);
	__atomic_add_fetch(&c->skel->bss->shared.verdict_gen, 1, __ATOMIC_SEQ_CST);
}

int capture_fd(const struct capture *c)
{
	return c->wake_fd;
}

int capture_drain(struct capture *c, capture_record_fn fn, capture_record_fn soon, void *ctx)
{
	struct epoll_event ev;

	/* Takes note of a wake-up before looking: one that comes later is kept. */
	epoll_wait(c->wake_fd, &ev, 1, 0);
	return ring_drain(&c->ring, fn, soon, ctx);
}

size_t capture_waiting(const struct capture *c, size_t *ret_sz)
{
	*ret_sz = c->ring.sz;
	return ring_waiting(&c->ring);
}

void capture_shed(struct capture *c, const uint8_t levels[SHED_LANES])
{
	struct bpf_shared *shared = &c->skel->bss->shared;
	uint32_t any = 0;
	size_t i;

	for (i = 0; i < SHED_LANES; i++)
		any |= levels[i];
	memcpy(shared->shed, levels, sizeof(shared->shed));
	__atomic_store_n(&shared->shedding, any, __ATOMIC_RELEASE);
}

bool capture_sleep(struct capture *c)
{
	__atomic_store_n(&c->skel->bss->shared.reader_asleep, 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (ring_empty(&c->ring))
		return true;
	__atomic_store_n(&c->skel->bss->shared.reader_asleep, 0, __ATOMIC_SEQ_CST);
	return false;
}

bool capture_usable(const struct capture *c)
{
	uint32_t none = 0;
	struct proc row;

	return !bpf_map__lookup_elem(c->skel->maps.procs, &none, sizeof(none), &row, sizeof(row),
				     0) ||
	       errno == ENOENT;
}

/* Zeros when they cannot be read. */
static void sum_counters(const struct capture *c, struct counters *ret_sum)
{
	size_t cpus = libbpf_num_possible_cpus(), row_sz = sizeof(struct counters);
	_cleanup_(freep) struct counters *rows = calloc(cpus, row_sz);
	uint32_t zero = 0;
	size_t i, cpu;

	memset(ret_sum, 0, sizeof(*ret_sum));
	if (!rows || bpf_map__lookup_elem(c->skel->maps.counters, &zero, sizeof(zero), rows,
					  cpus * row_sz, 0))
		return;
	for (cpu = 0; cpu < cpus; cpu++) {
		for (i = 0; i < STAT__CNT; i++)
			ret_sum->stats[i] += rows[cpu].stats[i];
		ret_sum->timed_ns += rows[cpu].timed_ns;
	}
}

void capture_stats(const struct capture *c, uint64_t ret_stats[STAT__CNT])
{
	struct counters sum;

	sum_counters(c, &sum);
	memcpy(ret_stats, sum.stats, sizeof(sum.stats));
	ret_stats[STAT_MALFORMED] = c->ring.malformed;
}

uint64_t capture_calls_ns(const struct capture *c)
{
	struct counters sum;

	sum_counters(c, &sum);
	return sum.timed_ns * TIMED_EVERY;
}

/* A program that is not loaded has no figures. */
static bool program_figures(const struct bpf_program *prog, struct program_figures *ret_figures)
{
	struct bpf_prog_info info = { 0 };
	uint32_t sz = sizeof(info);

	if (bpf_program__fd(prog) < 0 || bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &sz))
		return false;
	*ret_figures = (struct program_figures){
		.runs = info.run_cnt,
		.ns = info.run_time_ns,
		.missed = info.recursion_misses,
	};
	snprintf(ret_figures->name, sizeof(ret_figures->name), "%s", info.name);
	return true;
}

void capture_figures(const struct capture *c, struct kernel_figures *ret_figures)
{
	struct bpf_program *prog;
	size_t *n = &ret_figures->programs_cnt;

	memset(ret_figures, 0, sizeof(*ret_figures));
	capture_stats(c, ret_figures->stats);
	ret_figures->ring_sz = c->ring.sz;
	ret_figures->ring_high = c->ring.high;
	ret_figures->ring_read = *c->ring.consumer;
	ret_figures->calls_ns = capture_calls_ns(c);
	bpf_object__for_each_program(prog, c->skel->obj)
	{
		if (*n < PROGRAMS_MAX && program_figures(prog, &ret_figures->programs[*n]))
			(*n)++;
	}
}
