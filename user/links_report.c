/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/compiler.h"
#include "host/describe.h"
#include "links_report.h"
#include "strand/strand.h"
#include "trace/exchange.h"

#define METHODS_MAX 4
#define COLUMN      "  %-34s "

static const struct {
	const char *title;
	enum link_method methods[METHODS_MAX]; /* LINK_ROOT, which is 0, ends them */
} readers[] = {
#define RUNTIME(name, text, ...) [STRAND_ROW_##name] = { text, { __VA_ARGS__ } },
#include "strand/strands.def"
#undef RUNTIME
};

/* What threads, sockets and both ends of a connection tell of any process. */
static const enum link_method common[] = { LINK_THREAD, LINK_HANDOFF,  LINK_SOCKET, LINK_FORK,
					   LINK_ORDER,  LINK_POSITION, LINK_UNIX,   LINK_HEADER };

static void report_method(FILE *out, const char *label, enum link_method m)
{
	fprintf(out, COLUMN "%-10s %5.3f%s\n", label, link_method_name(m),
		link_method_confidence(m), link_method_evidence(m) ? "" : "  inferred");
}

static void report_runtime(FILE *out, const struct proc_facts *facts,
			   const struct strand_found *found)
{
	const char *name = describe_runtime(facts);

	if (found)
		fprintf(out, COLUMN "%s%s%s, read from its memory\n", "runtime",
			readers[found->row].title, *found->version ? " " : "", found->version);
	else
		fprintf(out, COLUMN "%s\n", "runtime",
			name ? name : "none that has a reader: threads and sockets tell");
}

void links_report(FILE *out, uint32_t pid)
{
	const char *label = "link.method, link.confidence";
	struct proc_facts facts;
	struct strand_found found;
	bool known;
	size_t i;

	if (facts_read(pid, &facts))
		return;
	known = strand_recognise(&facts, &found);
	report_runtime(out, &facts, known ? &found : NULL);
	for (i = 0; known && i < METHODS_MAX && readers[found.row].methods[i]; i++, label = "")
		report_method(out, label, readers[found.row].methods[i]);
	for (i = 0; i < ARRAY_SIZE(common); i++, label = "")
		report_method(out, label, common[i]);
	facts_release(&facts);
}
