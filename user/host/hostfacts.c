/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "host/services.h"

/* OpenTelemetry's names for what uname says. */
static const struct {
	const char *machine, *arch;
} archs[] = {
	{ "x86_64", "amd64" }, { "aarch64", "arm64" }, { "armv7l", "arm32" },
	{ "i686", "x86" },     { "ppc64le", "ppc64" }, { "s390x", "s390x" },
};

static const char *arch_of(const char *machine)
{
	for (size_t i = 0; i < ARRAY_SIZE(archs); i++)
		if (!strcmp(archs[i].machine, machine))
			return archs[i].arch;
	return machine;
}

/* A machine without an id (a container image, a live system) has none: that is no error. */
static void read_machine_id(char *ret_id, size_t sz)
{
	static const char *const paths[] = { "/etc/machine-id", "/var/lib/dbus/machine-id" };

	for (size_t i = 0; i < ARRAY_SIZE(paths) && !ret_id[0]; i++) {
		_cleanup_(fclosep) FILE *f = fopen(paths[i], "re");

		if (!f || !fgets(ret_id, (int)sz, f) || strspn(ret_id, "0123456789abcdef") < 32)
			ret_id[0] = '\0';
		ret_id[strcspn(ret_id, "\n")] = '\0';
	}
}

static uint64_t time_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

int host_facts_read(struct host_facts *ret_host)
{
	struct host_facts host = { 0 };
	struct utsname un;

	if (uname(&un))
		return -errno;
	snprintf(host.name, sizeof(host.name), "%s", un.nodename);
	snprintf(host.arch, sizeof(host.arch), "%.15s", arch_of(un.machine));
	snprintf(host.kernel, sizeof(host.kernel), "%s", un.release);
	read_machine_id(host.id, sizeof(host.id));
	host.boot_ns = time_ns(CLOCK_REALTIME) - time_ns(CLOCK_BOOTTIME);
	*ret_host = host;
	return 0;
}
