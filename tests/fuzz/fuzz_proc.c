/* SPDX-License-Identifier: GPL-2.0-only */
/* Any bytes as what /proc/PID says: stat, status, environ, cgroup, each read as all of them. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/cgroup.h"
#include "host/procfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static bool is_part(struct slice part, struct slice whole)
{
	return !part.p || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void read_cgroup(struct slice file)
{
	char id[CONTAINER_ID_LEN + 1], uid[POD_UID_LEN + 1], name[UNIT_NAME_MAX];
	struct slice path = cgroup_path(file);

	expect(is_part(path, file));
	if (cgroup_container_id(path, id))
		expect(strlen(id) == CONTAINER_ID_LEN);
	if (cgroup_pod_uid(path, uid))
		expect(strlen(uid) == POD_UID_LEN);
	if (cgroup_service(path, name))
		expect(name[0] && strlen(name) < sizeof(name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice text = { (const char *)data, size };
	struct proc_status status;
	struct proc_stat stat;

	if (!procfs_parse_stat(text, &stat))
		expect(memchr(stat.comm, '\0', sizeof(stat.comm)));
	if (!procfs_parse_status(text, &status))
		expect(memmem(text.p, text.n, "Tgid:", strlen("Tgid:")));
	expect(is_part(procfs_variable(text, "OTEL_SERVICE_NAME"), text));
	read_cgroup(text);
	return 0;
}
