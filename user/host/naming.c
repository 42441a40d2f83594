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

/* NULL: it is not there, or empty. */
static char *name_in(const char *list)
{
	_cleanup_(freep) char *name = attr_list_get(slice_str(list), SLICE("service.name"));

	return name && name[0] ? take_ptr(name) : NULL;
}

/* An SDK calls a service that nobody has named "unknown_service", and what runs it. */
static char *published_name(const struct proc_facts *f)
{
	_cleanup_(freep) char *name = name_in(f->context);

	if (!name || slice_starts(slice_str(name), SLICE("unknown_service")))
		return NULL;
	return take_ptr(name);
}

char *service_name_given(const struct proc_facts *f)
{
	char *name = published_name(f);

	if (!name && f->service_name[0])
		name = strdup(f->service_name);
	return name ? name : name_in(f->resource_attributes);
}

char *service_name_of(const struct proc_facts *f)
{
	_cleanup_(freep) char *given = service_name_given(f);
	char unit[UNIT_NAME_MAX];
	struct slice name;

	if (given)
		return clean_name(slice_str(given));
	if (!f->on_terminal && cgroup_service(slice_str(f->cgroup), unit))
		return clean_name(slice_str(unit));
	name = command_name(f);
	return name.n ? clean_name(name) : unknown_name(f);
}
