/* SPDX-License-Identifier: GPL-2.0-only */
#include "export/exporter.h"

static const struct exporter *const exporters[] = {
#define EXPORTER(name) &exporter_##name,
#include "export/exporters.def"
#undef EXPORTER
};

const struct exporter *exporter_find(struct slice name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(exporters); i++)
		if (slice_ieq(name, slice_str(exporters[i]->name)))
			return exporters[i];
	return NULL;
}

const char *exporter_names(void)
{
	static const char names[] =
#define EXPORTER(name) ", " #name
#include "export/exporters.def"
#undef EXPORTER
		;

	return names + 2;
}

void export_counts_add(struct export_counts *sum, const struct export_counts *c)
{
	sum->sent += c->sent;
	sum->rejected += c->rejected;
	sum->failed += c->failed;
	sum->requests += c->requests;
	sum->retries += c->retries;
}
