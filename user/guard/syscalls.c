/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The list as a filter for the kernel: one comparison after another. That it is long costs nothing, because the kernel
 * remembers which calls are allowed whatever their arguments are (Linux 5.11).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guard/syscalls.h"

#ifdef __x86_64__
#define OUR_ARCH AUDIT_ARCH_X86_64
#else
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

#define ALL         (LIVE | REPLAY | EXPORTER)
#define EVERY_BIT   UINT32_MAX /* of an int; the kernel looks at no more either */
#define WRITE_FLAGS (O_ACCMODE | O_CREAT | O_TRUNC)
#define FILTER_MAX  640

enum who { LIVE = 1 << 0, REPLAY = 1 << 1, EXPORTER = 1 << 2 };

static const struct rule {
	uint32_t call;
	unsigned char who;
	unsigned char arg;
	uint32_t mask; /* 0: whatever its arguments are */
	uint32_t value;
} rules[] = {
#define CALL(who, name)                      { __NR_##name, who, 0, 0, 0 },
#define CALL_IF(who, name, arg, mask, value) { __NR_##name, who, arg, mask, value },
#include "guard/syscalls.def"
#undef CALL
#undef CALL_IF
};

struct filter {
	struct sock_filter v[FILTER_MAX];
	unsigned short n;
};

static void add(struct filter *f, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	if (f->n < FILTER_MAX)
		f->v[f->n] = (struct sock_filter){ code, yes, no, k };
	f->n++;
}

static void load(struct filter *f, size_t offset)
{
	add(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* Jumps over the next `n` unless the value at hand is this. */
static void unless_equal_skip(struct filter *f, uint32_t value, uint8_t n)
{
	add(f, BPF_JMP | BPF_JEQ | BPF_K, value, 0, n);
}

static void answer(struct filter *f, uint32_t what)
{
	add(f, BPF_RET | BPF_K, what, 0, 0);
}

/* The number of the call is at hand, before it and after it. */
static void allow(struct filter *f, const struct rule *r)
{
	if (!r->mask) {
		unless_equal_skip(f, r->call, 1);
		answer(f, SECCOMP_RET_ALLOW);
		return;
	}
	unless_equal_skip(f, r->call, 5);
	/* The lower half: both architectures are little-endian. */
	load(f, offsetof(struct seccomp_data, args) + r->arg * sizeof(uint64_t));
	add(f, BPF_ALU | BPF_AND | BPF_K, r->mask, 0, 0);
	unless_equal_skip(f, r->value, 1);
	answer(f, SECCOMP_RET_ALLOW);
	load(f, offsetof(struct seccomp_data, nr));
}

/* A program of another architecture has other numbers for its calls: here that is no program of ours. */
static void begin(struct filter *f)
{
	load(f, offsetof(struct seccomp_data, arch));
	add(f, BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0);
	answer(f, SECCOMP_RET_KILL_PROCESS);
	load(f, offsetof(struct seccomp_data, nr));
}

/* The leak checker of a sanitizer stops all threads by ptrace when the program ends. */
static int install(struct filter *f)
{
#ifdef __SANITIZE_ADDRESS__
	return 0;
#else
	const struct sock_fprog prog = { f->n, f->v };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) ? -errno : 0;
#endif
}

static int limit(enum who who, pid_t child)
{
	const struct rule to_child = { __NR_kill, who, 0, EVERY_BIT, (uint32_t)child };
	struct filter f = { .n = 0 };
	size_t i;

	begin(&f);
	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		if (rules[i].who & who)
			allow(&f, &rules[i]);
	}
	if (child)
		allow(&f, &to_child);
	answer(&f, SECCOMP_RET_ERRNO | ENOSYS);
	return f.n > FILTER_MAX ? -E2BIG : install(&f);
}

int syscalls_loop(bool live, pid_t child)
{
	return limit(live ? LIVE : REPLAY, child);
}

int syscalls_exporter(void)
{
	return limit(EXPORTER, 0);
}
