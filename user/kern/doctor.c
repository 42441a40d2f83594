/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What would happen: the same tables and the same loading as a real capture, tried and put away
 * again, then told. A hook counts as attached only if it was, a moment ago, on this kernel.
 */
#include <bpf/btf.h>
#include <inttypes.h>
#include <sys/utsname.h>

#include "host/procfs.h"
#include "kern/doctor.h"
#include "kern/hooks.h"
#include "kern/privilege.h"

static const enum capture_method methods[] = { CAPTURE_SOCKET, CAPTURE_FENTRY, CAPTURE_SYSCALL };

static bool try_method(const char *btf_path, enum capture_method method, struct err *err)
{
	struct capture_opts opts = {
		.method = method,
		.btf_path = btf_path,
		.cfg = { .wake_edges = true, .log_stdio = true },
	};
	struct capture *c;

	if (capture_new(&opts, &c, err))
		return false;
	capture_free(c);
	return true;
}

static void report_features(struct report *r, const struct btf *btf)
{
	int f;

	report_section(r, "kernel features");
	for (f = 0; f < FEAT__CNT; f++) {
		const struct feature_info *info = feature_info(f);

		report_row(r, &(struct report_row){ info->name, info->since,
						    feature_in(btf, f) ? "yes" : "no", NULL });
	}
}

/* The first that works is the one that `auto` takes. CAPTURE_AUTO: none does. */
static enum capture_method report_methods(struct report *r, const char *btf_path)
{
	enum capture_method best = CAPTURE_AUTO;
	size_t i;

	report_section(r, "capture methods");
	for (i = 0; i < ARRAY_SIZE(methods); i++) {
		struct err err = { "" };
		bool works = try_method(btf_path, methods[i], &err);
		const char *why = works ? NULL : err.text;

		if (works && best == CAPTURE_AUTO) {
			best = methods[i];
			why = "preferred";
		}
		report_row(r, &(struct report_row){ provider_name(methods[i]), NULL,
						    works ? "works" : "refused", why });
	}
	return best;
}

/* A capture by this method that wants everything. */
struct plan {
	enum capture_method method;
	const struct btf *btf;
	bool hookable; /* functions, where they are no more than a part of it */
};

static bool wanted(const struct hook *h, const struct plan *p)
{
	const struct bpf_cfg cfg = {
		.wake_edges = true,
		.log_stdio = true,
		.rows = feature_in(p->btf, FEAT_PREEMPTIBLE),
	};

	return hook_used(h, hook_method(h, p->method, p->hookable), &cfg);
}

static bool attached(const struct hook *h, const struct plan *p)
{
	char lacks[256];

	return wanted(h, p) && !hook_lacks(h, p->btf, lacks, sizeof(lacks));
}

static void report_hook(struct report *r, const struct hook *h, const struct btf *btf)
{
	char lacks[256], why[300];
	bool missing = hook_lacks(h, btf, lacks, sizeof(lacks));

	snprintf(why, sizeof(why), "no %s", lacks);
	report_row(r,
		   &(struct report_row){ capability_name(h->capability), h->where,
					 missing ? "missing" : "attached", missing ? why : NULL });
}

static void report_capability(struct report *r, enum capability cap, const struct plan *p)
{
	bool served = false;
	char so[128];
	size_t i;

	for (i = 0; i < hooks_cnt(); i++) {
		const struct hook *h = hook_at(i);

		if (h->capability != cap || !wanted(h, p))
			continue;
		report_hook(r, h, p->btf);
		served |= attached(h, p);
	}
	if (served)
		return;
	snprintf(so, sizeof(so), "so %s", capability_without(cap));
	report_row(r, &(struct report_row){ capability_name(cap), "none", "missing", so });
}

static void report_hooks(struct report *r, enum capture_method method, const struct btf *btf)
{
	const struct plan plan = { method, btf, capture_functions_hookable(btf) };
	char title[64];
	int cap;

	snprintf(title, sizeof(title), "hooks, by %s", provider_name(method));
	report_section(r, title);
	for (cap = 0; cap < CAPABILITY__CNT; cap++)
		report_capability(r, cap, &plan);
}

static void report_limits(struct report *r, enum capture_method method)
{
	bool unseen = method == CAPTURE_SYSCALL;

	report_section(r, "seen in part");
	report_row(r, &(struct report_row){ "sendfile, splice", NULL, "lengths, no bytes", NULL });
	report_row(r, &(struct report_row){
			      "io_uring", NULL,
			      unseen ? "not seen by system calls" : "lengths, no bytes", NULL });
	report_row(r, &(struct report_row){ "MPTCP connections", NULL, "not traced", "counted" });
}

static struct btf *report_kernel(struct report *r, const char *btf_path)
{
	struct err err = { "" };
	struct utsname u;
	struct btf *btf;
	bool proc;

	report_section(r, "kernel");
	if (!uname(&u)) {
		report_row(r, &(struct report_row){ "release", NULL, u.release, NULL });
		report_row(r, &(struct report_row){ "machine", NULL, u.machine, NULL });
	}
	if (privilege_check(&err))
		report_row(r, &(struct report_row){ "privileges", NULL, "not enough", err.text });
	else
		report_row(r, &(struct report_row){ "privileges", NULL, "enough", NULL });
	proc = !procfs_check(&err);
	report_row(r, &(struct report_row){ "processes (/proc)", NULL, proc ? "there" : "missing",
					    proc ? NULL : err.text });
	if (capture_btf(btf_path, &btf, &err))
		btf = NULL;
	report_row(r, &(struct report_row){ "kernel types (BTF)", NULL, btf ? "there" : "missing",
					    btf ? btf_path : err.text });
	return btf;
}

bool doctor_report(struct report *r, const char *btf_path)
{
	struct err unseen;
	struct btf *btf = report_kernel(r, btf_path);
	enum capture_method best;

	if (!btf)
		return false;
	report_features(r, btf);
	best = report_methods(r, btf_path);
	if (best != CAPTURE_AUTO) {
		report_hooks(r, best, btf);
		report_limits(r, best);
	}
	btf__free(btf);
	return best != CAPTURE_AUTO && !procfs_check(&unseen);
}
