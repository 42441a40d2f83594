/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An attribute that is there is not replaced, so the order below is the order of who is to be
 * believed: what the tracer knows for certain, then what the target says of itself, then what the
 * tracer's user says of all, then what was found.
 */
#include <string.h>
#include <time.h>
#include <uuid/uuid.h>

#include "base/log.h"
#include "host/attr_list.h"
#include "host/cgroup.h"
#include "host/describe.h"
#include "host/folder.h"

static const struct language_runtime {
	const char *programs; /* words between spaces */
	const char *language; /* telemetry.sdk.language */
	const char *name; /* process.runtime.name */
} runtimes[] = {
	{ "python", "python", "cpython" },
	{ "pypy", "python", "pypy" },
	{ "node nodejs", "nodejs", "nodejs" },
	{ "java javaw", "java", "java" },
	{ "ruby", "ruby", "ruby" },
	{ "php php-fpm php-cgi", "php", "php" },
	{ "dotnet", "dotnet", ".NET" },
	{ "beam.smp", "erlang", "BEAM" },
};

static void add_text(struct attrs *a, const char *key, const char *value)
{
	if (value[0])
		attrs_str(a, key, slice_str(value));
}

static struct slice executable_path(const struct proc_facts *f)
{
	static const char deleted[] = " (deleted)";
	struct slice path = slice_str(f->exe);
	size_t n = sizeof(deleted) - 1;

	if (path.n > n && slice_eq(slice_sub(path, path.n - n, n), slice_str(deleted)))
		path.n -= n;
	return path;
}

/* By the executable: what a script calls itself may be anything. NULL: compiled, or not known. */
static const struct language_runtime *runtime_of(const struct proc_facts *f)
{
	struct slice program = path_base(executable_path(f));

	while (program.n && strchr("0123456789.", program.p[program.n - 1]))
		program.n--;
	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++)
		if (program.n && word_is_one_of(program, runtimes[i].programs))
			return &runtimes[i];
	return NULL;
}

const char *describe_runtime(const struct proc_facts *process)
{
	const struct language_runtime *rt = runtime_of(process);

	return rt ? rt->name : NULL;
}

static void add_telemetry(struct attrs *a, const struct description *d)
{
	const struct language_runtime *rt = d->process ? runtime_of(d->process) : NULL;

	add_text(a, "telemetry.sdk.name", "ebpf-tracer");
	/*
	 * Backends sort services by this: the language of the target when it is known, else our
	 * own.
	 */
	add_text(a, "telemetry.sdk.language", rt ? rt->language : "c");
	add_text(a, "telemetry.sdk.version", d->version);
	add_text(a, "telemetry.distro.name", "ebpf-tracer");
	add_text(a, "telemetry.distro.version", d->version);
}

static void add_creation_time(struct attrs *a, uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / NSEC_PER_SEC);
	char text[32], date[24];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm))
		return;
	snprintf(text, sizeof(text), "%s.%03uZ", date,
		 (unsigned)(wall_ns % NSEC_PER_SEC / NSEC_PER_MSEC));
	add_text(a, "process.creation.time", text);
}

static void add_process(struct attrs *a, const struct description *d)
{
	const struct proc_facts *f = d->process;
	struct slice exe = executable_path(f);
	const struct language_runtime *rt = runtime_of(f);

	attrs_int(a, "process.pid", f->tgid);
	attrs_int(a, "process.parent_pid", f->ppid);
	if (d->host->boot_ns && f->start_ns)
		add_creation_time(a, d->host->boot_ns + f->start_ns);
	if (exe.n) {
		attrs_str(a, "process.executable.name", path_base(exe));
		attrs_str(a, "process.executable.path", exe);
	}
	/*
	 * Only the first: what follows may hold secrets. A title is a line of its own, which may as
	 * well.
	 */
	if (f->args_cnt > 1 || (f->args_cnt && !strchr(f->args[0], ' ')))
		add_text(a, "process.command", f->args[0]);
	add_text(a, "process.owner", f->owner);
	if (rt)
		add_text(a, "process.runtime.name", rt->name);
}

static void add_list(struct attrs *a, const char *list, const char *whose)
{
	if (attr_list_parse(slice_str(list), a))
		log_debug("host: %s is malformed, ignoring", whose);
}

static void add_container(struct attrs *a, const struct proc_facts *f)
{
	char id[CONTAINER_ID_LEN + 1], uid[POD_UID_LEN + 1];

	if (cgroup_container_id(slice_str(f->cgroup), id))
		add_text(a, "container.id", id);
	if (cgroup_pod_uid(slice_str(f->cgroup), uid))
		add_text(a, "k8s.pod.uid", uid);
}

static void add_host(struct attrs *a, const struct host_facts *host)
{
	add_text(a, "host.name", host->name);
	add_text(a, "host.id", host->id);
	add_text(a, "host.arch", host->arch);
	add_text(a, "os.type", "linux");
	add_text(a, "os.version", host->kernel);
}

void instance_id(const struct host_facts *host, const struct instance *instance,
		 char ret_id[INSTANCE_ID_LEN + 1])
{
	/* The name space that the semantic conventions give for service.instance.id. */
	static const uuid_t name_space = { 0x4d, 0x63, 0x00, 0x9a, 0x8d, 0x0f, 0x11, 0xee,
					   0xaa, 0xd7, 0x4c, 0x79, 0x6e, 0xd8, 0xe3, 0x20 };
	char text[sizeof(host->name) + 64];
	uuid_t id;
	int n;

	n = snprintf(text, sizeof(text), "%s %llu %u %u", host->id[0] ? host->id : host->name,
		     (unsigned long long)instance->start_ns, instance->tgid, instance->port);
	uuid_generate_sha1(id, name_space, text, (size_t)n);
	uuid_unparse_lower(id, ret_id);
}

struct resource *describe(const struct description *d)
{
	struct resource *r = resource_new();
	struct instance instance;
	char id[INSTANCE_ID_LEN + 1];

	if (!r)
		return NULL;
	add_telemetry(&r->attrs, d);
	add_text(&r->attrs, "service.name", d->service);
	if (d->process) {
		add_process(&r->attrs, d);
		add_list(&r->attrs, d->process->context, "the target's process context");
		add_list(&r->attrs, d->process->resource_attributes,
			 "the target's OTEL_RESOURCE_ATTRIBUTES");
	}
	add_list(&r->attrs, d->attributes, "our OTEL_RESOURCE_ATTRIBUTES");
	add_host(&r->attrs, d->host);
	if (d->process) {
		add_container(&r->attrs, d->process);
		instance = (struct instance){ .tgid = d->process->tgid,
					      .start_ns = d->process->start_ns };
		instance_id(d->host, &instance, id);
		add_text(&r->attrs, "service.instance.id", id);
	}
	return r;
}
