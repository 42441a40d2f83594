/* SPDX-License-Identifier: GPL-2.0-only */
/* --help and the manual page: the same table, short and long. */
#include "cli.h"
#include "environment.h"

#define HELP_COLUMN  33 /* where explanations begin */
#define USAGE_COLUMN 37 /* the same for the commands */
#define LINE_TEXT    128
#define LINE_WIDTH   80

/* "-p, --pid N" */
static int name_option(struct buf *b, const struct option *opt)
{
	int ret = 0;

	if (opt->key)
		ret = buf_printf(b, "-%c, ", opt->key);
	if (!ret)
		ret = buf_printf(b, "--%s%s%s", opt->name, opt->arg ? " " : "",
				 opt->arg ? opt->arg : "");
	return ret;
}

static void help_option(FILE *out, const struct option *opt)
{
	_cleanup_(buf_release) struct buf left = BUF_INIT(LINE_TEXT);

	if (buf_puts(&left, opt->key ? "  " : "      ") || name_option(&left, opt))
		return;
	/* The words of a choice explain themselves, and may need the room. */
	if (*opt->help)
		fprintf(out, "%-*s%s", HELP_COLUMN, left.p, opt->help);
	else
		fputs(left.p, out);
	if (opt->fallback)
		fprintf(out, " [%s]", opt->fallback);
	fputc('\n', out);
}

/* The names of what few need, on as few lines as they fit. */
static void help_rare(FILE *out, unsigned group)
{
	int column = 0;

	for (size_t i = 0; i < OPT__CNT; i++) {
		const struct option *opt = &options[i];
		const char *before = column ? ", " : "      also ";

		if (opt->group != group || !(opt->flags & OPTION_RARE))
			continue;
		if (column + strlen(", --") + strlen(opt->name) >= LINE_WIDTH) {
			before = ",\n           ";
			column = 0;
		}
		column += fprintf(out, "%s--%s", before, opt->name);
	}
	if (column)
		fputc('\n', out);
}

static void help_group(FILE *out, unsigned group)
{
	fprintf(out, "\n%s:\n", option_groups[group]);
	for (size_t i = 0; i < OPT__CNT; i++)
		if (options[i].group == group && !(options[i].flags & OPTION_RARE))
			help_option(out, &options[i]);
	help_rare(out, group);
}

void cli_help(FILE *out)
{
	fputs("Usage: ebpf-tracer SELECTOR... [OPTION]...\n"
	      "       ebpf-tracer [OPTION]... -- COMMAND...    start it and trace it\n"
	      "       ebpf-tracer --replay FILE [OPTION]...\n",
	      out);
	for (size_t i = 0; i < commands_cnt; i++) {
		int n = fprintf(out, "       ebpf-tracer %s %s", commands[i].name, commands[i].arg);

		fprintf(out, "%*s%s\n", max(USAGE_COLUMN - n, 1), "", commands[i].help);
	}
	for (unsigned g = 0; g < GROUP__CNT; g++)
		help_group(out, g);
	fputs("\nMore on each, and the OTEL_* variables they beat: ebpf-tracer man | man -l -\n",
	      out);
}

/* In troff a backslash, a hyphen and a control character at the start of a line have a meaning. */
static void troff(FILE *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else
			fputc(*text, out);
	}
}

static void troff_line(FILE *out, const char *before, const char *text, const char *after)
{
	fputs(before, out);
	troff(out, text);
	fputs(after, out);
}

/* "this process" -> "This process." */
static void troff_sentence(FILE *out, const char *text)
{
	if (!*text)
		return;
	if (*text >= 'a' && *text <= 'z')
		fputc(*text++ - 'a' + 'A', out);
	troff_line(out, "", text, ".\n");
}

static void man_option(FILE *out, const struct option *opt)
{
	fputs(".TP\n.B ", out);
	if (opt->key)
		fprintf(out, "\\-%c\\fR, \\fB", opt->key);
	troff_line(out, "\\-\\-", opt->name, "");
	if (opt->arg)
		troff_line(out, "\\fR \\fI", opt->arg, "\\fR");
	fputc('\n', out);
	troff_sentence(out, opt->help);
	if (*opt->detail)
		troff_line(out, "", opt->detail, "\n");
	if (opt->flags & OPTION_REPEAT)
		fputs("May be repeated.\n", out);
	if (opt->fallback)
		troff_line(out, "Default: ", opt->fallback, ".\n");
	if (opt->env)
		troff_line(out, "Environment: ", opt->env, ".\n");
}

static void man_variables(FILE *out)
{
	fputs(".SH ENVIRONMENT\n"
	      "Options beat variables. An empty variable counts as not set; a value that cannot be "
	      "read is ignored\n"
	      "with a warning.\n",
	      out);
	for (size_t i = 0; i < variables_cnt; i++) {
		troff_line(out, ".TP\n.B ", variables[i].name, "\n");
		if (variables[i].traces)
			troff_line(out, ".TQ\n.B ", variables[i].traces, "\n");
		troff_line(out, "", variables[i].help, "\n");
	}
}

static const char man_intro[] =
	".SH NAME\n"
	"ebpf\\-tracer \\- distributed tracing of running services without changing them\n"
	".SH SYNOPSIS\n"
	".B ebpf\\-tracer\n\\fISELECTOR\\fR... [\\fIOPTION\\fR]...\n.br\n"
	".B ebpf\\-tracer\n[\\fIOPTION\\fR]... \\fB\\-\\-\\fR \\fICOMMAND\\fR...\n.br\n"
	".B ebpf\\-tracer \\-\\-replay\n\\fIFILE\\fR [\\fIOPTION\\fR]...\n";

static const char man_description[] =
	".SH DESCRIPTION\n"
	"Every HTTP request that a selected process serves or makes becomes an OpenTelemetry span, "
	"linked to the\n"
	"request that caused it. Nothing is injected into the process and nothing has to be "
	"restarted: the kernel\n"
	"reports what goes through its sockets.\n"
	".PP\n"
	"When tracing has begun, one line with the word \\(lqready\\(rq is written to standard "
	"error.\n"
	"With \\-\\- a command is started, as the user who called\n.BR sudo (8),\n"
	"and traced from its first instruction; signals are passed on to it.\n";

static const char man_end[] =
	".SH SIGNALS\n"
	"SIGINT and SIGTERM end tracing: what is in flight is exported and a summary is printed. A "
	"second one ends\n"
	"at once. SIGUSR1 prints the summary so far.\n"
	".SH EXIT STATUS\n"
	"0: tracing ended as asked. 1: it could not begin or go on; the reason is on standard "
	"error. 2: wrong use.\n"
	"With \\-\\- it is the exit status of the command.\n"
	".SH EXAMPLES\n"
	".nf\n"
	"sudo ebpf\\-tracer \\-\\-pid 4242\n"
	"sudo ebpf\\-tracer \\-\\-port 5000 \\-\\-port 5001 \\-\\-exporter console\n"
	"sudo ebpf\\-tracer \\-\\-exporter json:spans.jsonl \\-\\- python3 app.py\n"
	"sudo ebpf\\-tracer doctor \\-\\-pid 4242\n"
	".fi\n"
	".SH SEE ALSO\n"
	".BR bpf (2),\n.BR bpftool (8),\n.BR capabilities (7)\n";

void cli_man(FILE *out, const char *version)
{
	fprintf(out, ".TH EBPF\\-TRACER 8 \"\" \"ebpf\\-tracer %s\" \"System Administration\"\n",
		version);
	fputs(man_intro, out);
	for (size_t i = 0; i < commands_cnt; i++)
		fprintf(out, ".br\n.B ebpf\\-tracer %s\n%s\n", commands[i].name, commands[i].arg);
	fputs(man_description, out);
	fputs(".SH OPTIONS\n", out);
	for (unsigned g = 0; g < GROUP__CNT; g++) {
		fprintf(out, ".SS %s\n", option_groups[g]);
		for (size_t i = 0; i < OPT__CNT; i++)
			if (options[i].group == g)
				man_option(out, &options[i]);
	}
	fputs(".SH COMMANDS\n", out);
	for (size_t i = 0; i < commands_cnt; i++) {
		fprintf(out, ".TP\n.B %s \\fI%s\\fR\n", commands[i].name, commands[i].arg);
		troff_sentence(out, commands[i].help);
	}
	man_variables(out);
	fputs(man_end, out);
}
