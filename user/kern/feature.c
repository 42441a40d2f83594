/* SPDX-License-Identifier: GPL-2.0-only */
#include <bpf/btf.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "base/compiler.h"
#include "kern/feature.h"

enum probe { PROBE_TRACEPOINT, PROBE_FUNCTION, PROBE_HELPER, PROBE_MAP, PROBE_RELEASE };

#define ANY_ARGS 0

/* Before the name of a system call, that of its function: as in bpf/lib/arch.bpf.h. */
#if defined(__aarch64__)
#define CALL_FUNCTION "__arm64_sys_"
#else
#define CALL_FUNCTION "__x64_sys_"
#endif

static const struct {
	struct feature_info info;
	enum probe probe;
	const char *symbol;
	/* TRACEPOINT: at least so many; FUNCTION: so many, or up to `more` more; RELEASE: "7.0"; else ANY_ARGS */
	unsigned args;
	unsigned more;
} features[FEAT__CNT] = {
	[FEAT_RINGBUF] = { { "ring buffer", "5.8" }, PROBE_MAP, "BPF_MAP_TYPE_RINGBUF", ANY_ARGS },
	[FEAT_SOCK_LENGTH] = { { "socket tracepoints", "6.3" },
			       PROBE_TRACEPOINT,
			       "sock_send_length",
			       3 },
	[FEAT_SEND_START] = { { "tracepoint tcp_sendmsg_locked", "6.16" },
			      PROBE_TRACEPOINT,
			      "tcp_sendmsg_locked",
			      4 },
	[FEAT_TCP_PROBE] = { { "tracepoint tcp_probe", "4.16" }, PROBE_TRACEPOINT, "tcp_probe", 2 },
	[FEAT_SOCK_STATE] = { { "tracepoint inet_sock_set_state", "4.16" },
			      PROBE_TRACEPOINT,
			      "inet_sock_set_state",
			      3 },
	[FEAT_SYS_EXIT] = { { "tracepoint sys_exit", "2.6.30" }, PROBE_TRACEPOINT, "sys_exit", 2 },
	[FEAT_TASK_PT_REGS] = { { "helper task_pt_regs", "5.15" },
				PROBE_HELPER,
				"BPF_FUNC_task_pt_regs",
				ANY_ARGS },
	[FEAT_SOCK_STORAGE] = { { "socket storage for tracing", "5.11" },
				PROBE_FUNCTION,
				"bpf_sk_storage_get_tracing",
				5 },
	/*
	 * The number of arguments tells the signature, and the programs know where `flags` is in
	 * two of three: tcp_recvmsg() lost the argument before it in 5.19, and in some later
	 * kernels the one after it.
	 */
	[FEAT_TCP_MSG] = { { "functions tcp_sendmsg, tcp_recvmsg", "5.19" },
			   PROBE_FUNCTION,
			   "tcp_recvmsg",
			   4,
			   1 },
	[FEAT_UNIX_MSG] = { { "functions unix_stream_*msg", "2.6" },
			    PROBE_FUNCTION,
			    "unix_stream_recvmsg",
			    4 },
	[FEAT_MPTCP_MSG] = { { "functions mptcp_*msg", "5.6" },
			     PROBE_FUNCTION,
			     "mptcp_recvmsg",
			     4,
			     2 },
	[FEAT_TCP_SENDPAGE] = { { "function tcp_sendpage", "until 6.4" },
				PROBE_FUNCTION,
				"tcp_sendpage",
				5 },
	[FEAT_UNIX_SENDPAGE] = { { "function unix_stream_sendpage", "until 6.4" },
				 PROBE_FUNCTION,
				 "unix_stream_sendpage",
				 5 },
	[FEAT_SPLICE_READ] = { { "function tcp_splice_read", "2.6.25" },
			       PROBE_FUNCTION,
			       "tcp_splice_read",
			       5 },
	[FEAT_PREEMPTIBLE] = { { "preemptible tracepoint programs", "7.0" },
			       PROBE_RELEASE,
			       "7.0",
			       ANY_ARGS },
	[FEAT_SYS_WRITE] = { { "function of write()", "4.17" },
			     PROBE_FUNCTION,
			     CALL_FUNCTION "write",
			     1 },
	[FEAT_SYS_WRITEV] = { { "function of writev()", "4.17" },
			      PROBE_FUNCTION,
			      CALL_FUNCTION "writev",
			      1 },
};

static const struct btf_type *target(const struct btf *btf, const struct btf_type *t)
{
	return t ? btf__type_by_id(btf, t->type) : NULL;
}

/*
 * btf_trace_X is a typedef of a pointer to the probe's prototype, whose first argument is not the
 * tracepoint's own.
 */
static bool has_tracepoint(const struct btf *btf, const char *name, unsigned args)
{
	char symbol[64];
	const struct btf_type *proto;
	int id;

	snprintf(symbol, sizeof(symbol), "btf_trace_%s", name);
	id = btf__find_by_name_kind(btf, symbol, BTF_KIND_TYPEDEF);
	if (id < 0)
		return false;
	proto = target(btf, target(btf, btf__type_by_id(btf, id)));
	return proto && btf_is_func_proto(proto) && btf_vlen(proto) > args;
}

static bool has_function(const struct btf *btf, const char *name, unsigned args, unsigned more)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);
	const struct btf_type *proto = id < 0 ? NULL : target(btf, btf__type_by_id(btf, id));

	return proto && btf_is_func_proto(proto) && btf_vlen(proto) >= args &&
	       btf_vlen(proto) <= args + more;
}

static bool has_enumerator(const struct btf *btf, const char *type, const char *name)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_ENUM);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(btf, id);
	unsigned i;

	for (i = 0; t && i < btf_vlen(t); i++) {
		const char *one = btf__name_by_offset(btf, btf_enum(t)[i].name_off);

		if (one && !strcmp(one, name))
			return true;
	}
	return false;
}

/* "6.12.107+deb13-amd64" is at least "6.3". */
static bool is_release(const char *wanted)
{
	unsigned major, minor, least_major, least_minor;
	struct utsname u;

	return !uname(&u) && sscanf(u.release, "%u.%u", &major, &minor) == 2 &&
	       sscanf(wanted, "%u.%u", &least_major, &least_minor) == 2 &&
	       (major > least_major || (major == least_major && minor >= least_minor));
}

const struct feature_info *feature_info(enum feature f)
{
	return &features[f].info;
}

bool feature_in(const struct btf *btf, enum feature f)
{
	const char *symbol = features[f].symbol;

	switch (features[f].probe) {
	case PROBE_TRACEPOINT:
		return has_tracepoint(btf, symbol, features[f].args);
	case PROBE_FUNCTION:
		return has_function(btf, symbol, features[f].args, features[f].more);
	case PROBE_HELPER:
		return has_enumerator(btf, "bpf_func_id", symbol);
	case PROBE_MAP:
		return has_enumerator(btf, "bpf_map_type", symbol);
	case PROBE_RELEASE:
		return is_release(symbol);
	}
	return false;
}
