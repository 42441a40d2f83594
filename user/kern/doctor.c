/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What would happen: the same tables and the same loading as a real capture, tried and put away
 * again, then told. A hook counts as attached only if it was, a moment ago, on this kernel.
 */
#include <bpf/btf.h>
#include <inttypes.h>
#include <sys/utsname.h>

#include "kern/doctor.h"
#include "kern/hooks.h"
#include "kern/privilege.h"

static const enum capture_method methods[] = { CAPTURE_SOCKET, CAPTURE_FENTRY, CAPTURE_SYSCALL };

static bool try_method(enum capture_method method, struct err *err)
{
	struct capture_opts opts = { .method = method, .cfg = { .wake_edges = true } };
	struct capture *c;

	if (capture_new(&opts, &c, err))
		return false;
	capture_free(c);
	return true;
}

static void report_features(FILE *out, const struct btf *btf)
{
	int f;

	fprintf(out, "\nkernel features\n");
	for (f = 0; f < FEAT__CNT; f++) {
		const struct feature_info *info = feature_info(f);

		fprintf(out, "  %-34s %-10s %s\n", info->name, info->since,
			feature_in(btf, f) ? "yes" : "no");
	}
}

/* The first that works is the one that `auto` takes. CAPTURE_AUTO: none does. */
static enum capture_method report_methods(FILE *out)
{
	enum capture_method best = CAPTURE_AUTO;
	size_t i;

	fprintf(out, "\ncapture methods\n");
	for (i = 0; i < ARRAY_SIZE(methods); i++) {
		struct err why = { "" };
		bool works = try_method(methods[i], &why);

		fprintf(out, "  %-34s %s\n", provider_name(methods[i]),
			!works                 ? why.text
			: best == CAPTURE_AUTO ? "works, preferred"
					       : "works");
		if (works && best == CAPTURE_AUTO)
			best = methods[i];
	}
	return best;
}

static bool attached(const struct hook *h, enum capture_method method, const struct btf *btf)
{
	char lacks[256];

	return h->providers & BY(method) && !hook_lacks(h, btf, lacks, sizeof(lacks));
}

static void report_capability(FILE *out, enum capability cap, enum capture_method method,
			      const struct btf *btf)
{
	char lacks[256];
	bool served = false;
	size_t i;

	for (i = 0; i < hooks_cnt(); i++) {
		const struct hook *h = hook_at(i);

		if (h->capability != cap || !(h->providers & BY(method)))
			continue;
		fprintf(out, "  %-28s %-34s ", served ? "" : capability_name(cap), h->where);
		served = true;
		if (attached(h, method, btf))
			fprintf(out, "attached\n");
		else
			fprintf(out, "missing: %s\n", hook_lacks(h, btf, lacks, sizeof(lacks)));
	}
	for (i = 0; i < hooks_cnt(); i++) {
		if (hook_at(i)->capability == cap && attached(hook_at(i), method, btf))
			return;
	}
	fprintf(out, "  %-28s %-34s missing, so %s\n", served ? "" : capability_name(cap), "none",
		capability_without(cap));
}

static void report_hooks(FILE *out, enum capture_method method, const struct btf *btf)
{
	int cap;

	fprintf(out, "\nhooks, by %s\n", provider_name(method));
	for (cap = 0; cap < CAPABILITY__CNT; cap++)
		report_capability(out, cap, method, btf);
}

static void report_limits(FILE *out, enum capture_method method)
{
	fprintf(out, "\nseen in part\n"
		     "  sendfile, splice             lengths, no bytes\n");
	if (method == CAPTURE_SYSCALL)
		fprintf(out, "  io_uring, 32-bit programs    not seen by system calls\n");
	else
		fprintf(out, "  io_uring, 32-bit programs    lengths, no bytes\n");
	fprintf(out, "  MPTCP connections            not traced, counted\n");
}

int doctor_report(FILE *out)
{
	enum capture_method best;
	struct err err = { "" };
	struct utsname u;
	struct btf *btf;

	if (!uname(&u))
		fprintf(out, "kernel %s on %s\n", u.release, u.machine);
	fprintf(out, "  %-34s %s\n", "privileges", privilege_check(&err) ? err.text : "enough");
	btf = btf__load_vmlinux_btf();
	fprintf(out, "  %-34s %s\n", "kernel types (BTF)",
		btf ? "there" : "missing: CONFIG_DEBUG_INFO_BTF");
	if (!btf)
		return -1;
	report_features(out, btf);
	best = report_methods(out);
	if (best != CAPTURE_AUTO) {
		report_hooks(out, best, btf);
		report_limits(out, best);
	}
	btf__free(btf);
	return best == CAPTURE_AUTO ? -1 : 0;
}
