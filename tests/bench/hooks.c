/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hooks OBJECT [quiet]: attaches every program of the object, says "ready", and at SIGTERM prints as JSON how often
 * each ran and for how long by the kernel's clock, which it asks for unless it is to be quiet: the time of a program
 * that does nothing is what the clock adds.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

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

static void print_times(struct bpf_object *obj)
{
	struct bpf_program *prog;
	const char *comma = "";

	printf("{");
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
	printf("}\n");
}

int main(int argc, char **argv)
{
	struct bpf_object *obj = argc > 1 ? bpf_object__open_file(argv[1], NULL) : NULL;
	bool quiet = argc > 2 && !strcmp(argv[2], "quiet");
	sigset_t ends;
	int number;

	if (!obj || bpf_object__load(obj) || !attach_all(obj)) {
		fprintf(stderr, "hooks: cannot load and attach the programs of '%s'\n",
			argc > 1 ? argv[1] : "");
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
