/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hooks OBJECT CPU NS [quiet]: attaches every program of the object, which pass NS in each socket call of the CPU, says
 * "ready", and at SIGTERM prints as JSON how many calls that were, and how often each program ran and for how long by
 * the kernel's clock, which it asks for unless it is to be quiet: the time of a program that does nothing is what the
 * clock adds.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hooks.h"

static int attach_all(struct bpf_object *obj)
{
	struct bpf_program *prog;
	int n = 0;

	bpf_object__for_each_program(prog, obj)
	{
		if (bpf_program__attach(prog))
			n++;
	}
	return n;
}

static int pastime_fd(struct bpf_object *obj)
{
	return bpf_object__find_map_fd_by_name(obj, ".bss");
}

static __u64 calls_made(struct bpf_object *obj)
{
	struct pastime now = { 0 };
	__u32 key = 0;

	bpf_map_lookup_elem(pastime_fd(obj), &key, &now);
	return now.calls;
}

/* Who is timed counts the calls, too; programs that are quiet and have nothing to pass return at once. */
static int pass_time(struct bpf_object *obj, const char *cpu, const char *ns, bool timed)
{
	struct pastime pastime = { .cpu = strtoul(cpu, NULL, 10), .ns = strtoull(ns, NULL, 10) };
	__u32 key = 0;

	pastime.on = timed || pastime.ns;
	return bpf_map_update_elem(pastime_fd(obj), &key, &pastime, BPF_ANY);
}

static void print_times(struct bpf_object *obj)
{
	struct bpf_program *prog;
	const char *comma = "";

	printf("{\"calls\":%llu,\"programs\":{", calls_made(obj));
	bpf_object__for_each_program(prog, obj)
	{
		struct bpf_prog_info info = { 0 };
		__u32 sz = sizeof(info);

		if (bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &sz))
			continue;
		printf("%s\"%s\":{\"runs\":%llu,\"ns\":%llu}", comma, bpf_program__name(prog),
		       info.run_cnt, info.run_time_ns);
		comma = ",";
	}
	printf("}}\n");
}

int main(int argc, char **argv)
{
	struct bpf_object *obj = argc > 1 ? bpf_object__open_file(argv[1], NULL) : NULL;
	bool quiet = argc > 4 && !strcmp(argv[4], "quiet");
	sigset_t ends;
	int number;

	if (!obj || argc < 4 || bpf_object__load(obj)) {
		fprintf(stderr, "hooks: cannot load the programs of '%s'\n",
			argc > 1 ? argv[1] : "");
		return 1;
	}
	if (pass_time(obj, argv[2], argv[3], !quiet) || !attach_all(obj)) {
		fprintf(stderr, "hooks: cannot attach the programs of '%s'\n", argv[1]);
		return 1;
	}
	if (!quiet && bpf_enable_stats(BPF_STATS_RUN_TIME) < 0) {
		fprintf(stderr, "hooks: this kernel does not time programs\n");
		return 1;
	}
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	fprintf(stderr, "ready\n");
	sigwait(&ends, &number);
	print_times(obj);
	return 0;
}
