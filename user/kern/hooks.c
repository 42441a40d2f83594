/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>

#include "kern/hooks.h"

#define ALL    (BY(CAPTURE_SOCKET) | BY(CAPTURE_FENTRY) | BY(CAPTURE_SYSCALL))
#define FENTRY (NEEDS(FEAT_TCP_MSG) | NEEDS(FEAT_TASK_PT_REGS) | NEEDS(FEAT_SOCK_STORAGE))
#define SOCKET (NEEDS(FEAT_SOCK_LENGTH) | NEEDS(FEAT_TASK_PT_REGS) | NEEDS(FEAT_SOCK_STORAGE))

static const struct hook hooks[] = {
	{ CAPABILITY_SEND, "sock_send", "tracepoint sock_send_length", BY(CAPTURE_SOCKET), SOCKET,
	  HOOK_REQUIRED },
	{ CAPABILITY_RECV, "sock_recv", "tracepoint sock_recv_length", BY(CAPTURE_SOCKET), SOCKET,
	  HOOK_REQUIRED },
	{ CAPABILITY_SEND, "sock_send_2", "the same, while that stands still", BY(CAPTURE_SOCKET),
	  SOCKET, HOOK_IN_ROW },
	{ CAPABILITY_RECV, "sock_recv_2", "the same, while that stands still", BY(CAPTURE_SOCKET),
	  SOCKET, HOOK_IN_ROW },
	{ CAPABILITY_SEND, "sock_send_3", "the same, while that stands still", BY(CAPTURE_SOCKET),
	  SOCKET, HOOK_IN_ROW },
	{ CAPABILITY_RECV, "sock_recv_3", "the same, while that stands still", BY(CAPTURE_SOCKET),
	  SOCKET, HOOK_IN_ROW },
	{ CAPABILITY_SEND, "tcp_send", "function tcp_sendmsg", BY(CAPTURE_FENTRY), FENTRY,
	  HOOK_REQUIRED },
	{ CAPABILITY_SEND, "tcp_send_2", "the same, while that stands still", BY(CAPTURE_FENTRY),
	  FENTRY, HOOK_IN_ROW },
	{ CAPABILITY_SEND, "tcp_send_3", "the same, while that stands still", BY(CAPTURE_FENTRY),
	  FENTRY, HOOK_IN_ROW },
	{ CAPABILITY_SEND, "tcp_sendpage", "function tcp_sendpage", BY(CAPTURE_FENTRY),
	  NEEDS(FEAT_TCP_SENDPAGE), HOOK_OPTIONAL },
	{ CAPABILITY_SEND, "unix_send", "function unix_stream_sendmsg", BY(CAPTURE_FENTRY),
	  NEEDS(FEAT_UNIX_MSG), HOOK_OPTIONAL },
	{ CAPABILITY_SEND, "unix_send_2", "the same, while that stands still", BY(CAPTURE_FENTRY),
	  NEEDS(FEAT_UNIX_MSG), HOOK_IN_ROW },
	{ CAPABILITY_SEND, "unix_send_3", "the same, while that stands still", BY(CAPTURE_FENTRY),
	  NEEDS(FEAT_UNIX_MSG), HOOK_IN_ROW },
	{ CAPABILITY_SEND, "unix_sendpage", "function unix_stream_sendpage", BY(CAPTURE_FENTRY),
	  NEEDS(FEAT_UNIX_SENDPAGE), HOOK_OPTIONAL },
	{ CAPABILITY_RECV, "tcp_recv", "function tcp_recvmsg", BY(CAPTURE_FENTRY), FENTRY,
	  HOOK_REQUIRED },
	{ CAPABILITY_RECV, "tcp_recv_2", "the same, while that stands still", BY(CAPTURE_FENTRY),
	  FENTRY, HOOK_IN_ROW },
	{ CAPABILITY_RECV, "tcp_recv_3", "the same, while that stands still", BY(CAPTURE_FENTRY),
	  FENTRY, HOOK_IN_ROW },
	{ CAPABILITY_RECV, "tcp_splice", "function tcp_splice_read", BY(CAPTURE_FENTRY),
	  NEEDS(FEAT_SPLICE_READ), HOOK_OPTIONAL },
	{ CAPABILITY_RECV, "unix_recv", "function unix_stream_recvmsg", BY(CAPTURE_FENTRY),
	  NEEDS(FEAT_UNIX_MSG), HOOK_OPTIONAL },
	{ CAPABILITY_RECV, "unix_recv_2", "the same, while that stands still", BY(CAPTURE_FENTRY),
	  NEEDS(FEAT_UNIX_MSG), HOOK_IN_ROW },
	{ CAPABILITY_RECV, "unix_recv_3", "the same, while that stands still", BY(CAPTURE_FENTRY),
	  NEEDS(FEAT_UNIX_MSG), HOOK_IN_ROW },
	{ CAPABILITY_SEND, "mptcp_send", "function mptcp_sendmsg, counted", BY(CAPTURE_FENTRY),
	  NEEDS(FEAT_MPTCP_MSG), HOOK_OPTIONAL },
	{ CAPABILITY_RECV, "mptcp_recv", "function mptcp_recvmsg, counted", BY(CAPTURE_FENTRY),
	  NEEDS(FEAT_MPTCP_MSG), HOOK_OPTIONAL },
	{ CAPABILITY_SEND, "sys_exit", "tracepoint sys_exit", BY(CAPTURE_SYSCALL),
	  NEEDS(FEAT_SYS_EXIT), HOOK_REQUIRED },
	{ CAPABILITY_RECV, "sys_exit", "tracepoint sys_exit", BY(CAPTURE_SYSCALL),
	  NEEDS(FEAT_SYS_EXIT), HOOK_REQUIRED },
	{ CAPABILITY_SEND, "sys_exit_2", "the same, while that stands still", BY(CAPTURE_SYSCALL),
	  NEEDS(FEAT_SYS_EXIT), HOOK_IN_ROW },
	{ CAPABILITY_RECV, "sys_exit_2", "the same, while that stands still", BY(CAPTURE_SYSCALL),
	  NEEDS(FEAT_SYS_EXIT), HOOK_IN_ROW },
	{ CAPABILITY_SEND, "sys_exit_3", "the same, while that stands still", BY(CAPTURE_SYSCALL),
	  NEEDS(FEAT_SYS_EXIT), HOOK_IN_ROW },
	{ CAPABILITY_RECV, "sys_exit_3", "the same, while that stands still", BY(CAPTURE_SYSCALL),
	  NEEDS(FEAT_SYS_EXIT), HOOK_IN_ROW },
	{ CAPABILITY_SEND_START, "send_start", "tracepoint tcp_sendmsg_locked",
	  BY(CAPTURE_SOCKET) | BY(CAPTURE_SYSCALL), NEEDS(FEAT_SEND_START), HOOK_OPTIONAL },
	{ CAPABILITY_SEND_START, "tcp_send_entry", "function tcp_sendmsg", BY(CAPTURE_FENTRY),
	  FENTRY, HOOK_OPTIONAL },
	{ CAPABILITY_ARRIVAL, "arrive", "tracepoint tcp_probe", ALL, NEEDS(FEAT_TCP_PROBE),
	  HOOK_OPTIONAL },
	{ CAPABILITY_CONN_LIFE, "sock_set_state", "tracepoint inet_sock_set_state", ALL,
	  NEEDS(FEAT_SOCK_STATE), HOOK_REQUIRED },
	{ CAPABILITY_CONN_LIFE, "sock_destroy", "tracepoint tcp_destroy_sock", ALL,
	  NEEDS(FEAT_RINGBUF), HOOK_REQUIRED },
	{ CAPABILITY_TASK_LIFE, "task_fork", "tracepoint sched_process_fork", ALL,
	  NEEDS(FEAT_RINGBUF), HOOK_REQUIRED },
	{ CAPABILITY_TASK_LIFE, "task_exec", "tracepoint sched_process_exec", ALL,
	  NEEDS(FEAT_RINGBUF), HOOK_REQUIRED },
	{ CAPABILITY_TASK_LIFE, "task_exit", "tracepoint sched_process_exit", ALL,
	  NEEDS(FEAT_RINGBUF), HOOK_REQUIRED },
	{ CAPABILITY_WAKE, "task_wake", "tracepoint sched_waking", ALL, NEEDS(FEAT_TASK_PT_REGS),
	  HOOK_OPTIONAL },
	{ CAPABILITY_LOGS, "log_write", "function of write()",
	  BY(CAPTURE_SOCKET) | BY(CAPTURE_FENTRY), NEEDS(FEAT_SYS_WRITE), HOOK_OPTIONAL },
	{ CAPABILITY_LOGS, "log_writev", "function of writev()",
	  BY(CAPTURE_SOCKET) | BY(CAPTURE_FENTRY), NEEDS(FEAT_SYS_WRITEV), HOOK_OPTIONAL },
	{ CAPABILITY_LOGS, "log_exit", "tracepoint sys_exit", BY(CAPTURE_SYSCALL),
	  NEEDS(FEAT_SYS_EXIT), HOOK_OPTIONAL },
};

static const struct {
	const char *name;
	const char *without;
} capabilities[CAPABILITY__CNT] = {
	[CAPABILITY_SEND] = { "bytes sent", "no tracing" },
	[CAPABILITY_RECV] = { "bytes received", "no tracing" },
	[CAPABILITY_SEND_START] = { "start of a send",
				    "client spans start when the send has returned" },
	[CAPABILITY_ARRIVAL] = { "arrival of a request",
				 "server spans start when the program reads" },
	[CAPABILITY_CONN_LIFE] = { "life of connections", "no tracing" },
	[CAPABILITY_TASK_LIFE] = { "life of processes", "no tracing" },
	[CAPABILITY_WAKE] = { "hand-offs between threads",
			      "calls made by pools of threads stay unlinked" },
	[CAPABILITY_LOGS] = { "what programs log (--logs)", "no log lines" },
};

size_t hooks_cnt(void)
{
	return ARRAY_SIZE(hooks);
}

const struct hook *hook_at(size_t i)
{
	return &hooks[i];
}

enum capture_method hook_method(const struct hook *h, enum capture_method method, bool hookable)
{
	return h->capability == CAPABILITY_LOGS && !hookable ? CAPTURE_SYSCALL : method;
}

bool hook_used(const struct hook *h, enum capture_method method, const struct bpf_cfg *cfg)
{
	if (h->capability == CAPABILITY_WAKE && !cfg->wake_edges)
		return false;
	if (h->capability == CAPABILITY_LOGS && !cfg->log_stdio && !cfg->log_files)
		return false;
	return h->providers & BY(method) && (h->kind != HOOK_IN_ROW || cfg->rows);
}

const char *capability_name(enum capability c)
{
	return capabilities[c].name;
}

const char *capability_without(enum capability c)
{
	return capabilities[c].without;
}

const char *provider_name(enum capture_method method)
{
	static const char *const names[] = {
		[CAPTURE_AUTO] = "auto",
		[CAPTURE_SOCKET] = "socket tracepoints",
		[CAPTURE_FENTRY] = "kernel functions",
		[CAPTURE_SYSCALL] = "system calls",
	};

	return names[method];
}

const char *hook_lacks(const struct hook *h, const struct btf *btf, char *buf, size_t sz)
{
	size_t n = 0;
	int f;

	for (f = 0; f < FEAT__CNT; f++) {
		const struct feature_info *info = feature_info(f);

		if (!(h->needs & NEEDS(f)) || feature_in(btf, f))
			continue;
		n += snprintf(buf + n, sz - n, "%s%s (%s)", n ? ", " : "", info->name, info->since);
		if (n >= sz)
			break;
	}
	return n ? buf : NULL;
}

int provider_check(enum capture_method method, const struct btf *btf, struct err *err)
{
	char lacks[256];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		const struct hook *h = &hooks[i];

		if (!(h->providers & BY(method)) || h->kind != HOOK_REQUIRED ||
		    !hook_lacks(h, btf, lacks, sizeof(lacks)))
			continue;
		return err_set(err, -EOPNOTSUPP, "this kernel lacks %s, which capture by %s needs",
			       lacks, provider_name(method));
	}
	return 0;
}
