/* SPDX-License-Identifier: GPL-2.0-only */
/* The name of a service: what the process says of itself, then what runs it, then its command. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/attr_list.h"
#include "host/cgroup.h"
#include "host/command.h"
#include "host/folder.h"
#include "host/services.h"

#define NAME_LEN_MAX 255 /* what is longer is a mistake or an attack; backends index names */

/* An owned copy that is safe to print in one line. */
static char *clean_name(struct slice name)
{
	char *copy = slice_dup(slice_sub(name, 0, NAME_LEN_MAX));

	for (char *c = copy; c && *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '_';
	return copy;
}

static char *unknown_name(const struct proc_facts *f)
{
	static const char prefix[] = "unknown_service:";
	char name[sizeof(prefix) + COMM_LEN];

	if (!f->comm[0])
		return slice_dup(SLICE("unknown_service"));
	snprintf(name, sizeof(name), "%s%.*s", prefix, (int)sizeof(f->comm), f->comm);
	return clean_name(slice_str(name));
}

static char *attribute_name(const struct proc_facts *f)
{
	char *name = attr_list_get(slice_str(f->resource_attributes), SLICE("service.name"));

	if (name && name[0])
		return name;
	free(name);
	return NULL;
}

char *service_name_of(const struct proc_facts *f)
{
	_cleanup_(freep) char *attribute = attribute_name(f);
	char unit[UNIT_NAME_MAX];
	struct slice name;

	if (f->service_name[0])
		return clean_name(slice_str(f->service_name));
	if (attribute)
		return clean_name(slice_str(attribute));
	if (!f->on_terminal && cgroup_service(slice_str(f->cgroup), unit))
		return clean_name(slice_str(unit));
	name = command_name(f);
	return name.n ? clean_name(name) : unknown_name(f);
}
