/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/slice.h"
#include "guard/syscalls.h"

/* Words between spaces. Memory, threads, time, signals, files: what libc itself lives on. */
static const char for_all[] =
	"access brk clock_getres clock_gettime clock_nanosleep close dup epoll_ctl epoll_pwait "
	"epoll_pwait2 epoll_wait exit exit_group faccessat faccessat2 fcntl fstat fstatfs "
	"ftruncate futex futex_time64 futex_wait futex_wake getcwd getdents64 getegid geteuid "
	"getgid getpid getppid getrandom getrusage gettid gettimeofday getuid lseek lstat madvise "
	"membarrier mmap mprotect mremap munmap nanosleep newfstatat poll ppoll pread64 read "
	"readlink readlinkat readv restart_syscall rseq rt_sigaction rt_sigprocmask rt_sigreturn "
	"sched_getaffinity sched_yield set_robust_list set_tid_address sigaltstack stat statx "
	"sysinfo tgkill time uname write writev";

/* The end of the command. */
static const char for_loop[] = "wait4 waitid";

/* libcurl, and the resolver, which runs in threads of its own. */
static const char for_exporter[] =
	"bind connect epoll_create1 eventfd2 getpeername getsockname getsockopt pipe2 recvfrom "
	"recvmmsg recvmsg sendmmsg sendmsg sendto setsockopt shutdown socketpair";

/* Allowed only if its argument, masked, has this value. */
struct condition {
	int call;
	unsigned arg;
	uint64_t mask, value;
};

#define INT_BITS    UINT32_MAX /* the kernel looks at no more of an int */
#define WRITE_FLAGS (O_ACCMODE | O_CREAT | O_TRUNC)

static const struct condition if_all[] = {
	{ SCMP_SYS(open), 1, WRITE_FLAGS, O_RDONLY },
	{ SCMP_SYS(openat), 2, WRITE_FLAGS, O_RDONLY },
	/* No command line is ever put into a terminal's input (TIOCSTI). */
	{ SCMP_SYS(ioctl), 1, INT_BITS, FIONREAD },
	{ SCMP_SYS(ioctl), 1, INT_BITS, FIONBIO },
	{ SCMP_SYS(ioctl), 1, INT_BITS, TCGETS },
	{ SCMP_SYS(ioctl), 1, INT_BITS, TIOCGWINSZ },
};

static const struct condition if_live[] = {
	{ SCMP_SYS(bpf), 0, INT_BITS, BPF_MAP_LOOKUP_ELEM },
	{ SCMP_SYS(bpf), 0, INT_BITS, BPF_MAP_UPDATE_ELEM },
	{ SCMP_SYS(bpf), 0, INT_BITS, BPF_MAP_DELETE_ELEM },
	{ SCMP_SYS(bpf), 0, INT_BITS, BPF_OBJ_GET_INFO_BY_FD },
};

static const struct condition if_exporter[] = {
	{ SCMP_SYS(socket), 0, INT_BITS, AF_INET },
	{ SCMP_SYS(socket), 0, INT_BITS, AF_INET6 },
	{ SCMP_SYS(socket), 0, INT_BITS, AF_UNIX },
	{ SCMP_SYS(socket), 0, INT_BITS,
	  AF_NETLINK }, /* getaddrinfo() looks which addresses we have */
	/* Threads, no processes. clone3() hides its flags from us; libc takes this one where there is no other. */
	{ SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD },
};

static void seccomp_releasep(scmp_filter_ctx *f)
{
	if (*f)
		seccomp_release(*f);
}

static int allow_if(scmp_filter_ctx f, const struct condition *c, size_t n)
{
	int err = 0;
	size_t i;

	for (i = 0; !err && i < n; i++)
		err = seccomp_rule_add(
			f, SCMP_ACT_ALLOW, c[i].call, 1,
			SCMP_CMP(c[i].arg, SCMP_CMP_MASKED_EQ, c[i].mask, c[i].value));
	return err;
}

/* A name that this architecture or library does not know is passed over. */
static int allow(scmp_filter_ctx f, const char *names)
{
	struct slice rest = slice_str(names);
	int err = 0;

	while (!err && rest.n) {
		_cleanup_(freep) char *name = slice_dup(slice_split(&rest, ' '));
		int call = name ? seccomp_syscall_resolve_name(name) : __NR_SCMP_ERROR;

		if (call >= 0)
			err = seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 0);
	}
	return err;
}

static int new_filter(scmp_filter_ctx *ret_filter)
{
	int err;

	*ret_filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	if (!*ret_filter)
		return -ENOMEM;
	/* The kernel's own errno, not the library's word for all of them. */
	err = seccomp_attr_set(*ret_filter, SCMP_FLTATR_API_SYSRAWRC, 1);
	if (!err)
		err = allow(*ret_filter, for_all);
	return err ? err : allow_if(*ret_filter, if_all, ARRAY_SIZE(if_all));
}

/* The leak checker of a sanitizer stops all threads by ptrace when the program ends. */
static int install(scmp_filter_ctx f)
{
#ifdef __SANITIZE_ADDRESS__
	return 0;
#else
	return seccomp_load(f);
#endif
}

int syscalls_loop(bool live, pid_t child)
{
	const struct condition to_child = { SCMP_SYS(kill), 0, INT_BITS, (uint64_t)child };
	_cleanup_(seccomp_releasep) scmp_filter_ctx f = NULL;
	int err = new_filter(&f);

	if (!err && live)
		err = allow(f, for_loop);
	if (!err && live)
		err = allow_if(f, if_live, ARRAY_SIZE(if_live));
	if (!err && child)
		err = allow_if(f, &to_child, 1);
	return err ? err : install(f);
}

int syscalls_exporter(void)
{
	_cleanup_(seccomp_releasep) scmp_filter_ctx f = NULL;
	int err = new_filter(&f);

	if (!err)
		err = allow(f, for_exporter);
	if (!err)
		err = allow_if(f, if_exporter, ARRAY_SIZE(if_exporter));
	return err ? err : install(f);
}
