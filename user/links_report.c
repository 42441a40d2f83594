/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/compiler.h"
#include "host/describe.h"
#include "links_report.h"
#include "strand/strand.h"
#include "trace/exchange.h"

#define METHODS_MAX 4

static const struct {
	const char *title;
	enum link_method methods[METHODS_MAX]; /* LINK_ROOT, which is 0, ends them */
} readers[] = {
#define RUNTIME(name, text, ...) [STRAND_ROW_##name] = { text, { __VA_ARGS__ } },
#include "strand/strands.def"
#undef RUNTIME
};

/* What threads, sockets and both ends of a connection tell of any process. */
static const enum link_method common[] = { LINK_THREAD, LINK_HANDOFF,  LINK_LIKELY, LINK_FORK,
					   LINK_ORDER,  LINK_POSITION, LINK_UNIX,   LINK_HEADER };

static void report_method(struct report *r, enum link_method m)
{
	char confidence[16];

	snprintf(confidence, sizeof(confidence), "%5.3f", link_method_confidence(m));
	report_row(r,
		   &(struct report_row){ "link.method, link.confidence", link_method_name(m),
					 confidence, link_method_evidence(m) ? NULL : "inferred" });
}

static void report_runtime(struct report *r, const struct proc_facts *facts,
			   const struct strand_found *found)
{
	const char *name = describe_runtime(facts);
	char text[128];

	if (found) {
		snprintf(text, sizeof(text), "%s%s%s", readers[found->row].title,
			 *found->version ? " " : "", found->version);
		report_row(r,
			   &(struct report_row){ "runtime", NULL, text, "read from its memory" });
		return;
	}
	report_row(r, &(struct report_row){
			      "runtime", NULL,
			      name ? name : "none that has a reader: threads and sockets tell",
			      name ? strand_off() : NULL });
}

void links_report(struct report *r, uint32_t pid)
{
	struct proc_facts facts;
	struct strand_found found;
	bool known;
	size_t i;

	if (facts_read(pid, &facts))
		return;
	known = strand_recognise(&facts, &found);
	report_runtime(r, &facts, known ? &found : NULL);
	for (i = 0; known && i < METHODS_MAX && readers[found.row].methods[i]; i++)
		report_method(r, readers[found.row].methods[i]);
	for (i = 0; i < ARRAY_SIZE(common); i++)
		report_method(r, common[i]);
	facts_release(&facts);
}
