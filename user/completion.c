/* SPDX-License-Identifier: GPL-2.0-only */
/* What a shell may offer after "ebpf-tracer", written in each shell's own words. */
#include "cli.h"
#include "options.h"

/* "a|b|c" with another separator. */
static void words(FILE *out, const char *list, char sep)
{
	for (; *list; list++)
		fputc(*list == '|' ? sep : *list, out);
}

/* Exporters have no words in the table: the argument is a list. */
static const char *choices(const struct option *opt)
{
	if (opt->kind == KIND_EXPORTERS)
		return "otlp|zipkin|console|json|none";
	if (opt->kind == KIND_SAMPLER)
		return sampler_names();
	return opt->kind == KIND_CHOICE ? opt->arg : NULL;
}

/* --- bash --- */

static void bash_pattern(FILE *out, const struct option *opt)
{
	fprintf(out, "\t--%s", opt->name);
	if (opt->key)
		fprintf(out, "|-%c", opt->key);
	fputs(") ", out);
}

static void bash_argument(FILE *out, const struct option *opt)
{
	bash_pattern(out, opt);
	if (choices(opt)) {
		fputs("COMPREPLY=($(compgen -W '", out);
		words(out, choices(opt), ' ');
		fputs("' -- \"$cur\")); ", out);
	} else if (opt->kind == KIND_FILE) {
		fputs("COMPREPLY=($(compgen -f -- \"$cur\")); ", out);
	} else if (opt->kind == KIND_PID) {
		fputs("COMPREPLY=($(compgen -W \"$(cd /proc && echo [1-9]*)\" -- \"$cur\")); ",
		      out);
	}
	fputs("return ;;\n", out);
}

static void bash(FILE *out)
{
	fputs("_ebpf_tracer()\n{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} i\n"
	      "\tCOMPREPLY=()\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\t[[ ${COMP_WORDS[i]} == -- ]] || continue\n"
	      "\t\tCOMPREPLY=($(compgen -c -f -- \"$cur\"))\n"
	      "\t\treturn\n"
	      "\tdone\n"
	      "\t# readline makes a word of its own of the sign in --option=value\n"
	      "\t[[ $cur == = ]] && cur=\n"
	      "\t[[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
	      "\tcase $prev in\n",
	      out);
	for (size_t i = 0; i < OPT__CNT; i++)
		if (options[i].arg)
			bash_argument(out, &options[i]);
	for (size_t i = 0; i < commands_cnt; i++) {
		if (!commands[i].words)
			continue;
		fprintf(out, "\t%s) COMPREPLY=($(compgen -W '", commands[i].name);
		words(out, commands[i].words, ' ');
		fputs("' -- \"$cur\")); return ;;\n", out);
	}
	fputs("\tesac\n\tCOMPREPLY=($(compgen -W '", out);
	for (size_t i = 0; i < OPT__CNT; i++)
		fprintf(out, "--%s ", options[i].name);
	for (size_t i = 0; i < commands_cnt; i++)
		fprintf(out, "%s ", commands[i].name);
	fputs("--' -- \"$cur\"))\n}\ncomplete -o filenames -F _ebpf_tracer ebpf-tracer\n", out);
}

/* --- zsh --- */

/* Inside '…[…]:…:…' of _arguments; no help text contains a quote that would end it. */
static void zsh_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else if (*text == '[' || *text == ']' || *text == ':' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	}
}

static void zsh_tail(FILE *out, const struct option *opt)
{
	fputs("'[", out);
	zsh_text(out, *opt->help ? opt->help : opt->detail);
	fputc(']', out);
	if (opt->arg) {
		fputc(':', out);
		zsh_text(out, choices(opt) ? opt->name : opt->arg);
		fputc(':', out);
	}
	if (choices(opt)) {
		fputc('(', out);
		words(out, choices(opt), ' ');
		fputc(')', out);
	} else if (opt->kind == KIND_FILE) {
		fputs("_files", out);
	} else if (opt->kind == KIND_PID) {
		fputs("_pids", out);
	}
	fputs("' \\\n", out);
}

static void zsh_option(FILE *out, const struct option *opt)
{
	const char *joined = opt->arg ? "=" : "", *many = opt->flags & OPTION_REPEAT ? "*" : "";

	if (opt->key) {
		fprintf(out, "\t'%s'-%c", many, opt->key);
		fputs(opt->arg ? "+" : "", out);
		zsh_tail(out, opt);
	}
	fprintf(out, "\t'%s'--%s%s", many, opt->name, joined);
	zsh_tail(out, opt);
}

static void zsh(FILE *out)
{
	fputs("#compdef ebpf-tracer\n_ebpf_tracer()\n{\n\t_arguments -s \\\n", out);
	for (size_t i = 0; i < OPT__CNT; i++)
		zsh_option(out, &options[i]);
	fputs("\t'1: :((", out);
	for (size_t i = 0; i < commands_cnt; i++) {
		fprintf(out, "%s%s\\:\"", i ? " " : "", commands[i].name);
		zsh_text(out, commands[i].help);
		fputc('"', out);
	}
	fputs("))' \\\n\t'*::: :->rest'\n", out);
	for (size_t i = 0; i < commands_cnt; i++) {
		if (!commands[i].words)
			continue;
		fprintf(out, "\t[[ $state == rest && ${words[1]} == %s ]] && compadd ",
			commands[i].name);
		words(out, commands[i].words, ' ');
		fputc('\n', out);
	}
	fputs("}\n_ebpf_tracer \"$@\"\n", out);
}

/* --- fish --- */

static void fish_text(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('\'', out);
}

static void fish_option(FILE *out, const struct option *opt)
{
	fprintf(out, "complete -c ebpf-tracer -l %s", opt->name);
	if (opt->key)
		fprintf(out, " -s %c", opt->key);
	if (opt->arg)
		fputs(opt->kind == KIND_FILE ? " -r -F" : " -x", out);
	if (choices(opt)) {
		fputs(" -a '", out);
		words(out, choices(opt), ' ');
		fputc('\'', out);
	} else if (opt->kind == KIND_PID) {
		fputs(" -a '(__fish_complete_pids)'", out);
	}
	fputs(" -d ", out);
	fish_text(out, *opt->help ? opt->help : opt->detail);
	fputc('\n', out);
}

static void fish(FILE *out)
{
	fputs("complete -c ebpf-tracer -f\n", out);
	for (size_t i = 0; i < OPT__CNT; i++)
		fish_option(out, &options[i]);
	for (size_t i = 0; i < commands_cnt; i++) {
		fprintf(out, "complete -c ebpf-tracer -n __fish_use_subcommand -a %s -d ",
			commands[i].name);
		fish_text(out, commands[i].help);
		fputc('\n', out);
		if (!commands[i].words)
			continue;
		fprintf(out, "complete -c ebpf-tracer -n '__fish_seen_subcommand_from %s' -a '",
			commands[i].name);
		words(out, commands[i].words, ' ');
		fputs("'\n", out);
	}
}

void cli_completion(FILE *out, const char *shell)
{
	struct slice name = slice_str(shell);

	if (slice_eq(name, SLICE("bash")))
		bash(out);
	else if (slice_eq(name, SLICE("zsh")))
		zsh(out);
	else
		fish(out);
}
